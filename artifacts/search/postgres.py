"""Search by PostgreSQL: two columns of words that the database keeps itself, and a GIN index on the first.

`document` has all words; `head` has the name, the description and the beginning of the content, small enough
to be read for thousands of rows, and is what ranks.
"""

from typing import Any

from django.db.models import BooleanField, F, Field, FloatField, Func
from django.db.models.expressions import Expression

from artifacts.search.base import Query, Term
from artifacts.search.words import indexed

_VECTOR = """
    setweight(to_tsvector('simple', name), 'A')
    || setweight(to_tsvector('simple', description), 'B')
    || setweight(to_tsvector('simple', {body}), 'D')
"""
INSTALL = [
    f"""
    ALTER TABLE artifacts_searchentry
        ADD COLUMN document tsvector GENERATED ALWAYS AS ({_VECTOR.format(body="body")}) STORED,
        ADD COLUMN head tsvector GENERATED ALWAYS AS ({_VECTOR.format(body="left(body, 1000)")}) STORED
    """,
    "CREATE INDEX artifacts_search_document ON artifacts_searchentry USING gin (document)",
]
REMOVE = [
    "DROP INDEX artifacts_search_document",
    "ALTER TABLE artifacts_searchentry DROP COLUMN document, DROP COLUMN head",
]


def _tsquery(query: Query) -> str:
    return " & ".join(_phrase(term) for term in query.terms)


def _phrase(term: Term) -> str:
    # Words are letters and digits only, so nothing in them can end the quotes.
    return (
        "(" + " <-> ".join(f"'{indexed(word)}'" for word in term.words) + (":*)" if term.is_prefix else ")")
    )


class _Kept(Func):
    """A call with a column that the database keeps beside the entry's own, which Django's model doesn't have."""

    def __init__(self, template: str, column: str, query: Query, output_field: "Field[Any, Any]") -> None:
        super().__init__(F("search_entry__id"), output_field=output_field)
        self.call, self.column, self.words = template, column, _tsquery(query)

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        # The id's column says by which name the statement knows the table.
        identifier, params = compiler.compile(self.source_expressions[0])
        table = identifier.rpartition(".")[0]
        return self.call.format(f"{table}.{self.column}"), (*params, self.words)


def matches(query: Query) -> Expression:
    """The words match, by the index."""
    return _Kept("{} @@ to_tsquery('simple', %s)", "document", query, BooleanField())


def rank(query: Query) -> Expression:
    """How often and where the words stand: the name counts most, then the description."""
    return _Kept("ts_rank({}, to_tsquery('simple', %s))::float8", "head", query, FloatField())
