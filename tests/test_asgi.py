"""The bridge between server and threads, as clients meet it: over sockets, beside a thread pool of one."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import uvicorn

from artifactsite import protocol
from artifactsite.asgi import ThreadedWSGI
from artifactsite.protocol import MOST_HEAD, Protocol
from tests.site import wait_for

PIECE = bytes(range(256)) * 1024
LARGE = 40  # pieces, more than the kernel keeps for a reader who doesn't read


class Body:
    """What Django's streaming responses look like to the bridge."""

    streaming = True

    def __init__(self, pieces: int, *, detached: bool, closed: Callable[[], None]) -> None:
        self.pieces, self.detached, self.close = pieces, detached, closed

    def __iter__(self) -> Iterator[bytes]:
        return (PIECE for _ in range(self.pieces))


class App:
    """A WSGI application that remembers what it met."""

    def __init__(self) -> None:
        self.read: list[bytes | type[OSError]] = []
        self.environ: dict[str, Any] = {}
        self.begun, self.may_end, self.closed = (threading.Event() for _ in range(3))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.environ = environ
        match environ["PATH_INFO"].strip("/").split("/"):
            case ["body"]:
                try:
                    self.read.append(environ["wsgi.input"].read())
                except OSError:
                    self.read.append(OSError)
                    raise
            case ["file" | "export" as kind, pieces]:
                start("200 OK", [("Content-Length", str(int(pieces) * len(PIECE)))])
                return Body(int(pieces), detached=kind == "file", closed=self.closed.set)
            case ["wait"]:
                self.begun.set()
                assert self.may_end.wait(20)
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]


class Server:
    def __init__(self) -> None:
        self.app = App()
        self.bridge = ThreadedWSGI(self.app, threads=1)
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()
        config = uvicorn.Config(self.bridge, http=Protocol, log_config=None, access_log=False, lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()

    def client(self, *sent: bytes) -> socket.socket:
        client = socket.create_connection(self.address, timeout=20)
        for part in sent:
            client.sendall(part)
        return client

    def answer(self, *sent: bytes) -> bytes:
        """All that comes until the server ends the connection."""
        came = b""
        # What was sent beyond a refusal resets the connection, after the answer.
        with self.client() as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for part in sent:
                client.sendall(part)
            while part := client.recv(65536):
                came += part
        return came

    def answers(self) -> bool:
        return self.answer(get("/")).endswith(b"\r\n\r\nok")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.bridge.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    wait_for(lambda: server.server.started)
    yield server
    server.stop()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def post(length: int) -> bytes:
    return f"POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()


CHUNKED = b"POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_a_body_comes_whole(server: Server, size: int) -> None:
    sent = (PIECE * 2)[:size]
    assert server.answer(post(size), sent[: size // 2], sent[size // 2 :]).endswith(b"ok")
    assert server.app.read == [sent]


def test_a_body_of_unknown_length_is_taken_while_it_is_small(server: Server) -> None:
    assert server.answer(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n").endswith(b"ok")
    assert server.app.read == [b"abc"]
    assert server.answer(CHUNKED, b"20000\r\n" + PIECE[:0x20000] + b"\r\n").startswith(b"HTTP/1.1 411")


@pytest.mark.parametrize("size", [1000, 300_000])
def test_a_body_that_breaks_off_is_never_a_shorter_one(server: Server, size: int) -> None:
    server.client(post(size), b"x" * (size - 1)).close()
    assert wait_for(server.answers)
    assert server.app.read == ([OSError] if size > 1000 else [])


def test_slow_senders_and_readers_of_files_hold_no_thread(server: Server) -> None:
    with (
        server.client(post(10), b"half") as sender,
        server.client(get(f"/file/{LARGE}")) as reader,
    ):
        assert reader.recv(12) == b"HTTP/1.1 200"
        assert server.answers()
        sender.sendall(b"whole!")
        assert sender.recv(12) == b"HTTP/1.1 200"
        assert not server.app.closed.is_set()
    # Gone, the reader leaves nothing open behind.
    assert server.app.closed.wait(20)


@pytest.mark.parametrize("path", ["/file/0", "/file/1", "/file/2", f"/file/{LARGE}", f"/export/{LARGE}"])
def test_what_is_sent_comes_whole_and_is_closed(server: Server, path: str) -> None:
    content = server.answer(get(path)).partition(b"\r\n\r\n")[2]
    assert content == PIECE * int(path.rpartition("/")[2])
    assert server.app.closed.wait(20)


def test_a_reader_who_leaves_an_export_frees_its_thread(server: Server) -> None:
    with server.client(get(f"/export/{LARGE}")) as reader:
        assert reader.recv(12) == b"HTTP/1.1 200"
    assert server.app.closed.wait(20)
    assert server.answers()


def test_headers_become_what_wsgi_calls_them(server: Server) -> None:
    forged = b"X_Forwarded_For: 9.9.9.9\r\nX-Forwarded-For: 1.1.1.1\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n"
    assert server.answer(get("/a%2Fb%C3%A9?q=%20")[:-2] + forged).endswith(b"ok")
    environ = server.app.environ
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["PATH_INFO"] == "/a/b\xc3\xa9"
    assert environ["QUERY_STRING"] == "q=%20"


def test_a_head_without_end_is_refused(server: Server) -> None:
    endless = b"GET / HTTP/1.1\r\nX-Long: " + b"x" * (MOST_HEAD + 1)
    assert server.answer(endless).startswith(b"HTTP/1.1 400")
    assert server.answer(get("/")[:-2] + b"X-Long: " + b"x" * 10_000 + b"\r\n\r\n").endswith(b"ok")


def test_what_runs_is_answered_before_the_server_ends(server: Server) -> None:
    with server.client(get("/wait")) as client:
        assert server.app.begun.wait(20)
        server.server.should_exit = True
        server.app.may_end.set()
        assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(b"ok")
    server.thread.join(20)
    assert not server.thread.is_alive()


def test_a_server_that_stops_answers_what_comes_on_a_kept_connection_and_says_that_it_was_the_last(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LAST_SECONDS", 3.0)  # time enough for this test on a busy machine
    kept = get("/").replace(b"Connection: close\r\n", b"")
    with server.client(kept) as used, server.client(kept) as idle:
        for client in (used, idle):
            came = b""
            while not came.endswith(b"\r\n\r\nok"):
                came += client.recv(65536)
        server.server.should_exit = True
        with pytest.raises(ConnectionError):
            wait_for(lambda: server.client().close())
        used.sendall(kept)
        last = b"".join(iter(lambda: used.recv(65536), b""))
        assert last.endswith(b"ok")
        assert b"connection: close" in last.lower()
        assert idle.recv(65536) == b""
    server.thread.join(20)
    assert not server.thread.is_alive()
