"""The only way out of a sandbox: an HTTP proxy that serves one run, from outside, what its Fetcher allows.

It accepts on a socket that was made inside the run's network namespace and handed out, so no other run and no
process of the host can reach it, and nothing inside has to forward anything. Only GET and HEAD; each
connection serves one request.
"""

import contextlib
import http
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from .certificates import server_context
from .model import Fetcher, FetchResponse

_TIMEOUT = 30.0  # seconds that a program may keep a connection waiting
_MAX_HEAD = 64_000  # bytes of a request's head
_MAX_CONNECTIONS = 8
_JOIN_SECONDS = 5.0
_CLOSE_SECONDS = 2.0
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?\Z")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}\Z")
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}


class _RefusalError(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class _Request:
    method: str
    target: str


class Broker:
    """Serves until stopped; owns the listening socket."""

    def __init__(self, listener: socket.socket, fetcher: Fetcher, max_bytes: int) -> None:
        self._listener = listener
        self._fetcher = fetcher
        self._left = max_bytes
        self._lock = threading.Lock()
        self._stopped = False
        self._slots = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        self._open: dict[socket.socket, threading.Thread] = {}
        self._acceptor = threading.Thread(target=self._accept, name="sandbox-broker", daemon=True)

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        """End all connections and wait for their threads; one that hangs in the Fetcher is left behind."""
        with self._lock:
            self._stopped = True
            threads = [self._acceptor, *self._open.values()]
            for each in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._listener.close()

    def _accept(self) -> None:
        while True:
            self._slots.acquire()
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="sandbox-fetch", daemon=True
            )
            with self._lock:
                if self._stopped:
                    connection.close()
                    return
                self._open[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_TIMEOUT)
            with contextlib.suppress(OSError, ValueError):  # ssl.SSLError is an OSError
                self._serve_first(connection)
        finally:
            with self._lock:
                del self._open[connection]
            connection.close()
            self._slots.release()

    def _serve_first(self, connection: socket.socket) -> None:
        try:
            request = _read_request(connection)
            if request.method != "CONNECT":
                if not request.target.lower().startswith("http://"):
                    raise _RefusalError(400, "This proxy wants a whole http address.")
                self._answer(connection, request.method, request.target)
                return
            authority = _check_authority(request.target)
        except _RefusalError as refusal:
            _send_refusal(connection, refusal)
            return
        self._serve_tls(connection, authority)

    def _serve_tls(self, connection: socket.socket, authority: str) -> None:
        host = authority.rpartition(":")[0] if re.search(r":[0-9]+\Z", authority) else authority
        context = server_context(host.strip("[]"))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        # A duplicate: wrapping takes the socket away, and stop() must still be able to shut it down.
        with context.wrap_socket(connection.dup(), server_side=True) as tunnel:
            tunnel.settimeout(_TIMEOUT)
            try:
                request = _read_request(tunnel)
                if not request.target.startswith("/"):
                    raise _RefusalError(400, "The request must name a path.")
                url = f"https://{authority.removesuffix(':443')}{request.target}"
                self._answer(tunnel, request.method, url)
            except _RefusalError as refusal:
                _send_refusal(tunnel, refusal)
            tunnel.settimeout(_CLOSE_SECONDS)
            with contextlib.suppress(OSError):
                tunnel.unwrap()

    def _answer(self, connection: socket.socket, method: str, url: str) -> None:
        if method not in ("GET", "HEAD"):
            raise _RefusalError(405, "Programs may only GET and HEAD.")
        response = self._fetch(url)
        try:
            connection.sendall(_response_head(response.status, dict(response.headers)))
            if method == "GET":
                self._send_body(connection, response.body)
        finally:
            close = getattr(response.body, "close", None)
            if close is not None:
                close()

    def _fetch(self, url: str) -> FetchResponse:
        try:
            response = self._fetcher.open(url)
        except Exception:  # noqa: BLE001  # whatever it was, the program only learns that it failed
            raise _RefusalError(502, "The file could not be fetched.") from None
        if response is None:
            raise _RefusalError(
                403, "Programs may only fetch the download links of their conversation's files."
            )
        return response

    def _send_body(self, connection: socket.socket, body: Iterator[bytes]) -> None:
        for chunk in body:
            with self._lock:
                self._left -= len(chunk)
                enough = self._stopped or self._left < 0
            if enough:
                raise OSError("cut off")  # the program sees an incomplete answer
            connection.sendall(chunk)


def _read_request(connection: socket.socket) -> _Request:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError("closed before a request")
        head += piece
        if len(head) > _MAX_HEAD:
            raise _RefusalError(431, "The request is too long.")
    parts = head.split(b"\r\n", 1)[0].split(b" ")
    printable = all(0x20 < byte < 0x7F for part in parts for byte in part)
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1.") or not printable:
        raise _RefusalError(400, "The request is malformed.")
    return _Request(parts[0].decode(), parts[1].decode())


def _check_authority(target: str) -> str:
    if not _AUTHORITY.match(target):
        raise _RefusalError(400, "The host is malformed.")
    return target


def _response_head(status: int, headers: dict[str, str]) -> bytes:
    phrases = {each.value: each.phrase for each in http.HTTPStatus}
    lines = [f"HTTP/1.1 {status:d} {phrases.get(status, 'Answer')}"]
    for name, value in headers.items():
        usable = _HEADER_NAME.match(name) and value.isprintable() and name.lower() not in _HOP_BY_HOP
        if usable:
            lines.append(f"{name}: {value}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _send_refusal(connection: socket.socket, refusal: _RefusalError) -> None:
    body = f"{refusal.detail}\n".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
    connection.sendall(_response_head(refusal.status, headers) + body)
