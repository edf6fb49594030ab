"""Making a backup: the rows of one moment, then every file that they name."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import structlog
from django.apps import apps
from django.core.files.storage import default_storage

from artifactsite.backup import archive, rows, secrets
from artifactsite.lib import blobs, stored

BATCH = 500  # files between two lists of hashes
ATTEMPTS, PAUSE = 4, 0.5  # at a file that storage doesn't give; seconds before the second, doubled each time
log = structlog.get_logger(__name__)


@dataclass
class Made:
    """What a backup holds. `damaged` says of each file that is not what its row says why, by key."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Wanted:
    key: str
    sha256: str


def back_up(target: IO[bytes], *, with_secrets: bool = True, progress: Callable[[Made], None]) -> Made:
    """Writes an archive to `target` while the site runs. ValueError where the database is not this code's."""
    migrations = rows.applied_migrations()
    made = Made()
    writer = archive.Writer(target)
    head = {
        "format": archive.FORMAT,
        "made_at": datetime.now(UTC).isoformat(),
        "migrations": migrations,
        "secrets": secrets.marks(),
    }
    writer.put(archive.HEAD, json.dumps(head).encode())
    for path in secrets.made_here() if with_secrets else ():
        writer.put(archive.SECRETS + path.name, path.read_bytes())
    # The hold comes before the snapshot: what the snapshot names is then never removed before it is copied.
    with tempfile.TemporaryFile("w+") as wanted, blobs.deletions_held():
        with rows.snapshot():
            for model in rows.in_order(apps):
                _put_rows(writer, model, made, wanted)
                progress(made)
        wanted.seek(0)
        for batch in _batches(wanted):
            _put_files(writer, batch, made)
            progress(made)
    writer.close({"rows": made.rows, "files": made.files, "bytes": made.bytes, "damaged": made.damaged})
    return made


def _put_rows(writer: archive.Writer, model: Any, made: Made, wanted: IO[str]) -> None:
    label = model._meta.label_lower
    made.rows[label] = 0
    for number, (part, found) in enumerate(rows.parts_of(model), 1):
        writer.put(f"{archive.ROWS}{label}/{number:06}", part)
        made.rows[label] += len(found)
        if stored.names_files(model):
            for row in found:
                if row["file"]:
                    wanted.write(json.dumps([row["file"], row.get("sha256", "")]) + "\n")


def _batches(wanted: IO[str]) -> Iterator[list[_Wanted]]:
    batch = []
    for line in wanted:
        batch.append(_Wanted(*json.loads(line)))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _put_files(writer: archive.Writer, batch: list[_Wanted], made: Made) -> None:
    lines = []
    for wanted in batch:
        try:
            size = _patiently(lambda key=wanted.key: default_storage.size(key))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - any storage engine, any failure: the rest is still backed up
            _damaged(made, wanted.key, f"storage does not have it ({type(error).__name__})")
            continue
        seen, sha256 = writer.put_file(wanted.key, size, _content(wanted.key, size, made))
        made.files += 1
        made.bytes += size
        if wanted.sha256 not in ("", sha256) or seen != size:
            _damaged(made, wanted.key, "its bytes are not those that its row says")
        lines.append(json.dumps({"key": wanted.key, "size": size, "sha256": sha256}))
    writer.put(f"{archive.HASHES}{made.files:09}", "\n".join(lines).encode())


def _damaged(made: Made, key: str, why: str) -> None:
    made.damaged.setdefault(key, why)
    log.error("a file can't be backed up as it should be", key=key, why=why)


def _content(key: str, size: int, made: Made) -> Iterator[bytes]:
    """A file's bytes; where storage breaks off, again from there."""
    position, failures = 0, 0
    while position < size:
        try:
            for piece in blobs.read_range(key, position, size - 1):
                yield piece
                position += len(piece)
                failures = 0
            if position < size:
                raise EOFError("it ended early")
        except Exception as error:  # noqa: BLE001 - any storage engine, any failure: tried again, then said
            failures += 1
            if failures == ATTEMPTS:
                _damaged(made, key, f"storage does not give it ({type(error).__name__})")
                return
            time.sleep(PAUSE * 2**failures)


def _patiently(act: Callable[[], int]) -> int:
    for failures in range(1, ATTEMPTS):
        try:
            return act()
        except FileNotFoundError:
            raise
        except Exception:  # noqa: BLE001 - as above
            time.sleep(PAUSE * 2**failures)
    return act()
