"""Statements that take too long are logged, without their values, which may be anybody's words."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = structlog.get_logger(__name__)


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.monotonic()
    try:
        return execute(sql, params, many, context)
    finally:
        taken = 1000 * (time.monotonic() - started)
        if taken >= settings.SLOW_QUERY_MS:
            log.warning("slow query", milliseconds=round(taken), sql=sql[:2000])


def _connected(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def watch() -> None:
    """Every connection from now on, if SLOW_QUERY_MS says so."""
    if settings.SLOW_QUERY_MS:
        connection_created.connect(_connected, dispatch_uid="slow_queries")
