"""What keeps the index over names quick: periodic, and only on SQLite, as PostgreSQL sees to its own."""

from django.db import connection

_PAGES = 100  # of the index, written by one statement: other writers wait for some tens of milliseconds


def merge_index() -> int:
    """Makes one piece of the many that writes leave behind and a search reads one after the other.

    A bit at a time, so that others write in between. The number of statements: none where it is one piece already.
    """
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT segid) FROM mentions_terms_idx")
        if cursor.fetchone()[0] < 2:
            return 0
        asked = 0
        while True:
            before = connection.connection.total_changes
            # Below zero it begins with all pieces, above it goes on with those.
            cursor.execute(
                "INSERT INTO mentions_terms (mentions_terms, rank) VALUES ('merge', %s)",
                [_PAGES if asked else -_PAGES],
            )
            asked += 1
            # FTS5's sign that nothing is left to do.
            if connection.connection.total_changes - before < 2:
                return asked
