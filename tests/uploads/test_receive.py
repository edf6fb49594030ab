"""POST and GET /api/conversations/{id}/uploads, PATCH and DELETE …/uploads/{fileId}."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from artifacts.garbage import stored_keys
from projects.models import Project
from tests.cast import Cast
from tests.uploads.received import received, send, uploads_of
from uploads.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {
    "fileId", "type", "filename", "mimetype", "size", "isActive", "downloadUrl", "expiresAt", "status", "error",
    "characters", "tokens", "truncated", "createdAt",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"


def stored() -> set[str]:
    return set(stored_keys())


def test_a_file_is_stored_as_it_came_and_waits_for_extraction(cast: Cast) -> None:
    answer = send(cast, ("Report Q4.txt", b"hello"))
    assert answer.status_code == 201, answer.content
    assert answer.json()["rejected"] == []
    (row,) = answer.json()["accepted"]
    assert set(row) >= FIELDS
    assert row["fileId"].startswith("f-")
    assert (row["type"], row["filename"], row["mimetype"], row["size"]) == (
        "file",
        "Report Q4.txt",
        "text/plain",
        5,
    )
    assert (row["isActive"], row["status"], row["error"], row["characters"]) == (True, "stored", None, None)
    upload = Upload.objects.get()
    assert upload.file.startswith(f"uploads/conversations/{cast.conversation.pk}/files/")
    assert upload.file.endswith(".txt")
    with default_storage.open(upload.file) as file:
        assert file.read() == b"hello"
    for shown in (
        cast.api("alice").get(f"{uploads_of(cast)}/{row['fileId']}").json(),
        cast.api("alice").get(uploads_of(cast)).json()["results"][0],
    ):
        assert shown == row


def test_several_files_come_in_one_request_and_each_bad_one_says_why(cast: Cast) -> None:
    answer = send(
        cast, ("a.txt", b"x"), ("b.exe", b"MZ"), ("c.pdf", b"MZ\x90\0\0\0"), ("d.json", b"{}"), (".txt", b"x")
    )
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert [row["filename"] for row in body["accepted"]][:2] == ["a.txt", "d.json"]
    codes = {row["filename"]: row["code"] for row in body["rejected"]}
    assert codes["b.exe"] == "type_not_accepted"
    assert codes["c.pdf"] == "type_mismatch"
    assert all(set(row) == {"filename", "code", "reason"} and row["reason"] for row in body["rejected"])
    assert len(stored()) >= len(body["accepted"])


def test_none_accepted_is_a_refusal(cast: Cast) -> None:
    before = stored()
    answer = send(cast, ("b.exe", b"MZ"))
    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["accepted"], len(body["rejected"])) == ("no_file_accepted", [], 1)
    assert body["detail"]
    assert not Upload.objects.exists()
    assert stored() == before


def test_the_type_is_read_from_the_bytes_and_not_believed(cast: Cast) -> None:
    (row,) = send(cast, ("picture.png", PNG)).json()["accepted"]
    assert row["mimetype"] == "image/png"


@pytest.mark.parametrize(
    "name",
    [
        "A.TXT",
        "notes.v2.Txt",
        "ü.txt",
        "a b.txt",
        "😀.txt",
        ";rm -rf.txt",
        "'\".txt",
        "%2e%2e.txt",
        "end.txt..",
    ],
)
def test_unusual_names_are_kept(cast: Cast, name: str) -> None:
    (row,) = send(cast, (name, b"x")).json()["accepted"]
    assert row["filename"].lower().rstrip(".").endswith(".txt")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.txt", "..\\..\\boot.txt", "/etc/x.txt", "a/b.txt", "C:\\x.txt", "....//x.txt"]
)
def test_a_path_in_a_name_leads_nowhere(cast: Cast, name: str) -> None:
    before = stored()
    answer = send(cast, (name, b"x"))
    assert answer.status_code in (201, 400)
    new = stored() - before
    assert all(key.startswith(f"uploads/conversations/{cast.conversation.pk}/files/") for key in new)
    assert len(new) == Upload.objects.count()
    for upload in Upload.objects.all():
        assert "/" not in upload.filename
        assert "\\" not in upload.filename


def test_traversal_names_never_leave_the_folder(cast: Cast, shared: Path) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=1000)
    names = json.loads((shared / "hostile" / "path-traversal.json").read_text())[::10]
    before = stored()
    files = [(f"{name}.txt", b"x") for name in names]
    for start in range(0, len(files), 100):
        answer = send(cast, *files[start : start + 100])
        assert answer.status_code in (201, 400), answer.content
    new = stored() - before
    assert all(key.startswith(f"uploads/conversations/{cast.conversation.pk}/files/") for key in new)
    assert len(new) == Upload.objects.count()


def test_naughty_names_are_no_fault_of_ours(cast: Cast, shared: Path) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=1000)
    names = json.loads((shared / "hostile" / "naughty-strings.json").read_text())[::2]
    files = [(f"{name}.txt"[-200:], b"x") for name in names]
    for start in range(0, len(files), 100):
        answer = send(cast, *files[start : start + 100])
        assert answer.status_code in (201, 400), answer.content
    listed = cast.api("alice").get(f"{uploads_of(cast)}?size=100")
    assert listed.status_code == 200
    for upload in Upload.objects.all():
        assert upload.filename.isprintable() or not any(ord(c) < 32 for c in upload.filename)


def test_bidirectional_overrides_are_taken_out_of_names(cast: Cast) -> None:
    (row,) = send(cast, ("invoice\u202etxt.exe\u202c.txt", b"x")).json()["accepted"]
    assert row["filename"] == "invoicetxt.exe.txt"


def test_an_empty_file_is_a_file(cast: Cast) -> None:
    (row,) = send(cast, ("empty.txt", b"")).json()["accepted"]
    assert (row["size"], row["mimetype"]) == (0, "text/plain")


def test_the_size_limit_is_exact(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_file_size_mb=1)
    edge = 1024 * 1024
    assert send(cast, ("edge.txt", b"x" * edge)).status_code == 201
    before = stored()
    answer = send(cast, ("over.txt", b"x" * (edge + 1)))
    assert (answer.status_code, answer.json()["rejected"][0]["code"]) == (400, "too_large")
    assert stored() == before


def test_the_count_limit_is_exact(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=3)
    assert send(cast, ("1.txt", b"x"), ("2.txt", b"x")).status_code == 201
    answer = send(cast, ("3.txt", b"x"), ("4.txt", b"x"), ("5.txt", b"x"))
    assert [row["filename"] for row in answer.json()["accepted"]] == ["3.txt"]
    assert [row["code"] for row in answer.json()["rejected"]] == ["too_many_files"] * 2
    keys = set(Upload.objects.values_list("file", flat=True))
    assert {key for key in stored() if str(cast.conversation.pk) in key} == keys
    file_id = answer.json()["accepted"][0]["fileId"]
    cast.api("alice").delete(f"{uploads_of(cast)}/{file_id}")
    assert send(cast, ("6.txt", b"x")).status_code == 201, "a deleted file makes room"


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        ({}, {"format": "multipart"}, 400),
        ({"file": "no file"}, {"format": "multipart"}, 400),
        ({"upload": SimpleUploadedFile("a.txt", b"x")}, {"format": "multipart"}, 400),
        ({"file": "x"}, {"format": "json"}, 415),
        (b"--x", {"content_type": "multipart/form-data"}, 400),
        (b"garbage", {"content_type": "multipart/form-data; boundary=x"}, 400),
        (b"--x\r\nContent-Disposition: form-data", {"content_type": "multipart/form-data; boundary=x"}, 400),
        (b"", {"content_type": "multipart/form-data; boundary=" + "x" * 300}, 400),
    ],
)
def test_what_is_no_upload_is_refused(cast: Cast, body: object, options: dict[str, str], status: int) -> None:
    answer = cast.api("alice").post(uploads_of(cast), body, **options)
    assert answer.status_code == status, answer.content
    assert {"code", "detail"} <= set(answer.json())
    assert not Upload.objects.exists()


@pytest.mark.parametrize(("person", "status"), [("bob", 404), ("adam", 404), ("carol", 404), (None, 401)])
def test_nobody_else_sends_sees_switches_or_deletes(cast: Cast, person: str | None, status: int) -> None:
    upload = received(cast)
    one = f"{uploads_of(cast)}/{upload.file_id}"
    before = stored()
    assert send(cast, ("a.txt", b"x"), by=person).status_code == status
    client = cast.api(person)
    for answer in (
        client.get(uploads_of(cast)),
        client.get(one),
        client.patch(one, {"isActive": False}),
        client.delete(one),
        client.post(f"{one}/retry"),
        client.post(f"{one}/revoke-url"),
        client.get(f"{one}/content"),
        client.get(f"/api/conversations/{cast.conversation.pk}/memory/sessionMeta"),
    ):
        assert answer.status_code == status
    upload.refresh_from_db()
    assert (upload.is_active, upload.link_generation) == (True, 0)
    assert stored() == before


def test_an_upload_is_reached_through_its_own_conversation_only(cast: Cast) -> None:
    upload = received(cast)
    other = cast.api("alice").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    assert cast.api("alice").get(f"/api/conversations/{other}/uploads/{upload.file_id}").status_code == 404
    assert cast.api("alice").delete(f"/api/conversations/{other}/uploads/{upload.file_id}").status_code == 404


@pytest.mark.parametrize(
    "file_id", ["f-", "f-nonsense", "x", "F-{pk}", "{pk}", "f-{pk}0", "f-{hex}", "f-{upper}", "f-{pk}\0"]
)
def test_a_file_id_is_f_and_a_uuid_to_the_letter(cast: Cast, file_id: str) -> None:
    upload = received(cast)
    text = file_id.format(pk=upload.pk, hex=upload.pk.hex, upper=str(upload.pk).upper())
    if text == upload.file_id:
        pytest.skip("a UUID without letters")
    answer = cast.api("alice").get(f"{uploads_of(cast)}/{quote(text)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_file_is_switched_off_and_on(cast: Cast) -> None:
    upload = received(cast)
    one = f"{uploads_of(cast)}/{upload.file_id}"
    for state in (False, True):
        answer = cast.api("alice").patch(one, {"isActive": state})
        assert (answer.status_code, answer.json()["isActive"]) == (200, state)
        assert cast.api("alice").get(one).json()["isActive"] is state
    assert default_storage.exists(upload.file)


@pytest.mark.parametrize(
    "body", [{}, {"isActive": None}, {"isActive": "perhaps"}, {"isActive": []}, [], "x", None, 5]
)
def test_bad_switches_are_refused(cast: Cast, body: object) -> None:
    upload = received(cast)
    answer = cast.api("alice").patch(f"{uploads_of(cast)}/{upload.file_id}", body)
    assert answer.status_code == 400, answer.content
    upload.refresh_from_db()
    assert upload.is_active


def test_nothing_but_the_switch_can_be_assigned(cast: Cast) -> None:
    upload = received(cast)
    before = Upload.objects.filter(pk=upload.pk).values().get()
    body = {
        "isActive": True,
        "filename": "x.exe",
        "status": "ready",
        "size": 1,
        "fileId": f"f-{uuid.uuid4()}",
        "file": "/etc/passwd",
    }
    assert cast.api("alice").patch(f"{uploads_of(cast)}/{upload.file_id}", body).status_code == 200
    assert Upload.objects.filter(pk=upload.pk).values().get() == before


def test_a_deleted_file_is_gone_from_the_disk_once_that_is_certain(
    cast: Cast, django_capture_on_commit_callbacks: Callable
) -> None:
    upload = received(cast)
    with django_capture_on_commit_callbacks(execute=True):
        assert cast.api("alice").delete(f"{uploads_of(cast)}/{upload.file_id}").status_code == 204
        assert default_storage.exists(upload.file), "not before the commit"
    assert not default_storage.exists(upload.file)
    assert cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").status_code == 404


def test_the_list_is_newest_first(cast: Cast) -> None:
    for number in range(3):
        received(cast, f"{number}.txt")
    rows = cast.api("alice").get(uploads_of(cast)).json()["results"]
    assert [row["filename"] for row in rows] == ["2.txt", "1.txt", "0.txt"]
