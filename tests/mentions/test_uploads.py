"""Uploads of a conversation, mentioned: offered in a section of their own, resolved by the same rules."""

from collections.abc import Callable
from typing import Any

import pytest

from conversations.services import create_conversation
from mentions.syntax import references, upload_token
from tests.cast import Cast
from tests.uploads.received import received

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def offered(cast: Cast, query: str = "", by: str = "alice") -> list[dict[str, Any]]:
    answer = cast.api(by).get("/api/mentions", {"conversation": cast.conversation.pk, "q": query})
    return answer.json().get("uploads", [])


def post(cast: Cast, body: str, conversation: Any = None) -> dict[str, Any]:
    pk = (conversation or cast.conversation).pk
    answer = cast.api("alice").post(f"/api/conversations/{pk}/messages", {"body": body})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_the_conversations_files_are_offered_best_first(cast: Cast) -> None:
    upload = received(cast, "Meeting notes.txt")
    received(cast, "budget.csv", b"a,b\n1,2\n")
    (row,) = offered(cast, "metting")
    assert (row["id"], row["name"], row["kind"]) == (upload.file_id, "Meeting notes.txt", "upload")
    (reference,) = references(row["token"])
    assert (reference.label, reference.upload, reference.artifact) == ("Meeting notes.txt", upload.pk, None)
    assert [row["name"] for row in offered(cast)] == ["budget.csv", "Meeting notes.txt"]
    assert offered(cast, by="bob") == []
    elsewhere = create_conversation(by=cast.alice, project=cast.project)
    rows = cast.api("alice").get("/api/mentions", {"conversation": elsewhere.pk}).json()
    assert rows["uploads"] == []


def test_a_mentioned_upload_is_a_chip_that_leads_to_its_text(cast: Cast) -> None:
    upload = received(cast, "notes [1].txt")
    written = upload_token("notes [1].txt", upload.pk)
    message = post(cast, f"See {written}.")
    (mention,) = message["mentions"]
    assert (mention["artifact"], mention["upload"], mention["available"]) == (None, upload.file_id, True)
    assert message["body"][mention["start"] : mention["end"]] == written
    assert f'href="/conversations/{cast.conversation.pk}/uploads/{upload.file_id}/text"' in message["html"]
    assert "@notes [1].txt</a>" in message["html"]


def test_an_upload_of_another_conversation_stays_text(cast: Cast) -> None:
    upload = received(cast)
    elsewhere = create_conversation(by=cast.alice, project=cast.project)
    assert post(cast, upload_token("notes.txt", upload.pk), elsewhere)["mentions"] == []
    theirs = create_conversation(by=cast.bob, project=cast.project)
    answer = cast.api("bob").post(
        f"/api/conversations/{theirs.pk}/messages", {"body": upload_token("x", upload.pk)}
    )
    assert answer.json()["mentions"] == []


def test_a_deleted_upload_is_unavailable_and_nameless(cast: Cast) -> None:
    upload = received(cast, "canary-file.txt")
    post(cast, f"See {upload_token('canary-file.txt', upload.pk)}")
    address = f"/api/conversations/{cast.conversation.pk}/uploads/{upload.file_id}"
    assert cast.api("alice").delete(address).status_code == 204
    answer = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/messages")
    assert "canary-file" not in answer.content.decode()
    (mention,) = answer.json()["results"][0]["mentions"]
    assert (mention["available"], mention["label"]) == (False, "unavailable")


def test_mentioned_uploads_come_first_into_the_agents_budget(cast: Cast, do_jobs: Callable[[], int]) -> None:
    received(cast, "first.txt", b"one " * 4000)
    second = received(cast, "second.txt", b"two " * 4000)
    do_jobs()
    cast.project.max_tokens = 5000
    cast.project.save(update_fields=["max_tokens"])
    post(cast, f"Read {upload_token('second.txt', second.pk)}")
    context = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/context").json()
    assert context["uploads"][0]["filename"] == "second.txt"
    assert {row["filename"] for row in context["receipt"]["uploads"]} == {"first.txt", "second.txt"}
    assert context["receipt"]["mentions"] == []


def test_the_switch_holds_for_mentioned_uploads_too(cast: Cast, do_jobs: Callable[[], int]) -> None:
    upload = received(cast, "off.txt")
    do_jobs()
    post(cast, upload_token("off.txt", upload.pk))
    path = f"/api/conversations/{cast.conversation.pk}"
    cast.api("alice").patch(f"{path}/uploads/{upload.file_id}", {"isActive": False})
    context = cast.api("alice").get(f"{path}/context").json()
    assert context["uploads"] == []
    assert context["receipt"]["uploads"][0]["reason"] == "inactive"
