"""Search over artifacts: which of a visible set match a query, which of those best, and where.

`matching` gives the set, which carries what ranks it (`best`, read by artifactsite/lib/pagination.py);
`explain` says of each row of a page why it was found: its excerpt with marks.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from django.db import connection

from artifacts.models import SearchEntry
from artifacts.querysets import ArtifactQuerySet
from artifacts.search.base import Engine, Query
from artifacts.search.excerpts import Match, match_of

__all__ = ["Match", "Query", "engine", "explain", "matching"]


@cache
def engine(vendor: str) -> Engine:
    """The search of a database: `artifacts/search/postgres.py`, `artifacts/search/sqlite.py`."""
    module: Engine = import_module(f"artifacts.search.{'postgres' if vendor == 'postgresql' else vendor}")
    return module


def matching(visible: ArtifactQuerySet, query: Query) -> ArtifactQuerySet:
    """Those of `visible` that match, with what ranks them. A query without a word matches nothing."""
    if not query.terms:
        return visible.none()
    by = engine(connection.vendor)
    found = by.matching(visible, query)
    found.best = by.rank(found, query)
    return found


def explain(rows: Iterable[Any], query: Query) -> dict[UUID, Match]:
    """Why each row was found, by its id. The rows are ones that the reader may see."""
    by_pk = {row.pk: row for row in rows}
    entries = SearchEntry.objects.filter(artifact__in=by_pk).only("artifact_id", "text")
    return {
        entry.artifact_id: match_of(entry, row.name, row.description, query)
        for entry in entries
        for row in [by_pk[entry.artifact_id]]
    }
