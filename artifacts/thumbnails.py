"""Small pictures of images and PDFs, drawn by a job in a confined process; no decoder runs in the web process."""

import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from artifacts.confined import pool
from artifacts.models import Thumbnail, Version
from artifacts.types import IMAGES
from artifactsite.lib import blobs
from jobs import services as jobs
from uploads.extraction import ExtractionError, ExtractionLimits, Picture
from uploads.extraction.picture import TYPES

THUMBNAIL = "artifacts.thumbnail"
LONGEST = 480  # pixels
LARGEST_UNDRAWN = 8 * 1024 * 1024  # bytes of an image that stands for its own thumbnail until that is drawn
_IMAGES = frozenset(IMAGES.values())
_PICTURED = _IMAGES | TYPES
MOST_PIXELS_UNDRAWN = 25_000_000
# A browser takes four bytes of memory for each: of a bomb it shows nothing, or ends.
MOST_PIXELS_SHOWN = 250_000_000
# More than for reading text in a picture: 8K and what cameras take. Decoded it must fit into the reader's memory.
_LIMITS = ExtractionLimits(max_pixels=64_000_000)
# What is worth another attempt: the machine's fault, not the file's.
_PASSING = {"unavailable"}
log = structlog.get_logger(__name__)


def order(version: Version) -> None:
    """Has the picture made, where there can be one. Belongs into the transaction that makes the version."""
    if version.media_type in TYPES and version.size:
        jobs.enqueue(THUMBNAIL, version.pk, priority=0)


def is_small_enough(media_type: str, size: int, summary: Mapping[str, Any]) -> bool:
    """Whether an image of so many bytes may stand for its own thumbnail until that is drawn."""
    if media_type not in _IMAGES:
        return False
    return 0 < size <= LARGEST_UNDRAWN and _pixels(summary) <= MOST_PIXELS_UNDRAWN


def _pixels(summary: Mapping[str, Any]) -> int:
    return int(summary.get("width", 0) * summary.get("height", 0))


def no_picture(version: Version) -> str:
    """Why a page shows nothing of an image, as a sentence; empty where it shows it."""
    if version.media_type not in _IMAGES or _pixels(version.preview) <= MOST_PIXELS_SHOWN:
        return ""
    width, height = version.preview["width"], version.preview["height"]
    return f"This image is too large to show: {width:,} × {height:,} pixels."


def why_none(version: Version) -> str:
    """Why there is no thumbnail, where that was tried. Wants `thumbnail` selected along."""
    made: Thumbnail | None = getattr(version, "thumbnail", None)
    return (made.reason if made is not None else "") or no_picture(version)


def is_pictured(media_type: str, size: int, summary: Mapping[str, Any], drawn: str | None) -> bool:
    """Whether there is a picture to show now. `drawn`: its key in storage, "" if it can't be, None if not yet tried."""
    if media_type not in _PICTURED:
        return False
    return is_small_enough(media_type, size, summary) if drawn is None else bool(drawn)


def has_picture(version: Version) -> bool:
    """The same of a version. Wants `thumbnail` selected along."""
    made: Thumbnail | None = getattr(version, "thumbnail", None)
    return is_pictured(version.media_type, version.size, version.preview, None if made is None else made.file)


def query(number: int, sha256: str) -> str:
    """What makes the address of a version's picture another one for other content."""
    return f"version={number}&v={mark_of(sha256)}"


def mark_of(sha256: str) -> str:
    """What of a content's hash stands in the address of its picture."""
    return sha256[:16]


def make(version_id: uuid.UUID) -> None:
    """Draws and keeps a version's picture, or the reason why there is none. Safe to run twice."""
    version = Version.objects.filter(pk=version_id, thumbnail__isnull=True).first()
    if version is None:
        return
    try:
        with blobs.on_disk(version.file) as path:
            picture = pool.draw(path, media_type=version.media_type, longest=LONGEST, limits=_LIMITS)
    except ExtractionError as error:
        if error.code in _PASSING:
            raise
        log.info("no thumbnail", version=str(version_id), code=error.code, detail=error.detail)
        _write(version, reason=_reason(error))
        return
    _keep(version, picture)


def _reason(error: ExtractionError) -> str:
    match error.code:
        case "too_large" | "out_of_memory" | "timed_out":
            return "This picture is too large to draw a thumbnail of."
        case "password_protected":
            return "This file is locked with a password, so there is no thumbnail of it."
    return "This file is damaged, so no thumbnail could be drawn."


def _keep(version: Version, picture: Picture) -> None:
    """File before row; where the version went meanwhile, neither."""
    with blobs.undo_on_failure() as keys:
        folder = uuid.UUID(version.file.split("/")[2])
        key = blobs.key_for(folder, "thumbnails", "webp")
        keys.append(key)
        stored = blobs.store(ContentFile(picture.data), key)
        facts = {"width": picture.width, "height": picture.height, "pages": picture.pages}
        if not _write(version, file=key, size=stored.size, **facts):
            blobs.discard(keys)


def _write(version: Version, **facts: object) -> bool:
    """Whether the row was written: not where another worker was first, or the version is gone."""
    try:
        with transaction.atomic():
            if not Version.objects.select_for_update().filter(pk=version.pk).exists():
                return False
            _, made = Thumbnail.objects.get_or_create(version=version, defaults=facts)
            return made
    except IntegrityError:
        return False


def gave_up(version_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the artifact shows its icon."""
    log.error("thumbnail given up", version=str(version_id), reason=reason)
    version = Version.objects.filter(pk=version_id).first()
    if version is not None:
        _write(version, reason="Its picture could not be drawn.")
