"""Files that go straight to the bucket, where DIRECT_UPLOADS is on: announced, sent, and then taken in.

The announcement is checked as far as a name and a size can be, and the bucket takes exactly that many bytes, under a
key of its own. What decides is `complete`: it copies the object to where nobody but the site writes, looks at the
bytes themselves, and goes the same way as every upload (`services.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from artifactsite.lib import blobs, stored
from artifactsite.lib.errors import Conflict, Refusal
from artifactsite.lib.names import clean_name, extension_of
from conversations.models import Conversation
from uploads import access, services
from uploads.models import DIRECT, DirectUpload, Upload

SMALLER_OR_LARGER = "What arrived is not as large as was announced. Send the file again."
log = structlog.get_logger(__name__)


def announce(
    *, by: User, conversation: Conversation, filename: str, size: int
) -> tuple[DirectUpload, dict[str, Any]]:
    """What is expected, and the form (`url`, `fields`) that sends it to the bucket.

    Those under way count against the conversation's room here, so that nobody fills the bucket with what could never
    be taken in; against other uploads they reserve nothing.
    """
    if not settings.DIRECT_UPLOADS:
        raise Conflict(
            "direct_uploads_off", "This site takes no files by way of its bucket. Send them to it."
        )
    name = clean_name(filename)
    services.check_claim(name, size, conversation.project)
    expires_at = timezone.now() + timedelta(seconds=settings.DIRECT_SECONDS)
    with transaction.atomic():
        services.lock(conversation)
        under_way = DirectUpload.objects.under_way().filter(conversation=conversation).count()
        if under_way >= access.room(conversation):
            raise access.too_many(conversation.project)
        announced = DirectUpload.objects.create(
            conversation=conversation, owner=by, filename=name, size=size, expires_at=expires_at
        )
    form = default_storage.presigned_post(announced.key, size=size, seconds=settings.DIRECT_SECONDS)  # type: ignore[attr-defined]
    return announced, form


def complete(*, by: User, announced: DirectUpload) -> tuple[list[Upload], list[services.Rejected]]:
    """Takes in what was sent, or says why not, as `services.receive` does; either way it is over then.

    Conflict where nothing has arrived, and Refusal (503) where the bucket is away: what was sent stays, ask again.
    Of several who ask at once, one makes the upload and all are told of it.
    """
    conversation = announced.conversation
    with blobs.undo_on_failure() as keys:
        try:
            found = _look_at(announced, keys)
        except FileNotFoundError as error:
            if not DirectUpload.objects.filter(pk=announced.pk).exists():
                return [_taken_in(announced)], []
            raise Conflict("not_arrived", "The file has not arrived yet. Send it, then ask again.") from error
        arrivals = [found] if isinstance(found, services.Arrival) else []
        with transaction.atomic():
            services.lock(conversation)
            is_first = DirectUpload.objects.filter(pk=announced.pk).delete()[0] > 0
            if is_first:
                accepted = services.take_in(by=by, conversation=conversation, arrivals=arrivals)
        if not is_first:
            blobs.discard(keys)
            return [_taken_in(announced)], []
    rejected = services.send_away(arrivals[len(accepted) :], conversation.project)
    if isinstance(found, Refusal):
        rejected = [services.turned_down(announced.filename, found)]
        blobs.discard(keys)
    blobs.discard([announced.key])
    return accepted, rejected


def _look_at(announced: DirectUpload, keys: list[str]) -> services.Arrival | Refusal:
    """What has arrived, copied to its final key; or why it is not taken. The limits may have changed meanwhile.

    FileNotFoundError where nothing lies in the bucket.
    """
    project = announced.conversation.project
    key = blobs.key_for(announced.conversation_id, "files", extension_of(announced.filename))
    bucket: Any = default_storage
    with _asked_again(announced), NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as near:
        if bucket.length(announced.key) != announced.size:
            return Refusal("size_mismatch", SMALLER_OR_LARGER)
        # First the copy: until the form expires, its holder may put something else under the other key.
        keys.append(key)
        bucket.copy(announced.key, key)
        if bucket.length(key) != announced.size:
            return Refusal("size_mismatch", SMALLER_OR_LARGER)
        bucket.fetch(key, near)
        near.flush()
        file = File(near)
        try:
            services.check_claim(announced.filename, announced.size, project)
            media_type = services.check_content(announced.filename, file)
        except Refusal as refusal:
            return refusal
        return services.Arrival(
            announced.filename, media_type, blobs.Stored(key, *blobs.digest(file)), announced.pk
        )


@contextmanager
def _asked_again(announced: DirectUpload) -> Iterator[None]:
    """Turns whatever the bucket or the disk fails at, but for an object that isn't there, into a refusal."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        log.error("storage did not give a direct upload", key=announced.key, error=str(error))
        sentence = "The file could not be taken in. Try again in a moment."
        raise Refusal("storage_unavailable", sentence, status=503) from error


def _taken_in(announced: DirectUpload) -> Upload:
    """The upload that somebody else's request made of it; 404 where that one refused it."""
    return get_object_or_404(Upload.objects.with_extraction(), pk=announced.pk)


def collect_abandoned(before: datetime) -> int:
    """Forgets what never was taken in and is older than `before`. Returns how many objects it removed."""
    DirectUpload.objects.filter(expires_at__lt=before).delete()
    removed = 0
    for key in stored.keys_in(DIRECT):
        if default_storage.get_modified_time(key) < before:
            blobs.discard([key])
            removed += 1
    return removed
