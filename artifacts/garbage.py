"""Files without rows: what a crash left between writing a file and committing its row (docs/rules.md 9)."""

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from artifactsite.lib import blobs, stored
from uploads import direct

ROOT = "uploads/conversations"
BATCH = 500
log = structlog.get_logger(__name__)


def stored_keys(folder: str = ROOT) -> Iterator[str]:
    """Every key in storage, folder by folder."""
    return stored.keys_in(folder)


def without_rows(keys: list[str]) -> list[str]:
    """Those of `keys` that no row names."""
    known = stored.named(keys)
    return [key for key in keys if key not in known]


def collect_garbage(*, grace: timedelta | None = None) -> int:
    """Removes files without rows that are older than `grace`, by default GARBAGE_GRACE. Returns how many.

    A shorter grace takes files whose rows are just to come: only for a site that nobody writes to. None while a
    backup runs: it still needs those whose rows were deleted since it began.
    """
    before = timezone.now() - (settings.GARBAGE_GRACE if grace is None else grace)
    removed = 0
    keys = stored_keys()
    while batch := list(islice(keys, BATCH)):
        doomed = [key for key in without_rows(batch) if default_storage.get_modified_time(key) < before]
        # Asked after the rows were: a backup that begins later doesn't know these files.
        if doomed and blobs.deletions_are_held():
            log.info("garbage left, since a backup runs")
            break
        blobs.discard(doomed)
        removed += len(doomed)
    removed += _remove_partial(before.timestamp()) + direct.collect_abandoned(before)
    if removed:
        log.info("garbage collected", files=removed)
    return removed


def _remove_partial(before: float) -> int:
    """Uploads and writes that broke off half-way, and copies that nobody reads, on the disk of this machine."""
    removed = 0
    for folder in (
        Path(settings.FILE_UPLOAD_TEMP_DIR),
        settings.FILES_ROOT / ".partial",
        blobs.near_folder(),
    ):
        for path in folder.glob("*"):
            if path.is_file() and path.stat().st_mtime < min(before, time.time() - 3600):
                path.unlink(missing_ok=True)
                removed += 1
    return removed
