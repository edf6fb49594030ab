"""What happens to uploads: received, extracted, switched, deleted."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import structlog
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Sum
from django.http import Http404

from accounts.models import User
from artifactsite.lib import blobs
from artifactsite.lib.errors import Conflict, Invalid, Refusal
from artifactsite.lib.names import clean_name, extension_of
from conversations.models import Conversation
from jobs import services as jobs
from projects.models import Project
from uploads.extraction.client import ExtractionPool
from uploads.extraction.protocol import Extracted, ExtractionError, ExtractionLimits
from uploads.extraction.registry import is_supported
from uploads.extraction.sniff import EXTENSIONS, is_acceptable, sniff
from uploads.extraction.tokens import estimate_tokens
from uploads.models import PENDING, Extraction, Upload, UploadStatus

log = structlog.get_logger(__name__)

EXTRACT = "uploads.extract"
NO_TEXT = "This kind of file has no text to extract. The agent knows its name and type, and can download it."
_pool = ExtractionPool()


@dataclass(frozen=True)
class Rejected:
    """A file that was not taken, and why."""

    filename: str
    code: str
    reason: str


@dataclass(frozen=True)
class _Arrival:
    """A file that passed the checks that need no lock."""

    filename: str
    media_type: str
    stored: blobs.Stored


def receive(
    *, by: User, conversation: Conversation, files: Iterable["File[Any]"]
) -> tuple[list[Upload], list[Rejected]]:
    """Stores what the project's limits allow; every other file comes back with its reason.

    The count is taken under a lock on the conversation, so parallel requests can't pass it together.
    """
    project = conversation.project
    rejected: list[Rejected] = []
    with blobs.undo_on_failure() as keys:
        arrivals = []
        for file in files:
            name = clean_name(file.name or "")
            try:
                arrivals.append(_arrive(name, file, project, conversation.pk, keys))
            except Refusal as refusal:
                rejected.append(Rejected(name, refusal.code, refusal.detail))
        with transaction.atomic():
            if not Conversation.objects.select_for_update().filter(pk=conversation.pk).exists():
                raise Http404
            room = max(0, project.max_files - Upload.objects.filter(conversation=conversation).count())
            accepted = [_create(by, conversation, arrival) for arrival in arrivals[:room]]
    for arrival in arrivals[room:]:
        blobs.discard([arrival.stored.key])
        reason = (
            f"A conversation holds at most {project.max_files} files. "
            "Remove one that is not needed, or start a new conversation."
        )
        rejected.append(Rejected(arrival.filename, "too_many_files", reason))
    return accepted, rejected


def _arrive(
    name: str, file: "File[Any]", project: Project, conversation_id: uuid.UUID, keys: list[str]
) -> _Arrival:
    if not name:
        raise Invalid("filename", "The file has no name. Give it one.", code="unnamed")
    extension = extension_of(name)
    if f".{extension}" not in EXTENSIONS:
        known = ", ".join(sorted(EXTENSIONS))
        raise Refusal(
            "type_not_accepted", f"Files of this type are not accepted. Accepted are {known}.", status=415
        )
    if (file.size or 0) > project.max_file_bytes:
        raise Refusal(
            "too_large",
            f"The file is larger than {project.max_file_size_mb} MB, this project's limit.",
            status=413,
        )
    media_type = sniff(file, name)
    if file.size and not is_acceptable(media_type, name):
        raise Refusal(
            "type_mismatch",
            f"The file's content is not what .{extension} says. Save it in that format.",
            status=415,
        )
    file.seek(0)
    key = blobs.key_for(conversation_id, "files", extension)
    keys.append(key)
    return _Arrival(name, media_type if file.size else EXTENSIONS[f".{extension}"], blobs.store(file, key))


def _create(by: User, conversation: Conversation, arrival: _Arrival) -> Upload:
    upload = Upload.objects.create(
        conversation=conversation,
        owner=by,
        filename=arrival.filename,
        file=arrival.stored.key,
        media_type=arrival.media_type,
        size=arrival.stored.size,
        sha256=arrival.stored.sha256,
    )
    jobs.enqueue(EXTRACT, upload.pk)
    return upload


def set_active(*, by: User, upload: Upload, is_active: bool) -> Upload:
    """Takes a file into the agent's context or out of it; the file stays."""
    upload.is_active = is_active
    upload.save(update_fields=["is_active"])
    return upload


def retry(*, by: User, upload: Upload) -> Upload:
    """Extracts once more, after a failure."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.status not in (UploadStatus.FAILED, UploadStatus.UNSUPPORTED):
            raise Conflict("not_failed", "Only a file whose extraction failed can be retried.")
        _move(locked, UploadStatus.STORED, attempts=0, parts_done=0, parts_total=0)
        jobs.enqueue(EXTRACT, locked.pk, priority=1)
    return locked


def revoke_link(*, by: User, upload: Upload) -> Upload:
    """Ends every link given out so far, at once; a new one is made."""
    Upload.objects.filter(pk=upload.pk).update(link_generation=F("link_generation") + 1)
    upload.refresh_from_db()
    return upload


def delete_upload(*, by: User, upload: Upload) -> None:
    with transaction.atomic():
        _delete(Upload.objects.filter(pk=upload.pk))


def delete_conversation_uploads(*, conversation: Conversation) -> None:
    """The part of deleting a conversation that is about uploads."""
    _delete(Upload.objects.filter(conversation=conversation))


def _delete(uploads: Any) -> None:
    keys = list(uploads.values_list("file", flat=True))
    uploads.delete()
    blobs.discard_on_commit(keys)


def active_tokens(conversation: Conversation) -> int:
    """Tokens of all active files: what the meter shows against the project's limit."""
    active = Extraction.objects.filter(upload__conversation=conversation, upload__is_active=True)
    return active.aggregate(total=Sum("tokens"))["total"] or 0


def _move(upload: Upload, status: str, *, error: tuple[str, str] = ("", ""), **facts: Any) -> None:
    upload.status = status
    upload.error_code, upload.error_message = error
    for field, value in facts.items():
        setattr(upload, field, value)
    upload.save(update_fields=["status", "error_code", "error_message", *facts])


def extract(upload_id: uuid.UUID) -> None:
    """Takes the text out of an upload, in a child process with limits. Safe to run twice."""
    with transaction.atomic():
        upload = (
            Upload.objects.select_for_update()
            .select_related("conversation__project")
            .filter(pk=upload_id)
            .first()
        )
        if upload is None or upload.status not in PENDING:
            return
        _move(upload, UploadStatus.EXTRACTING, attempts=upload.attempts + 1)
    if not is_supported(upload.media_type):
        _finish(upload_id, UploadStatus.UNSUPPORTED, ("unsupported", NO_TEXT))
        return
    try:
        extracted = _extracted(upload)
    except ExtractionError as error:
        log.info("no text", upload=str(upload_id), code=error.code, detail=error.detail)
        status = UploadStatus.UNSUPPORTED if error.code == "unsupported" else UploadStatus.FAILED
        _finish(upload_id, status, (error.code, error.message))
        return
    _finish(upload_id, UploadStatus.READY, extracted=extracted)


def _extracted(upload: Upload) -> Extracted:
    def progress(done: int, total: int) -> None:
        Upload.objects.filter(pk=upload.pk, status=UploadStatus.EXTRACTING).update(
            parts_done=done, parts_total=total
        )

    with _on_disk(upload) as path:
        return _pool.extract(
            path,
            filename=upload.filename,
            media_type=upload.media_type,
            limits=ExtractionLimits(),
            on_progress=progress,
        )


class _on_disk:  # noqa: N801 - reads as a function
    """The upload as a local file: itself, or a copy of what lies in a bucket."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.copy: Any = None

    def __enter__(self) -> Path:
        try:
            return Path(default_storage.path(self.upload.file))
        except NotImplementedError:
            self.copy = NamedTemporaryFile()
            for chunk in blobs.read_range(self.upload.file, 0, self.upload.size - 1):
                self.copy.write(chunk)
            self.copy.flush()
            return Path(self.copy.name)

    def __exit__(self, *_: object) -> None:
        if self.copy is not None:
            self.copy.close()


def _finish(
    upload_id: uuid.UUID, status: str, error: tuple[str, str] = ("", ""), extracted: Extracted | None = None
) -> None:
    """The final state and the text in one transaction; nothing if the upload is gone or done already."""
    with transaction.atomic():
        upload = (
            Upload.objects.select_for_update().filter(pk=upload_id, status=UploadStatus.EXTRACTING).first()
        )
        if upload is None:
            return
        if extracted is not None:
            Extraction.objects.update_or_create(
                upload=upload,
                defaults={
                    "text": extracted.text,
                    "characters": len(extracted.text),
                    "tokens": estimate_tokens(extracted.text),
                    "truncated": extracted.truncated,
                    "engine": extracted.engine[:50],
                    "warnings": extracted.warnings,
                    "details": extracted.details,
                    "seconds": extracted.seconds,
                },
            )
            upload.parts_done = upload.parts_total = extracted.parts
        _move(upload, status, error=error, parts_done=upload.parts_done, parts_total=upload.parts_total)


def extraction_given_up(upload_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the file says so, with a way on."""
    sentence = "Extraction was tried three times and broke off each time. Retry, or upload the file in another format."
    log.error("extraction given up", upload=str(upload_id), reason=reason)
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status__in=PENDING).first()
    if upload is not None:
        _move(upload, UploadStatus.FAILED, error=("given_up", sentence))
