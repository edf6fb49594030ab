"""A deletion takes everything away at once, can be undone for a while, and is finished by a job."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.http import Http404
from django.test import Client
from django.utils import timezone

from artifacts import services
from artifacts.garbage import collect_garbage
from artifacts.models import Artifact, Deletion, Output, Version
from conversations.models import Message
from jobs.models import Job
from mentions.services import post_message
from mentions.syntax import token
from playground.agent.prompt import result_text
from playground.services import delete_conversation
from projects.models import Act, AuditEntry
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def due(deletion: Deletion) -> None:
    """The time in which it can be undone is over."""
    Job.objects.filter(target=deletion.pk).update(available_at=timezone.now())


def answers(cast: Cast, artifact: Artifact) -> dict[str, Any]:
    """What every route that shows artifacts says, for their owner and for a collaborator."""
    conversation, pk = cast.conversation.pk, artifact.pk
    seen: dict[str, Any] = {}
    for name in ("alice", "bob"):
        api = cast.api(name)
        for path in ("", "/download", "/data", "/definition", "/preview", "/versions", "/diff", "/mentions"):
            seen[name, path] = api.get(f"/api/artifacts/{pk}{path}").status_code
        for query in ("", "&q=quarter", "&type=files", "&kind=text"):
            seen[name, query] = api.get(f"/api/artifacts?scope=all{query}").json()["count"]
        seen[name, "zip"] = api.post("/api/artifacts/zip", {"ids": [str(pk)]}, format="json").status_code
        dropdown = api.get("/api/mentions?q=quarter").json()
        seen[name, "dropdown"] = [row["name"] for row in dropdown["saved_artifacts"]]
        browser = Client()
        browser.force_login(getattr(cast, name))
        for path in ("", "/card", "/tile", "/image", "/frame", "/save", "/edit", "/delete"):
            seen[name, "page" + path] = browser.get(f"/artifacts/{pk}{path}").status_code
        seen[name, "gallery"] = "Quarterly report" in browser.get("/artifacts?scope=all").content.decode()
    api = cast.api("alice")
    seen["context"] = api.get(f"/api/conversations/{conversation}/context").json()["mentions"]
    seen["counts"] = api.get(f"/api/conversations/{conversation}").json()["artifact_count"]
    seen["in it"] = api.get(f"/api/conversations/{conversation}/artifacts").json()["count"]
    seen["bytes in it"] = api.get(f"/api/conversations/{conversation}/artifacts/{pk}").status_code
    messages = api.get(f"/api/conversations/{conversation}/messages").json()["results"]
    seen["messages"] = [
        (len(row["artifacts"]), [m["available"] for m in row["mentions"]]) for row in messages
    ]
    seen["what an agent is told"] = [result_text(row) for row in Message.objects.filter(role="tool")]
    browser = Client()
    browser.force_login(cast.alice)
    page = browser.get(f"/conversations/{conversation}").content.decode()
    seen["conversation's page"] = f'data-artifact-card="{pk}"' in page
    seen["as Markdown"] = browser.get(f"/conversations/{conversation}/markdown").content
    return seen


def mentioned(cast: Cast) -> Artifact:
    artifact = cast.artifact("Quarterly report", data="quarter by quarter", saved="project")
    post_message(
        by=cast.alice,
        conversation=cast.conversation,
        role="user",
        body=f"See {token(artifact.name, artifact.pk)}",
    )
    return artifact


def test_it_is_nowhere_until_it_is_undone_and_then_as_before(cast: Cast) -> None:
    artifact = mentioned(cast)
    before = answers(cast, artifact)
    assert before["alice", "/data"] == before["bob", "/data"] == 200, "the test looks at what is there"
    assert before["alice", "&q=quarter"] == before["bob", "&q=quarter"] == 1
    assert before["context"]

    assert cast.api("alice").delete(f"/api/artifacts/{artifact.pk}").status_code == 204
    gone = answers(cast, artifact)
    shown = {
        key: value
        for key, value in gone.items()
        if value not in (404, 0, [], False)
        and key not in ("messages", "what an agent is told", "as Markdown")
    }
    assert shown == {}
    assert gone["messages"] == [(0, [False]), (0, [])]
    assert gone["what an agent is told"] == ["[It said nothing.]"]
    assert b"Quarterly report" not in gone["as Markdown"]

    # Nobody else brings it back, nor learns that it was there.
    for name in ("bob", "adam", "carol"):
        assert cast.api(name).post(f"/api/artifacts/{artifact.pk}/undelete").status_code == 404
    back = cast.api("alice").post(f"/api/artifacts/{artifact.pk}/undelete")
    assert (back.status_code, back.json()["name"]) == (200, "Quarterly report")
    assert answers(cast, artifact) == before
    assert not Deletion.objects.exists()


def test_after_its_time_the_job_removes_rows_and_files(
    cast: Cast, do_jobs: Callable[[], int], django_capture_on_commit_callbacks: Callable
) -> None:
    artifact = mentioned(cast)
    do_jobs()
    file = artifact.versions.get().file
    deletion = services.delete_artifact(by=cast.alice, artifact=artifact)
    do_jobs()
    collect_garbage()
    assert default_storage.exists(file), "the job waits, and upkeep knows the file"
    due(deletion)
    with django_capture_on_commit_callbacks(execute=True):
        do_jobs()
    assert not default_storage.exists(file)
    assert not Artifact.with_deleted.exists()
    assert not Version.objects.exists()
    assert not Deletion.objects.exists()
    assert cast.api("alice").post(f"/api/artifacts/{artifact.pk}/undelete").status_code == 404
    with pytest.raises(Http404):
        services.undo_deletion(by=cast.alice, deletion=deletion.pk)


def test_a_deletion_whose_job_was_lost_is_finished_by_upkeep(cast: Cast) -> None:
    deletion = services.delete_artifact(by=cast.alice, artifact=cast.artifact())
    Job.objects.all().delete()
    assert services.finish_overdue_deletions() == 0
    Deletion.objects.update(created_at=timezone.now() - services.OVERDUE * 2)
    assert services.finish_overdue_deletions() == 1
    assert not Artifact.with_deleted.exists()
    assert not Deletion.objects.filter(pk=deletion.pk).exists()


def test_many_go_and_come_back_in_one_act(cast: Cast, django_assert_max_num_queries: Any) -> None:
    mine = [cast.artifact(f"Note {number}") for number in range(3)]
    kept = cast.artifact("Kept")
    chosen = [artifact.pk for artifact in mine]
    with django_assert_max_num_queries(6):
        deletion, count = services.delete_artifacts(by=cast.alice, chosen=chosen)
    assert count == 3
    assert list(Artifact.objects.values_list("pk", flat=True)) == [kept.pk]
    assert services.delete_artifacts(by=cast.bob, chosen=[kept.pk])[1] == 0, "not his"
    with pytest.raises(Http404):
        services.undo_deletion(by=cast.bob, deletion=deletion.pk)
    # One of them alone, then the others.
    one = Artifact.with_deleted.get(pk=chosen[0])
    services.undelete_artifact(by=cast.alice, artifact=one)
    assert sorted(services.undo_deletion(by=cast.alice, deletion=deletion.pk)) == sorted(chosen[1:])
    assert Artifact.objects.count() == 4


def test_what_was_made_under_the_same_name_meanwhile_stays(cast: Cast) -> None:
    first = cast.artifact("Sales", data="old")
    deletion = services.delete_artifact(by=cast.alice, artifact=first)
    second = cast.artifact("Sales", data="new")
    assert second.pk != first.pk
    services.undo_deletion(by=cast.alice, deletion=deletion.pk)
    assert {row.pk for row in Artifact.objects.filter(name="Sales")} == {first.pk, second.pk}
    assert cast.artifact("Sales", data="newer").pk == second.pk, "the tool goes on with its own"


def test_a_conversation_that_goes_takes_along_what_was_deleted_in_it(cast: Cast) -> None:
    deletion = services.delete_artifact(by=cast.alice, artifact=cast.artifact())
    delete_conversation(by=cast.alice, conversation=cast.conversation)
    assert not Artifact.with_deleted.exists()
    assert services.undo_deletion(by=cast.alice, deletion=deletion.pk) == []


def test_what_is_read_for_search_while_it_is_deleted_is_found_afterwards(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    artifact = cast.artifact(data="x " * 5000 + "haystack")
    deletion = services.delete_artifact(by=cast.alice, artifact=artifact)
    do_jobs()
    services.undo_deletion(by=cast.alice, deletion=deletion.pk)
    assert cast.api("alice").get("/api/artifacts?q=haystack").json()["count"] == 1


def test_many_are_saved_at_once_and_found_in_the_library(cast: Cast) -> None:
    mine = [cast.artifact(f"Report {number}") for number in range(2)]
    saved = cast.artifact("Shared", saved="project")
    chosen = [artifact.pk for artifact in (*mine, saved)]
    assert services.save_artifacts(by=cast.bob, chosen=chosen) == 0
    assert services.save_artifacts(by=cast.alice, chosen=chosen) == 2
    assert Artifact.objects.saved().filter(visibility="private").count() == 2
    names = [row["name"] for row in cast.api("alice").get("/api/mentions?q=report").json()["saved_artifacts"]]
    assert sorted(names) == ["Report 0", "Report 1"]
    assert cast.api("alice").get("/api/artifacts?scope=saved").json()["count"] == 3


def test_outputs_of_what_is_deleted_are_nowhere(cast: Cast) -> None:
    artifact = cast.artifact()
    services.delete_artifact(by=cast.alice, artifact=artifact)
    assert not Output.objects.exists()
    assert artifact.versions.get().outputs.count() == 0


def test_the_audit_log_tells_once_who_took_something_from_the_project(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    shared, private = cast.artifact("Shared", saved="project"), cast.artifact("Private", saved="private")
    AuditEntry.objects.all().delete()
    cast.api("alice").delete(f"/api/artifacts/{shared.pk}")
    cast.api("alice").post(f"/api/artifacts/{shared.pk}/undelete")
    deletion, _ = services.delete_artifacts(by=cast.alice, chosen=[shared.pk, private.pk])
    due(deletion)
    do_jobs()
    assert not Artifact.with_deleted.exists()
    acts = list(AuditEntry.objects.order_by("created_at").values_list("act", flat=True))
    assert acts == [Act.SHARED_DELETED, Act.SHARED, Act.SHARED_DELETED]
    assert AuditEntry.objects.order_by("created_at")[0].actor_name == "alice"
