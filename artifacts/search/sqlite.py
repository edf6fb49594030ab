"""Search by SQLite: an FTS5 index beside the table, kept in step by triggers."""

from django.db.models import FloatField, UUIDField
from django.db.models.expressions import RawSQL

from artifacts.querysets import ArtifactQuerySet
from artifacts.search.base import Query, Term
from artifacts.search.words import indexed

_FORGET = """
    INSERT INTO artifacts_search (artifacts_search, rowid, name, description, body)
    VALUES ('delete', old.id, old.name, old.description, old.body);
"""
_LEARN = """
    INSERT INTO artifacts_search (rowid, name, description, body)
    VALUES (new.id, new.name, new.description, new.body);
"""
INSTALL = [
    # The words are folded already. `prefix` makes short beginnings quick.
    """
    CREATE VIRTUAL TABLE artifacts_search USING fts5(
        name, description, body, content='artifacts_searchentry', content_rowid='id',
        tokenize='unicode61 remove_diacritics 0', prefix='2 3'
    )
    """,
    f"CREATE TRIGGER artifacts_search_insert AFTER INSERT ON artifacts_searchentry BEGIN {_LEARN} END",
    f"CREATE TRIGGER artifacts_search_delete AFTER DELETE ON artifacts_searchentry BEGIN {_FORGET} END",
    f"""
    CREATE TRIGGER artifacts_search_update AFTER UPDATE OF name, description, body ON artifacts_searchentry
    BEGIN {_FORGET} {_LEARN} END
    """,
    "INSERT INTO artifacts_search (artifacts_search) VALUES ('rebuild')",
]
REMOVE = [
    *(f"DROP TRIGGER artifacts_search_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE artifacts_search",
]


def _expression(query: Query) -> str:
    return " AND ".join(_phrase(term) for term in query.terms)


def _phrase(term: Term) -> str:
    # Words are letters and digits only, so nothing in them can end the quotes.
    return '"' + " ".join(map(indexed, term.words)) + '"' + (" *" if term.is_prefix else "")


def matching(visible: ArtifactQuerySet, query: Query) -> ArtifactQuerySet:
    """Those whose words match, by the index."""
    ids = RawSQL(
        "SELECT entry.artifact_id FROM artifacts_search JOIN artifacts_searchentry entry"
        " ON entry.id = artifacts_search.rowid WHERE artifacts_search MATCH %s",
        [_expression(query)],
        output_field=UUIDField(),
    )
    return visible.filter(pk__in=ids).as_one()


def rank(_: ArtifactQuerySet, query: Query) -> RawSQL:
    """BM25 with the name counting most, then the description; worked out once for all rows."""
    return RawSQL(
        "WITH ranked AS MATERIALIZED (SELECT entry.artifact_id AS id, -bm25(artifacts_search, 10, 4, 1) AS score"
        " FROM artifacts_search JOIN artifacts_searchentry entry ON entry.id = artifacts_search.rowid"
        " WHERE artifacts_search MATCH %s)"
        " SELECT score FROM ranked WHERE ranked.id = artifacts_artifact.id",
        [_expression(query)],
        output_field=FloatField(),
    )
