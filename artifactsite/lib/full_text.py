"""What keeps SQLite's full-text indexes quick: periodic, and there alone, as PostgreSQL sees to its own."""

from typing import Any

from django.db import connection

_PAGES = 100  # of an index, written by one statement: other writers wait for some tens of milliseconds


def merge_indexes() -> int:
    """Makes one piece of the many that writes leave behind in an index, and a search reads one after the other.

    A bit at a time, so that others write in between. The number of statements: none where each is one piece already.
    """
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE% USING fts5%'")
        return sum(_merge(cursor, index) for (index,) in cursor.fetchall())


def _merge(cursor: Any, index: str) -> int:
    cursor.execute(f"SELECT count(DISTINCT segid) FROM {index}_idx")  # noqa: S608 - our own tables
    if cursor.fetchone()[0] < 2:
        return 0
    asked = 0
    while True:
        before = connection.connection.total_changes
        # Below zero it begins with all pieces, above it goes on with those.
        cursor.execute(
            f"INSERT INTO {index} ({index}, rank) VALUES ('merge', %s)",  # noqa: S608
            [_PAGES if asked else -_PAGES],
        )
        asked += 1
        # FTS5's sign that nothing is left to do.
        if connection.connection.total_changes - before < 2:
            return asked
