"""Signed links where the bytes lie in a real bucket and SERVE_CONTENT=presigned; and what a browser is told."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings as site
from django.core.files.storage import default_storage
from django.utils import timezone
from rest_framework.test import APIClient

from tests.cast import Cast
from tests.servers import content_in, s3
from tests.uploads.received import received, uploads_of
from uploads.models import Upload

pytestmark = pytest.mark.django_db

CONTENT = b"Sales rose by four percent. " * 1000
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    with s3() as facts:
        yield facts


@pytest.fixture
def presigned(bucket: dict[str, str], settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": content_in(bucket)}
    settings.SERVE_CONTENT = "presigned"


def link_of(cast: Cast, upload: Upload) -> str:
    return cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").json()["downloadUrl"]


def fetch(link: str, **headers: str) -> Any:
    parts = urlsplit(link)
    return APIClient().get(f"{parts.path}?{parts.query}", headers=headers)


def aged(upload: Upload, age: timedelta) -> None:
    Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - age)


@pytest.mark.usefixtures("presigned")
def test_a_link_leads_to_the_bucket_for_a_minute_at_most(cast: Cast, bucket: dict[str, str]) -> None:
    answer = fetch(link_of(cast, received(cast, "Q4 ünd.txt", CONTENT)))
    assert answer.status_code == 302
    assert answer["Cache-Control"] == "no-store"
    where = answer["Location"]
    assert where.startswith(bucket["S3_ENDPOINT_URL"])
    assert 0 < int(parse_qs(urlsplit(where).query)["X-Amz-Expires"][0]) <= 60
    got = requests.get(where, timeout=30)
    assert (got.status_code, got.content) == (200, CONTENT)
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Q4%20%C3%BCnd.txt" in got.headers["Content-Disposition"]
    part = requests.get(where, headers={"Range": "bytes=6-9"}, timeout=30)
    assert (part.status_code, part.content) == (206, b"rose")
    assert requests.get(where.replace("Q4", "Q5"), timeout=30).status_code == 403


@pytest.mark.usefixtures("presigned")
def test_the_buckets_own_address_dies_when_it_says_so(cast: Cast) -> None:
    upload = received(cast, "a.txt", CONTENT)
    where = default_storage.presigned(
        upload.file, seconds=1, disposition="attachment", media_type="text/plain"
    )
    assert requests.get(where, timeout=30).ok
    time.sleep(2.1)
    assert requests.get(where, timeout=30).status_code == 403


@pytest.mark.usefixtures("presigned")
def test_expiry_and_revocation_hold_with_a_bucket_too(cast: Cast) -> None:
    upload = received(cast, "a.txt", CONTENT)
    link = link_of(cast, upload)
    aged(upload, timedelta(days=29, hours=23))
    assert fetch(link).status_code == 302
    aged(upload, timedelta(days=30, seconds=1))
    refused = fetch(link)
    assert (refused.status_code, "Location" in refused) == (410, False)
    aged(upload, timedelta(days=1))
    cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/revoke-url")
    assert fetch(link).status_code == 404
    cast.alice.is_active = False
    cast.alice.save()
    assert fetch(link).status_code == 404


@pytest.mark.usefixtures("presigned")
def test_text_is_extracted_from_a_bucket(cast: Cast, do_jobs: Callable[[], int]) -> None:
    uploads = [received(cast, "a.txt", CONTENT), received(cast, "empty.txt", b"")]
    do_jobs()
    codes = [(upload.status, upload.error_code) for upload in Upload.objects.oldest_first()]
    assert codes == [("ready", ""), ("failed", "empty")]
    cast.api("alice").delete(f"{uploads_of(cast)}/{uploads[0].file_id}")


# --- what a browser is told ---------------------------------------------------------------------------


def test_a_browser_gets_a_page_that_says_whom_to_ask(cast: Cast) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    aged(upload, timedelta(days=31))
    answer = fetch(link, Accept=BROWSER)
    assert (answer.status_code, answer["Content-Type"]) == (410, "text/html; charset=utf-8")
    page = answer.content.decode()
    assert "has expired" in page
    assert "Ask the person who sent it to you" in page
    assert upload.filename not in page
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_a_program_gets_json(cast: Cast, accept: str) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    aged(upload, timedelta(days=31))
    answer = fetch(link, Accept=accept)
    assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")


def test_the_page_is_the_same_for_everybody_and_for_absent_and_forbidden(cast: Cast) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/revoke-url")
    revoked, never = (
        fetch(link, Accept=BROWSER),
        fetch(f"{site.SITE_URL}/api/files/public?h=x", Accept=BROWSER),
    )
    client = APIClient()
    client.force_login(cast.alice, "allauth.account.auth_backends.AuthenticationBackend")
    parts = urlsplit(link)
    mine = client.get(f"{parts.path}?{parts.query}", headers={"Accept": BROWSER})
    assert {answer.status_code for answer in (revoked, never, mine)} == {404}
    assert revoked.content == never.content == mine.content


@pytest.mark.usefixtures("presigned")
def test_content_that_is_gone_from_the_bucket_is_a_clear_error(cast: Cast, settings: Any) -> None:
    settings.SERVE_CONTENT = "direct"
    upload = received(cast, "notes.txt", CONTENT)
    link = link_of(cast, upload)
    assert fetch(link).status_code == 200
    default_storage.delete(upload.file)
    answer = fetch(link)
    assert (answer.status_code, answer.json()["code"]) == (503, "content_unavailable")


@pytest.mark.usefixtures("presigned")
def test_a_program_reads_files_that_lie_in_the_bucket(cast: Cast, do_jobs: Callable[[], int]) -> None:
    received(cast, "notes.txt", CONTENT)
    received(cast, "empty.txt", b"")
    code = "print(len(open('files/notes.txt').read()), len(open('files/empty.txt').read()))"
    turn = (
        cast.api("alice")
        .post(f"/api/conversations/{cast.conversation.pk}/programs", {"code": code})
        .json()["id"]
    )
    do_jobs()
    assert cast.api("alice").get(f"/api/turns/{turn}").json()["output"] == f"{len(CONTENT)} 0"
