"""CLAMD_URL: files are scanned before anything reads them, and what is found is out of everybody's reach."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from artifactsite import env
from jobs.models import Job
from tests.cast import Cast
from tests.servers import free_port
from tests.uploads import clamd
from tests.uploads.received import received, uploads_of
from uploads import antivirus, services
from uploads.models import Extraction, Upload

pytestmark = pytest.mark.django_db

DoJobs = Callable[[], int]


@pytest.fixture(scope="module", params=["tcp", "unix", "imitated"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "imitated":
        with clamd.imitated() as url:
            yield url
        return
    if clamd.program() is None:
        pytest.skip("no clamd on this machine (Debian: clamav-daemon)")
    with clamd.real(tmp_path_factory.mktemp("clamd"), over=request.param) as url:
        yield url


@pytest.fixture
def scanner(address: str, settings: Any) -> str:
    settings.CLAMD_URL = address
    return address


def shown(cast: Cast, upload: Upload) -> dict[str, Any]:
    return cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").json()


def fetch(cast: Cast, upload: Upload) -> Any:
    parts = urlsplit(shown(cast, upload)["downloadUrl"])
    return APIClient().get(f"{parts.path}?{parts.query}")


def test_a_clean_file_is_read_as_ever(cast: Cast, do_jobs: DoJobs, scanner: str) -> None:
    upload = received(cast, "notes.txt", b"Sales rose by four percent. " * 40_000)
    answer = fetch(cast, upload)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_scanned")
    do_jobs()
    assert shown(cast, upload)["status"] == "ready"
    assert fetch(cast, upload).status_code == 200


def test_an_infected_file_is_out_of_reach(cast: Cast, do_jobs: DoJobs, scanner: str) -> None:
    upload, neighbour = received(cast, "game.txt", b"play " + clamd.EICAR), received(cast)
    do_jobs()
    row = shown(cast, upload)
    assert (row["status"], row["error"]["code"]) == ("failed", "infected")
    assert "scanner" in row["error"]["detail"]
    assert not Extraction.objects.filter(upload=upload).exists()
    answer = fetch(cast, upload)
    assert (answer.status_code, answer.json()["code"]) == (403, "infected")
    assert list(Upload.objects.released()) == [neighbour]
    context = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/context").json()
    assert [item["fileId"] for item in context["uploads"]] == [neighbour.file_id]
    assert shown(cast, neighbour)["status"] == "ready"


def test_a_retry_scans_again(
    cast: Cast, do_jobs: DoJobs, scanner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = received(cast, "game.txt", clamd.EICAR)
    do_jobs()
    retry = f"{uploads_of(cast)}/{upload.file_id}/retry"
    assert cast.api("alice").post(retry).status_code == 200
    do_jobs()
    assert shown(cast, upload)["error"]["code"] == "infected"
    monkeypatch.setattr(antivirus, "scan", lambda _: "")  # the signature was a mistake and was withdrawn
    cast.api("alice").post(retry)
    assert fetch(cast, upload).status_code == 403
    do_jobs()
    assert shown(cast, upload)["status"] == "ready"
    assert fetch(cast, upload).status_code == 200


def test_a_file_beyond_the_scanners_own_limit_is_held_back(cast: Cast, do_jobs: DoJobs, scanner: str) -> None:
    upload = received(cast, "long.txt", b"long " * 1_000_000)
    _until_final(upload, do_jobs)
    assert shown(cast, upload)["error"]["code"] == "not_scanned"
    assert fetch(cast, upload).status_code == 503


def _until_final(upload: Upload, do_jobs: DoJobs) -> None:
    for _ in range(3):
        Job.objects.filter(target=upload.pk).update(available_at=timezone.now())
        do_jobs()


def test_without_an_answer_from_the_scanner_nothing_is_read(
    cast: Cast, do_jobs: DoJobs, settings: Any
) -> None:
    settings.CLAMD_URL = f"tcp://127.0.0.1:{free_port()}"
    upload = received(cast)
    _until_final(upload, do_jobs)
    row = shown(cast, upload)
    assert (row["status"], row["error"]["code"]) == ("failed", "not_scanned")
    assert fetch(cast, upload).status_code == 503
    assert not Extraction.objects.exists()
    settings.CLAMD_URL = ""  # switched off by the operator: a retry reads it
    services.retry(by=cast.alice, upload=upload)
    do_jobs()
    assert fetch(cast, upload).status_code == 200


def test_without_the_setting_nothing_changes(cast: Cast, do_jobs: DoJobs, settings: Any) -> None:
    assert settings.CLAMD_URL == ""
    upload = received(cast, "game.txt", clamd.EICAR)
    assert fetch(cast, upload).status_code == 200
    do_jobs()
    assert shown(cast, upload)["status"] == "ready"


@pytest.mark.parametrize("url", ["tcp://scanner:3310", "unix:///run/clamav/clamd.ctl"])
def test_the_setting_takes_both_kinds_of_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CLAMD_URL", url)
    assert env.url("CLAMD_URL", schemes=("tcp", "unix")) == url
