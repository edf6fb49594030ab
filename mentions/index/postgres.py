"""The index on PostgreSQL: GIN over the terms of saved artifacts' names, each behind the key of who may see it.

A GIN index gives all that it finds and in no order, so what is common is not asked of it: the newest names are gone
through first, and where many of them answer, others do too. Each search stands in a materialised WITH, which is planned
as if all of it were read, so that no LIMIT makes the planner read the table instead, and ends when enough is found.
"""

from collections.abc import Iterable
from typing import Any

from artifactsite.lib.letters import GRAM
from mentions.index import plan
from mentions.index.base import Asked, Scope, Source
from mentions.ranking import Query

# Each term behind the letters of Scope.prefixes(), which stand first by themselves. A function of its own, since the
# planner takes what is written out for cheap, and rather does it for each row of the table than look into the index.
_TERMS = "mentions_terms(name_terms, project_id, visibility, owner_id)"
INSTALL = [
    """
    CREATE FUNCTION mentions_terms(terms text, project uuid, visibility varchar, owner bigint) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
    DECLARE
        key text := left(project::text, 8) || CASE WHEN visibility = 'project' THEN '~' ELSE '+' || owner || '~' END;
    BEGIN
        RETURN array_to_tsvector(string_to_array(key || replace(' ' || terms, ' ', ' ' || key), ' '));
    END $$
    """,
    # Without fastupdate: a reader would go through the whole list of what is not sorted in yet.
    (
        f"CREATE INDEX mentions_name_terms ON artifacts_artifact USING gin ({_TERMS})"
        " WITH (fastupdate = off) WHERE saved_at IS NOT NULL"
    ),
]
REMOVE = ["DROP INDEX mentions_name_terms", "DROP FUNCTION IF EXISTS mentions_terms"]

# Gone through of one's own, and of the shared ones: for what may answer well, and for abbreviations.
_NEWEST, _NEWEST_ABBREVIATED = 100, 200
# With fewer among these, the index is asked: of one or two letters rather not, they stand for so much.
_COMMON, _FEW = 10, 2
_FEWEST_NEWEST = 24  # of each project, where there are many
_WRITING = plan.Writing(" & ", " | ", "'")

# Whatever it is, the planner sees no value, so that it soon keeps one plan for all: planning costs more than looking.
_TEXT, _NUMBER = "(SELECT %s::text)", "(SELECT %s::bigint)"
_QUERIES = f"string_to_array({_TEXT}, '/')::tsquery[]"  # no term has a slash
_NEWEST_ROWS = f"""
    unnest(string_to_array({_TEXT}, ' ')::uuid[]) AS place(id) CROSS JOIN LATERAL (
        (SELECT id, name_terms FROM artifacts_artifact
            WHERE owner_id = {_NUMBER} AND project_id = place.id AND saved_at IS NOT NULL
            ORDER BY created_at DESC, id DESC LIMIT {_NUMBER})
        UNION ALL
        (SELECT id, name_terms FROM artifacts_artifact
            WHERE project_id = place.id AND visibility = 'project' AND saved_at IS NOT NULL AND owner_id <> {_NUMBER}
            ORDER BY created_at DESC, id DESC LIMIT {_NUMBER})
    ) AS newest
"""  # noqa: S608
_NEWEST_PLACES = ("projects", "reader", "each", "reader", "each")


def _indexed(asked: str) -> str:
    """Of each of an array of queries a few: one after the other costs the index less than all of them in one."""
    return f"""
        SELECT each.id FROM unnest({asked}) AS asked(terms) CROSS JOIN LATERAL (
            WITH hits AS MATERIALIZED (
                SELECT id FROM artifacts_artifact WHERE saved_at IS NOT NULL AND {_TERMS} @@ asked.terms
            ) SELECT id FROM hits LIMIT {plan.EACH}
        ) AS each
    """  # noqa: S608


def _of_newest(condition: str, most: int) -> str:
    return f"SELECT newest.id FROM {_NEWEST_ROWS} WHERE {condition} LIMIT {most}"  # noqa: S608


_ALIKE = f"' ' || name_terms || ' ' LIKE {_TEXT}"
_ABBREVIATED = f"split_part(name_terms, '|', 2) LIKE {_TEXT}"

_ANYTHING = Source(f"SELECT newest.id FROM {_NEWEST_ROWS}", _NEWEST_PLACES)  # noqa: S608
_WELL = Source(
    f"""
    WITH newest AS MATERIALIZED ({_of_newest(_ALIKE, plan.EACH)})
    SELECT id FROM newest UNION ALL ({_indexed(_QUERIES)})
    UNION ALL ({_indexed(f"CASE WHEN (SELECT count(*) FROM newest) < {_NUMBER} THEN {_QUERIES} END")})
    """,  # noqa: S608
    (*_NEWEST_PLACES, "alike", "called", "common", "well"),
)
_NEARLY = Source(
    f"({_indexed(_QUERIES)}) UNION ALL ({_of_newest(_ABBREVIATED, plan.EACH)})",
    ("nearly", *_NEWEST_PLACES, "abbreviated"),
)


def newest(scope: Scope, most: int) -> Asked:
    return _ANYTHING, _newest_values(scope, most)


def well(scope: Scope, query: Query) -> Asked:
    called = [plan.so_called(query), plan.opens(query)]
    return _WELL, {
        **_newest_values(scope, _NEWEST),
        "called": _queries(scope, [[[terms]] for terms in called if terms]),
        "well": _queries(scope, [[[terms]] for terms in plan.well(query)]),
        "alike": _in_order(plan.commonest(query)),
        "common": _COMMON if len(query.text) >= GRAM else _FEW,
    }


def nearly(scope: Scope, query: Query) -> Asked:
    return _NEARLY, {
        **_newest_values(scope, _NEWEST_ABBREVIATED),
        "nearly": _queries(scope, plan.nearly(query)),
        "abbreviated": plan.abbreviated(query),
    }


def _queries(scope: Scope, wanted: Iterable[plan.Wanted]) -> str:
    return "/".join(_WRITING.of(scope.prefixes(), each) for each in wanted)


def _newest_values(scope: Scope, most: int) -> dict[str, Any]:
    each = max(min(most, _FEWEST_NEWEST), most // max(1, len(scope.projects)))
    return {"reader": scope.reader, "projects": " ".join(map(str, scope.projects)), "each": each}


def _in_order(terms: plan.Terms) -> str:
    """The pattern of names with these terms, which are stored in order."""
    return "% " + "% ".join(sorted(terms)) + " %"
