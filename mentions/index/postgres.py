"""The index on PostgreSQL: GIN over the terms of saved artifacts' names, each behind the key of who may see it.

A GIN index gives all that it finds and in no order, so what is common is not asked of it: the newest names are gone
through first, and where many of them answer, others do too. Each search stands in a materialised WITH, which is planned
as if all of it were read, so that no LIMIT makes the planner read the table instead, and ends when enough is found.
"""

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
_NEWEST = 40
# With fewer among these, the index is asked: of one or two letters rather not, they stand for so much.
_COMMON, _FEW = 4, 2
_LOOKED_AT = 200  # of what the index finds by the rarest terms
_FEWEST_NEWEST = 24  # of each project, where there are many
_WRITING = plan.Writing(" & ", " | ", "'")

# Whatever it is, the planner sees no value, so that it soon keeps one plan for all: planning costs more than looking.
_TEXT, _NUMBER = "(SELECT %s::text)", "(SELECT %s::bigint)"
_LIST = f"string_to_array({_TEXT}, '/')"  # no term has a slash
_OR = "E'\\n'"
_PADDED = "' ' || name_terms || ' '"
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


def _indexed(queries: str, patterns: str) -> str:
    """Of each of an array of queries a few: one after the other costs the index less than all of them in one.

    Those that are like one of the query's patterns too, whose terms stand in so many names that the index is not
    asked for them.
    """
    return f"""
        SELECT each.id FROM unnest({queries}, {patterns}) AS asked(terms, alike) CROSS JOIN LATERAL (
            WITH hits AS MATERIALIZED (
                SELECT id, name_terms FROM artifacts_artifact
                WHERE saved_at IS NOT NULL AND {_TERMS} @@ asked.terms
            ), first AS MATERIALIZED (SELECT * FROM hits LIMIT {_LOOKED_AT})
            SELECT id FROM first
            WHERE {_PADDED} LIKE ANY (string_to_array(asked.alike, {_OR})) LIMIT {plan.EACH}
        ) AS each
    """  # noqa: S608


_NEWEST_NAMES = f"newest AS MATERIALIZED (SELECT newest.id, newest.name_terms FROM {_NEWEST_ROWS})"  # noqa: S608


def _nearly(condition: str) -> str:
    """What is nearly meant, if the condition holds."""
    queries = f"CASE WHEN {condition} THEN {_LIST}::tsquery[] END"
    return f"""
        SELECT id, true AS is_near FROM ({_indexed(queries, _LIST)}) AS indexed UNION ALL (
            SELECT id, true FROM newest
            WHERE split_part(name_terms, '|', 2) LIKE {_TEXT} AND {condition} LIMIT {plan.EACH}
        )
    """  # noqa: S608


_NEARLY_PLACES = ("nearly", "nearly_alike", "abbreviated")
_ANYTHING = Source(f"SELECT newest.id, false AS is_near FROM {_NEWEST_ROWS}", _NEWEST_PLACES)  # noqa: S608
_WELL = Source(
    f"""
    WITH {_NEWEST_NAMES}, alike AS MATERIALIZED (
        SELECT id FROM newest WHERE {_PADDED} LIKE {_TEXT} LIMIT {plan.EACH}
    ), found AS MATERIALIZED (
        SELECT id FROM alike UNION ALL ({_indexed(f"{_LIST}::tsquery[]", _LIST)}) UNION ALL (
            {_indexed(f"CASE WHEN (SELECT count(*) FROM alike) < {_NUMBER} THEN {_LIST}::tsquery[] END", _LIST)}
        )
    )
    SELECT id, false AS is_near FROM found UNION ALL
    {_nearly(f"(SELECT count(DISTINCT id) FROM found) < {plan.FEW}")}
    """,  # noqa: S608
    (*_NEWEST_PLACES, "alike", "called", "called_alike", "common", "well", "well_alike", *_NEARLY_PLACES),
)
_NEARLY = Source(f"WITH {_NEWEST_NAMES} {_nearly('true')}", (*_NEWEST_PLACES, *_NEARLY_PLACES))


def newest(scope: Scope, most: int) -> Asked:
    return _ANYTHING, _newest_values(scope, most)


def well(scope: Scope, query: Query) -> Asked:
    ways = plan.so_called(query), plan.opens(query), plan.short_word(query)
    called = [[[terms]] for terms in ways if terms]
    found = [[[terms]] for terms in plan.well(query)]
    if rarest := plan.rarest(query):
        found.append([[rarest], [plan.commonest(query)]])
    return _WELL, {
        **_asked("called", scope, called),
        **_asked("well", scope, found),
        "alike": _in_order(plan.commonest(query)),
        "common": _COMMON if len(query.text) >= GRAM else _FEW,
        **nearly(scope, query)[1],
    }


def nearly(scope: Scope, query: Query) -> Asked:
    return _NEARLY, {
        **_newest_values(scope, _NEWEST),
        **_asked("nearly", scope, plan.nearly(query)),
        "abbreviated": plan.abbreviated(query),
    }


def _asked(name: str, scope: Scope, ways: list[plan.Wanted]) -> dict[str, str]:
    """What the index is asked for, and beside each what its names have to be like."""
    patterns = ("\n".join(map(_in_order, way[1] if len(way) > 1 else [])) or "%" for way in ways)
    return {
        name: "/".join(_WRITING.of(scope.prefixes(), way[:1]) for way in ways),
        f"{name}_alike": "/".join(patterns),
    }


def _newest_values(scope: Scope, most: int) -> dict[str, Any]:
    each = max(min(most, _FEWEST_NEWEST), most // max(1, len(scope.projects)))
    return {"reader": scope.reader, "projects": " ".join(map(str, scope.projects)), "each": each}


def _in_order(terms: plan.Terms) -> str:
    """The pattern of names with these terms, which are stored in order."""
    return "% " + "% ".join(sorted(terms)) + " %"
