"""Identical bytes in the same project are read once; the second file gets a copy of the text.

Nobody may learn by that of a file that they can't see (docs/security.md 8). So the copy of another person's text
comes as late, and with the same progress, as if the file were being read; only one's own text comes at once.
"""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from artifactsite.lib import worded
from artifactsite.lib.worded import Values
from conversations.models import Conversation
from uploads.extraction.protocol import Extracted
from uploads.models import Extraction, Upload, UploadStatus

# Extractors get better: an older text is not passed on.
MAX_AGE = timedelta(days=7)
_STEP_SECONDS = 0.25


def text_of_twin(upload: Upload, progress: Callable[[int, int], None]) -> Extracted | None:
    """The text that the same bytes, read as the same type, gave in this project; None where there is none.

    A truncated text is not taken: it may have been cut for lack of time.
    """
    values = {
        "sha256": upload.sha256,
        "size": upload.size,
        "type": upload.media_type,
        "conversation": upload.conversation_id,
        "upload": upload.pk,
        "since": timezone.now() - MAX_AGE,
    }
    found = worded.rows("twin", _twin, values)
    if not found:
        return None
    text, engine, warnings, details, seconds, parts, cpu, peak, owner = found[0]
    if owner != upload.owner_id:
        _take_as_long(seconds, parts, progress)
    return Extracted(
        text=text, parts=parts, engine=engine, warnings=warnings, details=details, seconds=seconds,
        cpu_seconds=cpu, peak_bytes=peak,
    )  # fmt: skip


def _twin(values: Values) -> QuerySet[Any, Any]:
    same = Extraction.objects.filter(
        upload__sha256=values["sha256"],
        upload__size=values["size"],
        upload__media_type=values["type"],
        upload__conversation__project=_project(values["conversation"]),
        upload__status=UploadStatus.READY,
        truncated=False,
        created_at__gt=values["since"],
    )
    facts = "parts_total", "cpu_seconds", "peak_bytes", "owner"
    found = same.exclude(upload=values["upload"]).order_by("created_at")
    columns = "text", "engine", "warnings", "details", "seconds", *(f"upload__{fact}" for fact in facts)
    return found.values_list(*columns)[:1]


def _project(conversation: uuid.UUID) -> QuerySet[Any, Any]:
    return Conversation.objects.filter(pk=conversation).values("project")[:1]


def _take_as_long(seconds: float, parts: int, progress: Callable[[int, int], None]) -> None:
    started = time.monotonic()
    while (spent := time.monotonic() - started) < seconds:
        time.sleep(min(_STEP_SECONDS, seconds - spent))
        progress(min(parts, int(parts * spent / seconds)), parts)
