"""The way from a worker to the extraction server: `ExtractionPool`.

The pool may be used from many threads and survives a fork of the process that holds it (the copy starts a
server of its own). Whatever a document does to its parser, the caller gets an `Extracted` or an
`ExtractionError`, and the next document is not affected.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from . import registry
from .protocol import Extracted, ExtractionError, ExtractionLimits, Picture, Progress, storable

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
_MAX_MESSAGE_BYTES = 65_536
_MAX_META_BYTES = 1_100_000
_SERVER_GRACE_SECONDS = 15.0
_SECOND_TRY_CODES = {"crashed", "out_of_memory", "corrupt"}
_SECOND_TRY_SECONDS = 12.0  # at least, however long the first took


class _ServerLostError(Exception):
    """The server ended while a document was with it; that is not the document's fault."""


@dataclass(slots=True)
class _Server:
    """A running server and the socket over which it takes requests."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the server; its children die with it."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=2)
            return
        self.process.kill()
        self.process.wait()


class ExtractionPool:
    """Reads documents in confined child processes, at most `parallel` of them at a time.

    `parallel` defaults to the number of CPUs. The server starts with the first document.
    """

    def __init__(self, parallel: int | None = None) -> None:
        self._parallel = parallel or os.cpu_count() or 1
        self._forget()
        # A forked copy must not talk over its parent's sockets, nor wait for a lock that nobody there holds.
        this = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget_after_fork(this))

    def _forget(self) -> None:
        """Begin anew, without any server."""
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(self._parallel)
        if server := getattr(self, "_server", None):
            server.control.close()
        self._server: _Server | None = None

    def extract(
        self,
        path: Path,
        *,
        filename: str,
        media_type: str,
        limits: ExtractionLimits | None = None,
        on_progress: Progress | None = None,
    ) -> Extracted:
        """The text of the file at `path`, whose sniffed type is `media_type`.

        Blocks, after its turn came, at most about `limits.wall_seconds`, and a little longer where the format's
        other reader is needed. Raises `ExtractionError`, and what `on_progress` raises, which also stops the
        document.
        """
        limits = limits or ExtractionLimits()
        request = {"path": str(Path(path).absolute()), "filename": filename, "media_type": media_type}
        with self._slots:
            end = time.monotonic() + limits.wall_seconds
            try:
                return self._attempt(request, limits, limits.wall_seconds, on_progress)
            except ExtractionError as first:
                if not _has_second_try(first, media_type):
                    raise
                seconds = max(end - time.monotonic(), min(limits.wall_seconds, _SECOND_TRY_SECONDS))
                return self._second_try(first, request, limits, seconds, on_progress)

    def draw(
        self,
        path: Path,
        *,
        media_type: str,
        longest: int,
        page: int = 1,
        limits: ExtractionLimits | None = None,
    ) -> Picture:
        """A picture of an image or of a PDF's page (from 1), at most `longest` pixels on its longer side.

        Raises `ExtractionError`, as `extract` does.
        """
        limits = limits or ExtractionLimits()
        request = {
            "path": str(Path(path).absolute()),
            "filename": "",
            "media_type": media_type,
            "picture": {"page": page, "longest": longest},
        }
        with self._slots:
            drawn = self._attempt(request, limits, limits.wall_seconds, None)
        try:
            data = base64.b64decode(drawn.text, validate=True)
            return Picture(data, int(drawn.details["width"]), int(drawn.details["height"]), drawn.parts)
        except (ValueError, KeyError, TypeError) as error:
            raise ExtractionError("crashed", "the picture is unreadable") from error

    def highlight(
        self, path: Path, *, language: str, longest: int, limits: ExtractionLimits | None = None
    ) -> str:
        """The first `longest` bytes of a text as highlighted lines of HTML (see `highlight`).

        Raises `ExtractionError`, as `extract` does.
        """
        limits = limits or ExtractionLimits()
        request = {
            "path": str(Path(path).absolute()),
            "filename": "",
            "media_type": "text/plain",
            "highlight": {"language": language, "longest": longest},
        }
        with self._slots:
            return self._attempt(request, limits, limits.wall_seconds, None).text

    def json_tree(self, path: Path, *, limits: ExtractionLimits | None = None) -> str:
        """The tree of a JSON file as HTML (see `json_tree`). Raises `ExtractionError`, as `extract` does."""
        limits = limits or ExtractionLimits()
        request = {
            "path": str(Path(path).absolute()),
            "filename": "",
            "media_type": "text/plain",
            "tree": True,
        }
        with self._slots:
            return self._attempt(request, limits, limits.wall_seconds, None).text

    def tabulate(
        self,
        path: Path,
        *,
        media_type: str,
        into: Path,
        limits: ExtractionLimits | None = None,
        on_progress: Progress | None = None,
    ) -> list[dict[str, Any]]:
        """Writes the tables of a file into the empty file `into` (see `grid`); what each sheet came to.

        Raises `ExtractionError`, as `extract` does.
        """
        limits = limits or ExtractionLimits()
        request = {
            "path": str(Path(path).absolute()),
            "filename": "",
            "media_type": media_type,
            "grid": str(into.absolute()),
        }
        with self._slots:
            return list(self._attempt(request, limits, limits.wall_seconds, on_progress).details["sheets"])

    def close(self) -> None:
        """End the server. The pool can be used again afterwards."""
        with self._lock:
            server, self._server = self._server, None
        if server:
            server.close()

    def _second_try(
        self,
        first: ExtractionError,
        request: dict[str, Any],
        limits: ExtractionLimits,
        seconds: float,
        on_progress: Progress | None,
    ) -> Extracted:
        """The format's other reader; where that fails too, the first reader's verdict stands."""
        try:
            extracted = self._attempt({**request, "fallback": True}, limits, seconds, on_progress)
        except ExtractionError as second:
            raise (second if second.code == "password_protected" else first) from second
        extracted.warnings.append("The usual reader failed on this file; a simpler one was used.")
        return extracted

    def _attempt(
        self, request: dict[str, Any], limits: ExtractionLimits, seconds: float, on_progress: Progress | None
    ) -> Extracted:
        """One run in a child. A server that was lost on the way is replaced once."""
        request = {**request, "limits": limits.to_json(), "wall_seconds": seconds}
        for _ in range(2):
            server = self._running()
            try:
                return self._ask(server, request, limits, seconds, on_progress)
            except _ServerLostError:
                self._discard(server)
        raise ExtractionError("unavailable", "the extraction server ended twice")

    def _running(self) -> _Server:
        with self._lock:
            if self._server is None or not self._server.alive():
                if self._server:
                    self._server.close()
                self._server = _start_server()
            return self._server

    def _discard(self, server: _Server) -> None:
        with self._lock:
            if self._server is server:
                self._server = None
        server.close()

    def _ask(
        self,
        server: _Server,
        request: dict[str, Any],
        limits: ExtractionLimits,
        seconds: float,
        on_progress: Progress | None,
    ) -> Extracted:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, tempfile.TemporaryFile() as result:
            with theirs:
                _send(server, request, [theirs.fileno(), result.fileno()])
            ours.settimeout(seconds + _SERVER_GRACE_SECONDS)
            end = _wait_for_end(ours, on_progress)
            try:
                _raise_for_end(end, limits)
                return _read_result(result, limits, end)
            except ExtractionError as error:
                error.cpu_seconds = float(end.get("cpu_seconds", 0))
                error.peak_bytes = int(end.get("resident_bytes", 0))
                raise


def _forget_after_fork(reference: weakref.ref[ExtractionPool]) -> None:
    if pool := reference():
        pool._forget()


def _has_second_try(error: ExtractionError, media_type: str) -> bool:
    return error.code in _SECOND_TRY_CODES and media_type in registry.WITH_FALLBACK


def _start_server() -> _Server:
    """Start the server with none of this process's secrets: a minimal environment and one descriptor."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One thread in every library: children may not start any, and one arena keeps memory accounts honest.
    environment |= {
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "PYTHONUTF8": "1",
    }
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.server"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=_PROJECT_ROOT,
                env=environment,
            )
        except OSError as error:
            ours.close()
            raise ExtractionError("unavailable", f"the extraction server did not start: {error}") from error
    return _Server(process, ours)


def _send(server: _Server, request: dict[str, Any], descriptors: list[int]) -> None:
    try:
        socket.send_fds(server.control, [json.dumps(request).encode()], descriptors)
    except OSError as error:
        raise _ServerLostError from error


def _wait_for_end(answers: socket.socket, on_progress: Progress | None) -> dict[str, Any]:
    """The server's last message about a document; passes progress on meanwhile."""
    while True:
        try:
            message = answers.recv(_MAX_MESSAGE_BYTES)
        except OSError as error:  # also a server that no longer answers
            raise _ServerLostError from error
        if not message:
            raise _ServerLostError
        answer: dict[str, Any] = json.loads(message)
        if answer["event"] == "end":
            return answer
        if on_progress:
            on_progress(answer["done"], answer["total"])


def _raise_for_end(end: dict[str, Any], limits: ExtractionLimits) -> None:
    """Raise the error that a child's way of ending stands for, if it did not end well."""
    if refused := end.get("refused"):
        raise ExtractionError("unavailable", str(refused))
    if end["exit"] == 0:
        return
    # The kernel counts to the limit by ticks and tells of CPU time by the clock: on a busy machine these differ.
    used_up = end["exit"] == -signal.SIGKILL and end["cpu_seconds"] > limits.cpu_seconds * 0.9
    if end["overdue"] or used_up or end["exit"] == -signal.SIGXCPU:
        raise ExtractionError(
            "timed_out", f"stopped after {end['seconds']:.0f} s, {end['cpu_seconds']:.0f} s CPU"
        )
    if end["starved"]:
        raise ExtractionError("out_of_memory", f"ended by {end['exit']} at {end['resident_bytes']} bytes")
    raise ExtractionError("crashed", f"ended by {end['exit']}")


def _read_result(result: IO[bytes], limits: ExtractionLimits, end: dict[str, Any]) -> Extracted:
    """What the child wrote, believed no further than its types and bounds."""
    result.seek(0)
    line = result.readline(_MAX_META_BYTES)
    try:
        meta = json.loads(line)
        if error := meta.get("error"):
            raise ExtractionError(str(error["code"]), str(error["detail"]), error["retry"])
        text = result.read(limits.max_characters * 4).decode("utf-8", "replace")
        return Extracted(
            text=storable(text[: limits.max_characters]),
            parts=int(meta["parts"]),
            truncated=bool(meta["truncated"]),
            engine=str(meta["engine"]),
            warnings=[str(warning) for warning in meta["warnings"]],
            details=dict(meta["details"]),
            seconds=float(end["seconds"]),
            cpu_seconds=float(end["cpu_seconds"]),
            peak_bytes=int(end["resident_bytes"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ExtractionError("crashed", "the result is unreadable") from error
