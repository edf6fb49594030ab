"""Takes a program's outputs out of its tmpfs.

The host got a descriptor of the tmpfs before the program began, and reads through it after every process of
the run has died: the descriptor keeps the file system alive, and nobody is left who could exchange a file
while it is read. No code of the sandbox takes part. Each name is opened relative to the folder that holds it,
never following a link, so no path leads out of the tmpfs.
"""

import codecs
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from .model import Limits, OutputFile, OutputValue, ProgramError, ValueType
from .names import MAX_DEPTH, MAX_PATH_BYTES, name_problem, shown

_MAX_ENTRIES = 200_000  # looked at; a tmpfs holds many more inodes than anyone wants to count
_MAX_STATE_FILES = 1_000
_MAX_MANIFEST = 1_000_000  # bytes
_MAX_ERROR = 200_000
_MAX_LINE = 10_000_000  # of a table's row
_MAX_VISUALIZATION = 50_000_000
_CHUNK = 1 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_DATA_FILE = re.compile(r"[0-9]{1,10}-[0-9]{1,10}\.data\Z")
_VALUE_TYPES = ("text", "table", "visualization", "file")

# Identifies an unchanged file: a program cannot set ctime.
Stamp = tuple[int, int, int]


class _UnwantedError(Exception):
    """Why something is not kept; completes a sentence like "2 files ..."."""


@dataclass
class Dropped:
    """Counts what is left out, by reason, and remembers some names for the sentence."""

    _reasons: dict[tuple[str, str], tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, kind: str, reason: str, name: str) -> None:
        count, names = self._reasons.get((kind, reason), (0, []))
        self._reasons[kind, reason] = (count + 1, names if len(names) == 3 else [*names, shown(name)])

    def sentences(self) -> list[str]:
        found = []
        for (kind, reason), (count, names) in self._reasons.items():
            more = f" and {count - len(names):,} more" if count > len(names) else ""
            noun = kind.removesuffix("s") if count == 1 else kind
            found.append(f"Left out because they {reason}: {count:,} {noun} ({', '.join(names)}{more}).")
        return found


@dataclass
class Collected:
    """What was taken out."""

    values: list[OutputValue]
    files: list[OutputFile]
    dropped: list[str]
    error: ProgramError | None


@dataclass
class Collector:
    """Copies one run's outputs from `root`, a descriptor of its tmpfs, into `folder`."""

    root: int
    folder: Path
    limits: Limits
    before: dict[str, Stamp]  # the files that were put there for the program
    dropped: Dropped = field(default_factory=Dropped)
    _kept: int = 0
    _bytes: int = 0
    _seen: int = 0

    def collect(self, state_folder: Path | None) -> Collected:
        self.folder.mkdir()
        error = self._error()
        values = list(self._values())
        files = list(self._files())
        if state_folder is not None:
            self._save_state(state_folder)
        return Collected(values, files, self.dropped.sentences(), error)

    def _error(self) -> ProgramError | None:
        """What the runner wrote about the program's end; nothing that hangs on its truth."""
        try:
            found = json.loads(self._read("values", "error.json", _MAX_ERROR))
            return ProgramError(
                str(found["code"])[:50], str(found["detail"]).encode("utf-8", "replace").decode()
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError, _UnwantedError):
            return None

    def _values(self) -> Iterator[OutputValue]:
        try:
            lines = self._read("values", "manifest.jsonl", _MAX_MANIFEST).splitlines()
        except FileNotFoundError:
            return
        except (OSError, _UnwantedError):
            self.dropped.add("artifacts", "cannot be read", "all")
            return
        for line in lines:
            value = self._value(line)
            if value is not None:
                yield value

    def _value(self, line: bytes) -> OutputValue | None:
        name = "?"
        try:
            kind, name, file = _entry(line)
            self._check_room()
            copy = _COPIES[kind]
            with self._open_regular("values", file) as reader:
                target, size, rows = self._store(reader, copy)
            return OutputValue(kind, name, target, size, rows)
        except (_UnwantedError, OSError) as error:
            self.dropped.add("artifacts", _reason(error), name)
            return None

    def _files(self) -> Iterator[OutputFile]:
        for name, parent, entry in self._walk():
            info = os.stat(entry, dir_fd=parent, follow_symlinks=False)
            if self.before.get(name) == stamp(info):
                continue
            try:
                self._check_room()
                with _open_regular_at(parent, entry) as reader:
                    target, size, _rows = self._store(reader, _copy_bytes)
                yield OutputFile(name, target, size)
            except (_UnwantedError, OSError) as error:
                self.dropped.add("files", _reason(error), name)

    def _save_state(self, state_folder: Path) -> None:
        """Regular files of the working folder, changed or not, for a later program."""
        count, left = 0, self.limits.disk_bytes
        for name, parent, entry in self._walk(quiet=True):
            size = os.stat(entry, dir_fd=parent, follow_symlinks=False).st_size
            count, left = count + 1, left - size
            if left < 0 or count > _MAX_STATE_FILES:
                self.dropped.add("files", "are too many or too large to be kept for the next program", name)
                continue
            try:
                with _open_regular_at(parent, entry) as reader:
                    target = state_folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with open(target, "xb") as writer:
                        _copy_bytes(reader, writer)
            except (_UnwantedError, OSError):
                continue  # already reported with the outputs

    def _check_room(self) -> None:
        if self._kept >= self.limits.outputs:
            raise _UnwantedError(f"exceed the limit of {self.limits.outputs:,} outputs")

    def _store(self, reader: BinaryIO, copy: "_Copy") -> tuple[Path, int, int | None]:
        room = self.limits.output_total_bytes - self._bytes
        if os.fstat(reader.fileno()).st_size > room:
            raise _UnwantedError("exceed the total size that outputs may have")
        target = self.folder / f"{self._kept:06d}"
        try:
            with open(target, "xb") as writer:
                rows = copy(reader, writer)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        size = target.stat().st_size
        self._kept += 1
        self._bytes += size
        return target, size, rows

    def _walk(self, *, quiet: bool = False) -> Iterator[tuple[str, int, str]]:
        """(relative name, descriptor of the folder, name in it) of all regular files, sorted within a
        folder."""
        self._seen = 0
        dropped = Dropped() if quiet else self.dropped
        try:
            top = _open_folder_at(self.root, "work")
        except OSError:
            dropped.add("folders", "were removed or replaced", "the working folder")
            return
        try:
            yield from self._walk_folder(top, (), dropped)
        finally:
            os.close(top)

    def _walk_folder(
        self, folder: int, above: tuple[str, ...], dropped: Dropped
    ) -> Iterator[tuple[str, int, str]]:
        subfolders = []
        for entry in self._entries(folder, dropped):
            path = "/".join((*above, entry))
            try:
                mode = self._judge(folder, entry, path)
            except _UnwantedError as problem:
                dropped.add("files", str(problem), path)
                continue
            if stat.S_ISREG(mode):
                yield path, folder, entry
            elif entry != "__pycache__" and path != "files":
                subfolders.append(entry)
        for entry in subfolders:
            path = "/".join((*above, entry))
            if len(above) + 1 >= MAX_DEPTH:
                dropped.add("folders", "are nested too deep", path)
                continue
            try:
                inner = _open_folder_at(folder, entry)
            except OSError:
                dropped.add("folders", "cannot be opened", path)
                continue
            try:
                yield from self._walk_folder(inner, (*above, entry), dropped)
            finally:
                os.close(inner)

    def _entries(self, folder: int, dropped: Dropped) -> list[str]:
        names = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if self._seen >= _MAX_ENTRIES:
                    dropped.add(
                        "folders", f"hold more than {_MAX_ENTRIES:,} files, too many to look at", "the rest"
                    )
                    break
                self._seen += 1
                names.append(entry.name)
        return sorted(names)

    def _judge(self, folder: int, entry: str, path: str) -> int:
        """The mode of a regular file or folder whose name can be kept; _UnwantedError for all else."""
        problem = name_problem(entry)
        if problem is not None:
            raise _UnwantedError(problem)
        if len(path.encode()) > MAX_PATH_BYTES:
            raise _UnwantedError("have names that are too long")
        info = os.stat(entry, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISDIR(info.st_mode):
            _check_regular(info)
        return info.st_mode

    def _open_regular(self, folder: str, name: str) -> BinaryIO:
        parent = _open_folder_at(self.root, folder)
        try:
            return _open_regular_at(parent, name)
        finally:
            os.close(parent)

    def _read(self, folder: str, name: str, limit: int) -> bytes:
        with self._open_regular(folder, name) as reader:
            return reader.read(limit)


def stamp(info: os.stat_result) -> Stamp:
    return info.st_ino, info.st_size, info.st_ctime_ns


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _UnwantedError) else "cannot be read"


def _open_folder_at(parent: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def _open_regular_at(parent: int, name: str) -> BinaryIO:
    _check_regular(os.stat(name, dir_fd=parent, follow_symlinks=False))  # opening a device may already act
    descriptor = os.open(name, _OPEN, dir_fd=parent)
    try:
        _check_regular(os.fstat(descriptor))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_regular(info: os.stat_result) -> None:
    if stat.S_ISLNK(info.st_mode):
        raise _UnwantedError("are symbolic links")
    if not stat.S_ISREG(info.st_mode):
        raise _UnwantedError("are neither files nor folders")
    if info.st_nlink != 1:
        raise _UnwantedError("have several names (hard links)")


def _entry(line: bytes) -> tuple[ValueType, str, str]:
    """(type, name, data file) from a line of the manifest, which the program may have forged."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise _UnwantedError("are not described in JSON") from None
    if not isinstance(found, dict):
        raise _UnwantedError("are not described by an object")
    kind, name, file = found.get("type"), found.get("name"), found.get("file")
    if kind not in _VALUE_TYPES or not isinstance(file, str) or not _DATA_FILE.match(file):
        raise _UnwantedError("are described wrongly")
    problem = name_problem(name) if isinstance(name, str) else "have no usable name"
    if problem is not None or not isinstance(name, str) or not name.strip():
        raise _UnwantedError(problem or "have no usable name")
    return cast(ValueType, kind), name, file


# Copying with a look at the content. Each raises _UnwantedError, and answers how many rows there are, if any.

_Copy = Callable[[BinaryIO, BinaryIO], int | None]


def _copy_bytes(reader: BinaryIO, writer: BinaryIO) -> int | None:
    """Nothing grows any more, so the size that was checked against the room is the size."""
    shutil.copyfileobj(reader, writer, _CHUNK)
    return None


def _copy_text(reader: BinaryIO, writer: BinaryIO) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()  # a character may straddle two chunks
    try:
        while chunk := reader.read(_CHUNK):
            decoder.decode(chunk)
            writer.write(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _UnwantedError("are not text in UTF-8") from None
    return None


def _copy_table(reader: BinaryIO, writer: BinaryIO) -> int | None:
    rows = 0
    while line := reader.readline(_MAX_LINE):
        if not isinstance(_strict_json(line), dict) or not line.endswith(b"\n"):
            raise _UnwantedError("have rows that are no objects, or too long")
        writer.write(line)
        rows += 1
    return rows


def _copy_visualization(reader: BinaryIO, writer: BinaryIO) -> int | None:
    data = reader.read(_MAX_VISUALIZATION + 1)
    if len(data) > _MAX_VISUALIZATION:
        raise _UnwantedError("are larger than a visualization may be")
    found = _strict_json(data)
    if (
        not isinstance(found, dict)
        or set(found) != {"html", "visualization_data"}
        or type(found["html"]) is not str
    ):
        raise _UnwantedError("are no visualizations")
    writer.write(data)
    return None


def _strict_json(data: bytes) -> object:
    try:
        return _DECODE(data.decode())
    except (ValueError, RecursionError):
        raise _UnwantedError("hold something that is not JSON") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


_DECODE = json.JSONDecoder(parse_constant=_no_constant).decode
_COPIES: dict[ValueType, _Copy] = {
    "text": _copy_text,
    "table": _copy_table,
    "visualization": _copy_visualization,
    "file": _copy_bytes,
}
