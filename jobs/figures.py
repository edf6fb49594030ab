"""Running totals that all processes share: kept in the database, so cheap to read and right whoever counts.

Each is one small statement after the commit of what it counts; what is rolled back is not counted.
"""

from collections.abc import Sequence

import structlog
from django.db import Error, connection, transaction

from jobs.models import Figure

log = structlog.get_logger(__name__)


def add(name: str, *labels: str, amount: float = 0.0) -> None:
    """Counts one more of `name` with these labels, and adds `amount` to its total."""
    add_all((name, labels, amount))


def add_all(*counted: tuple[str, tuple[str, ...], float]) -> None:
    """The same for several figures, each with its labels and amount, in one statement."""
    transaction.on_commit(lambda: _add(counted))


# The ORM can't say it in one statement; both engines understand it.
_COUNT = """
INSERT INTO jobs_figure (name, labels, count, total) VALUES {}
ON CONFLICT (name, labels) DO UPDATE
SET count = jobs_figure.count + 1, total = jobs_figure.total + excluded.total
"""


def _add(counted: Sequence[tuple[str, tuple[str, ...], float]]) -> None:
    # In one order, whoever counts: two statements that lock the same rows must not wait for each other.
    params = [part for name, labels, amount in sorted(counted) for part in (name, ",".join(labels), amount)]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT.format(", ".join(["(%s, %s, 1, %s)"] * len(counted))), params)
    except Error as error:
        # A figure is never worth the work that it counts.
        log.warning("not counted", figures=[name for name, *_ in counted], error=str(error))


def put(name: str, *labels: str, amount: float) -> None:
    """The value of `name` is `amount` now."""
    Figure.objects.update_or_create(name=name, labels=",".join(labels), defaults={"total": amount})


def of(name: str) -> list[tuple[list[str], int, float]]:
    """Every value of a figure: its labels, how often, how much in all."""
    rows = Figure.objects.filter(name=name).order_by("labels").values_list("labels", "count", "total")
    return [(labels.split(","), count, total) for labels, count, total in rows]
