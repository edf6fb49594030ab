"""Identical bytes in the same project are read once; the second file gets a copy of the text.

Nobody may learn by that of a file that they can't see (docs/security.md 8). So the copy of another person's text
comes as late, and with the same progress, as if the file were being read; only one's own text comes at once.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from uploads.extraction.protocol import Extracted
from uploads.models import Extraction, Upload, UploadStatus

# Extractors get better: an older text is not passed on.
MAX_AGE = timedelta(days=7)
_STEP_SECONDS = 0.25


def text_of_twin(upload: Upload, progress: Callable[[int, int], None]) -> Extracted | None:
    """The text that the same bytes, read as the same type, gave in this project; None where there is none.

    A truncated text is not taken: it may have been cut for lack of time.
    """
    twin = (
        Extraction.objects.filter(
            upload__sha256=upload.sha256,
            upload__size=upload.size,
            upload__media_type=upload.media_type,
            upload__conversation__project=upload.conversation.project_id,
            upload__status=UploadStatus.READY,
            truncated=False,
            created_at__gt=timezone.now() - MAX_AGE,
        )
        .exclude(upload=upload)
        .select_related("upload")
        .order_by("created_at")
        .first()
    )
    if twin is None:
        return None
    if twin.upload.owner_id != upload.owner_id:
        _take_as_long(twin.seconds, twin.upload.parts_total, progress)
    return Extracted(
        text=twin.text,
        parts=twin.upload.parts_total,
        engine=twin.engine,
        warnings=twin.warnings,
        details=twin.details,
        seconds=twin.seconds,
        cpu_seconds=twin.upload.cpu_seconds,
        peak_bytes=twin.upload.peak_bytes,
    )


def _take_as_long(seconds: float, parts: int, progress: Callable[[int, int], None]) -> None:
    started = time.monotonic()
    while (spent := time.monotonic() - started) < seconds:
        time.sleep(min(_STEP_SECONDS, seconds - spent))
        progress(min(parts, int(parts * spent / seconds)), parts)
