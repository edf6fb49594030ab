import pytest
from django.db import connection
from tests.mentions.test_index import fill, found, top, NAMES
from mentions.index.plan import *
from mentions.index.sqlite import _expression
from mentions.ranking import query_of
pytestmark=[pytest.mark.django_db]
def test_x(cast):
    fill(cast, NAMES)
    from artifacts.models import Artifact
    print(Artifact.objects.get(name="Customer Segmentation Query").name_terms[:200])
    with connection.cursor() as c:
        for m in ('"=csq"','"|csq"','("=csq") OR ("csq")','(("=csq") OR ("csq") OR ("|csq"))','("=csq") OR ("csq") OR ("|csq")','"csq" OR "=csq"', '"zzz" OR "=csq"','"|csq" OR "=csq"'):
            c.execute("SELECT rowid FROM mentions_terms WHERE mentions_terms MATCH %s ORDER BY rowid DESC LIMIT 10",[m]); print(m, c.fetchall())
            c.execute("SELECT rowid FROM mentions_terms WHERE mentions_terms MATCH %s LIMIT 10",[m]); print(m, c.fetchall())
    assert 0
