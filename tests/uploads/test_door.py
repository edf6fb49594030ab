"""The door: what is too large or too much is not stored while it comes in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from projects.models import Project
from tests.cast import Cast
from tests.uploads.received import received, send, uploads_of
from uploads.models import Upload

pytestmark = pytest.mark.django_db

MB = 1024 * 1024


@pytest.fixture
def most_on_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many bytes of bodies were put on the disk in all."""
    written = 0
    write = TemporaryFileUploadHandler.receive_data_chunk

    def counted(self: TemporaryFileUploadHandler, data: bytes, start: int) -> None:
        nonlocal written
        written += len(data)
        write(self, data, start)

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", counted)
    return lambda: written


def allow(cast: Cast, **limits: int) -> None:
    Project.objects.filter(pk=cast.project.pk).update(**limits)


def temporary_files() -> list[Path]:
    return list(Path(site.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_a_file_too_large_is_cut_off_and_its_neighbours_come_through(
    cast: Cast, most_on_disk: Callable[[], int]
) -> None:
    allow(cast, max_file_size_mb=1)
    large, small = b"x" * (20 * MB), b"y" * (MB // 2)
    answer = send(cast, ("a.txt", small), ("large.txt", large), ("b.txt", small))
    assert answer.status_code == 201, answer.content
    assert [row["filename"] for row in answer.json()["accepted"]] == ["a.txt", "b.txt"]
    assert [(row["filename"], row["code"]) for row in answer.json()["rejected"]] == [
        ("large.txt", "too_large")
    ]
    assert most_on_disk() <= 2 * len(small) + MB + 64 * 1024
    assert not temporary_files()


def test_files_beyond_the_room_are_not_stored_and_those_before_are_whole(
    cast: Cast, most_on_disk: Callable[[], int]
) -> None:
    allow(cast, max_files=2)
    body = b"z" * MB
    answer = send(cast, *((f"{number}.txt", body) for number in range(8)))
    assert [row["size"] for row in answer.json()["accepted"]] == [MB, MB]
    assert [row["code"] for row in answer.json()["rejected"]] == ["too_many_files"] * 6
    assert most_on_disk() == 2 * MB


def test_small_bodies_are_held_to_the_same_limits(cast: Cast) -> None:
    allow(cast, max_files=2)
    answer = send(cast, ("1.txt", b"one"), ("2.txt", b"two"), ("3.txt", b"three"), ("4.txt", b""))
    assert [row["filename"] for row in answer.json()["accepted"]] == ["1.txt", "2.txt"]
    assert {row["filename"] for row in answer.json()["rejected"]} == {"3.txt", "4.txt"}


def test_a_file_too_large_leaves_its_room_to_the_next(cast: Cast) -> None:
    allow(cast, max_files=1, max_file_size_mb=1)
    answer = send(cast, ("large.txt", b"x" * (2 * MB)), ("fits.txt", b"x"))
    assert [row["filename"] for row in answer.json()["accepted"]] == ["fits.txt"]


def test_a_request_too_large_as_a_whole_is_refused_unread(cast: Cast, settings: Any) -> None:
    settings.MAX_UPLOAD_REQUEST_BYTES = MB
    answer = send(cast, ("a.txt", b"x" * (2 * MB)))
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
    assert not Upload.objects.exists()


def test_parts_of_another_name_are_not_stored(cast: Cast, most_on_disk: Callable[[], int]) -> None:
    parts = {"other": SimpleUploadedFile("a.txt", b"x" * MB), "file": SimpleUploadedFile("b.txt", b"x")}
    answer = cast.api("alice").post(uploads_of(cast), parts, format="multipart")
    assert [row["filename"] for row in answer.json()["accepted"]] == ["b.txt"]
    assert most_on_disk() == 1


@pytest.mark.parametrize("path", ["/api/conversations/{}/uploads", "/conversations/{}/uploads"])
def test_a_session_is_held_to_the_limits_on_both_routes(
    cast: Cast, most_on_disk: Callable[[], int], path: str
) -> None:
    allow(cast, max_file_size_mb=1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice, "allauth.account.auth_backends.AuthenticationBackend")
    client.get(f"/conversations/{cast.conversation.pk}")
    token = client.cookies[site.CSRF_COOKIE_NAME].value
    files = {"file": SimpleUploadedFile("large.txt", b"x" * (8 * MB)), "csrfmiddlewaretoken": token}
    answer = client.post(path.format(cast.conversation.pk), files, headers={"X-CSRFToken": token})
    assert answer.status_code in (302, 400)
    assert most_on_disk() <= MB
    assert not Upload.objects.exists()


@pytest.mark.parametrize("person", ["bob", "carol", None])
def test_a_stranger_puts_nothing_on_the_disk(
    cast: Cast, most_on_disk: Callable[[], int], person: str | None
) -> None:
    assert send(cast, ("a.txt", b"x" * MB), by=person).status_code in (401, 404)
    assert most_on_disk() == 0


def test_other_routes_are_not_held_to_a_projects_limits(cast: Cast) -> None:
    allow(cast, max_file_size_mb=1)
    part = SimpleUploadedFile("a.bin", b"x" * (2 * MB))
    result = '{"tool": "t", "artifacts": [{"name": "a.bin", "type": "file", "part": "a"}]}'
    address = f"/api/conversations/{cast.conversation.pk}/tool-results"
    answer = cast.api("alice").post(address, {"result": result, "a": part}, format="multipart")
    assert answer.status_code == 201, answer.content


def test_what_is_over_the_token_limit_is_kept_and_the_receipt_says_so(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    allow(cast, max_tokens=50)
    files = [received(cast, f"{number}.txt", b"word " * 24 + bytes([65 + number])) for number in range(3)]
    do_jobs()
    api = cast.api("alice")
    rows = {row["fileId"]: row for row in api.get(uploads_of(cast)).json()["results"]}
    assert {row["status"] for row in rows.values()} == {"ready"}
    context = api.get(f"/api/conversations/{cast.conversation.pk}/context").json()
    whole, part, out = (
        next(row for row in context["receipt"]["uploads"] if row["fileId"] == upload.file_id)
        for upload in files
    )
    assert (whole["included"], whole["truncated"], whole["characters"]) == (True, False, 121)
    assert (part["included"], part["truncated"]) == (True, True)
    assert 0 < part["characters"] < 121
    assert (out["included"], out["reason"]) == (False, "over_budget")
    text = next(row["text"] for row in context["uploads"] if row["fileId"] == files[1].file_id)
    assert len(text) == part["characters"]
