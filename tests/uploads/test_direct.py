"""Files that go straight to a real bucket by a presigned form: the same limits, the same look at the bytes."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from artifactsite.lib import blobs, stored
from projects.models import Membership, Project
from tests.cast import Cast
from tests.parallel import at_once
from tests.servers import content_in, s3
from tests.uploads.received import send, uploads_of
from uploads import direct
from uploads.models import DirectUpload, Upload

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"Sales rose by four percent. " * 1000


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3() as facts:
        yield facts


@pytest.fixture
def bucket(server: dict[str, str], settings: Any) -> Iterator[None]:
    settings.STORAGES = {**settings.STORAGES, "default": content_in(server)}
    settings.DIRECT_UPLOADS = True
    yield
    blobs.discard(left_over())


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def announce(cast: Cast, name: str = "notes.txt", size: int = len(CONTENT), by: str = "alice") -> Any:
    return cast.api(by).post(f"{uploads_of(cast)}/direct", {"filename": name, "size": size})


def put(form: dict[str, Any], content: bytes) -> int:
    return requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=30).status_code


def complete(cast: Cast, form: dict[str, Any], by: str = "alice") -> Any:
    return cast.api(by).post(f"{uploads_of(cast)}/direct/{form['uploadId']}/complete")


def sent(cast: Cast, name: str = "notes.txt", content: bytes = CONTENT) -> dict[str, Any]:
    answer = announce(cast, name, len(content))
    assert answer.status_code == 201, answer.content
    form: dict[str, Any] = answer.json()
    assert put(form, content) < 300
    return form


def left_over() -> list[str]:
    return list(stored.keys_in("direct"))


def test_a_file_goes_to_the_bucket_and_becomes_an_upload_like_any_other(
    cast: Cast, do_jobs: Callable[[], int], settings: Any
) -> None:
    settings.CLAMD_URL = ""
    form = sent(cast, "Q4 ünd.txt")
    first = complete(cast, form)
    assert first.status_code == 201
    (accepted,) = first.json()["accepted"]
    usual = send(cast, ("Q4 ünd.txt", CONTENT)).json()["accepted"][0]
    own = {"fileId", "downloadUrl", "expiresAt", "createdAt"}
    assert {k: v for k, v in accepted.items() if k not in own} == {
        k: v for k, v in usual.items() if k not in own
    }
    upload, other = Upload.objects.oldest_first()
    assert (upload.sha256, upload.size) == (other.sha256, other.size)
    assert upload.file.startswith(f"uploads/conversations/{cast.conversation.pk}/files/")
    assert default_storage.open(upload.file).read() == CONTENT
    assert left_over() == []
    again = complete(cast, form)
    assert (again.status_code, again.json()["accepted"][0]["fileId"]) == (201, accepted["fileId"])
    assert Upload.objects.count() == 2
    do_jobs()
    upload.refresh_from_db()
    assert upload.status == "ready"


def test_the_bucket_takes_no_more_and_no_less_and_nothing_else(cast: Cast) -> None:
    form = announce(cast).json()
    assert timezone.now() < DirectUpload.objects.get().expires_at < timezone.now() + timedelta(hours=1)
    assert put(form, CONTENT + b"x") >= 400
    assert put(form, CONTENT[1:]) >= 400
    elsewhere = {**form, "fields": {**form["fields"], "key": "uploads/conversations/stolen.txt"}}
    assert put(elsewhere, CONTENT) >= 400
    assert (complete(cast, form).status_code, complete(cast, form).json()["code"]) == (409, "not_arrived")
    assert put(form, CONTENT) < 300
    assert complete(cast, form).status_code == 201


def test_a_form_that_was_used_changes_nothing_more_and_one_that_expired_puts_nothing(
    cast: Cast, settings: Any
) -> None:
    form = sent(cast)
    (accepted,) = complete(cast, form).json()["accepted"]
    put(form, CONTENT[::-1])  # the bucket may take it, until the form expires
    again = complete(cast, form)
    assert [row["fileId"] for row in again.json()["accepted"]] == [accepted["fileId"]]
    assert default_storage.open(Upload.objects.get().file).read() == CONTENT
    direct.collect_abandoned(timezone.now() + timedelta(minutes=1))
    assert (left_over(), Upload.objects.count()) == ([], 1)
    settings.DIRECT_SECONDS = -5
    late = announce(cast, "late.txt").json()
    assert put(late, CONTENT) == 403
    assert complete(cast, late).json()["code"] == "not_arrived"
    assert left_over() == []


def test_a_bucket_that_takes_another_size_is_not_believed(cast: Cast) -> None:
    form = announce(cast).json()
    default_storage.save(f"direct/{form['uploadId']}", ContentFile(CONTENT + b"x"))
    answer = complete(cast, form)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_file_accepted")
    assert [item["code"] for item in answer.json()["rejected"]] == ["size_mismatch"]
    assert (left_over(), Upload.objects.count(), DirectUpload.objects.count()) == ([], 0, 0)


def test_what_can_be_refused_before_is_not_announced(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=2, max_file_size_mb=1)
    refused = {
        ("a.exe", 5): (415, "type_not_accepted"),
        ("\u202e", 5): (400, "unnamed"),
        ("a.txt", 1024 * 1024 + 1): (413, "too_large"),
        ("a.txt", -1): (400, "invalid"),
    }
    for (name, size), wanted in refused.items():
        answer = announce(cast, name, size)
        assert (answer.status_code, answer.json()["code"]) == wanted
    assert announce(cast, size=1024 * 1024).status_code == 201
    assert send(cast, ("b.txt", b"x")).status_code == 201
    # One is there and one on its way.
    assert announce(cast).json()["code"] == "too_many_files"
    DirectUpload.objects.update(expires_at=timezone.now())
    assert announce(cast).status_code == 201


def test_bytes_decide_and_what_is_refused_leaves_nothing(cast: Cast) -> None:
    keys = set(stored.all_keys())
    form = sent(cast, "picture.png", b"MZ" + bytes(2000))
    answer = complete(cast, form)
    assert answer.status_code == 400
    assert [item["code"] for item in answer.json()["rejected"]] == ["type_mismatch"]
    assert (left_over(), set(stored.all_keys()) - keys, Upload.objects.count()) == ([], set(), 0)
    assert complete(cast, form).status_code == 404


def test_whoever_may_not_sees_nothing(cast: Cast) -> None:
    form = sent(cast)
    for actor in ("bob", "carol"):
        assert announce(cast, by=actor).status_code == 404
        assert complete(cast, form, by=actor).status_code == 404
    assert complete(cast, {"uploadId": uuid.uuid4()}).status_code == 404
    Membership.objects.filter(project=cast.project, user=cast.alice).delete()
    assert complete(cast, form).status_code == 404
    assert Upload.objects.count() == 0


def test_it_is_off_where_nobody_turned_it_on(cast: Cast, settings: Any) -> None:
    config = f"/api/upload-config?project={cast.project.pk}"
    assert cast.api("alice").get(config).json()["direct"] is True
    settings.DIRECT_UPLOADS = False
    assert cast.api("alice").get(config).json()["direct"] is False
    answer = announce(cast)
    assert (answer.status_code, answer.json()["code"]) == (409, "direct_uploads_off")


def test_what_is_abandoned_is_collected(cast: Cast, settings: Any) -> None:
    form = sent(cast)
    assert direct.collect_abandoned(timezone.now() - settings.GARBAGE_GRACE) == 0
    assert complete(cast, form).status_code == 201, "it may still be taken in"
    sent(cast)
    later = timezone.now() + timedelta(minutes=1)  # the bucket's own times can't be changed
    DirectUpload.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert direct.collect_abandoned(later) == 1
    assert (left_over(), DirectUpload.objects.count(), Upload.objects.count()) == ([], 0, 1)


def test_the_bucket_is_made_to_take_posts_from_pages_of_the_site(server: dict[str, str]) -> None:
    given = {"SITE_URL": "https://site.example/", "DIRECT_UPLOADS": "true", "S3_BUCKET": "made"}
    subprocess.run(
        [sys.executable, "deploy/make-bucket.py"], env={**os.environ, **server, **given}, cwd=ROOT, check=True
    )
    (rule,) = default_storage.bucket.meta.client.get_bucket_cors(Bucket="made")["CORSRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["https://site.example"], ["POST"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shared_database")
def test_no_file_passes_the_count_limit_by_way_of_the_bucket(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=4)
    forms = [sent(cast, f"{number}.txt") for number in range(4)]
    assert send(cast, ("usual.txt", b"x"), ("usual too.txt", b"x")).status_code == 201
    keys = set(stored.all_keys()) - set(Upload.objects.values_list("file", flat=True))
    answers = at_once(8, lambda number: complete(cast, forms[number // 2]))
    assert Upload.objects.count() == 4
    assert {answer.status_code for answer in answers} <= {201, 400, 404}
    assert [code for code in map(_reason, answers) if code] == ["too_many_files"] * 2
    assert (left_over(), DirectUpload.objects.count()) == ([], 0)
    assert set(stored.all_keys()) - keys == set(Upload.objects.values_list("file", flat=True))


def _reason(answer: Any) -> str:
    return answer.json()["rejected"][0]["code"] if answer.status_code == 400 else ""
