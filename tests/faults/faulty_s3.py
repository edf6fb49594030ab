"""A proxy in front of an S3 server that fails where it is told to; what it passes on it doesn't change."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# What may happen to a request.
REFUSED, SILENT_SUCCESS, HANGS, CUT, CUT_ANSWER = (
    "500, nothing written",
    "500 although it was written",
    "no answer",
    "cut in the middle of the request",
    "cut in the middle of the answer",
)


@dataclass
class Plan:
    """What happens to the `nth` request of `method` (from 1), and if it `lasts` to that object's from then on."""

    fault: str | Callable[[], None]
    method: str
    nth: int
    lasts: bool
    after: bool = False  # of a fault that is a call: made once the request was passed on, not before
    seen: int = 0
    path: str = ""
    happened: int = 0


@dataclass
class FaultyS3:
    """Where it listens, and what it is up to."""

    upstream: str
    url: str = ""
    plan: Plan | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def fault_for(self, method: str, path: str) -> Plan | None:
        with self.lock:
            plan = self.plan
            if plan is None or plan.method != method:
                return None
            if plan.path and plan.lasts and path == plan.path:
                plan.happened += 1
                return plan
            plan.seen += 1
            if plan.seen != plan.nth:
                return None
            plan.path, plan.happened = path, plan.happened + 1
            return plan


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: FaultyS3

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # Parts of one object are told apart by nothing but their query, which is not part of what fails.
        plan = self.faulty.fault_for(self.command, urlsplit(self.path).path)
        fault = plan.fault if plan else None
        if callable(fault):
            assert plan is not None
            if plan.after:
                self._forward(body)
            fault()
            self.close_connection = True
        elif fault == HANGS:
            self.faulty.over.wait(300)
            self.close_connection = True
        elif fault == REFUSED:
            self._answer(500, [], b"")
        elif fault == CUT:
            self._forward(body[: len(body) // 2], cut=True)
            self.close_connection = True
        else:
            status, headers, content = self._forward(body)
            if fault == SILENT_SUCCESS:
                status, headers, content = 500, [], b""
            self._answer(status, headers, content, half=fault == CUT_ANSWER)

    def handle(self) -> None:
        # Whom a process talked to that was killed, or lost its patience, goes away.
        with contextlib.suppress(ConnectionError):
            super().handle()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

    def _forward(self, body: bytes, *, cut: bool = False) -> tuple[int, list[tuple[str, str]], bytes]:
        """Passes a request on; `cut`: with the length of the whole, of which only `body` comes."""
        upstream = http.client.HTTPConnection(urlsplit(self.faulty.upstream).netloc, timeout=60)
        with contextlib.closing(upstream):
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection"):
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            if cut:
                time.sleep(0.2)  # what has come may be looked at before the line breaks
                return 0, [], b""
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, *, half: bool = False
    ) -> None:
        self.send_response_only(status)
        length = len(content)
        for name, value in headers:
            if name.lower() == "content-length":
                length = int(value)  # of a HEAD the content's, which doesn't come
            elif name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        self.close_connection = self.close_connection or half


@contextlib.contextmanager
def faulty_s3(upstream: str) -> Iterator[FaultyS3]:
    faulty = FaultyS3(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"faulty": faulty}))
    server.daemon_threads = True
    faulty.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        faulty.over.set()
        server.shutdown()
        server.server_close()
