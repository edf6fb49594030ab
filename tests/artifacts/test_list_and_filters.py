"""GET /api/artifacts and GET /api/conversations/{id}/artifacts."""

import base64
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {
    "id", "name", "kind", "type", "media_type", "size", "version", "url", "thumbnail_url", "preview", "conversation",
    "project", "owner", "is_owner", "saved", "visibility", "description", "created_at", "updated_at", "abilities",
}  # fmt: skip
BY_TYPE = {
    "images": "a.png b.JPG c.jpeg d.gif e.svg f.webp",
    "html": "a.html b.HTM",
    "code": "a.py b.js c.mjs d.ts e.tsx f.jsx g.json h.yaml i.yml j.xml k.css l.sql m.md n.sh o.go p.rs q.java",
    "files": "a.csv b.pdf c.txt d.bin e f.zip g.docx h.xlsx",
}


def listed(cast: Cast, query: str = "", by: str = "alice") -> list[dict[str, Any]]:
    answer = cast.api(by).get(f"/api/artifacts?size=100&{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def names(cast: Cast, query: str = "", by: str = "alice") -> set[str]:
    return {row["name"] for row in listed(cast, query, by)}


def file(cast: Cast, name: str, content: bytes = b"x", **facts: Any) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(content).decode(), **facts)


def test_a_row_carries_what_the_contract_promises(cast: Cast) -> None:
    artifact = cast.artifact("Q4 Sales", data="Up 4 %")
    (row,) = listed(cast)
    assert set(row) >= FIELDS
    assert row["id"] == str(artifact.pk)
    assert (row["name"], row["kind"], row["type"], row["media_type"]) == (
        "Q4 Sales",
        "text",
        "file",
        "text/plain",
    )
    assert (row["size"], row["version"], row["preview"]) == (6, 1, {"excerpt": "Up 4 %"})
    assert row["conversation"] == {"id": str(cast.conversation.pk), "title": "Quarterly figures"}
    assert (row["project"], row["owner"], row["is_owner"]) == (str(cast.project.pk), "alice", True)
    assert (row["saved"], row["visibility"], row["description"]) == (False, "private", "")
    assert row["url"].endswith(f"/api/artifacts/{artifact.pk}/download")
    assert row["thumbnail_url"] is None
    assert row["created_at"].endswith("Z")
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}").json() == row


def test_every_kind_has_its_summary(cast: Cast) -> None:
    cast.artifact("t", "table", [{"a": 1, "b": "x"}, {"c": None}])
    cast.artifact("v", "visualization", {"html": "<b>hi</b>", "visualization_data": [1]})
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    file(cast, "dot.png", png)
    rows = {row["name"]: row for row in listed(cast)}
    assert rows["t"]["preview"] == {
        "rows": 2,
        "columns": ["a", "b", "c"],
        "sample": [{"a": 1, "b": "x"}, {"c": None}],
    }
    assert rows["v"]["preview"] == {"excerpt": "<b>hi</b>"}
    assert rows["dot.png"]["preview"] == {"width": 1, "height": 1}
    assert rows["dot.png"]["thumbnail_url"]


def test_the_type_is_the_extensions_of_the_contract(cast: Cast) -> None:
    for files in BY_TYPE.values():
        for name in files.split():
            file(cast, f"{name}" if "." in name else name)
    cast.artifact("chart", "visualization", {"html": "x", "visualization_data": 1})
    cast.artifact("rows", "table", [{"a": 1}])
    cast.artifact("words", "text", "x")
    expected = {kind: set(files.split()) for kind, files in BY_TYPE.items()}
    expected["html"].add("chart")
    expected["files"] |= {"rows", "words"}
    for kind, wanted in expected.items():
        assert names(cast, f"type={kind}") == wanted, kind
    assert names(cast, "type=all") == set.union(*expected.values()) == names(cast)


def test_without_an_extension_the_media_type_decides(cast: Cast) -> None:
    message = cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/tool-results",
        {
            "tool": "t",
            "artifacts": [
                {"name": "drawing", "type": "file", "media_type": "image/webp", "content_base64": "AAEC/w=="},
                {"name": "blob", "type": "file", "content_base64": "AAEC/w=="},
                {
                    "name": "model.bin",
                    "type": "file",
                    "media_type": "application/x-model",
                    "content_base64": "AAE=",
                },
            ],
        },
    )
    assert message.status_code == 201
    assert message.json()["artifacts"][2]["media_type"] == "application/x-model", ".bin says nothing"
    assert names(cast, "type=images") == {"drawing"}
    assert names(cast, "type=files") == {"blob", "model.bin"}


def test_scopes(cast: Cast) -> None:
    cast.artifact("chat")
    cast.artifact("private", saved="private")
    cast.artifact("shared", saved="project")
    theirs = cast.api("bob").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    for name in ("bob's own", "bob's shared"):
        made = cast.api("bob").post(
            f"/api/conversations/{theirs}/tool-results",
            {"tool": "t", "artifacts": [{"name": name, "type": "text", "data": name}]},
        ).json()["artifacts"][0]["id"]  # fmt: skip
        if name == "bob's shared":
            cast.api("bob").post(f"/api/artifacts/{made}/save", {"visibility": "project"})
    mine = {"chat", "private", "shared"}
    assert names(cast) == names(cast, "scope=mine") == mine
    assert names(cast, "scope=saved") == {"private", "shared", "bob's shared"}
    assert names(cast, "scope=shared") == {"bob's shared"}
    assert names(cast, "scope=all") == mine | {"bob's shared"}
    assert (
        names(cast, "scope=all", by="adam")
        == {"shared", "bob's shared"}
        == names(cast, "scope=shared", by="adam")
    )
    assert names(cast, "scope=all", by="carol") == set()


def test_whoever_can_see_it_but_not_its_conversation_is_told_of_none(cast: Cast) -> None:
    cast.artifact("shared", saved="project")
    (row,) = listed(cast, "scope=shared", by="bob")
    assert (row["conversation"], row["is_owner"], row["owner"]) == (None, False, "alice")
    assert "Quarterly" not in str(row)
    for verb in ("update", "delete", "save", "share_with_project", "make_private", "add_version"):
        assert isinstance(row["abilities"][verb], str)
    assert row["abilities"]["view"] is row["abilities"]["mention"] is True


def test_filters_by_kind_project_and_conversation(cast: Cast) -> None:
    cast.artifact("words")
    cast.artifact("rows", "table", [{"a": 1}])
    assert names(cast, "kind=table") == {"rows"}
    assert names(cast, f"project={cast.project.pk}") == {"words", "rows"}
    assert names(cast, f"project={cast.elsewhere.pk}") == set()
    assert names(cast, f"conversation={cast.conversation.pk}") == {"words", "rows"}
    assert names(cast, f"conversation={uuid.uuid4()}") == set()


def test_a_foreign_conversation_filters_like_one_that_does_not_exist(cast: Cast) -> None:
    cast.artifact("shared", saved="project")
    for conversation in (cast.conversation.pk, uuid.uuid4()):
        assert listed(cast, f"scope=all&conversation={conversation}", by="bob") == []


def test_times_bound_the_list(cast: Cast) -> None:
    old, new = cast.artifact("old"), cast.artifact("new")
    Artifact.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    noon = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert names(cast, f"created_after={noon}") == {"new"}
    assert names(cast, f"created_before={noon}") == {"old"}
    assert names(cast, f"created_after={new.created_at.isoformat().replace('+00:00', 'Z')}") == {"new"}


def test_search_finds_names_descriptions_and_content(cast: Cast) -> None:
    cast.artifact("Q4 Sales", data="grew strongly")
    cast.artifact("Costs", data="fell")
    described = cast.artifact("Other", data="else", saved="private")
    cast.api("alice").patch(f"/api/artifacts/{described.pk}", {"description": "for the board"})
    cast.artifact("People", "table", [{"name": "Ada Lovelace"}])
    assert names(cast, "q=sales") == {"Q4 Sales"}
    assert names(cast, "q=SALES+q4") == {"Q4 Sales"}
    assert names(cast, "q=strongly") == {"Q4 Sales"}
    assert names(cast, "q=board") == {"Other"}
    assert names(cast, "q=lovelace") == {"People"}
    assert names(cast, "q=nowhere") == set()
    assert names(cast, "q=%25") == set()
    assert names(cast, "q=_4") == set()


def test_search_finds_no_content_of_somebody_else(cast: Cast) -> None:
    cast.artifact("private", data="canary-word", saved="private")
    for person in ("bob", "adam", "carol"):
        assert listed(cast, "scope=all&q=canary-word", by=person) == []


@pytest.mark.parametrize("letters", ["Größe", "日本語", 'say "hi"', "a\\b", "😀"])
def test_search_finds_content_in_any_script(cast: Cast, letters: str) -> None:
    cast.artifact("one", data=f"before {letters} after")
    cast.artifact("two", data="else")
    answer = cast.api("alice").get("/api/artifacts", {"q": letters})
    assert [row["name"] for row in answer.json()["results"]] == ["one"]
    cast.artifact("cells", "table", [{"a": f"before {letters} after"}])
    cast.artifact("columns", "table", [{letters: 1}])
    answer = cast.api("alice").get("/api/artifacts", {"q": letters, "kind": "table"})
    assert {row["name"] for row in answer.json()["results"]} == {"cells", "columns"}


@pytest.mark.parametrize("word", ["excerpt", "rows", "columns", "sample", "width"])
def test_search_does_not_find_the_words_of_our_own_format(cast: Cast, word: str) -> None:
    cast.artifact("text", data="nothing")
    cast.artifact("table", "table", [{"a": 1}])
    assert names(cast, f"q={word}") == set()


@pytest.mark.parametrize(
    "query",
    [
        "type=songs",
        "type=image",
        "kind=x",
        "scope=others",
        "project=x",
        "conversation=x",
        "project=%00",
        "created_after=yesterday",
        "created_before=%00",
        "q=a%00b",
        f"q={'x' * 501}",
        "page=0",
        "page=x",
        "page=-1",
        "size=0",
        "size=101",
        "size=x",
        "size=1.5",
        "cursor=x",
        "cursor=%00",
        "ordering=owner",
        "ordering=-",
        "ordering=password",
        "created_after=0001-01-01T00:00:00%2B23:59",
        "created_before=9999-12-31T23:59:59-23:59",
    ],
)
def test_bad_filters_are_refused_by_name(cast: Cast, query: str) -> None:
    cast.artifact()
    answer = cast.api("alice").get(f"/api/artifacts?{query}")
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) == {"code", "detail", "errors"}
    assert query.partition("=")[0] in answer.json()["errors"]


def test_a_page_beyond_the_end_is_not_found(cast: Cast) -> None:
    cast.artifact()
    assert cast.api("alice").get("/api/artifacts?page=2").status_code == 404
    assert cast.api("bob").get("/api/artifacts?page=1").json()["results"] == []


def test_one_conversations_artifacts_are_the_same_rows(cast: Cast) -> None:
    cast.artifact("a")
    cast.artifact("b", saved="project")
    path = f"/api/conversations/{cast.conversation.pk}/artifacts"
    assert cast.api("alice").get(path).json()["results"] == listed(cast)
    for person, status in (("bob", 404), ("adam", 404), ("carol", 404), (None, 401)):
        assert cast.api(person).get(path).status_code == status


def test_sorting(cast: Cast) -> None:
    for name in ("b", "c", "a"):
        cast.artifact(name)
    for query, expected in (
        ("", "acb"),
        ("ordering=created_at", "bca"),
        ("ordering=name", "abc"),
        ("ordering=-name", "cba"),
    ):
        assert "".join(row["name"] for row in listed(cast, query)) == expected
