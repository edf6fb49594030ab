"""Who asks: the id, the address and the user of a request, for the log, the audit log and the work it asks for."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject

log = structlog.get_logger(__name__)

_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_current: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)


def current() -> HttpRequest | None:
    """The request that is being answered."""
    return _current.get()


def request_id() -> str | None:
    """Its id, which the lines of its log carry, and those of the work that it asked for."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


def address(request: HttpRequest) -> str | None:
    """The caller's address, for the throttles too: behind TRUSTED_PROXIES what these say, else the connection's."""
    connected: str | None = request.META.get("REMOTE_ADDR")
    said: str | None = request.META.get("HTTP_X_FORWARDED_FOR")
    if settings.TRUSTED_PROXIES == 0 or said is None:
        return connected
    addresses = said.split(",")
    return addresses[-min(settings.TRUSTED_PROXIES, len(addresses))].strip()


class CallerMiddleware:
    """One line of the log for each request, and its id and the caller's address in all others.

    Who the caller is costs a look into the database, which this doesn't ask for: the line says whom the view met.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        # Not cleared at the end: a body that streams is made later, in the same context.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=given if _ID.fullmatch(given) else str(uuid.uuid4()), ip=address(request)
        )
        token = _current.set(request)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        level = {4: logging.WARNING, 5: logging.ERROR}.get(response.status_code // 100, logging.INFO)
        log.log(
            level,
            "request_finished",
            request=f"{request.method} {request.get_full_path()}",
            code=response.status_code,
            user_id=_user_id(request),
            user_agent=request.META.get("HTTP_USER_AGENT"),
            milliseconds=round(1000 * (time.perf_counter() - began), 1),
        )
        return response


def _user_id(request: HttpRequest) -> int | None:
    user = vars(request).get("user")
    if isinstance(user, LazyObject):  # a session's, where nobody has looked
        user = vars(request).get("_cached_user")
    pk: int | None = getattr(user, "pk", None)
    return pk
