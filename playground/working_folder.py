"""The working folder of a conversation's programs, kept between them as one tar file in storage."""

import tarfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from artifactsite.lib import blobs, stored
from artifactsite.lib.errors import Refusal
from conversations.models import Conversation
from playground.models import WorkingFolder

ROOT = "working-folders"
log = structlog.get_logger(__name__)


def unpacked(conversation: Conversation, resources: ExitStack) -> Path | None:
    """The kept files in a temporary folder; None where there are none."""
    kept = WorkingFolder.objects.filter(conversation=conversation).first()
    if kept is None:
        return None
    folder = Path(resources.enter_context(TemporaryDirectory(prefix="kept-")))
    with blobs.open_blob(kept.file) as file, tarfile.open(fileobj=file, mode="r|") as archive:
        archive.extractall(folder, filter="data")
    return folder


def packed(
    conversation: Conversation, folder: Path, resources: ExitStack
) -> tuple[Callable[[], None] | None, str | None]:
    """Stores the files of `folder`: what makes them the kept ones, to be called in a transaction, and a
    sentence where they could not be kept. A file that is not kept after all is removed with `resources`."""
    known = WorkingFolder.objects.filter(conversation=conversation).exists()
    if not any(folder.iterdir()):
        return (lambda: forget(conversation)) if known else None, None
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > settings.PROGRAM_STATE_MB * 1024 * 1024:
        return None, (
            f"The working folder holds more than {settings.PROGRAM_STATE_MB} MB, so the next program will not find its "
            "files as this one left them."
        )
    key = f"{ROOT}/{conversation.pk}/{uuid.uuid4()}.tar"
    with TemporaryFile() as tar:
        with tarfile.open(fileobj=tar, mode="w") as archive:
            for path in sorted(folder.iterdir()):
                archive.add(path, path.name)
        tar.seek(0)
        try:
            stored = blobs.store(File(tar), key)
        except Refusal as refusal:
            return None, f"The working folder was not kept. {refusal.detail}"
    unkept = [key]
    resources.callback(lambda: blobs.discard(unkept))

    def keep() -> None:
        _forget_file(conversation)
        WorkingFolder.objects.update_or_create(
            conversation=conversation,
            defaults={"file": key, "size": stored.size, "updated_at": timezone.now()},
        )
        transaction.on_commit(unkept.clear)

    return keep, None


def _forget_file(conversation: Conversation) -> None:
    kept = WorkingFolder.objects.select_for_update().filter(conversation=conversation)
    blobs.discard_on_commit(kept.values_list("file", flat=True))


def forget(conversation: Conversation) -> None:
    """Removes what is kept. Inside a transaction."""
    _forget_file(conversation)
    WorkingFolder.objects.filter(conversation=conversation).delete()


def collect_garbage(before: datetime) -> int:
    """Removes files older than `before` that no row names: a crash between file and row, a deleted user or project.

    None while a backup runs.
    """
    known = set(WorkingFolder.objects.values_list("file", flat=True))
    doomed = [
        key
        for key in stored.keys_in(ROOT)
        if key not in known and default_storage.get_modified_time(key) < before
    ]
    if doomed and blobs.deletions_are_held():
        return 0
    blobs.discard(doomed)
    return len(doomed)
