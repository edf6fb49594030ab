"""Identical bytes in a project are read once, and nobody learns of a file that they can't see."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from conversations.services import create_conversation
from jobs.models import Job
from jobs.services import LeaseLost
from tests.cast import Cast
from tests.uploads.received import received
from uploads import services
from uploads.extraction import Extracted, ExtractionError
from uploads.models import Extraction, Upload, UploadStatus

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

DoJobs = Callable[[], int]
TEXT = b"Sales rose by four percent."


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that a child process has read."""
    names: list[str] = []
    extract = services._pool.extract

    def counted(path: Any, *, filename: str, **options: Any) -> Extracted:
        names.append(filename)
        return extract(path, filename=filename, **options)

    monkeypatch.setattr(services._pool, "extract", counted)
    return names


def sent_by(cast: Cast, person: str, project: Any, name: str, content: bytes = TEXT) -> Upload:
    user = getattr(cast, person)
    conversation = create_conversation(by=user, project=project, title="")
    (upload,), _ = services.receive(
        by=user, conversation=conversation, files=[SimpleUploadedFile(name, content)]
    )
    return upload


def facts(upload: Upload) -> dict[str, Any]:
    names = ("text", "characters", "tokens", "truncated", "engine", "warnings", "details", "seconds")
    return Extraction.objects.values(*names).get(upload=upload)


def test_ones_own_copy_is_read_once(cast: Cast, do_jobs: DoJobs, reads: list[str]) -> None:
    first = received(cast, "a.txt", TEXT)
    do_jobs()
    second = received(cast, "b.txt", TEXT)
    do_jobs()
    assert reads == ["a.txt"]
    assert facts(first) == facts(second)
    first.delete()
    second.refresh_from_db()
    assert second.status == UploadStatus.READY
    assert facts(second)["text"] == TEXT.decode()


def test_anothers_copy_takes_as_long_as_reading_did(cast: Cast, do_jobs: DoJobs, reads: list[str]) -> None:
    first = received(cast, "a.txt", TEXT)
    do_jobs()
    Extraction.objects.filter(upload=first).update(seconds=0.8)
    second = sent_by(cast, "bob", cast.project, "b.txt")
    started = time.monotonic()
    do_jobs()
    assert time.monotonic() - started >= 0.8
    assert reads == ["a.txt"]
    assert facts(second)["text"] == TEXT.decode()
    rows = [
        cast.api(upload.owner)
        .get(f"/api/conversations/{upload.conversation_id}/uploads/{upload.file_id}")
        .json()
        for upload in (first, second)
    ]
    for row in rows:
        for name in ("fileId", "filename", "downloadUrl", "createdAt", "expiresAt"):
            del row[name]
    assert rows[0] == rows[1]


def test_another_project_and_another_type_are_read_anew(
    cast: Cast, do_jobs: DoJobs, reads: list[str]
) -> None:
    received(cast, "a.txt", TEXT)
    do_jobs()
    sent_by(cast, "carol", cast.elsewhere, "b.txt")
    received(cast, "c.csv", TEXT)
    do_jobs()
    assert sorted(reads) == ["a.txt", "b.txt", "c.csv"]


@pytest.mark.parametrize("change", [{"truncated": True}, {"created_at": "2020-01-01T00:00:00Z"}])
def test_a_text_that_was_cut_or_is_old_is_not_passed_on(
    cast: Cast, do_jobs: DoJobs, reads: list[str], change: dict[str, Any]
) -> None:
    first = received(cast, "a.txt", TEXT)
    do_jobs()
    Extraction.objects.filter(upload=first).update(**change)
    received(cast, "b.txt", TEXT)
    do_jobs()
    assert reads == ["a.txt", "b.txt"]


# --- fencing ------------------------------------------------------------------------------------------


def test_a_run_that_lost_its_lease_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = received(cast)

    def slow(*_: Any, **__: Any) -> Extracted:
        # Meanwhile the lease ran out, and another worker began the job.
        Upload.objects.filter(pk=upload.pk).update(run=uuid.uuid4(), attempts=2)
        return Extracted(text="of the late one")

    monkeypatch.setattr(services._pool, "extract", slow)
    with pytest.raises(LeaseLost):
        services.extract(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.attempts) == (UploadStatus.EXTRACTING, 2)
    assert not Extraction.objects.exists()


def test_a_late_run_changes_nothing_of_a_finished_upload(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = received(cast)
    real = services._pool.extract

    def slow(*arguments: Any, **options: Any) -> Extracted:
        monkeypatch.setattr(services._pool, "extract", real)
        services.extract(upload.pk)
        return Extracted(text="of the late one")

    monkeypatch.setattr(services._pool, "extract", slow)
    services.extract(upload.pk)
    assert facts(upload)["text"] == "Sales rose by four percent."
    upload.refresh_from_db()
    assert upload.attempts == 2


def test_a_late_run_is_stopped_by_its_next_progress(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = received(cast)
    monkeypatch.setattr(services, "PROGRESS_SECONDS", 0)

    def slow(*_: Any, on_progress: Any, **__: Any) -> Extracted:
        on_progress(1, 3)
        upload.refresh_from_db()
        assert (upload.parts_done, upload.parts_total) == (1, 3)
        Upload.objects.filter(pk=upload.pk).update(run=uuid.uuid4())
        on_progress(2, 3)
        raise AssertionError("not reached")

    monkeypatch.setattr(services._pool, "extract", slow)
    with pytest.raises(LeaseLost):
        services.extract(upload.pk)
    upload.refresh_from_db()
    assert upload.parts_done == 1


def test_a_crash_is_tried_three_times_then_says_why(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, do_jobs: DoJobs
) -> None:
    tries = 0

    def crash(*_: Any, **__: Any) -> Extracted:
        nonlocal tries
        tries += 1
        raise ExtractionError("crashed", "ended by -11")

    monkeypatch.setattr(services._pool, "extract", crash)
    upload = received(cast)
    for _ in range(4):
        Job.objects.update(available_at=timezone.now())
        do_jobs()
    upload.refresh_from_db()
    assert (tries, upload.status, upload.error_code) == (3, UploadStatus.FAILED, "crashed")


@pytest.mark.parametrize(("cpu_seconds", "attempts"), [(15.0, 2), (25.0, 1)])
def test_who_got_no_cpu_in_time_is_read_again_and_who_used_it_up_is_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, do_jobs: DoJobs, cpu_seconds: float, attempts: int
) -> None:
    extract = services._pool.extract

    def busy_at_first(*arguments: Any, **options: Any) -> Extracted:
        if Upload.objects.get().attempts > 1:
            return extract(*arguments, **options)
        error = ExtractionError("timed_out", "stopped after 45 s")
        error.cpu_seconds = cpu_seconds
        raise error

    monkeypatch.setattr(services._pool, "extract", busy_at_first)
    upload = received(cast)
    for _ in range(2):
        Job.objects.update(available_at=timezone.now())
        do_jobs()
    upload.refresh_from_db()
    expected = UploadStatus.READY if attempts == 2 else UploadStatus.FAILED
    assert (upload.attempts, upload.status) == (attempts, expected)


def test_damage_is_not_tried_again(cast: Cast, do_jobs: DoJobs, reads: list[str]) -> None:
    received(cast, "broken.pdf", b"%PDF-1.7\nand no more")
    do_jobs()
    assert len(reads) == 1
