"""What `manage.py run` does before anything answers."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from artifactsite.management.commands.run import is_current

pytestmark = pytest.mark.django_db


def test_a_database_with_every_migration_is_current() -> None:
    assert is_current()


@pytest.mark.parametrize(("app", "name"), [("jobs", "0001_initial"), ("sessions", "0001_initial")])
def test_one_that_lacks_a_migration_of_ours_or_of_a_librarys_is_not(app: str, name: str) -> None:
    MigrationRecorder(connection).record_unapplied(app, name)
    assert not is_current()
