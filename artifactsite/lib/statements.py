"""Statements of the database: they are counted and timed, and those that take too long are logged, without their
values, which may be anybody's words.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = structlog.get_logger(__name__)


class _Spent(threading.local):
    """How many statements this thread has had answered, and the seconds that it waited for them."""

    count = 0
    seconds = 0.0


spent = _Spent()


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        taken = time.perf_counter() - started
        spent.count += 1
        spent.seconds += taken
        if 0 < settings.SLOW_QUERY_MS <= 1000 * taken:
            log.warning("slow query", milliseconds=round(1000 * taken), sql=sql[:2000])


def _connected(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def watch() -> None:
    """Every connection from now on."""
    connection_created.connect(_connected, dispatch_uid="statements")
