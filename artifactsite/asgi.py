"""What the server calls: turn events and MCP natively, pages and the rest of the API as Django's WSGI in threads.

Threads cost a synchronous view a third of what ASGI costs it (docs/decisions). What a bridge has to get right:
bodies of any size pass in both directions without being held; an upload that breaks off is an error, never a
shorter file; and a thread is busy with Django only, not with a slow sender of a small body or a slow reader.
"""

import asyncio
import contextvars
import gc
import io
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.asgi import get_asgi_application
from django.db import close_old_connections

from artifactsite import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]

NATIVE = re.compile(r"/api/turns/[^/]+/events|/turns/[^/]+/live")
WAIT_FOR_BODY = 60.0  # seconds without a byte of a request's body
COLLECT_AFTER = 20_000  # objects more than there were
SMALL_BODY = 64 * 1024  # read before a thread is taken


class _Incoming(io.RawIOBase):
    """A request's body as a file, for the thread that reads it."""

    def __init__(self, first: bytes, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._rest, self._receive, self._loop, self._more = memoryview(first), receive, loop, True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and self._more:
            arriving = asyncio.run_coroutine_threadsafe(_body_part(self._receive), self._loop)
            try:
                part, self._more = arriving.result(WAIT_FOR_BODY)
            except TimeoutError as error:
                arriving.cancel()
                raise OSError("the client stopped sending") from error
            self._rest = memoryview(part)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


async def _body_part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise OSError("the client went away in the middle of the request")
    return message.get("body", b""), message.get("more_body", False)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class ThreadedWSGI:
    """An ASGI application that runs a WSGI one in threads.

    A response with the attribute `detached` promises that its chunks need neither the request's thread nor the
    database; it is then sent by the event loop, so that slow readers of large files hold no thread.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], *, threads: int) -> None:
        self.app = app
        self.requests = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self.files = ThreadPoolExecutor(4, thread_name_prefix="file")

    def close(self) -> None:
        for pool in (self.requests, self.files):
            pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        length = _content_length(scope)
        body: Any = io.BytesIO()
        if length != 0:
            start, more = b"", True
            try:
                async with asyncio.timeout(WAIT_FOR_BODY):
                    while more and len(start) <= SMALL_BODY and (length is None or length <= SMALL_BODY):
                        part, more = await _body_part(receive)
                        start += part
            except TimeoutError:
                await _refuse(send, 408)
                return
            except OSError:
                return
            if not more:
                body, length = io.BytesIO(start), len(start)
            elif length is None:
                await _refuse(send, 411)  # WSGI has no way to say that a long body's end is not known
                return
            else:
                body = io.BufferedReader(_Incoming(start, receive, loop), 128 * 1024)
        response = _Response(self.app, _environ(scope, body, length), receive, send, loop)
        run = contextvars.copy_context().run
        whole = await loop.run_in_executor(self.requests, run, response.make)
        if whole is not None:
            await send(response.head)
            await send({"type": "http.response.body", "body": whole})
        elif response.pieces:
            await response.send_detached(lambda work: loop.run_in_executor(self.files, run, work))


class _Response:
    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.app, self.environ, self.receive, self.send, self.loop = app, environ, receive, send, loop
        self.head: Message = {}
        self.pieces: list[bytes] = []  # of a detached body, those that were made with the head

    def start(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None
    ) -> Callable[[bytes], object]:
        encoded = [(name.lower().encode("latin1"), value.strip().encode("latin1")) for name, value in headers]
        self.head = {"type": "http.response.start", "status": int(status[:3]), "headers": encoded}
        return lambda _data: None  # `write` of WSGI's first days; Django doesn't use it

    def make(self) -> bytes | None:
        """In the request's thread: the whole body, which the event loop sends together with the head.

        None: it was sent from here, or it is detached and `send_detached` has to send it.
        """
        self.body = self.app(self.environ, self.start)
        goes_on = False
        try:
            if getattr(self.body, "detached", False):
                self.chunks = iter(self.body)
                # A small file is whole with the first of them, and needs no thread but this.
                self.pieces = list(islice(self.chunks, 2))
                goes_on = len(self.pieces) == 2
                return None if goes_on else b"".join(self.pieces)
            if getattr(self.body, "streaming", True):
                self._stream()
                return None
            return b"".join(self.body)
        finally:
            if goes_on:
                # The thread goes on to other requests, so it gives its database connection back now.
                close_old_connections()
            else:
                self._close()

    def _stream(self) -> None:
        self._from_thread(self.send(self.head))
        gone = asyncio.run_coroutine_threadsafe(_until_gone(self.receive), self.loop)
        try:
            for chunk in self.body:
                if gone.done():
                    return
                self._from_thread(self._send_part(chunk))
            self._from_thread(self._send_part(b"", more=False))
        finally:
            gone.cancel()

    async def send_detached(self, in_thread: Callable[[Callable[[], Any]], asyncio.Future[Any]]) -> None:
        """While one chunk is on its way the next is made: of either there is one, however slow the reader."""
        gone = self.loop.create_task(_until_gone(self.receive))
        chunk: bytes | None
        first, chunk = self.pieces
        self.pieces = []
        coming: asyncio.Future[Any] | None = None
        try:
            await self.send(self.head)
            await self._send_part(first)
            while chunk is not None and not gone.done():
                coming = in_thread(lambda: next(self.chunks, None))
                await self._send_part(chunk)
                chunk = await coming
            if chunk is None:
                await self._send_part(b"", more=False)
        finally:
            gone.cancel()
            if coming is not None:
                await asyncio.wait([coming])  # what is being made can't be closed
            await in_thread(self._close)

    def _close(self) -> None:
        getattr(self.body, "close", lambda: None)()

    def _from_thread(self, sending: Any) -> None:
        asyncio.run_coroutine_threadsafe(sending, self.loop).result()

    async def _send_part(self, chunk: bytes, *, more: bool = True) -> None:
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body"})


def _content_length(scope: Message) -> int | None:
    """None: the body's length is only known at its end (chunked)."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return length


def _environ(scope: Message, body: Any, length: int | None) -> dict[str, Any]:
    host, port = scope.get("server") or ("localhost", 80)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "CONTENT_LENGTH": str(length or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if key := _variable(name):
            text = value.decode("latin1")
            joint = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{joint}{text}" if key in environ else text
    return environ


@lru_cache(1000)
def _variable(header: bytes) -> str:
    """What WSGI calls a header; "": it is not passed on."""
    # X_Forwarded_For would become the same variable as the proxy's X-Forwarded-For: such names are dropped.
    if b"_" in header or header in (b"content-length", b"transfer-encoding"):
        return ""
    name = header.decode("latin1").upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _collect_less()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            threaded.close()
            await mcp.close()
            return


def _collect_less() -> None:
    """Requests leave hardly any cycles: looking for them as often as Python does by itself, through all that was
    imported, was a tenth of what a request costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)


native = get_asgi_application()

from artifactsite.wsgi import application as wsgi_application  # noqa: E402 - after Django's set-up
from playground.mcp.app import MCPApplication  # noqa: E402

mcp = MCPApplication()
threaded = ThreadedWSGI(wsgi_application, threads=env.integer("WEB_THREADS", 16, at_least=1))


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    elif scope["path"] in ("/mcp", "/mcp/"):
        await mcp(scope, receive, send)
    elif NATIVE.fullmatch(scope["path"]):
        await native(scope, receive, send)
    else:
        await threaded(scope, receive, send)
