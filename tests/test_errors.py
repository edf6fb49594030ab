"""Whatever is sent: an answer in the one shape, never a 5xx; and nothing that tells of what one may not see."""

import errno
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from artifactsite.lib.parsers import parse_json
from tests.cast import Cast
from tests.uploads.received import received

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def targets(cast: Cast) -> list[tuple[str, str]]:
    """Every (method, path) that reads a JSON body, on things of Alice's."""
    artifact, upload, conversation = (
        cast.artifact(),
        received(cast),
        f"/api/conversations/{cast.conversation.pk}",
    )
    return [
        ("post", "/api/projects"),
        ("patch", f"/api/projects/{cast.project.pk}"),
        ("post", f"/api/projects/{cast.project.pk}/members"),
        ("patch", f"/api/projects/{cast.project.pk}/members/{cast.bob.pk}"),
        ("post", "/api/conversations"),
        ("patch", conversation),
        ("post", f"{conversation}/messages"),
        ("post", f"{conversation}/tool-results"),
        ("post", f"{conversation}/programs"),
        ("patch", f"{conversation}/uploads/{upload.file_id}"),
        ("patch", f"/api/artifacts/{artifact.pk}"),
        ("post", f"/api/artifacts/{artifact.pk}/save"),
        ("post", f"/api/artifacts/{artifact.pk}/versions"),
    ]


def bodies(shared: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted((shared / "hostile" / "json").glob("*.json"))]


def send(client: APIClient, method: str, path: str, raw: bytes) -> Any:
    return getattr(client, method)(path, raw, content_type="application/json")


def assert_refused_in_shape(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.content
    body = answer.json()
    assert {"code", "detail"} <= set(body) <= {"code", "detail", "errors"}
    assert body["code"].replace("_", "").isalnum()
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert "Traceback" not in body["detail"]


def test_the_parsing_suite_is_read_as_the_standard_says(shared: Path) -> None:
    found = bodies(shared)
    assert len(found) > 300
    for name, raw in found:
        try:
            parse_json(raw)
            accepted = True
        except ValueError:
            accepted = False
        if name.startswith("y_"):
            assert accepted, name
        if name.startswith("n_"):
            assert not accepted, name


def test_every_hostile_body_is_refused_by_the_api_and_never_a_fault(cast: Cast, shared: Path) -> None:
    client = cast.api("alice")
    path = f"/api/conversations/{cast.conversation.pk}/messages"
    for name, raw in bodies(shared)[::2]:
        answer = send(client, "post", path, raw)
        assert_refused_in_shape(answer, 400)
        if name.startswith("n_"):
            assert answer.json()["code"] == "malformed_json", name
        if name.startswith("y_"):
            assert answer.json()["code"] != "malformed_json", name


def test_every_hostile_body_as_a_part_is_refused_too(cast: Cast, shared: Path) -> None:
    path = f"/api/conversations/{cast.conversation.pk}/tool-results"
    for _, raw in bodies(shared)[1::8]:
        answer = cast.api("alice").post(path, {"result": raw.decode("latin1")}, format="multipart")
        assert_refused_in_shape(answer, 400)


HOSTILE = [
    b"",
    b" ",
    b"null",
    b"true",
    b"5",
    b'"x"',
    b"[]",
    b"[[]]",
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"{}x",
    b'{"a":NaN}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"9" * 5000,
    b"1e99999",
    b"-Infinity",
    b'{"\\ud800": 1}',
]


def test_every_endpoint_refuses_what_is_no_object(cast: Cast) -> None:
    client = cast.api("adam")
    alice = cast.api("alice")
    for method, path in targets(cast):
        who = client if path.startswith("/api/projects/") else alice
        for raw in HOSTILE:
            if raw in (b"", b" ") and path.endswith(("/save", str(cast.project.pk))):
                continue  # nothing is required there
            answer = send(who, method, path, raw)
            assert answer.status_code < 500, (path, raw[:20], answer.content)
            if answer.status_code >= 400:
                assert_refused_in_shape(answer, 400)


VALUES: list[Any] = [
    None,
    True,
    -1,
    10**40,
    1e308,
    "",
    "a\0b",
    "x" * 60_000,
    [],
    [[]],
    {},
    {"a": {}},
    "../../etc/passwd",
]
FIELDS = {
    "/projects": ["name", "max_files", "preview_hosts", "allow_artifact_sharing", "agent_instructions"],
    "/members": ["user", "role"],
    "/conversations": ["project", "title"],
    "/messages": ["body", "role", "respond"],
    "/tool-results": ["tool", "content", "content_type", "is_error", "artifacts"],
    "/programs": ["code"],
    "/save": ["name", "description", "visibility"],
    "/versions": ["type", "data"],
}


def test_every_field_of_every_endpoint_bears_every_value(cast: Cast) -> None:
    for method, path in targets(cast):
        fields = next(
            (names for end, names in FIELDS.items() if path.endswith(end)),
            ["title", "name", "role", "isActive", "visibility"],
        )
        person = "adam" if path.startswith("/api/projects/") else "alice"
        for field in fields:
            for value in VALUES:
                raw = json.dumps({field: value}).encode()
                answer = send(cast.api(person), method, path, raw)
                assert answer.status_code < 500, (path, field, value)
                if answer.status_code >= 400:
                    assert_refused_in_shape(answer, 400, 403, 409, 413)


WRONG_TYPES: dict[str, dict[str, list[Any]]] = {
    "/api/projects": {
        "name": [5, True, 1.5],
        "max_files": ["5", True, 5.5, "x"],
        "allow_artifact_sharing": ["yes", 1, "true"],
        "agent_instructions": [5, True],
        "preview_hosts": ["a", [5], {"a": 1}],
    },
    "/members": {"user": [5], "role": [5, True, "owner"]},
    "/conversations": {"project": [5, True, 1.5], "title": [5, 1.5]},
    "/messages": {"body": [5, 1.5, " \n"], "role": [5, "tool"], "respond": ["yes", 1, "true"]},
    "/tool-results": {"tool": [5], "content": [5, 1.5], "content_type": [5], "is_error": ["true", 0]},
    "/programs": {"code": [5, 1.5]},
    "/save": {"name": [5], "description": [5, True], "visibility": [5, True, "everybody"]},
    "/uploads/": {"isActive": ["yes", 1, "false"]},
}
WHOLE = {
    "/api/projects": {"name": "n"},
    "/members": {"user": "carol"},
    "/messages": {"body": "b"},
    "/tool-results": {"tool": "t"},
}


def test_a_value_of_another_type_is_refused_by_its_field(cast: Cast) -> None:
    for method, path in targets(cast):
        end = next(
            (end for end in WRONG_TYPES if path.endswith(end) or (end.endswith("/") and end in path)), ""
        )
        person = "adam" if path.startswith("/api/projects/") else "alice"
        for field, values in WRONG_TYPES.get(end, {}).items():
            whole = {"project": str(cast.project.pk)} if end == "/conversations" else WHOLE.get(end, {})
            for value in values:
                answer = send(cast.api(person), method, path, json.dumps({**whole, field: value}).encode())
                assert_refused_in_shape(answer, 400)
                assert any(name.startswith(field) for name in answer.json()["errors"]), (path, field, value)


ITEMS = ["name", "type", "data", "media_type", "content_base64", "part"]


@pytest.mark.parametrize("kind", ["text", "table", "visualization", "file", "none"])
def test_every_field_of_an_artifact_bears_every_value(cast: Cast, kind: str) -> None:
    good = {"text": "x", "table": [{"a": 1}], "visualization": {"html": "", "visualization_data": 1}}
    base = {"name": "n", "type": kind, **({"data": good[kind]} if kind in good else {})}
    path = f"/api/conversations/{cast.conversation.pk}/tool-results"
    for field in ITEMS:
        for value in VALUES:
            raw = json.dumps({"tool": "t", "artifacts": [{**base, field: value}]}).encode()
            answer = send(cast.api("alice"), "post", path, raw)
            assert answer.status_code < 500, (field, value)
            if answer.status_code >= 400:
                assert_refused_in_shape(answer, 400, 413)


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("text/plain", b"x"),
        ("application/x-www-form-urlencoded", b"body=x"),
        ("application/xml", b"<x/>"),
        ("nonsense", b"x"),
        ("application/json; charset=utf-16", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
    ],
)
def test_other_types_of_bodies_are_refused(cast: Cast, content_type: str, raw: bytes) -> None:
    client = cast.api("alice")
    for tail in ("messages", "tool-results", "programs", "uploads"):
        answer = client.post(
            f"/api/conversations/{cast.conversation.pk}/{tail}", raw, content_type=content_type
        )
        assert_refused_in_shape(answer, 400, 415)


@pytest.mark.parametrize(
    "path",
    [
        "nonsense",
        "artifacts/nonsense",
        "artifacts/%00",
        "conversations/1/messages",
        "projects/",
        "artifacts/",
        "artifacts//download",
        "turns",
        "..%2f..%2fetc/passwd",
        "%252e%252e/x",
        "artifacts/../projects",
    ],
)
def test_an_unknown_address_is_not_found_as_json(cast: Cast, path: str) -> None:
    for client in (cast.api("alice"), cast.api(None)):
        for method in ("get", "post", "put", "delete"):
            answer = getattr(client, method)(f"/api/{path}")
            assert answer.status_code == 404
            assert answer.json() == {"code": "not_found", "detail": answer.json()["detail"]}


def test_an_unknown_address_is_not_found_also_where_csrf_is_checked() -> None:
    answer = APIClient(enforce_csrf_checks=True).post("/api/nonsense", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_is_not_there_is_refused_in_shape(cast: Cast) -> None:
    artifact = cast.artifact()
    for method, path in (
        ("put", "/api/projects"),
        ("delete", "/api/artifacts"),
        ("post", f"/api/artifacts/{artifact.pk}"),
        ("get", f"/api/artifacts/{artifact.pk}/save"),
    ):
        answer = getattr(cast.api("alice"), method)(path, {} if method != "get" else None)
        assert_refused_in_shape(answer, 405)
        assert answer["Allow"]


def test_private_and_absent_answer_alike_in_status_headers_and_body(cast: Cast) -> None:
    artifact, upload = cast.artifact(), received(cast)
    turn = (
        cast.api("alice")
        .post(f"/api/conversations/{cast.conversation.pk}/programs", {"code": "1"})
        .json()["id"]
    )
    ids = {str(artifact.pk), str(upload.pk), turn, str(cast.conversation.pk), str(cast.elsewhere.pk)}
    conversation = f"/api/conversations/{cast.conversation.pk}"
    paths = [
        f"/api/artifacts/{artifact.pk}{tail}"
        for tail in (
            "",
            "/data",
            "/download",
            "/definition",
            "/preview",
            "/thumbnail",
            "/rows",
            "/versions",
            "/diff",
            "/mentions",
        )
    ]
    paths += [
        f"{conversation}{tail}"
        for tail in ("", "/messages", "/artifacts", "/uploads", "/context", "/memory/sessionMeta")
    ]
    paths += [
        f"{conversation}/uploads/{upload.file_id}",
        f"{conversation}/uploads/{upload.file_id}/content",
        f"{conversation}/artifacts/{artifact.pk}",
    ]
    paths += [
        f"/api/turns/{turn}",
        f"/api/projects/{cast.elsewhere.pk}",
        f"/api/projects/{cast.elsewhere.pk}/members",
    ]
    writes = [(verb, path) for path in [*paths[:1], conversation] for verb in ("patch", "delete")]
    writes += [
        ("post", f"/api/artifacts/{artifact.pk}{tail}")
        for tail in ("/save", "/share", "/versions", "/versions/1/restore")
    ]
    writes += [("post", f"{conversation}{tail}") for tail in ("/messages", "/tool-results", "/programs")]
    writes += [("post", f"/api/turns/{turn}/cancel"), ("patch", f"/api/projects/{cast.elsewhere.pk}")]
    client = cast.api("bob")
    for verb, path in [("get", path) for path in paths] + [("head", path) for path in paths] + writes:
        absent_path = path
        for pk in ids:
            absent_path = absent_path.replace(pk, str(uuid.uuid4()))
        private, absent = (
            getattr(client, verb)(address, *([{}] if verb not in ("get", "head") else []))
            for address in (path, absent_path)
        )
        assert private.status_code == absent.status_code == 404, (verb, path)
        assert private.content == absent.content
        assert private.headers == absent.headers


def test_who_asks_too_often_is_told_when_to_come_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.throttles import PerUserThrottle

    monkeypatch.setattr(PerUserThrottle, "THROTTLE_RATES", {"user": "3/min"})
    for _ in range(3):
        assert cast.api("alice").get("/api/projects").status_code == 200
    answer = cast.api("alice").get("/api/projects", headers={"X-Forwarded-For": "10.0.0.1"})
    assert_refused_in_shape(answer, 429)
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert cast.api("bob").get("/api/projects").status_code == 200


def test_a_body_beyond_the_limit_is_too_large(cast: Cast, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    raw = json.dumps({"body": "x" * 2000}).encode()
    answer = send(cast.api("alice"), "post", f"/api/conversations/{cast.conversation.pk}/messages", raw)
    assert_refused_in_shape(answer, 413)


def test_a_database_that_is_away_is_said_so(cast: Cast) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection to host db.internal failed")

    client = cast.api("alice")
    with connection.execute_wrapper(away):
        answer = client.get("/api/projects")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer["Retry-After"]
    assert "db.internal" not in answer.content.decode()
    assert client.get("/api/projects").status_code == 200


def test_a_page_says_so_too_and_when_to_come_again(cast: Cast) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection to host db.internal failed")

    browser = Client(raise_request_exception=False)
    browser.force_login(cast.alice)
    for path in ("/", "/artifacts", f"/conversations/{cast.conversation.pk}", "/operations", "/admin/"):
        with connection.execute_wrapper(away):
            answer = browser.get(path)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5"), path
        assert "Try again in a few seconds" in answer.content.decode()
        assert "db.internal" not in answer.content.decode()


def test_a_full_disk_is_no_fault_of_the_request(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.files.temp.NamedTemporaryFile", full)
    path = f"/api/conversations/{cast.conversation.pk}/uploads"
    file = SimpleUploadedFile("long.txt", b"word " * 100_000)
    answer = cast.api("alice").post(path, {"file": file}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer["Retry-After"]
