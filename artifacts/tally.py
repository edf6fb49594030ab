"""How many artifacts a list has, without counting its rows: PostgreSQL keeps a tally (docs/decisions/0014).

Whatever changes an artifact appends to the tally what that changes of the numbers, in its own transaction: no row is
ever updated, so that nobody waits for anybody, and a sum at any moment is what counting at that moment would give. From
time to time `compact` makes one row of those of a sort.

On SQLite there is none: Django makes a table anew to change it, and its triggers would be lost.
"""

from dataclasses import replace

from django.db import connection, transaction

from accounts.models import User
from artifacts.filters import Wanted
from artifacts.models import Tally
from artifactsite.lib import worded
from artifactsite.lib.worded import Values

AT_ONCE = 200  # people's numbers in a project that are compacted in one transaction
# Of `correct`, as two at once would correct twice; of `compact`, as two would wait for each other.
_CORRECTING, _COMPACTING = 7_305_014, 7_305_015

_SORT = "project_id, owner_id, gallery_type, kind, is_saved, is_shared"
# What the visibility rule and the scopes ask for (artifacts/querysets.py).
_FACTS = """
    project_id, owner_id, gallery_type, kind,
    saved_at IS NOT NULL AS is_saved, saved_at IS NOT NULL AND visibility = 'project' AS is_shared
"""


def _sorts(rows: str, amount: int) -> str:
    """Of rows of artifacts, those that are there: each its owner's, and a shared one its project's too."""
    return f"""
        SELECT project_id, whose.owner_id, gallery_type, kind, is_saved, is_shared, {amount} AS amount
        FROM (SELECT {_FACTS} FROM {rows} WHERE deletion_id IS NULL) AS a
        CROSS JOIN LATERAL (VALUES (a.owner_id), (CASE WHEN is_shared THEN {Tally.EVERYBODY} END)) AS whose (owner_id)
        WHERE whose.owner_id IS NOT NULL
    """  # noqa: S608 - constants


def _append(*changes: str, is_compact: bool = False) -> str:
    return f"""
        INSERT INTO artifacts_tally ({_SORT}, amount, is_compact)
        SELECT {_SORT}, SUM(amount), {is_compact} FROM ({" UNION ALL ".join(changes)}) AS changes
        GROUP BY {_SORT} HAVING SUM(amount) <> 0 ORDER BY owner_id, project_id
    """  # noqa: S608 - constants


_ADDED, _GONE = _sorts("added", 1), _sorts("gone", -1)
INSTALL = [
    """
    CREATE TABLE IF NOT EXISTS artifacts_tally (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        project_id uuid NOT NULL,
        owner_id bigint NOT NULL,
        gallery_type varchar(5) NOT NULL,
        kind varchar(13) NOT NULL,
        is_saved boolean NOT NULL,
        is_shared boolean NOT NULL,
        amount integer NOT NULL,
        is_compact boolean NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS artifacts_tally_of_owner ON artifacts_tally (owner_id, project_id)",
    "CREATE INDEX IF NOT EXISTS artifacts_tally_loose ON artifacts_tally (owner_id, project_id) WHERE NOT is_compact",
    f"""
    CREATE OR REPLACE FUNCTION artifacts_tally_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        CASE TG_OP
            WHEN 'INSERT' THEN {_append(_ADDED)};
            WHEN 'UPDATE' THEN {_append(_ADDED, _GONE)};
            WHEN 'DELETE' THEN {_append(_GONE)};
            ELSE DELETE FROM artifacts_tally;
        END CASE;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - constants
    *(
        statement
        for event, tables in {
            "insert": "REFERENCING NEW TABLE AS added",
            "update": "REFERENCING NEW TABLE AS added OLD TABLE AS gone",
            "delete": "REFERENCING OLD TABLE AS gone",
            "truncate": "",
        }.items()
        for statement in (
            f"DROP TRIGGER IF EXISTS artifacts_tally_{event} ON artifacts_artifact",
            f"""
            CREATE TRIGGER artifacts_tally_{event} AFTER {event.upper()} ON artifacts_artifact {tables}
                FOR EACH STATEMENT EXECUTE FUNCTION artifacts_tally_follow()
            """,
        )
    ),
]
# What the rows of one moment come to, less what the tally of the same moment says. Whoever writes after that moment
# appends to it.
_TALLIED = f"SELECT {_SORT}, -amount FROM artifacts_tally"  # noqa: S608 - constants
CORRECT = _append(_sorts("artifacts_artifact", 1), _TALLIED, is_compact=True)
REMOVE = [
    *(
        f"DROP TRIGGER IF EXISTS artifacts_tally_{event} ON artifacts_artifact"
        for event in ("insert", "update", "delete", "truncate")
    ),
    "DROP FUNCTION IF EXISTS artifacts_tally_follow()",
    "DROP TABLE IF EXISTS artifacts_tally",
]
# Who adds to these sorts meanwhile adds a row of their own.
_COMPACT = f"""
    WITH loose AS (SELECT DISTINCT owner_id, project_id FROM artifacts_tally WHERE NOT is_compact LIMIT {AT_ONCE}),
    taken AS (
        DELETE FROM artifacts_tally AS t USING loose AS l
        WHERE t.owner_id = l.owner_id AND t.project_id = l.project_id RETURNING t.*
    ),
    compacted AS ({_append("SELECT * FROM taken", is_compact=True)})
    SELECT COUNT(*) FROM taken
"""  # noqa: S608 - constants


def tells(wanted: Wanted) -> bool:
    """Whether the tally knows how many there are: not of dates, conversations, searches and who left."""
    is_counted = wanted.q or wanted.conversation or wanted.owner_left
    return connection.vendor == "postgresql" and not (
        is_counted or wanted.created_after or wanted.created_before
    )


def by_type(reader: int, wanted: Wanted) -> dict[str, int]:
    """How many there are at this moment of what is wanted and `reader` may see, by gallery type as stored."""
    values = {"reader": reader, **({"project": wanted.project} if wanted.project else {})}
    kind = "tally", wanted.type, wanted.kind, wanted.scope, bool(wanted.project)

    def word(given: Values) -> worded.Words:
        these = replace(wanted, project=given.get("project"))
        parts = Tally.objects.in_scope(these.scope or "mine", User(pk=given["reader"]))
        words = [worded.words_of(these.of_sort(part).values_list("gallery_type", "n")) for part in parts]
        union = " UNION ALL ".join(sql for sql, _ in words)
        params = [param for _, its in words for param in its]
        by_type = f"SELECT gallery_type, SUM(n) FROM ({union}) AS t GROUP BY gallery_type HAVING SUM(n) <> 0"  # noqa: S608
        return by_type, params

    return {gallery_type: int(count) for gallery_type, count in worded.found(kind, word, values)}


def compact() -> int:
    """Makes one row of those of a sort, wherever something was appended. Returns how many rows there were."""
    compacted = 0
    while taken := _compact_some():
        compacted += taken
    return compacted


def _compact_some() -> int:
    if connection.vendor != "postgresql":
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_COMPACTING])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_COMPACT)
        return int(cursor.fetchone()[0])


def correct() -> int:
    """Makes the tally say what the rows come to, beside the traffic. Returns of how many sorts it was wrong.

    Only what gets past the triggers can make it wrong: rows that were written with triggers switched off.
    """
    if connection.vendor != "postgresql":
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CORRECTING])
        cursor.execute(CORRECT)
        return int(cursor.rowcount)
