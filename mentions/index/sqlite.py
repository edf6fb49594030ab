"""The index on SQLite: an FTS5 table of the terms, kept in step with the artifacts by triggers.

An artifact's own rowid may change when the database is vacuumed, so each indexed one gets a number of its own here;
the larger it is, the newer the name.
"""

from uuid import UUID

from django.db.models import UUIDField
from django.db.models.expressions import RawSQL

from artifacts.querysets import ArtifactQuerySet
from mentions.index.base import Wanted

SHORTEST = 1
_SEEN = (1, 10)  # newest matches looked at for each one wanted; more where the caller may see few of them
_FORGET = """
    INSERT INTO mentions_terms (mentions_terms, rowid, terms)
        SELECT 'delete', id, old.name_terms FROM mentions_indexed WHERE artifact_id = old.id;
    DELETE FROM mentions_indexed WHERE artifact_id = old.id;
"""
_LEARN = """
    INSERT INTO mentions_indexed (artifact_id) SELECT new.id WHERE new.name_terms <> '';
    INSERT INTO mentions_terms (rowid, terms)
        SELECT id, new.name_terms FROM mentions_indexed WHERE artifact_id = new.id;
"""
TRIGGERS = {
    "mentions_learn": f"AFTER INSERT ON artifacts_artifact BEGIN {_LEARN} END",
    "mentions_forget": f"AFTER DELETE ON artifacts_artifact BEGIN {_FORGET} END",
    "mentions_relearn": "AFTER UPDATE OF name_terms ON artifacts_artifact WHEN old.name_terms <> new.name_terms"
    f" BEGIN {_FORGET} {_LEARN} END",
}
_FOLLOW = [f"CREATE TRIGGER {name} {does}" for name, does in TRIGGERS.items()]
_FILL = [
    (
        "INSERT INTO mentions_indexed (artifact_id)"
        " SELECT id FROM artifacts_artifact WHERE name_terms <> '' ORDER BY created_at"
    ),
    (
        "INSERT INTO mentions_terms (rowid, terms) SELECT mentions_indexed.id, name_terms FROM mentions_indexed"
        " JOIN artifacts_artifact ON artifacts_artifact.id = mentions_indexed.artifact_id"
    ),
]
INSTALL = [
    "CREATE TABLE mentions_indexed (id integer PRIMARY KEY, artifact_id char(32) NOT NULL UNIQUE)",
    # Symbols (S*) belong to a term; it is folded already.
    """
    CREATE VIRTUAL TABLE mentions_terms USING fts5(
        terms, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* S* Co'"
    )
    """,
    *_FOLLOW,
    *_FILL,
]
REMOVE = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS),
    "DROP TABLE mentions_terms",
    "DROP TABLE mentions_indexed",
]
# A migration that rebuilds `artifacts_artifact` drops its triggers without a word.
REPAIR = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS),
    "DELETE FROM mentions_indexed",
    "INSERT INTO mentions_terms (mentions_terms) VALUES ('delete-all')",
    *_FOLLOW,
    *_FILL,
]


def matching(visible: ArtifactQuerySet, wanted: Wanted, limit: int) -> list[tuple[UUID, str]]:
    """The newest: FTS5 goes through its matches from the largest number down, and stops."""
    found: list[tuple[UUID, str]] = []
    for seen in _SEEN:
        found = list(_newest(visible, wanted, limit * seen).values_list("pk", "name")[:limit])
        if len(found) > limit // 2:
            break
    return found


def _newest(visible: ArtifactQuerySet, wanted: Wanted, most: int) -> ArtifactQuerySet:
    found = RawSQL(
        "SELECT artifact_id FROM mentions_indexed WHERE id IN"
        " (SELECT rowid FROM mentions_terms WHERE mentions_terms MATCH %s ORDER BY rowid DESC LIMIT %s)",
        [_expression(wanted), most],
        output_field=UUIDField(),
    )
    return visible.filter(pk__in=found)


def among(saved: ArtifactQuerySet, wanted: Wanted, limit: int, most: int) -> list[tuple[UUID, str]]:
    """Nothing: what `matching` gives are the newest."""
    return []


def _expression(wanted: Wanted) -> str:
    groups = []
    for alternatives in wanted:
        terms = [" AND ".join(f'"{term}"' for term in sorted(alternative)) for alternative in alternatives]
        groups.append("(" + " OR ".join(f"({alternative})" for alternative in terms) + ")")
    return " AND ".join(groups)
