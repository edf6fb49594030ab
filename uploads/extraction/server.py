"""The warm parent of the extractors: `python -m uploads.extraction.server`, started by `client`.

One thread, one select loop. Each request arrives over the control socket (file descriptor 0) as one JSON
message with two descriptors: a socket for the answers and the file for the result. The server imports the
parser (never a document), forks, and the child confines itself, reads the document and writes the result.
The server forwards progress, kills what takes too long, and reports how the child ended.

It ends with its owner: at the end of the control socket, or when its parent process is another one. (The
kernel's parent-death signal would not do: it fires when the *thread* that started the server ends.)
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import confine, large_pages, picture, registry, symbols
from .protocol import Extracted, ExtractionError, ExtractionLimits, Source, storable, storable_tree

_CONTROL = 0
_GIVES_WAY = 10  # niceness: a pile of documents must not slow the pages down on the same machine
_COLLECT_AFTER = 100_000  # objects; Python's own 700 are for processes that live long
_MAX_REQUEST_BYTES = 65_536
_MAX_META_BYTES = 1_000_000
_TICK_SECONDS = 1.0
_PROGRESS_EVERY_SECONDS = 0.1
_WRITE_CHARACTERS = 1_000_000

_warm: set[str] = set()
"""Media types whose parser is imported."""


@dataclass(slots=True)
class _Job:
    """A running child: where its answers go and when it must have ended (monotonic seconds)."""

    pid: int
    answers: socket.socket
    progress: int
    started: float
    deadline: float
    data_bytes: int
    overdue: bool = False
    pending: bytes = field(default=b"", repr=False)


class Server:
    """Forks a child for each request and keeps the books on them until they end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._owner = os.getppid()
        self._jobs: dict[int, _Job] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._receive)
        self._watch_children()

    def run(self) -> None:
        """Serve until the owner is gone; its documents are then nobody's and are killed."""
        self._running = True
        while self._running and os.getppid() == self._owner:
            for key, _ in self._selector.select(self._next_deadline()):
                # One event of a batch may close what another is about: a child's end and its last progress.
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            self._kill_overdue()
        for job in self._jobs.values():
            _kill_group(job.pid)

    def _watch_children(self) -> None:
        """Have the end of a child wake the select loop."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

        def reap() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(reader, 4096)
            self._reap()

        self._selector.register(reader, selectors.EVENT_READ, reap)

    def _next_deadline(self) -> float:
        now = time.monotonic()
        return max(
            0.0, min([_TICK_SECONDS, *(job.deadline - now for job in self._jobs.values() if not job.overdue)])
        )

    def _receive(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, _MAX_REQUEST_BYTES, 2)
        if not message:
            self._running = False
            return
        answers_fd, result = descriptors
        answers = socket.socket(fileno=answers_fd)
        answers.setblocking(False)
        try:
            self._start(json.loads(message), answers, result)
        except Exception as error:  # noqa: BLE001 - one bad request must not end the others
            _answer(answers, {"event": "end", "refused": f"{type(error).__name__}: {error}"})
            answers.close()
        finally:
            os.close(result)

    def _start(self, request: dict[str, Any], answers: socket.socket, result: int) -> None:
        limits = ExtractionLimits.from_json(request["limits"])
        _warm_up(request["media_type"])
        if "highlight" in request:
            from . import highlight  # noqa: F401 - once, before the fork
        if "tree" in request:
            from . import json_tree  # noqa: F401
        if "grid" in request:
            from . import grid  # noqa: F401
        reader, writer = os.pipe()
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _child(request, limits, result, writer)
        os.close(writer)
        os.set_blocking(reader, False)
        wall_seconds = float(request.get("wall_seconds", limits.wall_seconds))
        job = _Job(pid, answers, reader, started, started + wall_seconds, limits.data_bytes)
        self._jobs[pid] = job
        self._selector.register(reader, selectors.EVENT_READ, lambda: self._forward(job))
        self._selector.register(answers, selectors.EVENT_READ, lambda: self._abandoned(job))

    def _forward(self, job: _Job) -> None:
        """Pass the newest progress line on; a child's words are numbers or nothing."""
        data = os.read(job.progress, 65_536)
        if not data:
            self._selector.unregister(job.progress)
            return
        *lines, job.pending = (job.pending + data)[-65_536:].split(b"\n")
        if lines:
            with contextlib.suppress(ValueError):
                done, total = map(int, lines[-1].split())
                _answer(job.answers, {"event": "progress", "done": done, "total": total})

    def _abandoned(self, job: _Job) -> None:
        """The requester hung up: nobody waits for this document any more."""
        _kill_group(job.pid)
        self._selector.unregister(job.answers)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for job in self._jobs.values():
            if not job.overdue and now >= job.deadline:
                job.overdue = True
                _kill_group(job.pid)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                # While the leader is not reaped its number is its own: the group can be killed safely.
                _kill_group(ended.si_pid)
                pid, status, usage = os.wait4(ended.si_pid, 0)
                if job := self._jobs.pop(pid, None):
                    self._finish(job, status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    def _finish(self, job: _Job, status: int, cpu_seconds: float, resident_bytes: int) -> None:
        for watched in (job.progress, job.answers):
            with contextlib.suppress(KeyError):
                self._selector.unregister(watched)
        os.close(job.progress)
        _answer(
            job.answers,
            {
                "event": "end",
                "exit": os.waitstatus_to_exitcode(status),
                "overdue": job.overdue,
                "starved": resident_bytes > job.data_bytes * 0.6,
                "seconds": time.monotonic() - job.started,
                "cpu_seconds": cpu_seconds,
                "resident_bytes": resident_bytes,
            },
        )
        job.answers.close()


def _answer(answers: socket.socket, message: dict[str, Any]) -> None:
    """Send a message; a requester that is gone or doesn't listen is not waited for."""
    with contextlib.suppress(OSError):
        answers.send(json.dumps(message).encode())


def _kill_group(pid: int) -> None:
    """Kill a child with everything that it started (the child may not have made its group yet)."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _warm_up(media_type: str) -> None:
    """Import the parser before the fork, once for all its documents; its absence is the child's error."""
    if media_type in _warm:
        return
    _warm.add(media_type)
    with contextlib.suppress(ExtractionError, ImportError):
        module = registry.load(media_type)
        if warm := getattr(module, "warm", None):
            warm()
    # Objects that live forever are kept from the collector, which would touch and so copy their pages.
    gc.collect()
    gc.freeze()
    large_pages.collapse()


# --- The child


def _child(request: dict[str, Any], limits: ExtractionLimits, result: int, progress: int) -> None:
    """Read one document and leave; never returns into the server's loop."""
    code = 1
    try:
        _detach(os.getppid())
        # What is in a circle may wait for the end of the process, which is near and within its limit of memory.
        gc.set_threshold(_COLLECT_AFTER, 50, 50)
        result, progress = _keep_only(result, progress)
        source = Source(Path(request["path"]), request["filename"], request["media_type"])
        written = [Path(request["grid"])] if "grid" in request else []
        confine.lock_down(limits, [source.path, *_data_folders()], written)
        _write(result, *_read(source, limits, _reader(request, progress)))
        code = 0
    finally:
        os._exit(code)


def _detach(server: int) -> None:
    """Own process group, nobody to wake, and no life beyond the server's."""
    os.setpgid(0, 0)
    confine.die_with_parent(server)
    signal.set_wakeup_fd(-1)


def _keep_only(result: int, progress: int) -> tuple[int, int]:
    """Close every inherited descriptor but these two: the others belong to other documents."""
    silence = os.open(os.devnull, os.O_RDWR)
    result, progress, silence = os.dup(result), os.dup(progress), os.dup(silence)
    kept = sorted((result, progress, silence))
    edges = [2, *kept, os.sysconf("SC_OPEN_MAX")]
    for standard in (0, 1, 2):
        os.dup2(silence, standard)
    for low, high in itertools.pairwise(edges):
        os.closerange(low + 1, high)
    return result, progress


def _data_folders() -> list[Path]:
    """Folders with data that a parser may need and that the environment names."""
    return [Path(path) for path in (os.environ.get("TESSDATA_PREFIX"),) if path]


def _reader(request: dict[str, Any], progress: int) -> Callable[[Source, ExtractionLimits], Extracted]:
    """What the request asks for: a picture, code, a tree, tables, or the text, by the usual reader or the other one."""

    def read(source: Source, limits: ExtractionLimits) -> Extracted:
        if wanted := request.get("highlight"):
            from . import highlight

            return highlight.mark(source, language=str(wanted["language"]), longest=int(wanted["longest"]))
        if request.get("tree"):
            from . import json_tree

            return json_tree.mark(source)
        if wanted := request.get("picture"):
            return picture.draw(source, limits, page=int(wanted["page"]), longest=int(wanted["longest"]))
        if path := request.get("grid"):
            from . import grid

            return grid.build(source, Path(path), limits, _reporter(progress))
        module = registry.load(source.media_type)
        by = module.fallback if request.get("fallback") else module.extract
        extracted: Extracted = by(source, limits, _reporter(progress))
        return extracted

    return read


def _read(
    source: Source, limits: ExtractionLimits, read: Callable[[Source, ExtractionLimits], Extracted]
) -> tuple[dict[str, Any], str]:
    """The document as (meta, text); any failure is a meta with `error`."""
    try:
        extracted = read(source, limits)
    except ExtractionError as error:
        return _failure(error.code, error.detail, error.retry), ""
    except MemoryError:
        return _failure("out_of_memory"), ""
    except FileNotFoundError as error:
        return _failure("missing", str(error.strerror)), ""
    except BaseException as error:  # noqa: BLE001 - Rust panics are BaseException, and all of them mean this document
        return _failure("corrupt", f"{type(error).__name__}: {error}"[:500], retry=False), ""
    meta = {
        "parts": extracted.parts,
        "truncated": extracted.truncated or len(extracted.text) > limits.max_characters,
        "engine": extracted.engine,
        "warnings": extracted.warnings[:100],
        "details": extracted.details,
    }
    return meta, storable(symbols.shown(extracted.text[: limits.max_characters]))


def _failure(code: str, detail: str = "", retry: bool | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail, "retry": retry}}


def _reporter(progress: int) -> Any:
    """A progress function that writes at most some lines a second and never waits for a reader."""
    os.set_blocking(progress, False)
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_EVERY_SECONDS or done >= total:
            last = now
            with contextlib.suppress(BlockingIOError):
                os.write(progress, b"%d %d\n" % (done, total))

    return report


def _write(result: int, meta: dict[str, Any], text: str) -> None:
    """One line of JSON, then the text in UTF-8, in pieces that don't double a large text in memory."""
    line = json.dumps(storable_tree(meta), default=str).encode()
    if len(line) > _MAX_META_BYTES:
        line = json.dumps(
            {**meta, "details": {}, "warnings": meta.get("warnings", [])[:5]}, default=str
        ).encode()
    with open(result, "wb", closefd=False) as file:
        file.write(line + b"\n")
        file.writelines(
            text[start : start + _WRITE_CHARACTERS].encode("utf-8", "replace")
            for start in range(0, len(text), _WRITE_CHARACTERS)
        )


def main() -> None:
    """Serve the owner on file descriptor 0."""
    # Ctrl-C in a terminal, and a service manager, ask all processes to stop: that is the owner's to handle.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it: a child that writes too much is to end
    confine.drop_network()
    confine.prepare()
    # Not on top of its owner's: a worker stands back already, and at 20 a busy machine gives next to nothing.
    os.nice(max(0, _GIVES_WAY - os.nice(0)))
    with socket.socket(fileno=_CONTROL) as control:
        Server(control).run()


if __name__ == "__main__":
    main()
