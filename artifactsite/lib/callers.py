"""Whose calls the log speaks of."""

from typing import Any

import structlog
from django.http import HttpRequest
from django_structlog.signals import bind_extra_request_metadata
from rest_framework.throttling import BaseThrottle


def _bind_address(request: HttpRequest, **_: Any) -> None:
    """The caller's address as the throttles know it: behind TRUSTED_PROXIES what these say, else the connection's."""
    structlog.contextvars.bind_contextvars(ip=BaseThrottle().get_ident(request))  # type: ignore[arg-type]


def watch() -> None:
    bind_extra_request_metadata.connect(_bind_address, dispatch_uid="caller_address")
