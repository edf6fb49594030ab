"""GET|POST …/versions, POST …/versions/{n}/restore, GET …/diff, GET …/rows."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from artifacts.garbage import stored_keys
from artifacts.models import Artifact, Version
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def address(artifact: Artifact, tail: str = "versions") -> str:
    return f"/api/artifacts/{artifact.pk}/{tail}"


def add(cast: Cast, artifact: Artifact, body: object, by: str | None = "alice") -> Any:
    return cast.api(by).post(address(artifact), body)


def data(cast: Cast, artifact: Artifact, query: str = "", tail: str = "data") -> bytes:
    return b"".join(cast.api("alice").get(address(artifact, f"{tail}{query}")).streaming_content)


def test_the_owner_adds_versions_that_readers_get_at_once(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    answer = add(cast, artifact, {"data": "two"})
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["version"], row["is_current"], row["size"], row["tool"]) == (2, True, 3, "")
    assert cast.api("bob").get(f"/api/artifacts/{artifact.pk}").json()["version"] == 2
    assert data(cast, artifact) == b"two"
    assert data(cast, artifact, "?version=1") == b"one"
    rows = cast.api("bob").get(address(artifact)).json()["results"]
    assert [(row["version"], row["is_current"]) for row in rows] == [(2, True), (1, False)]


def test_identical_content_makes_no_version_and_no_file(cast: Cast) -> None:
    artifact = cast.artifact(data="one")
    files = set(stored_keys())
    assert add(cast, artifact, {"data": "one"}).json()["version"] == 1
    assert Version.objects.count() == 1
    assert set(stored_keys()) == files


def test_a_version_keeps_its_kind_and_the_artifacts_name(cast: Cast) -> None:
    artifact = cast.artifact()
    refused = add(cast, artifact, {"type": "table", "data": [{"a": 1}]})
    assert (refused.status_code, "type" in refused.json()["errors"]) == (400, True)
    assert add(cast, artifact, {"name": "other", "type": "text", "data": "two"}).status_code == 201
    artifact.refresh_from_db()
    assert artifact.name == "Q4 Sales"


@pytest.mark.parametrize(
    "body", [{}, {"data": 5}, {"type": []}, {"data": None}, [], "x", None, {"content_base64": "eA=="}]
)
def test_bad_versions_are_refused_and_leave_no_file(cast: Cast, body: object) -> None:
    artifact = cast.artifact()
    files = set(stored_keys())
    answer = add(cast, artifact, body)
    assert answer.status_code == 400, answer.content
    assert set(stored_keys()) == files
    assert Version.objects.count() == 1


def test_a_version_comes_in_a_part_of_its_own(cast: Cast) -> None:
    def send(artifact: Artifact, raw: bytes, **parts: Any) -> Any:
        body = {
            "result": json.dumps({"part": "new", "after": 1}),
            "new": SimpleUploadedFile("x", raw),
            **parts,
        }
        return cast.api("alice").post(address(artifact), body, format="multipart")

    picture = cast.artifact("a.png", "file", "iVBORw==")
    table = cast.artifact("rows", "table", [{"a": 1}])
    files = set(stored_keys())
    assert send(picture, b"x", more=SimpleUploadedFile("y", b"y")).json()["errors"].keys() == {"more"}
    assert send(table, b'[{"a": 2}, 3]').json()["errors"].keys() == {"data[1]"}
    refused = send(table, b"[]", result="{")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_json")
    assert set(stored_keys()) == files
    assert send(picture, b"\x89PNG\r\n\x1a\n").json()["version"] == 2
    assert data(cast, picture, "?version=2", "download") == b"\x89PNG\r\n\x1a\n"
    assert send(table, b'[{"a": 2}]').json()["version"] == 2
    assert json.loads(data(cast, table)) == [{"a": 2}]
    assert send(table, b"[]").json()["code"] == "newer_version"
    # Nothing else of an artifact comes in a form.
    patched = cast.api("alice").patch(f"/api/artifacts/{table.pk}", {"name": "x"}, format="multipart")
    assert patched.status_code == 415


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("adam", 403), ("carol", 404), (None, 401)])
def test_readers_add_and_restore_nothing(cast: Cast, person: str | None, status: int) -> None:
    artifact = cast.artifact(saved="project")
    files = set(stored_keys())
    assert add(cast, artifact, {"data": "two"}, by=person).status_code == status
    assert cast.api(person).post(address(artifact, "versions/1/restore")).status_code == status
    assert set(stored_keys()) == files
    assert Version.objects.count() == 1


def test_restoring_makes_a_new_version_and_rewrites_nothing(cast: Cast) -> None:
    artifact = cast.artifact("rows", "table", [{"a": 1}])
    add(cast, artifact, {"data": [{"a": 2}]})
    answer = cast.api("alice").post(address(artifact, "versions/1/restore"))
    assert (answer.status_code, answer.json()["version"]) == (201, 3)
    assert cast.api("alice").get(address(artifact, "rows")).json()["rows"] == [{"a": 1}]
    assert cast.api("alice").get(address(artifact, "rows?version=2")).json()["rows"] == [{"a": 2}]
    assert len(set(Version.objects.values_list("file", flat=True))) == 3


def test_restoring_what_is_newest_makes_no_version(cast: Cast) -> None:
    artifact = cast.artifact()
    assert cast.api("alice").post(address(artifact, "versions/1/restore")).json()["version"] == 1


@pytest.mark.parametrize("number", ["0", "9", "99999999999999999999999", "-1", "x"])
def test_a_version_that_is_not_there_cannot_be_restored(cast: Cast, number: str) -> None:
    answer = cast.api("alice").post(address(cast.artifact(), f"versions/{number}/restore"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_restoring_works_when_the_conversation_is_gone(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="private")
    cast.api("alice").delete(f"/api/conversations/{cast.conversation.pk}")
    assert add(cast, artifact, {"data": "two"}).status_code == 201
    assert cast.api("alice").post(address(artifact, "versions/1/restore")).json()["version"] == 3
    assert data(cast, artifact) == b"one"


def test_publishing_what_the_tool_made_later_is_restoring_it(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    cast.artifact(data="two")
    assert cast.api("bob").get(f"/api/artifacts/{artifact.pk}").json()["version"] == 1
    assert cast.api("alice").post(address(artifact, "versions/2/restore")).status_code == 201
    assert data(cast, artifact) == b"two"


def test_readers_see_nothing_of_a_version_before_its_owner_uses_it(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    cast.artifact(data="two, which is private so far")
    tails = ("data", "download", "definition", "preview")
    addresses = [address(artifact, f"{tail}?version=2") for tail in tails]
    addresses.append(address(artifact, "diff?from=1&to=2"))
    assert [cast.api("alice").get(one).status_code for one in addresses] == [200] * 5
    assert [cast.api("bob").get(one).status_code for one in addresses] == [404] * 5
    client = Client()
    client.force_login(cast.bob)
    for tail in ("?version=2", "/card?version=2", "/diff?from=1&to=2"):
        assert client.get(f"/artifacts/{artifact.pk}{tail}").status_code == 404, tail
    assert "Version 2" not in client.get(f"/artifacts/{artifact.pk}").content.decode()
    seen = {who: cast.api(who).get(address(artifact)).json() for who in ("alice", "bob")}
    assert [seen[who]["count"] for who in ("alice", "bob")] == [2, 1]
    # An older version taken up again does not bring the one between along.
    cast.api("alice").post(address(artifact), {"data": "three"})
    assert cast.api("bob").get(address(artifact, "data?version=2")).status_code == 404
    assert [row["version"] for row in cast.api("bob").get(address(artifact)).json()["results"]] == [3, 1]
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}").json()["newer_version"] is None


def test_using_the_newer_version_gives_it_to_readers(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    cast.artifact(data="two")
    client = Client()
    client.force_login(cast.alice)
    page = client.get(f"/artifacts/{artifact.pk}").content.decode()
    assert "Use version 2" in page
    assert client.post(f"/artifacts/{artifact.pk}/versions/2/restore").status_code == 302
    assert "Use version 2" not in client.get(f"/artifacts/{artifact.pk}").content.decode()
    assert cast.api("bob").get(address(artifact, "data?version=2")).status_code == 200
    assert cast.api("bob").get(f"/api/artifacts/{artifact.pk}").json()["version"] == 2


def test_a_version_is_made_only_on_top_of_the_one_that_its_maker_knew(cast: Cast) -> None:
    artifact = cast.artifact(data="one")
    assert add(cast, artifact, {"data": "two", "after": 1}).status_code == 201
    files = set(stored_keys())
    refused = add(cast, artifact, {"data": "three", "after": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "newer_version")
    assert "Version 2 was made meanwhile" in refused.json()["detail"]
    assert set(stored_keys()) == files
    for bad in ("1", True, 1.5, []):
        assert add(cast, artifact, {"data": "x", "after": bad}).status_code == 400, bad


def test_rows_come_in_pieces(cast: Cast) -> None:
    artifact = cast.artifact("rows", "table", [{"n": number} for number in range(2500)])

    def rows(query: str) -> list[int]:
        answer = cast.api("alice").get(address(artifact, f"rows?{query}"))
        assert (answer.json()["total"], answer.json()["columns"]) == (2500, ["n"])
        return [row["n"] for row in answer.json()["rows"]]

    assert rows("") == list(range(100))
    assert rows("offset=995&limit=10") == list(range(995, 1005))
    assert rows("offset=2000&limit=1000") == list(range(2000, 2500))
    assert rows("offset=2500") == rows("offset=99999999999") == []
    for bad in ("offset=-1", "offset=x", "limit=0", "limit=1001", "offset=999999999999"):
        assert cast.api("alice").get(address(artifact, f"rows?{bad}")).status_code == 400
    assert cast.api("alice").get(address(cast.artifact(), "rows")).status_code == 400
