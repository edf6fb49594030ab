"""GET|POST /api/conversations/{id}/messages."""

import pytest

from conversations.models import Message
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {"id", "role", "author", "body", "html", "mentions", "artifacts", "turn", "created_at"}


def address(cast: Cast) -> str:
    return f"/api/conversations/{cast.conversation.pk}/messages"


@pytest.mark.parametrize("role", ["user", "agent"])
def test_a_message_is_appended_as_written(cast: Cast, role: str) -> None:
    body = "  # Title\n\n*hello*   "
    answer = cast.api("alice").post(address(cast), {"body": body, "role": role})
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert set(row) >= FIELDS
    assert (row["body"], row["role"], row["author"], row["turn"]) == (body, role, "alice", None)
    assert "<em>hello</em>" in row["html"]
    assert (row["mentions"], row["artifacts"]) == ([], [])


def test_the_list_is_newest_first(cast: Cast) -> None:
    for number in range(3):
        cast.api("alice").post(address(cast), {"body": f"message {number}"})
    rows = cast.api("alice").get(address(cast)).json()["results"]
    assert [row["body"] for row in rows] == ["message 2", "message 1", "message 0"]


def test_an_untitled_conversation_takes_its_title_from_the_first_message(cast: Cast) -> None:
    made = cast.api("alice").post("/api/conversations", {"project": str(cast.project.pk)}).json()
    path = f"/api/conversations/{made['id']}"
    cast.api("alice").post(f"{path}/messages", {"body": "\n## Sales in the fourth quarter\nand more"})
    cast.api("alice").post(f"{path}/messages", {"body": "second"})
    assert cast.api("alice").get(path).json()["title"] == "Sales in the fourth quarter"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": ""},
        {"body": None},
        {"body": []},
        {"body": {"text": "x"}},
        {"body": True},
        {"body": "a\0b"},
        {"body": "x" * 1_000_001},
        {"body": "x", "role": "tool"},
        {"body": "x", "role": "king"},
        {"body": "x", "role": None},
        {"body": "x", "role": ["user"]},
        {"body": "x", "respond": "perhaps"},
        {"body": "x", "respond": None},
        [],
        [{"body": "x"}],
        "x",
        5,
        None,
    ],
)
def test_bad_messages_are_refused_and_leave_nothing(cast: Cast, body: object) -> None:
    answer = cast.api("alice").post(address(cast), body)
    assert answer.status_code == 400, answer.content
    assert {"code", "detail"} <= set(answer.json())
    assert not Message.objects.exists()


def test_an_unpaired_surrogate_is_refused(cast: Cast) -> None:
    answer = cast.api("alice").post(address(cast), b'{"body": "\\ud800"}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert not Message.objects.exists()


def test_asking_an_agent_that_is_not_there_is_a_conflict_that_says_so(cast: Cast) -> None:
    answer = cast.api("alice").post(address(cast), {"body": "hello", "respond": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_not_configured")
    assert not Message.objects.exists()


@pytest.mark.parametrize(("person", "status"), [("bob", 404), ("adam", 404), ("carol", 404), (None, 401)])
def test_nobody_else_reads_or_writes(cast: Cast, person: str | None, status: int) -> None:
    assert cast.api(person).get(address(cast)).status_code == status
    assert cast.api(person).post(address(cast), {"body": "hello"}).status_code == status
    assert not Message.objects.exists()


def test_author_tool_turn_and_time_cannot_be_assigned(cast: Cast) -> None:
    answer = cast.api("alice").post(
        address(cast),
        {
            "body": "x",
            "author": "bob",
            "tool": "python_exec",
            "turn": str(cast.project.pk),
            "created_at": "2000-01-01T00:00:00Z",
            "delivery_key": "k",
            "content_type": "html",
        },
    )
    assert answer.status_code == 201
    message = Message.objects.get()
    assert (message.author, message.tool, message.turn, message.delivery_key) == (cast.alice, "", None, None)
    assert message.content_type == "markdown"
    assert message.created_at.year > 2000


def test_markup_in_a_body_runs_nothing(cast: Cast) -> None:
    body = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    html = cast.api("alice").post(address(cast), {"body": body}).json()["html"]
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
