"""A turn while it works, as its page is told of it (playground/live.py)."""

import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from playground.events import emit
from playground.live import Answer, Live
from playground.models import Turn, TurnEvent, TurnKind
from playground.pages import readable
from playground.services import cancel_turn, start_program
from tests.cast import Cast
from tests.playground.test_turn_events import ask, frames, whole

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

ANSWER = """Sales **rose** by 4 %.

- West: 2.1
- East: 1.9

```python
total = 4.0
```

| region | total |
| ------ | ----- |
| West   | 2.1   |

Setext
------
The end."""


class Page:
    """What turns.js makes of the changes: answers by block, outputs, messages."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[int, str]] = {}
        self.outputs: dict[str, str] = {}
        self.messages: list[str] = []
        self.status = ""
        self.sent: list[dict[str, Any]] = []

    def apply(self, changes: list[dict[str, Any]]) -> None:
        self.sent += changes
        for change in changes:
            match change["do"]:
                case "part":
                    assert change["part"] not in self.parts
                    self.parts[change["part"]] = {}
                case "block":
                    self.parts[change["part"]][change["index"]] = change["html"]
                case "output":
                    self.outputs[change["part"]] = self.outputs.get(change["part"], "") + change["text"]
                case "message":
                    self.parts.pop(change["part"], None)
                    self.messages.append(change["html"])
                case "drop":
                    del self.parts[change["part"]]
                case "status":
                    self.status = change["text"]

    def answer(self, step: int = 0) -> str:
        return "".join(html for _, html in sorted(self.parts[f"step-{step}"].items()))


@pytest.fixture
def turn(cast: Cast) -> Turn:
    return Turn.objects.create(conversation=cast.conversation, kind=TurnKind.AGENT, status="running")


def live_of(cast: Cast, turn: Turn) -> Live:
    request = RequestFactory().get("/")
    request.user = cast.alice
    request.session = {}  # type: ignore[assignment]
    return Live(request, cast.alice, turn)


def told(live: Live, turn: Turn, page: Page, kind: str, **data: Any) -> None:
    live.feed(TurnEvent(turn=turn, sequence=1, type=kind, data=data))
    page.apply(live.changes(at_once=True))


@pytest.mark.parametrize("piece", [1, 3, 40])
def test_a_streamed_answer_is_the_finished_one(cast: Cast, turn: Turn, piece: int) -> None:
    from artifactsite.lib import markdown

    live, page = live_of(cast, turn), Page()
    for start in range(0, len(ANSWER), piece):
        told(live, turn, page, "delta", step=0, text=ANSWER[start : start + piece])
    words = re.sub(r"\s+", "", page.answer())
    assert words == re.sub(r"\s+", "", markdown.render(ANSWER))


def test_complete_blocks_are_told_once_and_never_again(cast: Cast, turn: Turn) -> None:
    live, page = live_of(cast, turn), Page()
    for character in ANSWER:
        told(live, turn, page, "delta", step=0, text=character)
    indexes = [change["index"] for change in page.sent if change["do"] == "block"]
    assert indexes == sorted(indexes)
    # Neither the dashes of a list nor those under a heading make a heading of what is above for a moment.
    assert not any("<h2>Sales" in str(change) or "<h2>The" in str(change) for change in page.sent)
    assert not any(
        "<h2>" in change["html"] and "Setext" not in change["html"]
        for change in page.sent
        if change["do"] == "block"
    )


def test_hostile_text_is_text(cast: Cast, turn: Turn) -> None:
    live, page = live_of(cast, turn), Page()
    for piece in (
        "<scr",
        "ipt>alert(1)</script>\n\n[x](javascr",
        "ipt:alert(1)) <img src=x onerror=alert(1)>",
    ):
        told(live, turn, page, "delta", step=0, text=piece)
        html = page.answer()
        assert "<script" not in html
        assert "<img" not in html
        assert "href" not in html


def test_mentions_are_chips_with_the_readers_rights(cast: Cast, turn: Turn) -> None:
    from mentions.syntax import token

    mine, hidden = cast.artifact("Mine"), uuid.uuid4()
    live, page = live_of(cast, turn), Page()
    text = f"See {token('Mine', mine.pk)} and {token('Canary 5512', hidden)}."
    for character in text:
        told(live, turn, page, "delta", step=0, text=character)
        assert "artifact:" not in page.answer()  # never half a mention
    assert f'href="/artifacts/{mine.pk}"' in page.answer()
    assert "mention-unavailable" in page.answer()
    assert "Canary" not in json.dumps(page.sent[-1])


def test_steps_outputs_and_messages_in_their_order(asked_turn: Any, cast: Cast, turn: Turn) -> None:
    live, page = live_of(cast, turn), Page()
    told(live, turn, page, "status", status="running", step=0, attempt=1)
    told(live, turn, page, "delta", step=0, text="I look.")
    told(live, turn, page, "tool_call", id="0.0", tool="python_exec", arguments='{"code": "<b>1</b>"}')
    told(live, turn, page, "delta", call="0.0", text="line 1\n")
    told(live, turn, page, "delta", call="0.0", text="line 2\n")
    assert page.outputs == {"call-0.0": "line 1\nline 2\n"}
    assert page.status == "Running python_exec"
    assert list(page.parts) == ["step-0", "call-0.0"]
    shell = next(change["html"] for change in page.sent if change.get("part") == "call-0.0")
    assert "&lt;b&gt;1" in shell
    told(live, turn, page, "message", step=0, message=str(asked_turn))
    assert "It is <strong>kept</strong>" in page.messages[0]
    assert list(page.parts) == ["call-0.0"]


@pytest.fixture
def asked_turn(cast: Cast) -> uuid.UUID:
    from conversations.services import add_message

    message = add_message(by=cast.alice, conversation=cast.conversation, role="agent", body="It is **kept**")
    return message.pk


def test_what_comes_anew_is_dropped_first(cast: Cast, turn: Turn, asked_turn: uuid.UUID) -> None:
    live, page = live_of(cast, turn), Page()
    told(live, turn, page, "delta", step=0, text="Half an")
    told(live, turn, page, "status", status="running", step=0, attempt=2)
    assert page.parts == {}
    told(live, turn, page, "delta", step=0, text="Whole")
    assert page.answer() == "<p>Whole</p>\n"
    told(live, turn, page, "message", step=0, message=str(asked_turn))
    told(live, turn, page, "delta", step=1, text="More")
    told(live, turn, page, "tool_call", id="0.0", tool="python_exec", arguments="{}")
    told(live, turn, page, "delta", call="0.0", text="once")
    # The worker was killed: what was recorded stays, what had only begun goes.
    told(live, turn, page, "status", status="running", resumed=True)
    assert (list(page.parts), len(page.messages)) == (["call-0.0"], 1)
    assert page.status == "Going on after an interruption"
    page.outputs.clear()
    told(live, turn, page, "delta", call="0.0", text="twice")
    assert page.outputs == {"call-0.0": "twice"}
    assert "python_exec" in [change["html"] for change in page.sent if change["do"] == "part"][-1]


def test_a_message_that_one_may_not_see_is_not_shown(cast: Cast, turn: Turn) -> None:
    live, page = live_of(cast, turn), Page()
    told(live, turn, page, "message", step=0, message=str(uuid.uuid4()))
    assert page.messages == [""]


def test_a_block_that_grows_fast_waits(cast: Cast, turn: Turn) -> None:
    live = live_of(cast, turn)
    live.feed(TurnEvent(turn=turn, sequence=1, type="delta", data={"step": 0, "text": "word " * 50_000}))
    assert live.changes()
    live.feed(TurnEvent(turn=turn, sequence=2, type="delta", data={"step": 0, "text": "more"}))
    assert live.changes() == []
    assert "more" in json.dumps(live.changes(at_once=True))


def test_a_long_line_of_half_mentions_costs_little() -> None:
    answer = Answer(open="@[" * 50_000)
    assert answer.changes("step-0", AnonymousUser()) is not None  # type: ignore[arg-type]


def stream(cast: Cast, turn: Turn, last: str | None = None) -> list[tuple[int, str, Any]]:
    from asgiref.sync import async_to_sync
    from django.test import AsyncClient

    client = AsyncClient()
    client.force_login(cast.alice, "allauth.account.auth_backends.AuthenticationBackend")
    headers = {"Last-Event-ID": last} if last is not None else {}
    answer = async_to_sync(client.get)(f"/turns/{turn.pk}/live", headers=headers)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return frames(whole(answer))


def test_the_stream_tells_all_at_once_and_resumes_behind_what_was_seen(cast: Cast) -> None:
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")
    for number in range(250):
        emit(turn, "delta", {"text": f"{number}\n"})
    cancel_turn(by=cast.alice, turn=turn)
    (number, kind, changes), ended = stream(cast, turn)
    assert (kind, ended[1]) == ("changes", "ended")
    page = Page()
    page.apply(changes)
    assert page.outputs["program"] == "".join(f"{line}\n" for line in range(250))
    (_, kind, rest), _ = stream(cast, turn, last="201")
    assert [change["do"] for change in rest] == ["output"]
    assert rest[0]["text"] == "".join(f"{line}\n" for line in range(200, 250))
    assert [kind for _, kind, _ in stream(cast, turn, last=str(number))] == ["ended"]


@pytest.mark.parametrize(("person", "status"), [("bob", 404), ("carol", 404), (None, 401), ("dora", 401)])
def test_nobody_else_sees_it(cast: Cast, person: str | None, status: int) -> None:
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")
    answer = ask(cast, turn.pk, by=person)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"code": "a = 1\\nb = 2"}', "a = 1\nb = 2"),
        ('{"name": "x", "rows": [1]}', '{\n  "name": "x",\n  "rows": [\n    1\n  ]\n}'),
        ("{broken", "{broken"),
        ("[" * 100_000, "[" * 100_000),
        ('{"n": 1}', '{\n  "n": 1\n}'),
    ],
)
def test_what_a_tool_was_given_is_readable(arguments: str, shown: str) -> None:
    assert readable(arguments) == shown
