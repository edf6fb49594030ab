"""What happens to uploads: received, extracted, switched, deleted."""

import dataclasses
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.http import Http404

from accounts.models import User
from artifactsite.lib import blobs, worded
from artifactsite.lib.errors import Conflict, Invalid, Refusal
from artifactsite.lib.names import clean_name, extension_of
from artifactsite.lib.worded import Values
from conversations.models import Conversation
from jobs import figures
from jobs import services as jobs
from jobs.models import Priority
from projects.models import Project
from uploads import access, antivirus
from uploads.extraction.client import ExtractionPool
from uploads.extraction.protocol import Extracted, ExtractionError, ExtractionLimits, Progress
from uploads.extraction.registry import is_supported
from uploads.extraction.sniff import EXTENSIONS, is_acceptable, sniff
from uploads.extraction.tokens import estimate_tokens
from uploads.models import PENDING, Extraction, Quarantine, Upload, UploadStatus
from uploads.twins import text_of_twin

log = structlog.get_logger(__name__)

EXTRACT = "uploads.extract"
NO_TEXT = "This kind of file has no text to extract. The agent knows its name and type, and can download it."
INFECTED = (
    "The virus scanner found something in this file: it is not read, and nobody can download it. Remove it."
)
NOT_SCANNED = "The virus scanner can't be reached, so the file is held back. Retry in a few minutes."
GIVEN_UP = (
    "Extraction was tried three times and broke off each time. Retry, or upload the file in another format."
)
CANCELLED = "An administrator stopped the reading of this file. Retry, or ask them why."
# What may end otherwise the next time: a process that was killed, storage or a server that was away.
TRIED_AGAIN = {"crashed", "missing", "unavailable"}
# Readers never wait: one that was stopped by the clock with less CPU time than this share of it was starved of it.
STARVED_SHARE = 0.4
PROGRESS_SECONDS = 0.5
AT_HAND = 10  # files of one person that are read before other people's piles
_pool = ExtractionPool()


@dataclass(frozen=True)
class Rejected:
    """A file that was not taken, and why."""

    filename: str
    code: str
    reason: str


@dataclass(frozen=True)
class Arrival:
    """A file that passed the checks that need no lock; `pk` is the upload's, where it becomes one."""

    filename: str
    media_type: str
    stored: blobs.Stored
    pk: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)


def receive(
    *,
    by: User,
    conversation: Conversation,
    files: Iterable["File[Any]"],
    turned_away: Iterable[tuple[str, Refusal]] = (),
) -> tuple[list[Upload], list[Rejected]]:
    """Stores what the project's limits allow; every other file comes back with its reason.

    The count is taken under a lock on the conversation, so parallel requests can't pass it together. Files that
    the door has `turned_away` (`uploads/door.py`) are among the rejected.
    """
    project = conversation.project
    rejected = [turned_down(name, refusal) for name, refusal in turned_away]
    with blobs.undo_on_failure() as keys:
        arrivals = []
        for file in files:
            name = clean_name(file.name or "")
            try:
                arrivals.append(_arrive(name, file, project, conversation.pk, keys))
            except Refusal as refusal:
                rejected.append(turned_down(name, refusal))
        accepted = take_in(by=by, conversation=conversation, arrivals=arrivals)
    return accepted, rejected + send_away(arrivals[len(accepted) :], project)


def take_in(*, by: User, conversation: Conversation, arrivals: list[Arrival]) -> list[Upload]:
    """Makes uploads of the first of `arrivals`, as many as there is room for, under the conversation's lock."""
    with transaction.atomic():
        lock(conversation)
        ahead = len(worded.rows("uploads that wait", _that_wait, {"owner": by.pk}))
        uploads = [_new(by, conversation, arrival) for arrival in arrivals[: access.room(conversation)]]
        for number, upload in enumerate(uploads):
            # Past the audit log, which tells nothing of a file that comes.
            worded.insert(upload)
            jobs.enqueue(EXTRACT, upload.pk, priority=_priority(ahead + number))
    return uploads


def _that_wait(values: Values) -> QuerySet[Any, Any]:
    return Upload.objects.filter(owner=values["owner"], status__in=PENDING).values_list("pk")[:AT_HAND]


def lock(conversation: Conversation) -> None:
    """Until the transaction ends, nobody else adds files to the conversation. 404 where it was deleted."""

    def locked(values: Values) -> QuerySet[Any, Any]:
        found = Conversation.objects.select_for_update().filter(pk=values["conversation"])
        return found.values_list("pk")

    if not worded.rows("conversation locked", locked, {"conversation": conversation.pk}):
        raise Http404


def send_away(arrivals: list[Arrival], project: Project) -> list[Rejected]:
    """Removes the files that there was no room for, and says so of each."""
    blobs.discard(arrival.stored.key for arrival in arrivals)
    return [turned_down(arrival.filename, access.too_many(project)) for arrival in arrivals]


def turned_down(filename: str, refusal: Refusal) -> Rejected:
    return Rejected(filename, refusal.code, refusal.detail)


def _arrive(
    name: str, file: "File[Any]", project: Project, conversation_id: uuid.UUID, keys: list[str]
) -> Arrival:
    check_claim(name, file.size or 0, project)
    media_type = check_content(name, file)
    key = blobs.key_for(conversation_id, "files", extension_of(name))
    keys.append(key)
    return Arrival(name, media_type, blobs.store(file, key))


def check_claim(name: str, size: int, project: Project) -> None:
    """Refuses what can be refused before any byte is seen: no name, a type that is not accepted, too large."""
    if not name:
        raise Invalid("filename", "The file has no name. Give it one.", code="unnamed")
    extension = extension_of(name)
    if f".{extension}" not in EXTENSIONS:
        known = ", ".join(sorted(EXTENSIONS))
        raise Refusal(
            "type_not_accepted", f"Files of this type are not accepted. Accepted are {known}.", status=415
        )
    if size > project.max_file_bytes:
        raise access.too_large(project)


def check_content(name: str, file: "File[Any]") -> str:
    """The media type, by the bytes; refused where it is not what the name promises. Rewinds the file."""
    extension = f".{extension_of(name)}"
    media_type = sniff(cast(BinaryIO, file), name)
    if file.size and not is_acceptable(media_type, name):
        sentence = f"The file's content is not what {extension} says. Save it in that format."
        raise Refusal("type_mismatch", sentence, status=415)
    file.seek(0)
    return media_type if file.size else EXTENSIONS[extension]


def _priority(ahead: int) -> Priority:
    """The first few files that somebody waits for come before everybody's piles."""
    return Priority.INTERACTIVE if ahead < AT_HAND else Priority.BULK


def _new(by: User, conversation: Conversation, arrival: Arrival) -> Upload:
    upload = Upload(
        pk=arrival.pk,
        conversation=conversation,
        owner=by,
        filename=arrival.filename,
        file=arrival.stored.key,
        media_type=arrival.media_type,
        size=arrival.stored.size,
        sha256=arrival.stored.sha256,
        quarantine=Quarantine.UNSCANNED if antivirus.is_on() else Quarantine.NONE,
    )
    # It has no text yet: whoever shows the new row need not ask for one.
    Upload.extraction.related.set_cached_value(upload, None)
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
        _again(locked, Priority.INTERACTIVE)
    return locked


def retry_failed(*, by: User, conversation: Conversation) -> list[Upload]:
    """Extracts every failed file of a conversation once more; the files, oldest first, and none where none failed."""
    with transaction.atomic():
        failed = Upload.objects.visible_to(by).filter(conversation=conversation, status=UploadStatus.FAILED)
        locked = list(failed.oldest_first().select_for_update(of=("self",)))
        for number, upload in enumerate(locked):
            _again(upload, _priority(number))
    return locked


def _again(locked: Upload, priority: int) -> None:
    _move(locked, UploadStatus.STORED, attempts=0, parts_done=0, parts_total=0)
    jobs.enqueue(EXTRACT, locked.pk, priority=priority)


def revoke_link(*, by: User, upload: Upload) -> Upload:
    """Ends every link given out so far, at once; a new one is made."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        locked.link_generation += 1
        # Saved, not updated in place: the audit log hears of it.
        locked.save(update_fields=["link_generation"])
    return locked


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
    """Scans an upload and takes the text out of it, in a child process with limits. Safe to run twice.

    Each run draws a new `run`, and only the newest may write: one whose lease was lost finds its own replaced.
    """
    upload = _begin(upload_id)
    if upload is None:
        return
    try:
        with blobs.on_disk(upload.file) as path:
            _scan(upload, path)
            extracted = _read(upload, path)
    except (ExtractionError, antivirus.ScannerUnavailable) as error:
        # A fault that may pass: the table of work brings the job back after a pause.
        if _may_pass(error) and upload.attempts < settings.JOB_ATTEMPTS:
            raise
        _fail(upload, error)
    except _Infected as error:
        log.warning("infected", upload=str(upload_id), found=str(error))
        _finish(upload, UploadStatus.FAILED, ("infected", INFECTED), quarantine=Quarantine.INFECTED)
    else:
        _finish(upload, UploadStatus.READY, extracted=extracted)


def _begin(upload_id: uuid.UUID) -> Upload | None:
    """The upload under a new run; None where nothing is left to do."""
    values = {"upload": upload_id, "run": uuid.uuid4()}
    begun = worded.changed(Upload, "upload begun", _begun, values)
    return begun[0] if begun else None


def _begun(values: Values) -> tuple[QuerySet[Upload], dict[str, Any]]:
    fields = {"status": UploadStatus.EXTRACTING, "run": values["run"], "attempts": F("attempts") + 1}
    return Upload.objects.filter(pk=values["upload"], status__in=PENDING), fields


def _of_run(values: Values) -> QuerySet[Upload]:
    return Upload.objects.filter(pk=values["upload"], run=values["run"])


class _Infected(Exception):
    """What the virus scanner found."""


def _scan(upload: Upload, path: Path) -> None:
    """Lets a file out of quarantine once the scanner has found nothing in it, or where there is no scanner."""
    if antivirus.is_on() and (found := antivirus.scan(path)):
        raise _Infected(found)
    if upload.quarantine:
        _held(upload).update(quarantine=Quarantine.NONE)


def _read(upload: Upload, path: Path) -> Extracted:
    """The text, from the same bytes read before or from a child process."""
    if not is_supported(upload.media_type):
        raise ExtractionError("unsupported")
    progress = _reporter(upload)
    return text_of_twin(upload, progress) or _pool.extract(
        path,
        filename=upload.filename,
        media_type=upload.media_type,
        limits=ExtractionLimits(),
        on_progress=progress,
    )


def _reporter(upload: Upload) -> Progress:
    """Writes progress at a bearable pace, and stops a run that was replaced or whose upload is gone."""
    due = time.monotonic() + PROGRESS_SECONDS

    def report(done: int, total: int) -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + PROGRESS_SECONDS
        if not _held(upload).update(parts_done=done, parts_total=total):
            raise jobs.LeaseLost

    return report


def _held(upload: Upload) -> QuerySet[Upload]:
    """The upload's row, only while it is this run that extracts it."""
    return _extracting({"upload": upload.pk, "run": upload.run})


def _extracting(values: Values) -> QuerySet[Upload]:
    return _of_run(values).filter(status=UploadStatus.EXTRACTING)


def _may_pass(error: Exception) -> bool:
    if not isinstance(error, ExtractionError):
        return isinstance(error, antivirus.ScannerUnavailable)
    starved = error.cpu_seconds < STARVED_SHARE * ExtractionLimits().wall_seconds
    return error.code in TRIED_AGAIN or (error.code == "timed_out" and starved)


def _fail(upload: Upload, error: Exception) -> None:
    """The final state of a file without text, with the reason."""
    if not isinstance(error, ExtractionError):
        log.error("not scanned", upload=str(upload.pk), reason=str(error))
        _finish(upload, UploadStatus.FAILED, ("not_scanned", NOT_SCANNED))
        return
    log.info("no text", upload=str(upload.pk), code=error.code, detail=error.detail)
    cost: dict[str, Any] = {"cpu_seconds": error.cpu_seconds, "peak_bytes": error.peak_bytes}
    if error.code == "unsupported":
        sentence = error.message if is_supported(upload.media_type) else NO_TEXT
        _finish(upload, UploadStatus.UNSUPPORTED, (error.code, sentence), **cost)
    else:
        _finish(upload, UploadStatus.FAILED, (error.code, error.message), **cost)


def _finish(
    upload: Upload,
    status: str,
    error: tuple[str, str] = ("", ""),
    extracted: Extracted | None = None,
    **facts: Any,
) -> None:
    """The final state and the text in one transaction; nothing if the upload is gone or another run has it."""
    if extracted is not None:
        facts |= {
            "parts_done": extracted.parts,
            "parts_total": extracted.parts,
            "cpu_seconds": extracted.cpu_seconds,
            "peak_bytes": extracted.peak_bytes,
        }
    fields = {"status": status, "error_code": error[0], "error_message": error[1], **facts}

    def finished(values: Values) -> tuple[QuerySet[Upload], dict[str, Any]]:
        return _extracting(values), {name: values[name] for name in fields}

    with transaction.atomic():
        values = {"upload": upload.pk, "run": upload.run, **fields}
        if worded.change(("upload finished", *facts), finished, values):
            _count(upload, error[0] or "ready", extracted.seconds if extracted else 0.0, facts)
            if extracted is not None:
                _keep_text(upload, extracted)
        elif Upload.objects.filter(pk=upload.pk, status__in=PENDING).exists():
            raise jobs.LeaseLost


def _count(upload: Upload, outcome: str, seconds: float, facts: dict[str, Any]) -> None:
    extension = extension_of(upload.filename)
    figures.add_all(
        ("extraction", (extension, outcome), seconds),
        ("extraction_cpu", (extension,), facts.get("cpu_seconds", 0.0)),
    )


def _keep_text(upload: Upload, extracted: Extracted) -> None:
    extraction = Extraction(
        upload=upload,
        text=extracted.text,
        characters=len(extracted.text),
        tokens=estimate_tokens(extracted.text),
        truncated=extracted.truncated,
        engine=extracted.engine[:50],
        warnings=extracted.warnings,
        details=extracted.details,
        seconds=extracted.seconds,
    )
    worded.insert(extraction, replaces="upload")


def extraction_given_up(upload_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the file says so, with a way on."""
    log.error("extraction given up", upload=str(upload_id), reason=reason)
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status__in=PENDING).first()
    if upload is not None:
        _move(upload, UploadStatus.FAILED, error=("given_up", GIVEN_UP), run=None)


def extraction_cancelled(upload_id: uuid.UUID) -> None:
    """By an administrator: the file says so, and a run of it finds itself replaced."""
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status__in=PENDING).first()
    if upload is not None:
        _move(upload, UploadStatus.FAILED, error=("cancelled", CANCELLED), run=None)


def extract_again(upload_id: uuid.UUID) -> bool:
    """What failed is queued once more; False where there is nothing to do."""
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status=UploadStatus.FAILED).first()
    if upload is None:
        return False
    _again(upload, Priority.BULK)
    return True
