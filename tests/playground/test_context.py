"""GET /api/conversations/{id}/context: what an agent gets, and the receipt that accounts for all of it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Project
from tests.cast import Cast
from tests.uploads.received import received, uploads_of
from uploads.extraction.tokens import estimate_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

DoJobs = Callable[[], int]
RECEIPT = {"included", "reason", "characters", "tokens", "truncated"}


def context(cast: Cast, query: str = "") -> dict[str, Any]:
    answer = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/context{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def say(cast: Cast, body: str) -> str:
    answer = cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/messages", {"body": body})
    return answer.json()["id"]


def budget(cast: Cast, tokens: int) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_tokens=tokens)


def test_an_empty_conversation_has_an_empty_context(cast: Cast) -> None:
    found = context(cast)
    assert (found["messages"], found["uploads"], found["mentions"], found["instructions"]) == ([], [], [], "")
    assert (found["receipt"]["uploads"], found["receipt"]["mentions"]) == ([], [])


def test_active_files_are_in_it_with_their_text(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast, "notes.txt", b"four percent")
    do_jobs()
    found = context(cast)
    assert found["uploads"] == [
        {
            "fileId": upload.file_id,
            "filename": "notes.txt",
            "text": "four percent",
            "tokens": 3,
            "truncated": False,
        }
    ]
    (receipt,) = found["receipt"]["uploads"]
    assert receipt == {
        "fileId": upload.file_id,
        "filename": "notes.txt",
        "included": True,
        "reason": None,
        "characters": 12,
        "tokens": 3,
        "truncated": False,
    }


def test_the_receipt_gives_the_reason_of_whatever_is_left_out(cast: Cast, do_jobs: DoJobs) -> None:
    off = received(cast, "off.txt", b"x")
    received(cast, "broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF")
    do_jobs()
    cast.api("alice").patch(f"{uploads_of(cast)}/{off.file_id}", {"isActive": False})
    received(cast, "new.txt", b"x")
    found = context(cast)
    reasons = {row["filename"]: (row["included"], row["reason"]) for row in found["receipt"]["uploads"]}
    assert reasons == {
        "off.txt": (False, "inactive"),
        "broken.pdf": (False, "failed"),
        "new.txt": (False, "extracting"),
    }
    assert found["uploads"] == []
    assert all(set(row) == RECEIPT | {"fileId", "filename"} for row in found["receipt"]["uploads"])


def test_switching_a_file_takes_its_text_out_and_back(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast)
    do_jobs()
    for active in (False, True):
        cast.api("alice").patch(f"{uploads_of(cast)}/{upload.file_id}", {"isActive": active})
        assert bool(context(cast)["uploads"]) is active


def test_a_mention_brings_its_content(cast: Cast) -> None:
    words = cast.artifact("Summary", data="All is well")
    rows = cast.artifact("People", "table", [{"name": "Ada", "born": 1815}])
    chart = cast.artifact("Chart", "visualization", {"html": "<b>c</b>", "visualization_data": [1, 2]})
    say(cast, "@Summary, @People and @Chart, and @Summary again")
    found = context(cast)
    data = {row["artifact"]: row for row in found["mentions"]}
    assert data[str(words.pk)]["data"] == "All is well"
    assert '{"name":"Ada","born":1815}' in data[str(rows.pk)]["data"]
    assert "[1,2]" in data[str(chart.pk)]["data"]
    assert [row["name"] for row in found["mentions"]] == ["Summary", "People", "Chart"]
    assert {row["type"] for row in found["mentions"]} == {"text", "table", "visualization"}
    assert all(row["version"] == 1 and row["tokens"] > 0 for row in found["mentions"])
    assert [row["included"] for row in found["receipt"]["mentions"]] == [True] * 3


def test_an_unavailable_mention_is_in_the_receipt_without_a_name(cast: Cast) -> None:
    artifact = cast.artifact("Canary")
    say(cast, "@Canary")
    cast.api("alice").delete(f"/api/artifacts/{artifact.pk}")
    found = context(cast)
    assert found["mentions"] == []
    (receipt,) = found["receipt"]["mentions"]
    assert (receipt["artifact"], receipt["included"], receipt["reason"]) == (None, False, "unavailable")
    assert "Canary" not in str(found)
    assert "unavailable" in found["messages"][-1]["body"]


def test_the_budget_cuts_at_the_end_and_says_so(cast: Cast, do_jobs: DoJobs) -> None:
    received(cast, "first.txt", b"a" * 400)
    received(cast, "second.txt", b"b" * 400)
    received(cast, "third.txt", b"c" * 400)
    do_jobs()
    budget(cast, 150)
    found = context(cast)
    assert [(row["filename"], row["tokens"], row["truncated"]) for row in found["uploads"]] == [
        ("first.txt", 100, False),
        ("second.txt", 50, True),
    ]
    assert found["uploads"][1]["text"] == "b" * 200
    last = found["receipt"]["uploads"][2]
    assert (last["included"], last["reason"], last["tokens"]) == (False, "over_budget", 0)
    assert (found["receipt"]["tokens"], found["receipt"]["max_tokens"]) == (150, 150)


def test_what_was_mentioned_comes_before_files(cast: Cast, do_jobs: DoJobs) -> None:
    received(cast, "file.txt", b"f" * 400)
    do_jobs()
    cast.artifact("Words", data="w" * 400)
    say(cast, "@Words")
    budget(cast, 100)
    found = context(cast)
    assert [row["data"] for row in found["mentions"]] == ["w" * 400]
    assert found["receipt"]["uploads"][0]["reason"] == "over_budget"


@pytest.mark.parametrize("text", ["plain words ", "日本語", "😀", "mixed é 語 ", "語" + "a" * 9])
def test_no_budget_is_ever_exceeded(cast: Cast, text: str) -> None:
    cast.artifact("Words", data=text * 60)
    say(cast, "@Words")
    for tokens in (1, 7, 50, 1000):
        budget(cast, tokens)
        found = context(cast)
        assert sum(estimate_tokens(row["data"]) for row in found["mentions"]) <= tokens
        assert sum(row["tokens"] for row in found["mentions"]) == found["receipt"]["tokens"] <= tokens


def test_messages_come_oldest_first_up_to_the_one_asked_for(cast: Cast) -> None:
    ids = [say(cast, f"message {number}") for number in range(3)]
    assert [row["body"] for row in context(cast)["messages"]] == ["message 0", "message 1", "message 2"]
    assert [row["id"] for row in context(cast, f"?message={ids[1]}")["messages"]] == ids[:2]
    client = cast.api("alice")
    base = f"/api/conversations/{cast.conversation.pk}/context"
    assert client.get(f"{base}?message=nonsense").status_code == 400
    assert client.get(f"{base}?message={uuid.uuid4()}").status_code == 404


def test_nobody_else_gets_it(cast: Cast) -> None:
    for person, status in (("bob", 404), ("adam", 404), ("carol", 404), (None, 401)):
        answer = cast.api(person).get(f"/api/conversations/{cast.conversation.pk}/context")
        assert answer.status_code == status
