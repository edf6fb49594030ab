"""Content on its way in and out of storage. File before row: what a row names exists (docs/rules.md 9)."""

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.utils import timezone

from artifactsite.lib import stored
from artifactsite.lib.errors import Refusal

_HOLDS = "holds"
_HOLD = timedelta(minutes=10)  # how long one lasts that is not renewed
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
    """Removes files once the deletion of their rows is certain; during a backup the garbage collector does it later."""
    doomed = list(keys)
    transaction.on_commit(lambda: None if not doomed or deletions_are_held() else discard(doomed))


@contextmanager
def deletions_held() -> Iterator[None]:
    """Keeps every file that rows named when this began, whatever is deleted meanwhile.

    What holds them is a file in storage, which all processes of a site see, renewed while the block runs.
    """
    key = f"{_HOLDS}/{uuid.uuid4()}"
    over = threading.Event()

    def renew() -> None:
        while not over.wait(_HOLD.total_seconds() / 5):
            try:
                default_storage.save(key, ContentFile(b"held"))
            except OSError as error:
                log.warning("the hold on deletions was not renewed", error=str(error))

    default_storage.save(key, ContentFile(b"held"))
    renewing = threading.Thread(target=renew, name="hold", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        discard([key])


def deletions_are_held() -> bool:
    """Whether a backup runs. A hold that was not renewed is that of one that was killed: it is removed."""
    try:
        holds = [f"{_HOLDS}/{name}" for name in default_storage.listdir(_HOLDS)[1]]
        fresh = [key for key in holds if timezone.now() - default_storage.get_modified_time(key) < _HOLD]
    except FileNotFoundError:
        return False
    except Exception as error:  # noqa: BLE001 - any storage engine, any failure: nothing could be deleted now anyway
        log.warning("storage did not say whether a backup runs", error=str(error))
        return True
    if not fresh:
        discard(holds)
    return bool(fresh)


@contextmanager
def undo_on_failure() -> Iterator[list[str]]:
    """Collects the keys that a block stores and removes them if the block fails.

    Not those that rows name all the same: a commit may have been done although its answer never came. Where the
    database doesn't say, the garbage collector decides.
    """
    keys: list[str] = []
    try:
        yield keys
    except BaseException:
        if keys:
            _discard_unnamed(keys)
        raise


def _discard_unnamed(keys: list[str]) -> None:
    try:
        named = stored.named(keys)
    except DatabaseError as error:
        log.warning("files left for the garbage collector", keys=keys, error=str(error))
    else:
        discard(key for key in keys if key not in named)


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
