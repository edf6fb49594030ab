"""What is selected in the gallery, and what becomes of it: only what one sees, and only one's own is changed."""

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from artifacts.models import Artifact
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def ids(*artifacts: Artifact) -> dict[str, str]:
    return {"ids": ",".join(str(artifact.pk) for artifact in artifacts)}


def everything(query: str = "", *without: Artifact) -> dict[str, str]:
    return {"all": "on", "matching": query, "without": ids(*without)["ids"]}


def unpacked(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        return sorted(archive.namelist())


def bobs(cast: Cast, name: str, **facts: Any) -> Artifact:
    from conversations.services import create_conversation

    conversation = create_conversation(by=cast.bob, project=cast.project, title="Bob's")
    return cast.artifact(name, conversation=conversation, **facts)


def test_what_matches_is_taken_as_the_gallery_shows_it(cast: Cast, alice: Client) -> None:
    kept = cast.artifact("alpha one")
    cast.artifact("alpha two")
    cast.artifact("beta")
    bobs(cast, "alpha shared", saved="project")
    bobs(cast, "alpha private")
    zipped = "/artifacts/zip"
    assert unpacked(alice.post(zipped, everything("?q=alpha"))) == ["alpha one.txt", "alpha two.txt"]
    assert unpacked(alice.post(zipped, everything("?q=alpha&scope=all", kept))) == [
        "alpha shared.txt",
        "alpha two.txt",
    ]
    answer = alice.post(zipped, everything("?q=alpha"))
    assert answer["X-Uncompressed-Length"] == "12"
    # As the visitor's zone has the day, and to its end.
    Artifact.objects.filter(pk=kept.pk).update(created_at="2026-03-05T23:30:00Z")
    alice.cookies["timezone"] = "Europe/Oslo"
    assert unpacked(
        alice.post(zipped, everything("?created_after=2026-03-06&created_before=2026-03-06"))
    ) == ["alpha one.txt"]
    assert alice.post(zipped, everything("?type=nonsense")).status_code == 400
    assert alice.post(zipped, everything("?q=walrus")).status_code == 400


@pytest.mark.parametrize("act", ["zip", "save", "delete"])
def test_what_is_no_selection_is_refused_in_words(cast: Cast, alice: Client, act: str) -> None:
    hidden = bobs(cast, "private")
    for body in ({}, {"ids": "x"}, {"all": "on", "without": "x"}, {"ids": "1," * 3}):
        answer = alice.post(f"/artifacts/{act}", body)
        assert answer.status_code == 400
        assert b"data-refusal" in answer.content or b"<h1" in answer.content
    answer = alice.post(f"/artifacts/{act}", ids(hidden), headers={"HX-Request": "true"})
    assert (answer.status_code, act) in ((400, "zip"), (204, "save"), (403, "delete"))
    hidden.refresh_from_db()
    assert not hidden.is_saved
    assert hidden.deletion_id is None


def test_only_ones_own_are_saved_and_deleted(cast: Cast, alice: Client) -> None:
    mine, shared = cast.artifact("mine"), bobs(cast, "his", saved="project")
    headers = {"HX-Request": "true"}
    saved = alice.post("/artifacts/save", ids(mine, shared), headers=headers)
    assert "Saved 1 artifact. 1 artifact was saved already or not yours." in saved["HX-Trigger"]
    deleted = alice.post("/artifacts/delete", ids(mine, shared), headers=headers)
    assert "1 artifact of others stayed." in deleted["HX-Trigger"]
    assert list(Artifact.objects.all()) == [shared]


def test_it_is_asked_first_where_others_lose_something_or_nobody_has_seen_it_all(
    cast: Cast, alice: Client
) -> None:
    shared = cast.artifact("shared", saved="project")
    for body, said in ((ids(shared), "collaborators lose it too"), (everything(), "shared")):
        answer = alice.post("/artifacts/delete", body)
        assert answer.status_code == 200
        assert said in answer.content.decode()
    assert Artifact.objects.count() == 1
    alice.post("/artifacts/delete", {**everything(), "confirmed": "on"})
    assert Artifact.objects.count() == 0


def test_too_many_are_refused_whole(cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        cast.artifact(f"Note {number}")
    monkeypatch.setattr("artifacts.selection.MOST_AT_ONCE", 2)
    answer = alice.post("/artifacts/delete", {**everything(), "confirmed": "on"})
    assert answer.status_code == 400
    assert "Narrow the filters" in answer.content.decode()
    assert Artifact.objects.count() == 3
