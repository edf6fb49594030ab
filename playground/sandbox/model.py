"""The words of the sandbox: what goes into a run, what comes out of it."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

Exit = Literal["done", "failed", "timed_out", "out_of_memory", "cancelled", "output_limit"]
ValueType = Literal["text", "table", "visualization", "file"]


class SandboxUnavailable(Exception):  # a state of the host, as callers say it
    """Programs cannot be run safely on this host. The message says why and what to install or change."""


@dataclass(frozen=True)
class Limits:
    """What one run may use. Sizes are bytes, times seconds."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 60  # of all processes together
    memory_bytes: int = 1_000_000_000  # address space of a process, and resident memory of all together
    processes: int = 64  # threads count as processes
    file_bytes: int = 200_000_000  # of one file
    disk_bytes: int = 512_000_000  # of the working folder and the temporary folder together
    stdout_bytes: int = 1_000_000  # what is kept; a program that prints ten times as much is stopped
    outputs: int = 200  # artifacts and files kept
    output_total_bytes: int = 500_000_000
    fetch_bytes: int = 500_000_000  # of all downloads together


@dataclass(frozen=True)
class InputFile:
    """A file of the host that the program may read as files/<name>. A path that is a link is refused."""

    path: Path
    name: str


@dataclass(frozen=True)
class FetchResponse:
    """An answer to a download; `body` is closed after use if it has a close()."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


class Fetcher(Protocol):
    """Decides what a program may download, and gets it.

    Called outside the sandbox, in threads of the run (several at a time), so it must bring its own timeouts
    and close what it opens per thread (database connections). An exception becomes a 502 for the program.
    """

    def open(self, url: str) -> FetchResponse | None:
        """The answer for an absolute http or https URL; None refuses it (403 for the program)."""


@dataclass(frozen=True)
class ProgramError:
    """Why a program did not end well: a stable code and a text for the user."""

    code: str
    detail: str


@dataclass(frozen=True)
class OutputValue:
    """A typed artifact made by artifact(name, value) or shown by the last line.

    `path` is a host file: UTF-8 text; a table's rows as JSON objects, one a line; a visualization as one JSON
    object with html and visualization_data; a file's bytes. `rows` is only set for tables.
    """

    type: ValueType
    name: str
    path: Path
    size: int
    rows: int | None = None


@dataclass(frozen=True)
class OutputFile:
    """A regular file that the program made or changed in its working folder; `name` is relative, with
    slashes."""

    name: str
    path: Path
    size: int


@dataclass
class RunResult:
    """What became of a program. Holds temporary files of the host: use as a context manager, or call
    close()."""

    exit: Exit
    stdout: str
    truncated: bool
    error: ProgramError | None
    values: list[OutputValue]
    files: list[OutputFile]
    dropped: list[str]  # sentences for the user: what was left out, and why
    cpu_seconds: float
    wall_seconds: float
    peak_memory: int  # bytes
    folder: Path = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.exit == "done"

    @property
    def output_bytes(self) -> int:
        """What was kept: printed text, artifacts and files."""
        kept = [value.size for value in self.values] + [file.size for file in self.files]
        return len(self.stdout.encode()) + sum(kept)

    def close(self) -> None:
        """Remove the temporary files; may be called twice."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "RunResult":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class SandboxCheck:
    """One thing that check() looked at."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class SandboxReport:
    """Whether this host can run programs safely, and how that was found out."""

    ok: bool
    checks: list[SandboxCheck]
