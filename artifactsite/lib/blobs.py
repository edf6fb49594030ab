"""Content on its way in and out of storage. File before row: what a row names exists (docs/rules.md 9)."""

import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from artifactsite.lib.errors import Refusal

CHUNK = 256 * 1024  # bytes; 40 slow readers hold one each
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Stored:
    """A file in storage: its key, its size in bytes, the hex SHA-256 of its content."""

    key: str
    size: int
    sha256: str


def digest(file: "File[Any]") -> tuple[int, str]:
    """Size and SHA-256 of a seekable file, read in pieces; rewinds it."""
    sha, size = hashlib.sha256(), 0
    for chunk in file.chunks(CHUNK):
        sha.update(chunk)
        size += len(chunk)
    file.seek(0)
    return size, sha.hexdigest()


def key_for(conversation_id: uuid.UUID, room: str, extension: str) -> str:
    """A new unguessable key in the promised layout; `room` is `artifacts` or `files`."""
    suffix = f".{extension}" if extension else ".bin"
    return f"uploads/conversations/{conversation_id}/{room}/{uuid.uuid4()}{suffix}"


def store(file: "File[Any]", key: str, *, known: tuple[int, str] | None = None) -> Stored:
    """Writes `file` whole under `key`. `known` is its size and hash where they were just taken.

    Refusal (503) where storage is full or away; nothing of the file is left then.
    """
    size, sha = known or digest(file)
    try:
        default_storage.save(key, file)
    except OSError as error:
        log.error("storage did not take a file", key=key, error=str(error))
        raise Refusal(
            "storage_unavailable", "The file could not be stored. Try again in a moment.", status=503
        ) from error
    return Stored(key, size, sha)


def discard(keys: Iterable[str]) -> None:
    """Removes files at once; one that can't be removed is left to the garbage collector and logged."""
    for key in keys:
        try:
            default_storage.delete(key)
        except Exception as error:  # noqa: BLE001 - any storage engine, any failure: garbage, not a fault
            log.warning("file left for the garbage collector", key=key, error=str(error))


def discard_on_commit(keys: Iterable[str]) -> None:
    """Removes files once the deletion of their rows is certain."""
    doomed = list(keys)
    transaction.on_commit(lambda: discard(doomed))


@contextmanager
def undo_on_failure() -> Iterator[list[str]]:
    """Collects the keys that a block stores and removes them if the block fails."""
    keys: list[str] = []
    try:
        yield keys
    except BaseException:
        discard(keys)
        raise


def open_blob(key: str) -> IO[bytes]:
    """The content for reading from its start. Refusal (503) where storage doesn't give it."""
    try:
        return default_storage.open(key, "rb")
    except OSError as error:
        raise _unreadable(key, error) from error


def _unreadable(key: str, error: OSError) -> Refusal:
    log.error("storage did not give a file", key=key, error=str(error))
    sentence = "The content can't be read now. Try again, or tell an administrator."
    return Refusal("content_unavailable", sentence, status=503)


@contextmanager
def on_disk(key: str) -> Iterator[Path]:
    """The content as a local file, for a process that takes a path: itself, or a copy of what lies in a bucket."""
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:
        with NamedTemporaryFile() as copy, open_blob(key) as source:
            while chunk := source.read(CHUNK):
                copy.write(chunk)
            copy.flush()
            yield Path(copy.name)
    else:
        yield path


NEAR_BYTES = 4 * 1024**3  # of copies that stay, at most
NEAR_SECONDS = 3600.0  # unused


@contextmanager
def near(key: str, size: int) -> Iterator[Path]:
    """As `on_disk`, of what is asked again and again: a copy of what lies in a bucket stays for the next reader.

    Keys never change their content, so a copy is never stale.
    """
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:
        path = near_folder() / key.rpartition("/")[2]
        if not path.exists():
            _bring_near(key, size, path)
        os.utime(path)
    yield path


def near_folder() -> Path:
    return Path(settings.FILES_ROOT) / ".near"


def _bring_near(key: str, size: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    others = sorted(((file.stat().st_mtime, file) for file in path.parent.iterdir()), reverse=True)
    room = NEAR_BYTES - size
    for used, file in others:
        room -= file.stat().st_size
        if room < 0 or used < time.time() - NEAR_SECONDS:
            file.unlink(missing_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as copy:
        try:
            with open_blob(key) as source:
                while chunk := source.read(CHUNK):
                    copy.write(chunk)
            copy.flush()
            Path(copy.name).rename(path)
        except BaseException:
            Path(copy.name).unlink(missing_ok=True)
            raise


def read_range(key: str, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` to `end`, both included, in pieces. Opened now, so that a refusal is still possible."""
    if hasattr(default_storage, "open_range"):
        try:
            source = default_storage.open_range(key, start, end)
        except OSError as error:
            raise _unreadable(key, error) from error
    else:
        source = open_blob(key)
        source.seek(start)
    return _pieces(source, end - start + 1)


def _pieces(source: IO[bytes], left: int) -> Iterator[bytes]:
    with source:
        while left > 0:
            chunk = source.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
