"""PATCH /api/artifacts/{id}: name, description, visibility; Allow Artifact Sharing in both directions."""

import pytest

from artifacts.models import Artifact
from projects.services import update_project
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def patch(cast: Cast, artifact: Artifact, by: str | None = "alice", **body: object):
    return cast.api(by).patch(f"/api/artifacts/{artifact.pk}", body)


def allow_sharing(cast: Cast, allowed: bool) -> None:
    update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=allowed)


def seen_by_bob(cast: Cast, artifact: Artifact) -> bool:
    return cast.api("bob").get(f"/api/artifacts/{artifact.pk}").status_code == 200


def test_the_owner_shares_and_takes_back(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    for visibility in ("project", "private", "project"):
        answer = patch(cast, artifact, visibility=visibility)
        assert (answer.status_code, answer.json()["visibility"]) == (200, visibility)
        assert seen_by_bob(cast, artifact) is (visibility == "project")
        assert patch(cast, artifact, visibility=visibility).status_code == 200, (
            "what it is already is no conflict"
        )


def test_a_chat_artifact_cannot_be_shared_before_it_is_saved(cast: Cast) -> None:
    artifact = cast.artifact()
    answer = patch(cast, artifact, visibility="project")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_saved")
    assert patch(cast, artifact, visibility="private").status_code == 200
    assert not seen_by_bob(cast, artifact)


def test_sharing_turned_off_leaves_what_is_shared_and_lets_it_become_private_only(cast: Cast) -> None:
    shared, private = cast.artifact("shared", saved="project"), cast.artifact("private", saved="private")
    allow_sharing(cast, False)
    assert seen_by_bob(cast, shared)
    refused = patch(cast, private, visibility="project")
    assert (refused.status_code, refused.json()["code"]) == (403, "artifact_sharing_disabled")
    assert patch(cast, shared, visibility="project").status_code == 200, "it stays what it is"
    assert patch(cast, shared, visibility="private").status_code == 200
    assert not seen_by_bob(cast, shared)
    assert patch(cast, shared, visibility="project").status_code == 403
    allow_sharing(cast, True)
    assert patch(cast, shared, visibility="project").status_code == 200
    assert seen_by_bob(cast, shared)


def test_abilities_say_why_sharing_is_off(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    path = f"/api/artifacts/{artifact.pk}"
    assert cast.api("alice").get(path).json()["abilities"]["share_with_project"] is True
    allow_sharing(cast, False)
    assert "turned off" in cast.api("alice").get(path).json()["abilities"]["share_with_project"]


def test_a_refused_visibility_changes_nothing_else_either(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    allow_sharing(cast, False)
    assert patch(cast, artifact, name="New", description="new", visibility="project").status_code == 403
    artifact.refresh_from_db()
    assert (artifact.name, artifact.description, artifact.visibility) == ("Q4 Sales", "", "private")


def test_name_and_description_change_alone_and_together(cast: Cast) -> None:
    artifact = cast.artifact(saved="project")
    assert patch(cast, artifact, name="New").json()["name"] == "New"
    row = patch(cast, artifact, description="words").json()
    assert (row["name"], row["description"], row["visibility"]) == ("New", "words", "project")
    assert patch(cast, artifact, description="").json()["description"] == ""
    assert patch(cast, artifact).status_code == 200


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("adam", 403), ("carol", 404), (None, 401)])
def test_readers_change_nothing(cast: Cast, person: str | None, status: int) -> None:
    artifact = cast.artifact(saved="project")
    for body in (
        {"visibility": "private"},
        {"name": "x"},
        {"description": "x"},
        {},
        {"visibility": "nonsense"},
    ):
        assert patch(cast, artifact, by=person, **body).status_code == status
    artifact.refresh_from_db()
    assert (artifact.visibility, artifact.name) == ("project", "Q4 Sales")


def test_owner_project_path_and_the_rest_cannot_be_assigned(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    before = Artifact.objects.filter(pk=artifact.pk).values().get()
    answer = patch(
        cast,
        artifact,
        owner="bob",
        owner_id=cast.bob.pk,
        project=str(cast.elsewhere.pk),
        saved_at=None,
        saved=False,
        conversation=None,
        kind="table",
        gallery_type="html",
        current=None,
        file="/etc/passwd",
        id=str(cast.project.pk),
        created_at="2000-01-01T00:00:00Z",
    )
    assert answer.status_code == 200
    assert Artifact.objects.filter(pk=artifact.pk).values().get() == before


@pytest.mark.parametrize(
    "body",
    [
        {"visibility": "public"},
        {"visibility": None},
        {"visibility": {}},
        {"name": ""},
        {"name": None},
        {"name": "\u202e"},
        {"name": "x" * 256},
        {"name": "a\0b"},
        {"name": []},
        {"description": None},
        {"description": "x" * 5001},
        {"description": "a\0b"},
    ],
)
def test_bad_changes_are_refused(cast: Cast, body: dict[str, object]) -> None:
    answer = patch(cast, cast.artifact(saved="private"), **body)
    assert answer.status_code == 400, answer.content
    assert set(body) <= {key.partition("[")[0] for key in answer.json()["errors"]}
