"""POST /api/artifacts/{id}/save."""

import pytest
from django.test import Client

from artifacts.models import Artifact
from artifacts.services import save_artifact, set_visibility
from conversations.services import create_conversation
from projects.models import Project
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def save(cast: Cast, artifact: Artifact, body: object = None, by: str | None = "alice"):
    return cast.api(by).post(f"/api/artifacts/{artifact.pk}/save", {} if body is None else body)


def test_saving_is_private_and_keeps_the_name_unless_told_otherwise(cast: Cast) -> None:
    answer = save(cast, cast.artifact("Q4 Sales"))
    assert answer.status_code == 200, answer.content
    row = answer.json()
    assert (row["saved"], row["visibility"], row["name"], row["description"]) == (
        True,
        "private",
        "Q4 Sales",
        "",
    )


def test_saving_takes_name_description_and_visibility(cast: Cast) -> None:
    body = {"name": " Sales  of Q4 ", "description": "For\nall", "visibility": "project"}
    row = save(cast, cast.artifact(), body).json()
    assert (row["name"], row["description"], row["visibility"]) == ("Sales  of Q4", "For\nall", "project")
    assert cast.api("bob").get("/api/artifacts?scope=shared").json()["count"] == 1


def test_saving_twice_is_a_conflict(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    answer = save(cast, artifact, {"visibility": "project"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_saved")
    artifact.refresh_from_db()
    assert artifact.visibility == "private"


@pytest.mark.parametrize(("person", "status"), [("bob", 404), ("adam", 404), ("carol", 404), (None, 401)])
def test_nobody_else_saves_a_chat_artifact(cast: Cast, person: str | None, status: int) -> None:
    artifact = cast.artifact()
    assert save(cast, artifact, {"visibility": "project"}, by=person).status_code == status
    artifact.refresh_from_db()
    assert not artifact.is_saved


def test_a_reader_of_a_shared_artifact_may_not_save_it(cast: Cast) -> None:
    answer = save(cast, cast.artifact(saved="project"), by="bob")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_owner")


def test_where_sharing_is_off_only_private_can_be_saved(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(allow_artifact_sharing=False)
    artifact = cast.artifact()
    answer = save(cast, artifact, {"name": "new", "visibility": "project"})
    assert (answer.status_code, answer.json()["code"]) == (403, "artifact_sharing_disabled")
    artifact.refresh_from_db()
    assert (artifact.is_saved, artifact.name) == (False, "Q4 Sales")
    assert save(cast, artifact, {"visibility": "private"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"visibility": "public"},
        {"visibility": None},
        {"visibility": ["project"]},
        {"name": "x" * 256},
        {"name": "\u202e"},
        {"name": []},
        {"name": None},
        {"description": "x" * 5001},
        {"description": "a\0b"},
        {"description": {}},
        [],
        "project",
        7,
    ],
)
def test_bad_input_saves_nothing(cast: Cast, body: object) -> None:
    artifact = cast.artifact()
    answer = save(cast, artifact, body)
    assert answer.status_code == 400, answer.content
    assert {"code", "detail", "errors"} <= set(answer.json())
    artifact.refresh_from_db()
    assert not artifact.is_saved


def test_a_saved_artifact_keeps_its_content_when_its_tool_makes_another(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    cast.artifact(data="two")
    row = cast.api("bob").get(f"/api/artifacts/{artifact.pk}").json()
    assert (row["version"], row["newer_version"]) == (1, None)
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}").json()["newer_version"] == 2
    assert b"".join(cast.api("bob").get(f"/api/artifacts/{artifact.pk}/data").streaming_content) == b"one"


def test_the_dialog_warns_of_a_name_that_is_taken_and_only_where_the_reader_sees_it(cast: Cast) -> None:
    mine, other = cast.artifact("Report"), cast.artifact("Other")
    client = Client()
    client.force_login(cast.alice)
    page, ask = f"/artifacts/{mine.pk}/save", {"HX-Request": "true", "HX-Target": "same-name"}
    assert "already" not in client.get(page).content.decode()
    save_artifact(by=cast.alice, artifact=other, name="report")
    assert "You have saved an artifact of this name already" in client.get(page).content.decode()
    assert "already" in client.get(f"{page}?name=REPORT", headers=ask).content.decode()
    assert "already" not in client.get(f"{page}?name=Reports", headers=ask).content.decode()
    theirs = cast.artifact("Bob's", conversation=create_conversation(by=cast.bob, project=cast.project))
    save_artifact(by=cast.bob, artifact=theirs)
    assert "already" not in client.get(f"{page}?name=Bob's", headers=ask).content.decode()
    set_visibility(by=cast.bob, artifact=theirs, visibility="project")
    assert "bob shares an artifact" in client.get(f"{page}?name=Bob's", headers=ask).content.decode()
