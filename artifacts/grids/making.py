"""The file that a version's rows are read from: made by a job in a confined process, kept in storage, never changed."""

import time
import uuid
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction

from artifacts.confined import tables
from artifacts.models import Grid, Kind, Version
from artifactsite.lib import blobs
from jobs import services as jobs
from jobs.models import Priority
from uploads.extraction import ExtractionError, ExtractionLimits
from uploads.extraction.grid import TABLE, TYPES

GRID = "artifacts.grid"
SECONDS = 1200.0  # that making one may take; nobody waits for longer
SMALL = 1000  # rows of a table artifact that are sorted in memory
LIMITS = ExtractionLimits(
    max_characters=1_000_000_000,  # bounds the file that is written, at four bytes each
    max_rows=5_000_000,
    max_part_bytes=128_000_000,
    max_inflated_bytes=4_000_000_000,
    cpu_seconds=400,
    wall_seconds=900.0,
)
_TOLD_EVERY = 1.0  # seconds
# What is worth another attempt: the machine's fault, not the file's.
_PASSING = {"unavailable", "missing"}
log = structlog.get_logger(__name__)


def source_type(kind: str, media_type: str) -> str | None:
    """As what the rows of a version are read; None for what has none."""
    if kind == Kind.TABLE:
        return TABLE
    return media_type if media_type in TYPES and media_type != TABLE else None


def is_wanted(kind: str, version: Version) -> bool:
    """Whether a file is made for a version: not where its rows are few enough to be sorted while one waits."""
    if not version.size or source_type(kind, version.media_type) is None:
        return False
    return kind != Kind.TABLE or (version.table_index or {}).get("rows", 0) > SMALL


def order(kind: str, version: Version) -> None:
    """Has the file made, where one is wanted. Belongs into the transaction that makes the version."""
    if is_wanted(kind, version):
        Grid.objects.get_or_create(version=version)
        jobs.enqueue(GRID, version.pk, priority=Priority.NORMAL)


def order_again(version: Version) -> bool:
    """Has it made once more where there is none, or it failed. False: there is nothing to do."""
    with transaction.atomic():
        grid, is_new = Grid.objects.select_for_update().get_or_create(version=version)
        if grid.file or not (is_new or grid.reason):
            return False
        grid.reason, grid.percent = "", 0
        grid.save(update_fields=["reason", "percent"])
        jobs.enqueue(GRID, version.pk, priority=Priority.INTERACTIVE)
        return True


def make(version_id: uuid.UUID) -> None:
    """Makes and keeps a version's file, or the reason why there is none. Safe to run twice."""
    version = Version.objects.select_related("artifact", "grid").filter(pk=version_id).first()
    grid: Grid | None = getattr(version, "grid", None)
    if version is None or grid is None or grid.file:
        return
    media_type = source_type(version.artifact.kind, version.media_type)
    if media_type is None:
        return
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".sqlite") as made:
        try:
            with blobs.on_disk(version.file) as path:
                sheets = tables.tabulate(
                    path,
                    media_type=media_type,
                    into=Path(made.name),
                    limits=LIMITS,
                    on_progress=_Teller(grid),
                )
        except ExtractionError as error:
            if error.code in _PASSING:
                raise
            log.info("no grid", version=str(version_id), code=error.code, detail=error.detail)
            Grid.objects.filter(pk=grid.pk, file="").update(reason=_reason(error))
            return
        _keep(version, grid, Path(made.name), _summary(sheets))


class _Teller:
    """Writes how far it is into the row, at most once a second."""

    def __init__(self, grid: Grid) -> None:
        self.grid, self.told = grid, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if total and now - self.told >= _TOLD_EVERY:
            self.told = now
            # What remains once all is read is sorting the columns.
            Grid.objects.filter(pk=self.grid.pk).update(percent=min(99, done * 70 // total))


def _reason(error: ExtractionError) -> str:
    match error.code:
        case "too_large" | "out_of_memory" | "timed_out":
            return "This file is too large to be shown as a table."
        case "password_protected":
            return "This file is locked with a password, so it can’t be shown as a table."
        case "empty":
            return "There is nothing in this file."
    return "This file is damaged, so it can’t be shown as a table."


def _summary(sheets: list[dict[str, Any]]) -> dict[str, Any]:
    """What a tile shows: the beginning of the first sheet that has any, in the form of a table's own summary."""
    first = next((sheet for sheet in sheets if sheet["rows"]), None)
    if first is None:
        return {}
    columns = list(first["sample"][0]) if first["sample"] else []
    more = [""] * (min(first["columns"], 100) - len(columns))
    return {"rows": first["rows"], "columns": [*columns, *more], "sample": first["sample"]}


def _keep(version: Version, grid: Grid, path: Path, summary: dict[str, Any]) -> None:
    """File before row; where the version went meanwhile, or another worker was first, neither."""
    with blobs.undo_on_failure() as keys, path.open("rb") as file:
        key = blobs.key_for(uuid.UUID(version.file.split("/")[2]), "grids", "sqlite")
        keys.append(key)
        stored = blobs.store(File(file), key)
        waiting = Grid.objects.filter(pk=grid.pk, file="")
        if not waiting.update(file=key, size=stored.size, percent=100, summary=summary, reason=""):
            blobs.discard(keys)


def gave_up(version_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: its page says so and offers to try again."""
    log.error("grid given up", version=str(version_id), reason=reason)
    Grid.objects.filter(version_id=version_id, file="").update(
        reason="This table could not be prepared. Try again, or download the file."
    )
