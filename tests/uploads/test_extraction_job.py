"""From upload to text: the job, its end states, giving up, retry, and GET …/content."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs import services as jobs
from jobs.models import Job, JobState
from tests.cast import Cast
from tests.uploads.received import received, uploads_of
from uploads import services
from uploads.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

DoJobs = Callable[[], int]


def shown(cast: Cast, upload: Upload) -> dict[str, Any]:
    answer = cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}")
    assert answer.status_code == 200
    return answer.json()


def content(cast: Cast, upload: Upload, query: str = "") -> Any:
    return cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}/content{query}")


def make_due() -> None:
    Job.objects.filter(state=JobState.QUEUED).update(available_at=timezone.now())


def lose_file(upload: Upload) -> None:
    """A fault of ours: the row is there and its file is not."""
    default_storage.delete(upload.file)


def test_text_is_extracted_in_the_background(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast, "notes.txt", "Grüße from the fourth quarter".encode())
    assert shown(cast, upload)["status"] == "stored"
    assert do_jobs() == 1
    row = shown(cast, upload)
    assert (row["status"], row["error"], row["truncated"]) == ("ready", None, False)
    assert row["characters"] == len("Grüße from the fourth quarter")
    assert row["tokens"] > 0
    assert content(cast, upload).json() == {
        "text": "Grüße from the fourth quarter",
        "offset": 0,
        "characters": row["characters"],
    }


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("a.csv", b"name,born\nAda,1815\n", ["name", "Ada", "1815"]),
        ("a.json", b'{"name": "Ada"}', ["name", "Ada"]),
        ("a.html", b"<h1>Title</h1><script>no()</script><p>Body</p>", ["Title", "Body"]),
        ("a.rtf", rb"{\rtf1\ansi Hello \b world\b0 .}", ["Hello", "world"]),
    ],
)
def test_formats_give_their_text(
    cast: Cast, do_jobs: DoJobs, name: str, raw: bytes, words: list[str]
) -> None:
    upload = received(cast, name, raw)
    do_jobs()
    assert shown(cast, upload)["status"] == "ready", shown(cast, upload)
    text = content(cast, upload).json()["text"]
    assert all(word in text for word in words)
    assert "no()" not in text


def test_a_broken_document_fails_with_a_reason_and_its_neighbours_do_not(cast: Cast, do_jobs: DoJobs) -> None:
    broken = received(cast, "broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF")
    fine = received(cast, "fine.txt", b"fine")
    do_jobs()
    row = shown(cast, broken)
    assert row["status"] == "failed"
    assert row["error"]["code"]
    assert row["error"]["detail"]
    assert shown(cast, fine)["status"] == "ready"
    assert content(cast, broken).json() == {"text": "", "offset": 0, "characters": 0}


def test_what_kills_its_worker_three_times_is_given_up_and_says_so(cast: Cast, do_jobs: DoJobs) -> None:
    upload, neighbour = received(cast), received(cast, "neighbour.txt")
    job = Job.objects.get(target=upload.pk)
    for attempt in (1, 2, 3):
        make_due()
        assert jobs.claim(job.pk), "a worker has it, and is killed"
        Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
        assert jobs.reap() == 1
        upload.refresh_from_db()
        assert upload.is_pending is (attempt < 3)
    assert Job.objects.get(pk=job.pk).state == JobState.FAILED
    row = shown(cast, upload)
    assert (row["status"], row["error"]["code"]) == ("failed", "given_up")
    assert "Retry" in row["error"]["detail"]
    do_jobs()
    assert shown(cast, neighbour)["status"] == "ready"
    assert cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/retry").status_code == 200
    do_jobs()
    assert shown(cast, upload)["status"] == "ready"


def test_a_file_lost_by_the_disk_fails_with_a_reason_and_without_a_path(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast)
    lose_file(upload)
    for _ in range(3):
        make_due()
        do_jobs()
    row = shown(cast, upload)
    assert row["status"] == "failed"
    assert row["error"]["detail"]
    assert str(default_storage.base_location) not in row["error"]["detail"]


def test_a_failed_file_can_be_retried_and_may_then_succeed(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast, "notes.txt", b"back again")
    lose_file(upload)
    for _ in range(3):
        make_due()
        do_jobs()
    assert shown(cast, upload)["status"] == "failed"
    default_storage.save(upload.file, ContentFile(b"back again"))
    answer = cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/retry")
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (200, "stored", None)
    do_jobs()
    assert shown(cast, upload)["status"] == "ready"
    assert content(cast, upload).json()["text"] == "back again"


def test_only_a_failed_file_can_be_retried(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast)
    retry = f"{uploads_of(cast)}/{upload.file_id}/retry"
    for _ in range(2):
        answer = cast.api("alice").post(retry)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_failed")
        do_jobs()
    assert Job.objects.count() == 1


def test_extracting_twice_changes_nothing(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast)
    do_jobs()
    before = Upload.objects.filter(pk=upload.pk).values().get()
    services.extract(upload.pk)
    services.extraction_given_up(upload.pk, "too late")
    assert Upload.objects.filter(pk=upload.pk).values().get() == before


def test_a_file_that_was_deleted_meanwhile_is_no_fault(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast)
    cast.api("alice").delete(f"{uploads_of(cast)}/{upload.file_id}")
    assert do_jobs() == 1
    assert Job.objects.get().state == JobState.DONE


def test_text_is_read_in_pieces(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast, "notes.txt", "0123456789😀ü".encode())
    do_jobs()
    assert content(cast, upload, "?offset=3&limit=4").json() == {
        "text": "3456",
        "offset": 3,
        "characters": 12,
    }
    assert content(cast, upload, "?offset=10").json()["text"] == "😀ü"
    assert content(cast, upload, "?offset=12").json()["text"] == ""
    assert content(cast, upload, "?offset=999999999").json()["text"] == ""


@pytest.mark.parametrize(
    "query",
    [
        "offset=-1",
        "offset=x",
        "offset=1e3",
        "offset=99999999999",
        "limit=0",
        "limit=1000001",
        "limit=x",
        "limit=%00",
    ],
)
def test_bad_pieces_are_refused(cast: Cast, query: str) -> None:
    answer = content(cast, received(cast), f"?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"]
    assert answer.json()["errors"]


def test_no_text_is_there_before_it_is_extracted(cast: Cast) -> None:
    assert content(cast, received(cast)).json() == {"text": "", "offset": 0, "characters": 0}


def test_all_failed_files_of_a_conversation_are_retried_and_no_others(cast: Cast, do_jobs: DoJobs) -> None:
    fine = received(cast, "fine.txt", b"fine")
    failed = [received(cast, f"{n}.txt", b"text %d" % n) for n in range(3)]
    do_jobs()
    Upload.objects.filter(pk__in=[upload.pk for upload in failed]).update(
        status="failed", error_code="crashed", error_message="Ended."
    )
    retry = f"{uploads_of(cast)}/retry-failed"
    assert cast.api("bob").post(retry).status_code == 404
    answer = cast.api("alice").post(retry)
    assert answer.status_code == 200
    assert [row["fileId"] for row in answer.json()["retried"]] == [upload.file_id for upload in failed]
    assert {(row["status"], row["error"]) for row in answer.json()["retried"]} == {("stored", None)}
    assert do_jobs() == 3
    assert {shown(cast, upload)["status"] for upload in (fine, *failed)} == {"ready"}
    assert cast.api("alice").post(retry).json() == {"retried": []}
