"""What the database does for a request: its statements explained, and what must not be in their plans."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import Any, NamedTuple

from django.db import connection
from psycopg import ClientCursor

from artifactsite.lib.worded import walking

LARGE = {"artifacts_artifact", "artifacts_version", "artifacts_searchentry", "conversations_conversation"}
# More rows than a bounded count looks at: whoever sorts these sorts all that is visible.
MOST_SORTED = 10_001
FEW_ROWS = 5_000  # in tables this small a scan is what a planner should choose


class Statement(NamedTuple):
    sql: str
    params: Any
    # Whether PostgreSQL plans it once, for no values in particular (artifactsite/lib/worded.py).
    is_planned_once: bool
    # Whether it has to walk an index in order (`worded.walking`).
    is_walking: bool


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Collects the statements that the block sends."""
    statements: list[Statement] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(
            Statement(sql, params, not isinstance(context["cursor"].cursor, ClientCursor), _may_not_sort())
        )
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield statements


def _may_not_sort() -> bool:
    if connection.vendor != "postgresql":
        return False
    # Past the wrapper that records.
    (setting,) = connection.connection.execute("SHOW enable_sort").fetchone()
    return bool(setting == "off")


@contextmanager
def timed() -> Iterator[list[float]]:
    """Collects the seconds that each statement of the block took, as the site waits for it."""
    spent: list[float] = []

    def measure(execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent.append(time.perf_counter() - began)

    with connection.execute_wrapper(measure):
        yield spent


def complaints(
    statements: list[Statement], *, few_rows: int = FEW_ROWS, most_sorted: int = MOST_SORTED
) -> list[str]:
    """What is wrong with the plans of the statements that read artifacts; empty where nothing is.

    Tables of up to `few_rows` may be read whole, and up to `most_sorted` rows sorted.
    """
    found = [
        complaint
        for plan in _plans(statements)
        for node in _nodes(plan)
        if (complaint := _complaint(node, few_rows, most_sorted))
    ]
    return sorted(set(found))


def indexes(statements: list[Statement], table: str = "artifacts_artifact") -> list[set[str]]:
    """By which of a table's indexes each of the statements that read artifacts goes; empty for one that uses none."""
    return [
        {name for node in _nodes(plan) for name in _indexes_of(node, table)} for plan in _plans(statements)
    ]


def _numbered(sql: str) -> str:
    """With its parameters as PostgreSQL has them."""
    places = count(1)
    return re.sub(r"%.", lambda match: f"${next(places)}" if match[0] == "%s" else "%", sql)


def _plans(statements: list[Statement]) -> Iterator[dict[str, Any]]:
    for sql, params, is_planned_once, is_walking in statements:
        if "artifacts_artifact" not in sql or not sql.lstrip().startswith(("SELECT", "WITH")):
            continue
        with walking() if is_walking else nullcontext(), connection.cursor() as cursor:
            if is_planned_once:
                # The plan that is kept, not the one that these values would get.
                cursor.execute(f"PREPARE explained AS {_numbered(sql)}")
                sql = f"EXECUTE explained ({', '.join(['%s'] * len(params))})"
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            (plan,) = cursor.fetchone()
            if is_planned_once:
                cursor.execute("DEALLOCATE explained")
        plan = json.loads(plan) if isinstance(plan, str) else plan
        yield plan[0]["Plan"]


def _indexes_of(node: dict[str, Any], table: str) -> list[str]:
    if node.get("Relation Name") != table:
        return []
    # A bitmap's indexes stand below the node that reads the table.
    return [inner["Index Name"] for inner in _nodes(node) if "Index Name" in inner]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _complaint(node: dict[str, Any], few_rows: int, most_sorted: int) -> str:
    kind = node["Node Type"]
    if kind == "Seq Scan" and node["Relation Name"] in LARGE:
        read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        if read > few_rows:
            return f"Seq Scan of {node['Relation Name']}, {read:,.0f} rows"
    if kind in ("Sort", "Incremental Sort"):
        inner = node["Plans"][0]
        sorted_rows = inner["Actual Rows"] * inner["Actual Loops"]
        if sorted_rows > most_sorted:
            return f"Sort of {sorted_rows:,.0f} rows"
    return ""
