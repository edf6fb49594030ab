"""The index on SQLite: an FTS5 table of the terms, each behind the key of who may see it, kept in step by triggers.

An artifact's own rowid may change when the database is vacuumed, so each indexed one gets a number of its own here;
the larger it is, the newer the name. FTS5 goes through its matches from the largest number down, and stops. The
letters of the name stand beside the number: to find abbreviations in the table of artifacts took eight times as long.
"""

from mentions.index import plan
from mentions.index.base import Asked, Scope, Source
from mentions.ranking import Query


def _keyed(row: str) -> str:
    """The terms of a row, each behind the letters of Scope.prefixes(), which stand first by themselves."""
    key = (
        f"(substr({row}.project_id, 1, 8) ||"
        f" CASE WHEN {row}.visibility = 'project' THEN '~' ELSE '+' || {row}.owner_id || '~' END)"
    )
    return f"{key} || replace(' ' || {row}.name_terms, ' ', ' ' || {key})"


def _letters(row: str) -> str:
    """What stands behind the `|` before the name as a whole."""
    return f"substr({row}.name_terms, instr({row}.name_terms, '|'))"


_FORGET = f"""
    INSERT INTO mentions_terms (mentions_terms, rowid, terms)
        SELECT 'delete', id, {_keyed("old")} FROM mentions_indexed WHERE artifact_id = old.id;
    DELETE FROM mentions_indexed WHERE artifact_id = old.id;
"""  # noqa: S608 - no word of anybody's in it
_LEARN = f"""
    INSERT INTO mentions_indexed (artifact_id, letters)
        SELECT new.id, {_letters("new")} WHERE new.name_terms <> '';
    INSERT INTO mentions_terms (rowid, terms)
        SELECT id, {_keyed("new")} FROM mentions_indexed WHERE artifact_id = new.id;
"""  # noqa: S608
TRIGGERS = {
    "mentions_learn": f"AFTER INSERT ON artifacts_artifact BEGIN {_LEARN} END",
    "mentions_forget": f"AFTER DELETE ON artifacts_artifact BEGIN {_FORGET} END",
    "mentions_relearn": "AFTER UPDATE OF name_terms, visibility, owner_id, project_id ON artifacts_artifact"
    f" WHEN {_keyed('old')} <> {_keyed('new')} BEGIN {_FORGET} {_LEARN} END",
}
_FOLLOW = [f"CREATE TRIGGER {name} {does}" for name, does in TRIGGERS.items()]
_FILL = [
    (
        f"INSERT INTO mentions_indexed (artifact_id, letters) SELECT id, {_letters('artifact')}"  # noqa: S608
        " FROM artifacts_artifact artifact WHERE name_terms <> '' ORDER BY created_at"
    ),
    (
        f"INSERT INTO mentions_terms (rowid, terms) SELECT mentions_indexed.id, {_keyed('artifact')}"  # noqa: S608
        " FROM mentions_indexed JOIN artifacts_artifact artifact ON artifact.id = mentions_indexed.artifact_id"
    ),
]
INSTALL = [
    (
        "CREATE TABLE mentions_indexed (id integer PRIMARY KEY, artifact_id char(32) NOT NULL UNIQUE,"
        " letters text NOT NULL DEFAULT '')"
    ),
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
# For tables that were made before the letters stood in them.
ADD_LETTERS = [
    "ALTER TABLE mentions_indexed ADD COLUMN letters text NOT NULL DEFAULT ''",
    (
        f"UPDATE mentions_indexed SET letters = (SELECT {_letters('artifact')} FROM artifacts_artifact artifact"  # noqa: S608
        " WHERE artifact.id = artifact_id)"
    ),
    *(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS),
    *_FOLLOW,
]
# A migration that rebuilds `artifacts_artifact` drops its triggers without a word.
REPAIR = [
    *(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS),
    "DELETE FROM mentions_indexed",
    "INSERT INTO mentions_terms (mentions_terms) VALUES ('delete-all')",
    *_FOLLOW,
    *_FILL,
]

_FOUND = 24  # that may answer well, in any way
_NEWEST = 600  # gone through for abbreviations
_NOTHING = '"~nothing~"'  # no key is so called
_WRITING = plan.Writing(" AND ", " OR ", '"')


def _indexed(most: str, among: str = "mentions_indexed") -> str:
    return (
        f"SELECT artifact_id AS id FROM {among} WHERE mentions_indexed.id IN"  # noqa: S608
        f" (SELECT rowid FROM mentions_terms WHERE mentions_terms MATCH %s ORDER BY rowid DESC LIMIT {most})"
    )


def _nearly(among: str = "mentions_indexed") -> str:
    abbreviated = f"{_indexed(str(_NEWEST), among)} AND letters LIKE %s"
    ways = [*[_indexed(str(plan.EACH), among)] * plan.MOST_NEARLY, abbreviated]
    return " UNION ALL ".join(f"SELECT id, 1 AS is_near FROM ({way})" for way in ways)  # noqa: S608


_ANYTHING = Source(f"SELECT id, 0 AS is_near FROM ({_indexed('%s')})", ("scope", "most"))  # noqa: S608
_NEARLY_PLACES = (*(f"nearly_{number}" for number in range(plan.MOST_NEARLY)), "scope", "abbreviated")
_WAYS = " UNION ALL ".join([_indexed(str(_FOUND)), *[_indexed(str(plan.EACH))] * 3])
# Where enough is found `few` has no row, and what stands behind it in a CROSS JOIN is not looked for.
_WELL = Source(
    f"WITH found AS MATERIALIZED ({_WAYS}), few AS MATERIALIZED"  # noqa: S608
    f" (SELECT 1 WHERE (SELECT count(DISTINCT id) FROM found) < {plan.FEW})"
    f" SELECT id, 0 AS is_near FROM found UNION ALL {_nearly('few CROSS JOIN mentions_indexed')}",
    ("well", "so_called", "opening", "short_word", *_NEARLY_PLACES),
)
_NEARLY = Source(_nearly(), _NEARLY_PLACES)


def newest(scope: Scope, most: int) -> Asked:
    return _ANYTHING, {"scope": _everything(scope), "most": 2 * most}


def well(scope: Scope, query: Query) -> Asked:
    asked: dict[str, list[plan.Terms | None]] = {
        "well": [*plan.well(query), plan.commonest(query)],
        "so_called": [plan.so_called(query)],
        "opening": [plan.opens(query)],
        "short_word": [plan.short_word(query)],
    }
    written = {}
    for name, alternatives in asked.items():
        some = [terms for terms in alternatives if terms]
        written[name] = _WRITING.of(scope.prefixes(), [some]) if some else _NOTHING
    return _WELL, {**written, **nearly(scope, query)[1]}


def nearly(scope: Scope, query: Query) -> Asked:
    asked = [_WRITING.of(scope.prefixes(), wanted) for wanted in plan.nearly(query)]
    asked += [_NOTHING] * (plan.MOST_NEARLY - len(asked))
    values = dict(zip(_NEARLY_PLACES, asked, strict=False))
    return _NEARLY, {**values, "scope": _everything(scope), "abbreviated": plan.abbreviated(query)}


def _everything(scope: Scope) -> str:
    return " OR ".join(f'"{key}"' for key in scope.prefixes())
