"""/mcp as an ASGI application: bearer tokens, one stateless request at a time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import BearerAuthentication
from accounts.models import Scope, Token
from accounts.throttles import PerUserThrottle
from playground.mcp.caller import Caller, set_caller

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]

UNAUTHENTICATED = {
    "code": "not_authenticated",
    "detail": "Send a personal token: Authorization: Bearer <token>. Tokens are made under Account.",
}
THROTTLED = {"code": "throttled", "detail": "Too many calls. Try again in a moment."}
METHOD = {"code": "method_not_allowed", "detail": "This server keeps no sessions: every message is a POST."}
WRONG_HOST = {"code": "bad_request", "detail": "This site has another name."}


class MCPApplication:
    """Answers /mcp. The SDK is imported by the first call: a site whose people use none pays nothing for it."""

    def __init__(self) -> None:
        self._starting: asyncio.Lock | None = None
        self._app: Any = None
        self._running: asyncio.Task[None] | None = None
        self._stop: asyncio.Event | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
        domain, _ = split_domain_port(headers.get("host", ""))
        if not (domain and validate_host(domain, settings.ALLOWED_HOSTS)):
            await _answer(send, 400, WRONG_HOST)
            return
        if scope["method"] != "POST":
            await _answer(send, 405, METHOD, {"allow": "POST"})
            return
        found = await sync_to_async(_caller, thread_sensitive=False)(headers.get("authorization", ""))
        if not isinstance(found, Caller):
            await _answer(send, *found)
            return
        set_caller(found)
        app = await self._started()
        await app({**scope, "path": "/mcp", "raw_path": b"/mcp"}, receive, send)

    async def _started(self) -> Any:
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._app is None:
                # In a thread: it takes a second, and other requests go on.
                server = (await asyncio.to_thread(import_module, "playground.mcp.server")).server
                app = server.streamable_http_app(
                    streamable_http_path="/mcp",
                    stateless_http=True,
                    json_response=True,
                    max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
                    host="",  # the host was checked above, against ALLOWED_HOSTS
                )
                ready, self._stop = asyncio.Event(), asyncio.Event()
                self._running = asyncio.create_task(_run(server.session_manager, ready, self._stop))
                await ready.wait()
                self._app = app
        return self._app

    async def close(self) -> None:
        if self._running is not None and self._stop is not None:
            self._stop.set()
            with suppress(asyncio.CancelledError):
                await self._running


async def _run(manager: Any, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Keeps the SDK's manager open; entered and left in one task, as it wants."""
    async with manager.run():
        ready.set()
        await stop.wait()


def _caller(authorization: str) -> Caller | tuple[int, dict[str, str], dict[str, str]]:
    """Who sent this, or the refusal: status, body, headers."""
    close_old_connections()
    try:
        plain = HttpRequest()
        plain.META["HTTP_AUTHORIZATION"] = authorization
        request = Request(plain)
        found = BearerAuthentication().authenticate(request)
        if found is None:
            return 401, UNAUTHENTICATED, {"www-authenticate": "Bearer"}
        request.user = found[0]
        throttle = PerUserThrottle()
        if not throttle.allow_request(request, None):
            return 429, THROTTLED, {"retry-after": str(int(throttle.wait() or 1) + 1)}
    except AuthenticationFailed as error:
        failed = {"code": "authentication_failed", "detail": str(error.detail)}
        return 401, failed, {"www-authenticate": "Bearer"}
    finally:
        close_old_connections()
    token: Token = found[1]
    return Caller(found[0], token.scope == Scope.WRITE)


async def _answer(
    send: Send, status: int, body: dict[str, str], headers: dict[str, str] | None = None
) -> None:
    raw = json.dumps(body).encode()
    pairs = {"content-type": "application/json", "content-length": str(len(raw)), **(headers or {})}
    encoded = [(name.encode("latin1"), value.encode("latin1")) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": raw})
