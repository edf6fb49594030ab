"""Copies every file that a row names from one storage to another, while the site runs (`manage.py move_storage`)."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from django.core.files import File
from django.core.files.storage import Storage

from artifactsite.lib import blobs, stored

AT_ONCE, BATCH = 4, 200
_IN_MEMORY = 4 * 1024 * 1024  # bytes of a file held in memory before it goes to disk
log = structlog.get_logger(__name__)


@dataclass
class Moved:
    """How many files were copied, had been before, and in all; `failed` says why one was not, by key."""

    wanted: int = 0
    copied: int = 0
    there: int = 0
    bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Work:
    key: str
    sha256: str  # of its row; empty where the row has none


def move(source: Storage, target: Storage, *, journal: Path, progress: Callable[[Moved], None]) -> Moved:
    """Copies what is not in `target` yet. What `journal` lists was read back from there and is not looked at again."""
    moved = Moved(wanted=sum(_rows(model).count() for model in stored.models_with_files()))
    done = set(journal.read_text().splitlines()) if journal.exists() else set()
    waiting = (work for work in _wanted() if work.key not in done)
    with journal.open("a") as proven, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="move") as threads:
        while batch := list(islice(waiting, BATCH)):
            outcomes = threads.map(lambda work: _copy(source, target, work), batch)
            for work, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, str):
                    moved.failed[work.key] = outcome
                    log.error("a file was not moved", key=work.key, why=outcome)
                    continue
                moved.copied += outcome > 0
                moved.bytes += outcome
                proven.write(f"{work.key}\n")
            proven.flush()
            progress(moved)
    moved.there = moved.wanted - moved.copied - len(moved.failed)
    return moved


def _rows(model: Any) -> Any:
    return model._base_manager.exclude(file="")


def _wanted() -> Iterator[_Work]:
    for model in stored.models_with_files():
        has_hash = any(column.name == "sha256" for column in model._meta.concrete_fields)
        columns = ["file", "sha256"] if has_hash else ["file"]
        for key, *sha256 in _rows(model).values_list(*columns).iterator(2000):
            yield _Work(key, *(sha256 or [""]))


def _copy(source: Storage, target: Storage, work: _Work) -> int | str:
    """How many bytes were copied, 0 where they were there already; or why they were not."""
    try:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
            with source.open(work.key) as original:
                sha256 = _hash(original, copy)
            if work.sha256 not in ("", sha256):
                return "its bytes are not those that its row says"
            if target.exists(work.key) and _hash_of(target, work.key) == sha256:
                return 0
            size = copy.tell()
            copy.seek(0)
            target.save(work.key, File(copy))
        if _hash_of(target, work.key) != sha256:
            return "it came out other than it went in"
    except FileNotFoundError:
        return "it is not there"
    except Exception as error:  # noqa: BLE001 - any storage engine, any failure: said, and tried by the next run
        return f"{type(error).__name__}: {error}"
    return size


def _hash_of(storage: Storage, key: str) -> str:
    with storage.open(key) as file:
        return _hash(file)


def _hash(file: "File[Any]", copy: Any = None) -> str:
    sha256 = hashlib.sha256()
    for piece in file.chunks(blobs.CHUNK):
        sha256.update(piece)
        if copy is not None:
            copy.write(piece)
    return sha256.hexdigest()
