"""The beginning of each artifact's words, beside the others that the same person or project has, in their order.

PostgreSQL keeps it (`artifacts_beginning`) for words that are so common that all one may see is walked through, newest
first. Entries lie as they came, each on another page than the one before of the same person; here a page has a dozen
that follow one another, and the index alone answers. What a beginning doesn't say, or where there is none, the entry
does.
"""

from uuid import UUID

from django.db import connection
from django.db.models import Case, F, FilteredRelation, Q, UUIDField, Value, When

# An artifact has a row for its owner, whose key is written as an id of 16 bytes, and one for the project that it is
# shared with: whom `artifacts_searchentry.readers` names. So many characters of its name, its description and its
# content are taken, and half as many as often as it takes until the words fit into a row of an index, whatever their
# script.
_ROOM, _MOST_BYTES = 300, 2000
_CUT = "CASE WHEN length({0}) > room THEN regexp_replace(left({0}, room), '[^ ]*$', '') ELSE {0} END"
_READER = """
    CASE length(whose) WHEN 37 THEN substr(whose, 2) ELSE lpad(to_hex(substr(whose, 2)::bigint), 32, '0') END::uuid
"""
_ROWS = f"""
    INSERT INTO artifacts_beginning (reader, created_at, artifact_id, words, is_whole)
    SELECT {_READER}, a.created_at, a.id, b.words, b.is_whole
    FROM {{entries}} AS e
    JOIN artifacts_artifact AS a ON a.id = e.artifact_id
    CROSS JOIN LATERAL artifacts_beginning_of(e.name, e.description, e.body) AS b
    CROSS JOIN LATERAL unnest(string_to_array(e.readers, ' ')) AS whose
    ON CONFLICT (reader, created_at, artifact_id) DO {{conflict}}
"""  # noqa: S608 - constants
_ANEW = "UPDATE SET words = EXCLUDED.words, is_whole = EXCLUDED.is_whole"
INSTALL = [
    """
    CREATE TABLE IF NOT EXISTS artifacts_beginning (
        reader uuid NOT NULL,
        created_at timestamptz NOT NULL,
        artifact_id uuid NOT NULL,
        words tsvector NOT NULL,
        is_whole boolean NOT NULL,
        PRIMARY KEY (reader, created_at, artifact_id) INCLUDE (words, is_whole)
    )
    """,
    # Neither compressed nor stored elsewhere.
    "ALTER TABLE artifacts_beginning ALTER words SET STORAGE PLAIN",
    "CREATE INDEX IF NOT EXISTS artifacts_beginning_of_artifact ON artifacts_beginning USING hash (artifact_id)",
    f"""
    CREATE OR REPLACE FUNCTION artifacts_beginning_of(
        name text, description text, body text, OUT words tsvector, OUT is_whole boolean
    ) LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE room integer := {_ROOM}; BEGIN
        LOOP
            is_whole := length(name) <= room AND length(description) <= room AND length(body) <= room;
            words := setweight(to_tsvector('simple', {_CUT.format("name")}), 'A');
            -- Nothing behind a cut: it would seem to follow on what stands before.
            IF length(name) <= room THEN
                words := words || setweight(to_tsvector('simple', {_CUT.format("description")}), 'B');
                IF length(description) <= room THEN
                    words := words || setweight(to_tsvector('simple', {_CUT.format("body")}), 'D');
                END IF;
            END IF;
            EXIT WHEN pg_column_size(words) <= {_MOST_BYTES};
            room := room / 2;
        END LOOP;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION artifacts_beginning_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE artifacts_beginning;
            RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM artifacts_beginning WHERE artifact_id = OLD.artifact_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            {_ROWS.format(entries="(SELECT NEW.*)", conflict=_ANEW)};
        END IF;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - constants
    *(
        statement
        for name, event in {
            "enter": "INSERT ON artifacts_searchentry FOR EACH ROW",
            "change": (
                "UPDATE OF name, description, body, readers ON artifacts_searchentry FOR EACH ROW WHEN"
                " ((OLD.name, OLD.description, OLD.body, OLD.readers) IS DISTINCT FROM"
                " (NEW.name, NEW.description, NEW.body, NEW.readers))"
            ),
            "leave": "DELETE ON artifacts_searchentry FOR EACH ROW",
            "truncate": "TRUNCATE ON artifacts_searchentry FOR EACH STATEMENT",
        }.items()
        for statement in (
            f"DROP TRIGGER IF EXISTS artifacts_beginning_{name} ON artifacts_searchentry",
            f"CREATE TRIGGER artifacts_beginning_{name} AFTER {event} EXECUTE FUNCTION artifacts_beginning_follow()",
        )
    ),
]
REMOVE = [
    *(
        f"DROP TRIGGER IF EXISTS artifacts_beginning_{name} ON artifacts_searchentry"
        for name in ("enter", "change", "leave", "truncate")
    ),
    "DROP FUNCTION IF EXISTS artifacts_beginning_follow()",
    "DROP FUNCTION IF EXISTS artifacts_beginning_of(text, text, text)",
    "DROP TABLE IF EXISTS artifacts_beginning",
]
AT_ONCE = 1000  # ids of entries
_MISSING = """
    (SELECT * FROM artifacts_searchentry AS s WHERE id BETWEEN %s AND %s
     AND NOT EXISTS (SELECT FROM artifacts_beginning AS k WHERE k.artifact_id = s.artifact_id))
"""
# Whoever changes an entry at the same time has the last word: its triggers write over what this adds.
_FILL = _ROWS.format(entries=_MISSING, conflict="NOTHING")


def beside_own_of(reader: int) -> FilteredRelation:
    """Of an artifact's beginnings the one that lies where `reader` walks: among their own, or among the project's."""
    own = Value(UUID(int=reader), output_field=UUIDField())
    whose = Case(When(owner=reader, then=own), default=F("project_id"))
    return FilteredRelation(
        "beginnings", condition=Q(beginnings__reader=whose, beginnings__created_at=F("created_at"))
    )


def fill() -> int:
    """Adds what is missing, some entries at a time, beside the traffic. How many rows."""
    if connection.vendor != "postgresql":
        return 0
    added = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT MIN(id), MAX(id) FROM artifacts_searchentry")
        first, last = cursor.fetchone()
        for start in range(first or 0, (last or -1) + 1, AT_ONCE):
            cursor.execute(_FILL, [start, start + AT_ONCE - 1])
            added += cursor.rowcount
    return added
