import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.test_pagination import LISTS
@pytest.mark.django_db
def test_q(cast):
    add,address=LISTS["messages"]; client=cast.api("alice")
    for n in (10,50):
        add(cast,n)
        with CaptureQueriesContext(connection) as seen:
            client.get(address(cast),{"size":100})
        print(n); [print("  ",q["sql"][:110]) for q in seen.captured_queries]
