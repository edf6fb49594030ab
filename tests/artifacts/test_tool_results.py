"""POST /api/conversations/{id}/tool-results: capture, all or nothing."""

import itertools
import json
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from artifacts.models import Artifact, Version
from artifactsite.lib.parsers import parse_json_array
from conversations.models import Message
from tests.cast import Cast
from tests.parallel import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

CHART = {"html": "<b>chart</b>", "visualization_data": [1, 2]}


def address(cast: Cast) -> str:
    return f"/api/conversations/{cast.conversation.pk}/tool-results"


def deliver(cast: Cast, *artifacts: dict, **result) -> dict:
    answer = cast.api("alice").post(address(cast), {"tool": "demo", "artifacts": list(artifacts), **result})
    assert answer.status_code == 201, answer.content
    return answer.json()


def stored_files() -> set[str]:
    try:
        conversations, _ = default_storage.listdir("uploads/conversations")
    except FileNotFoundError:
        return set()
    found = set()
    for conversation in conversations:
        folder = f"uploads/conversations/{conversation}/artifacts"
        if default_storage.exists(folder):
            found |= {f"{folder}/{name}" for name in default_storage.listdir(folder)[1]}
    return found


def test_every_type_is_captured_and_listed(cast: Cast) -> None:
    message = deliver(
        cast,
        {"name": "Summary", "type": "text", "data": "All is well"},
        {"name": "People", "type": "table", "data": [{"name": "Ada", "born": 1815}]},
        {"name": "Chart", "type": "visualization", "data": CHART},
        {"name": "code.py", "type": "file", "content_base64": "cHJpbnQoMSk="},
        content="done",
    )
    assert message["role"] == "tool"
    assert message["body"] == "done"
    assert [(row["name"], row["kind"], row["type"]) for row in message["artifacts"]] == [
        ("Summary", "text", "file"),
        ("People", "table", "file"),
        ("Chart", "visualization", "html"),
        ("code.py", "file", "code"),
    ]
    listed = cast.api("alice").get("/api/artifacts").json()["results"]
    assert {row["name"] for row in listed} == {"Summary", "People", "Chart", "code.py"}


def test_one_bad_artifact_refuses_all_and_says_which(cast: Cast) -> None:
    before = stored_files()
    answer = cast.api("alice").post(
        address(cast),
        {
            "tool": "demo",
            "artifacts": [
                {"name": "a", "type": "text", "data": "x"},
                {"name": "b", "type": "table", "data": [1]},
            ],
        },
    )
    assert answer.status_code == 400
    assert "artifacts[1]" in answer.json()["detail"]
    assert "data[0]" in answer.json()["detail"]
    assert not Message.objects.exists()
    assert not Artifact.objects.exists()
    assert stored_files() == before


def test_same_key_answers_the_first_result_and_creates_nothing(cast: Cast) -> None:
    client = cast.api("alice")
    body = {"tool": "demo", "artifacts": [{"name": "a", "type": "text", "data": "x"}]}
    first = client.post(address(cast), body, headers={"Idempotency-Key": "k1"}).json()
    files = stored_files()
    again = client.post(address(cast), body, headers={"Idempotency-Key": "k1"})
    assert again.status_code == 201
    assert again.json()["id"] == first["id"]
    assert Message.objects.count() == 1
    assert stored_files() == files
    other = client.post(address(cast), body, headers={"Idempotency-Key": "k2"}).json()
    assert other["id"] != first["id"]


def test_same_name_makes_a_version_and_same_content_none(cast: Cast) -> None:
    first = deliver(cast, {"name": "a", "type": "text", "data": "one"})["artifacts"][0]
    second = deliver(cast, {"name": "a", "type": "text", "data": "two"})["artifacts"][0]
    files = stored_files()
    third = deliver(cast, {"name": "a", "type": "text", "data": "two"})["artifacts"][0]
    assert first["id"] == second["id"] == third["id"]
    assert (first["version"], second["version"], third["version"]) == (1, 2, 2)
    assert Version.objects.count() == 2
    assert stored_files() == files


def test_files_lie_under_the_promised_layout(cast: Cast) -> None:
    deliver(cast, {"name": "../../etc/passwd.py", "type": "file", "content_base64": "eA=="})
    key = Version.objects.get().file
    assert key.startswith(f"uploads/conversations/{cast.conversation.pk}/artifacts/")
    assert key.endswith(".py")
    assert default_storage.exists(key)


def test_multipart_parts_are_matched_by_name(cast: Cast) -> None:
    result = {"tool": "demo", "artifacts": [{"name": "plot.png", "type": "file", "part": "plot"}]}
    part = SimpleUploadedFile("x.bin", b"\x89PNG\r\n\x1a\n", content_type="text/html")
    answer = cast.api("alice").post(
        address(cast), {"result": json.dumps(result), "plot": part}, format="multipart"
    )
    assert answer.status_code == 201, answer.content
    row = answer.json()["artifacts"][0]
    assert (row["name"], row["media_type"], row["type"]) == ("plot.png", "image/png", "image")


def send_rows(cast: Cast, rows: bytes, result: bytes | None = None, **artifact: object) -> Any:
    item = {"name": "Sales", "type": "table", "part": "rows", **artifact}
    sent = result or json.dumps({"tool": "demo", "artifacts": [item]}).encode()
    parts = {"result": SimpleUploadedFile("r.json", sent), "rows": SimpleUploadedFile("rows.json", rows)}
    return cast.api("alice").post(address(cast), parts, format="multipart")


def test_a_table_comes_in_a_part_of_its_own(cast: Cast) -> None:
    rows = [{"n": number, "é.x": ["=1", None, number / 7]} for number in range(10_000)]
    answer = send_rows(cast, json.dumps(rows, ensure_ascii=False, indent=1).encode())
    assert answer.status_code == 201, answer.content
    artifact = answer.json()["artifacts"][0]["id"]
    data = cast.api("alice").get(f"/api/artifacts/{artifact}/data")
    assert json.loads(b"".join(data.streaming_content)) == rows


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        (b'[{"a": 1}, {"a": }]', "malformed_json", "[1]: Expecting value"),
        (b'[{"a": 1} {"a": 2}]', "malformed_json", "[0]: neither , nor ] follows"),
        (b'[{"a": NaN}]', "malformed_json", "[0]: NaN is not JSON"),
        (b'[{"a": "\xff"}]', "malformed_json", "not UTF-8"),
        (b'[{"a": 1}] x', "malformed_json", "something follows"),
        (b'{"a": 1}', "malformed_json", "begin with ["),
        (b"[" * 100_000, "malformed_json", "[0]: nested too deeply"),
        (b'[{"a": 1}, 5]', "invalid", "data[1] must be an object"),
        (b'[{"a": 1}, {"a.b": [0, "x\\ud800"]}]', "invalid", 'data[1]["a.b"][1] has an unpaired surrogate'),
        (b'[{"\\ud800": 1}]', "invalid", 'data[0]["\\ud800"] has a name that has an unpaired surrogate'),
        (b'[{"a": {"b": 1e999}}]', "invalid", "data[0].a.b is not a finite number"),
    ],
)
def test_wrong_rows_in_a_part_are_refused_with_where(cast: Cast, rows: bytes, code: str, words: str) -> None:
    answer = send_rows(cast, rows)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert words in answer.json()["detail"]
    assert "artifacts[0]" in answer.json()["detail"]
    assert not Artifact.objects.exists()


def test_rows_are_read_one_by_one_and_a_result_is_held_to_the_limit(cast: Cast, settings: Any) -> None:
    class Endless:
        """A list of numbers without an end, cut anywhere."""

        at = 0

        def read(self, size: int) -> bytes:
            start, self.at = self.at % 7, self.at + size
            piece = (b",1.5e+3" * (size // 7 + 2))[start : start + size]
            return piece.replace(b",", b"[", 1) if self.at == size else piece

    rows = parse_json_array(Endless())  # type: ignore[arg-type]
    assert set(itertools.islice(rows, 50_000)) == {1500.0}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = send_rows(cast, b"[]", b'{"tool": "demo"}' + b" " * 1000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert send_rows(cast, b"[" + b" " * 2000 + b"]").status_code == 201


@pytest.mark.parametrize(
    ("artifact", "words"),
    [
        ({"type": "text", "data": "x"}, "name"),
        ({"name": "", "type": "text", "data": "x"}, "name"),
        ({"name": "a" * 256, "type": "text", "data": "x"}, "255"),
        ({"name": "a", "type": "song", "data": "x"}, "type"),
        ({"name": "a", "type": "text", "data": 5}, "string"),
        ({"name": "a", "type": "text"}, "data"),
        ({"name": "a", "type": "visualization", "data": {"html": "x"}}, "visualization_data"),
        ({"name": "a", "type": "file"}, "content_base64"),
        ({"name": "a", "type": "file", "content_base64": "***"}, "base64"),
        ({"name": "a", "type": "file", "part": "gone"}, "gone"),
        ("nonsense", "object"),
    ],
)
def test_bad_artifacts_are_refused_in_words(cast: Cast, artifact: object, words: str) -> None:
    answer = cast.api("alice").post(address(cast), {"tool": "demo", "artifacts": [artifact]})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert answer.json()["code"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_from_ten_at_once_creates_one(shared_database: None, cast: Cast) -> None:
    client, path, before = cast.api("alice"), address(cast), stored_files()
    body = {"tool": "demo", "artifacts": [{"name": "a", "type": "text", "data": "x"}]}
    answers = at_once(10, lambda _: client.post(path, body, headers={"Idempotency-Key": "k"}))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (Message.objects.count(), Version.objects.count()) == (1, 1)
    assert len(stored_files() - before) == 1
