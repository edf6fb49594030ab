"""GET|POST /api/conversations, GET|PATCH|DELETE /api/conversations/{id}."""

import uuid
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from artifacts.garbage import stored_keys
from artifacts.models import Artifact
from conversations.models import Conversation, Message
from playground.models import Turn
from tests.cast import Cast
from uploads.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {
    "id", "project", "title", "message_count", "artifact_count", "upload_count", "started_from", "created_at",
    "updated_at",
}  # fmt: skip


def address(cast: Cast) -> str:
    return f"/api/conversations/{cast.conversation.pk}"


def test_a_new_conversation_belongs_to_its_maker(cast: Cast) -> None:
    answer = cast.api("alice").post(
        "/api/conversations", {"project": str(cast.project.pk), "title": " Plans\n "}
    )
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert set(row) == FIELDS
    assert (row["title"], row["message_count"], row["started_from"]) == ("Plans", 0, None)
    assert Conversation.objects.get(pk=row["id"]).owner == cast.alice


@pytest.mark.parametrize(
    "project", ["", None, "nonsense", 5, True, 10**40, [], {}, "a\0b", str(uuid.UUID(int=7)), ["x"]]
)
def test_a_project_that_is_none_is_refused(cast: Cast, project: object) -> None:
    answer = cast.api("alice").post("/api/conversations", {"project": project})
    assert answer.status_code == 400, answer.content
    assert "project" in answer.json()["errors"]


def test_somebody_elses_project_is_refused_as_one_that_does_not_exist(cast: Cast) -> None:
    def refused(pk: uuid.UUID) -> str:
        answer = cast.api("alice").post("/api/conversations", {"project": str(pk)})
        assert answer.status_code == 400
        return answer.content.decode().replace(str(pk), "ID")

    assert refused(cast.elsewhere.pk) == refused(uuid.uuid4())
    assert not Conversation.objects.filter(project=cast.elsewhere).exists()


def test_only_the_owner_reads_renames_and_deletes(cast: Cast) -> None:
    absent = cast.api("alice").get(f"/api/conversations/{uuid.uuid4()}")
    for person, status in (("bob", 404), ("adam", 404), ("carol", 404), (None, 401)):
        client = cast.api(person)
        assert client.get(address(cast)).status_code == status
        assert client.patch(address(cast), {"title": "Mine"}).status_code == status
        assert client.delete(address(cast)).status_code == status
        if person:
            assert client.get(address(cast)).content == absent.content
            assert client.get("/api/conversations").json()["count"] == 0
    cast.conversation.refresh_from_db()
    assert cast.conversation.title == "Quarterly figures"


def test_counts_tell_what_a_conversation_holds(cast: Cast) -> None:
    client = cast.api("alice")
    client.post(f"{address(cast)}/messages", {"body": "one"})
    cast.artifact("a")
    cast.artifact("b")
    client.post(f"{address(cast)}/uploads", {"file": SimpleUploadedFile("a.txt", b"x")}, format="multipart")
    row = client.get(address(cast)).json()
    assert (row["message_count"], row["artifact_count"], row["upload_count"]) == (3, 2, 1)
    assert client.get("/api/conversations").json()["results"] == [row]


def test_a_title_changes_and_nothing_else_does(cast: Cast) -> None:
    before = (
        Conversation.objects.filter(pk=cast.conversation.pk)
        .values("project", "owner", "started_from", "created_at")
        .get()
    )
    answer = cast.api("alice").patch(
        address(cast),
        {
            "title": "New",
            "project": str(cast.elsewhere.pk),
            "owner": cast.carol.pk,
            "started_from": str(uuid.uuid4()),
            "created_at": "2000-01-01T00:00:00Z",
        },
    )
    assert (answer.status_code, answer.json()["title"]) == (200, "New")
    after = (
        Conversation.objects.filter(pk=cast.conversation.pk)
        .values("project", "owner", "started_from", "created_at")
        .get()
    )
    assert after == before


@pytest.mark.parametrize("title", [None, [], {}, "x" * 201, "a\0b", True])
def test_bad_titles_are_refused(cast: Cast, title: object) -> None:
    assert cast.api("alice").patch(address(cast), {"title": title}).status_code == 400
    body = {"project": str(cast.project.pk), "title": title}
    assert cast.api("alice").post("/api/conversations", body).status_code == 400


def test_the_list_filters_by_project(cast: Cast) -> None:
    assert cast.conversation
    client = cast.api("alice")
    assert client.get(f"/api/conversations?project={cast.project.pk}").json()["count"] == 1
    for foreign in (cast.elsewhere.pk, uuid.uuid4()):
        answer = client.get(f"/api/conversations?project={foreign}")
        assert (answer.status_code, answer.json()["results"]) == (200, []), "or it tells which projects exist"
    for bad in ("nonsense", "", "%00"):
        assert client.get(f"/api/conversations?project={bad}").status_code == 400


def test_deleting_takes_everything_with_it_but_saved_artifacts(
    cast: Cast, django_capture_on_commit_callbacks: Callable
) -> None:
    client = cast.api("alice")
    kept = cast.artifact("kept", saved="project")
    gone = cast.artifact("gone")
    client.post(f"{address(cast)}/uploads", {"file": SimpleUploadedFile("a.txt", b"x")}, format="multipart")
    client.post(f"{address(cast)}/programs", {"code": "print(1)"})
    folder = f"uploads/conversations/{cast.conversation.pk}/"
    assert len([key for key in stored_keys() if key.startswith(folder)]) == 3
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(address(cast)).status_code == 204
    assert client.get(address(cast)).status_code == 404
    assert not Message.objects.exists()
    assert not Upload.objects.exists()
    assert not Turn.objects.exists()
    assert not Artifact.objects.filter(pk=gone.pk).exists()
    assert {key for key in stored_keys() if key.startswith(folder)} == {kept.current.file}
    for person in ("alice", "bob"):
        row = cast.api(person).get(f"/api/artifacts/{kept.pk}").json()
        assert row["conversation"] is None
        download = cast.api(person).get(f"/api/artifacts/{kept.pk}/download")
        assert b"".join(download.streaming_content) == b"Up 4 %"
