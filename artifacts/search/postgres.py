"""Search by PostgreSQL: columns that the database keeps itself, and a GIN index over them.

`document` has all words; `head` has the name, the description and the beginning of the content, small enough
to be read for thousands of rows, and is what ranks. `readers` says whose it is and with which project it is shared,
so that the index needn't give what others made: it only narrows, what is visible is for the queryset to say.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Field, FloatField, Func
from django.db.models.expressions import Expression

from artifacts.querysets import ArtifactQuerySet
from artifacts.search import beginnings
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

_QUERY = "to_tsquery('simple', %s)"
_INDEXED = "(document || array_to_tsvector(string_to_array(readers, ' ')))"
# Signs before the ids, so that no word that is typed can be one.
_READERS = """
    '~' || owner_id || CASE WHEN saved_at IS NOT NULL AND visibility = 'project' THEN ' ~' || project_id ELSE '' END
"""
# Each may run again after it broke off, and none holds up readers or writers for longer than a moment.
INSTALL_READERS = [
    "ALTER TABLE artifacts_searchentry ADD COLUMN IF NOT EXISTS readers text NOT NULL DEFAULT ''",
    (
        "CREATE OR REPLACE FUNCTION artifacts_search_enter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"  # noqa: S608
        f" NEW.readers = (SELECT {_READERS} FROM artifacts_artifact WHERE id = NEW.artifact_id);"
        " RETURN NEW; END $$"
    ),
    (
        "CREATE OR REPLACE FUNCTION artifacts_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"  # noqa: S608
        f" UPDATE artifacts_searchentry SET readers = (SELECT {_READERS} FROM artifacts_artifact WHERE id = NEW.id)"
        " WHERE artifact_id = NEW.id; RETURN NULL; END $$"
    ),
    "DROP TRIGGER IF EXISTS artifacts_search_enter ON artifacts_searchentry",
    (
        "CREATE TRIGGER artifacts_search_enter BEFORE INSERT ON artifacts_searchentry"
        " FOR EACH ROW EXECUTE FUNCTION artifacts_search_enter()"
    ),
    "DROP TRIGGER IF EXISTS artifacts_search_follow ON artifacts_artifact",
    (
        "CREATE TRIGGER artifacts_search_follow"
        " AFTER UPDATE OF owner_id, project_id, saved_at, visibility ON artifacts_artifact FOR EACH ROW WHEN"
        " ((OLD.owner_id, OLD.project_id, OLD.saved_at IS NULL, OLD.visibility) IS DISTINCT FROM"
        " (NEW.owner_id, NEW.project_id, NEW.saved_at IS NULL, NEW.visibility))"
        " EXECUTE FUNCTION artifacts_search_follow()"
    ),
]
# Entries from before, by their ids from %s to %s: some at a time, so that nobody waits for a row.
FILL_READERS = (
    f"UPDATE artifacts_searchentry e SET readers = {_READERS} FROM artifacts_artifact a"  # noqa: S608
    " WHERE a.id = e.artifact_id AND e.id BETWEEN %s AND %s AND e.readers = ''"
)
# Beside the traffic, outside a transaction; what an attempt that broke off left of it has to be dropped first.
HALF_INDEXED = (
    "SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE relname = 'artifacts_search_by_reader' AND NOT indisvalid"
)
DROP_HALF = "DROP INDEX CONCURRENTLY artifacts_search_by_reader"
INDEX_READERS = [
    (
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS artifacts_search_by_reader ON artifacts_searchentry"
        f" USING gin ({_INDEXED})"
    ),
    "DROP INDEX CONCURRENTLY IF EXISTS artifacts_search_document",
]
REMOVE_READERS = [
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS artifacts_search_document ON artifacts_searchentry USING gin (document)",
    "DROP INDEX CONCURRENTLY IF EXISTS artifacts_search_by_reader",
    "DROP TRIGGER IF EXISTS artifacts_search_follow ON artifacts_artifact",
    "DROP TRIGGER IF EXISTS artifacts_search_enter ON artifacts_searchentry",
    "DROP FUNCTION IF EXISTS artifacts_search_follow()",
    "DROP FUNCTION IF EXISTS artifacts_search_enter()",
    "ALTER TABLE artifacts_searchentry DROP COLUMN IF EXISTS readers",
]
# A common word is searched for by walking: entry after entry is looked up by its artifact, thirty thousand times. A
# hash of ids is asked for two pages each time, a tree for four.
OF_ARTIFACT = "artifacts_search_of_artifact"
INDEX_OF_ARTIFACT = (
    f"CREATE INDEX CONCURRENTLY {OF_ARTIFACT} ON artifacts_searchentry USING hash (artifact_id)"
)
# Of the newest entries of all, those that have words that the index is not asked for: it would give too many.
_SAMPLE, _COMMON = 200, 50


def _tsquery(terms: Iterable[Term]) -> str:
    return " & ".join(_phrase(term) for term in terms)


def _phrase(term: Term) -> str:
    # Words are letters and digits only, so nothing in them can end the quotes.
    return (
        "(" + " <-> ".join(f"'{indexed(word)}'" for word in term.words) + (":*)" if term.is_prefix else ")")
    )


class _Kept(Func):
    """A call with columns that the database keeps beside the entry's own, which Django's model doesn't have."""

    def __init__(self, template: str, words: Sequence[str], output_field: "Field[Any, Any]") -> None:
        super().__init__(F("search_entry__id"), output_field=output_field)
        self.call, self.words = template, words

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        # The id's column says by which name the statement knows the table.
        identifier, params = compiler.compile(self.source_expressions[0])
        call = self.call
        for column in ("document", "head", "readers"):
            call = call.replace(column, f"{identifier.rpartition('.')[0]}.{column}")
        return call, (*params, *self.words)


class _Walked(Func):
    """What the beginning of an artifact's words says, else what its entry says."""

    def __init__(self, beginning: str, entry: str, words: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(F("beginning__is_whole"), F("id"), output_field=output_field)
        self.beginning, self.entry, self.words = beginning, entry, words

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        is_whole, pk = (compiler.compile(column)[0] for column in self.source_expressions)
        beginning = self.beginning.format(its=is_whole.rpartition(".")[0])
        entry = f"SELECT {self.entry} FROM artifacts_searchentry WHERE artifact_id = {pk}"  # noqa: S608 - columns
        sql = f"COALESCE({beginning}, ({entry}))"
        return sql, (self.words,) * sql.count("%s")


def matching(visible: ArtifactQuerySet, query: Query) -> ArtifactQuerySet:
    """The words match, by the index; very common ones by walking through what is visible, the newest first."""
    words = _tsquery(query.terms)
    is_common, rare = _asked(query)
    if is_common:
        says = f"CASE WHEN {{its}}.words @@ {_QUERY} THEN TRUE WHEN {{its}}.is_whole THEN FALSE END"
        beginning = beginnings.beside_own_of(visible.reader_pk)
        walked = visible.alias(beginning=beginning).filter(
            _Walked(says, f"document @@ {_QUERY}", words, BooleanField())
        )
        walked.is_walked = True
        return walked
    readers = " | ".join(f"'~{reader}'" for reader in visible.readers())
    narrow = f"({_QUERY} && %s::tsquery)"
    found = visible.filter(_Kept(f"{_INDEXED} @@ {narrow}", [_tsquery(rare), readers], BooleanField()))
    if rare != query.terms:
        found = found.filter(_Kept(f"document @@ {_QUERY}", [words], BooleanField()))
    return found.as_one()


def _asked(query: Query) -> tuple[bool, tuple[Term, ...]]:
    """Whether what is searched for is common, and which of its terms the index is asked for: not the common ones.

    It would give all that begins with the last word before it looks which of it has the others.
    """
    whole, each = _tsquery(query.terms), {term: _tsquery([term]) for term in query.terms}
    asked = list(dict.fromkeys([whole, *each.values()]))
    counts = ", ".join([f"COUNT(*) FILTER (WHERE document @@ {_QUERY})"] * len(asked))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counts}"  # noqa: S608 - constants
            " FROM (SELECT document FROM artifacts_searchentry ORDER BY id DESC LIMIT %s) AS newest",
            [*asked, _SAMPLE],
        )
        common = {words for words, count in zip(asked, cursor.fetchone(), strict=True) if count >= _COMMON}
    rare = tuple(term for term in query.terms if each[term] not in common)
    return whole in common, rare or query.terms


def rank(found: ArtifactQuerySet, query: Query) -> Expression:
    """How often and where the words stand: the name counts most, then the description."""
    words, by_head = _tsquery(query.terms), f"ts_rank(head, {_QUERY})::float8"
    if not found.is_walked:
        return _Kept(by_head, [words], FloatField())
    by_beginning = f"CASE WHEN {{its}}.words @@ {_QUERY} THEN ts_rank({{its}}.words, {_QUERY})::float8 END"
    return _Walked(by_beginning, by_head, words, FloatField())
