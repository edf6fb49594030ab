"""An agent's turn against a scripted endpoint that speaks the real wire."""

import json
from typing import Any

import pytest
from django.db import transaction

from artifacts.models import Artifact, Version
from conversations.models import Message
from jobs.services import LeaseLost
from playground import turns
from playground.models import Turn, TurnEvent, TurnStep
from playground.services import answer_again, cancel_turn, run_turn, start_program
from tests.cast import Cast
from tests.playground.agent.conftest import MODEL, Asked

pytestmark = pytest.mark.engines

TWO_CALLS = {
    "text": "I keep both.",
    "calls": [
        {"name": "save_text", "arguments": {"name": "one.md", "text": "1 " * 200}},
        {"name": "save_text", "arguments": {"name": "two.md", "text": "2"}},
    ],
}


def events(turn: Turn, kind: str) -> list[dict[str, Any]]:
    return [event.data for event in TurnEvent.objects.filter(turn=turn, type=kind)]


def said(turn: Turn) -> list[tuple[str, str]]:
    return list(Message.objects.filter(turn=turn.pk).order_by("created_at").values_list("role", "body"))


def test_an_answer_is_streamed_and_posted(asked: Asked) -> None:
    turn = asked("What is 2 + 2?", {"text": "It is **4**.", "piece": 3})
    assert (turn.status, turn.output, turn.error_code) == ("done", "It is **4**.", "")
    assert said(turn) == [("user", "What is 2 + 2?"), ("agent", "It is **4**.")]
    assert "".join(delta["text"] for delta in events(turn, "delta")) == "It is **4**."
    assert events(turn, "done") == [{"status": "done"}]
    assert turn.usage["tokens"] == 15


def test_the_answer_comes_from_the_api(asked: Asked, cast: Cast) -> None:
    asked.endpoint.script(MODEL, {"text": "Hello"})
    address = f"/api/conversations/{cast.conversation.pk}/messages"
    answer = cast.api("alice").post(address, {"body": "Hi", "respond": True})
    assert answer.status_code == 201
    asked.do_jobs()
    turn = cast.api("alice").get(f"/api/turns/{answer.json()['turn']}").json()
    assert (turn["kind"], turn["status"], turn["output"]) == ("agent", "done", "Hello")
    assert cast.api("bob").get(f"/api/turns/{turn['id']}").status_code == 404


def test_parallel_tool_calls_make_artifacts(asked: Asked) -> None:
    turn = asked("Keep them", TWO_CALLS, {"text": "See {{mention}}."})
    assert turn.status == "done", turn.error_detail
    assert [role for role, _ in said(turn)] == ["user", "agent", "tool", "tool", "agent"]
    assert set(Artifact.objects.values_list("name", flat=True)) == {"one.md", "two.md"}
    assert [call["id"] for call in events(turn, "tool_call")] == ["0.0", "0.1"]
    assert [result["id"] for result in events(turn, "tool_result")] == ["0.0", "0.1"]
    assert len(events(turn, "artifact")) == 2
    final = Message.objects.filter(turn=turn.pk, role="agent").latest("created_at")
    assert final.mentions.get().artifact_id == Artifact.objects.get(name="two.md").pk
    second = asked.requests()[-1]["messages"]
    assert [message["role"] for message in second[-4:]] == ["user", "assistant", "tool", "tool"]
    assert [message["tool_call_id"] for message in second[-2:]] == ["call_0", "call_1"]


def test_the_context_reaches_the_model_and_the_receipt_is_kept(asked: Asked, cast: Cast) -> None:
    artifact = cast.artifact("Q4 Sales", data="Up 4 % in the west")
    cast.project.agent_instructions = "Files: {{memory.sessionMeta.artifacts}}"
    cast.project.save()
    turn = asked(f"Sum up @[Q4 Sales](artifact:{artifact.pk})", {"text": "Up."})
    sent = json.dumps(asked.requests()[-1]["messages"])
    assert "Up 4 % in the west" in sent
    assert "Files: []" in sent
    assert turn.receipt is not None
    assert turn.receipt["mentions"][0]["included"]
    # The result of the tool before it is told as a call with its result, as the protocol wants it.
    roles = [message["role"] for message in asked.requests()[-1]["messages"]]
    assert roles[1:4] in (["assistant", "tool", "user"], ["user", "assistant", "tool"])


def test_wrong_calls_are_told_to_the_model(asked: Asked) -> None:
    wrong = [
        {"name": "no_such_tool", "arguments": {}},
        {"name": "save_text", "arguments": '{"name": '},
        {"name": "save_text", "arguments": {"name": "x"}},
        {"name": "read_artifact", "arguments": {"artifact": "not an id"}},
    ]
    turn = asked("Try", {"calls": wrong}, {"text": "I give up."})
    assert turn.status == "done"
    bodies = [body for role, body in said(turn) if role == "tool"]
    assert "no tool" in bodies[0]
    assert "not valid JSON" in bodies[1]
    assert "'text' is a required property" in bodies[2]
    assert "no such artifact" in bodies[3]
    assert Message.objects.filter(turn=turn.pk, role="tool", is_error=False).count() == 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again(asked: Asked, status: int) -> None:
    busy = {"status": status, "headers": {"Retry-After": "0"}}
    turn = asked("Hi", busy, busy, {"text": "Here I am."})
    assert (turn.status, turn.output) == ("done", "Here I am.")
    assert [event.get("attempt") for event in events(turn, "status")][-3:] == [1, 2, 3]


def test_a_broken_stream_is_asked_again_and_nothing_is_doubled(asked: Asked) -> None:
    turn = asked("Hi", {"text": "Half of it", "break_after": 2}, {"text": "All of it"})
    assert (turn.status, turn.output) == ("done", "All of it")
    assert [body for role, body in said(turn) if role == "agent"] == ["All of it"]


def test_an_endpoint_that_stays_busy_ends_the_turn(asked: Asked, settings: Any) -> None:
    settings.AGENT_ATTEMPTS = 2
    turn = asked("Hi", *[{"status": 429, "headers": {"Retry-After": "0"}}] * 2)
    assert (turn.status, turn.error_code) == ("failed", "agent_busy")
    assert events(turn, "error")[0]["code"] == "agent_busy"


def test_the_key_is_sent_but_never_shown(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    turn = asked("Hi", {"status": 400, "error": "bad key site-secret-key given"})
    assert asked.endpoint.requests(MODEL)[-1]["key"] == "Bearer site-secret-key"
    assert (turn.status, turn.error_code) == ("failed", "agent_refused")
    assert "bad key … given" in turn.error_detail
    turn = asked("Hi", {"status": 401})
    assert turn.error_code == "agent_key_refused"
    assert "site-secret-key" not in caplog.text


def test_unreachable(asked: Asked, settings: Any) -> None:
    settings.AGENT_ATTEMPTS = 1
    settings.AGENT_BASE_URL = "http://127.0.0.1:9"
    assert asked("Hi").error_code == "agent_unreachable"


def test_a_silent_endpoint_is_given_up(asked: Asked, settings: Any) -> None:
    settings.AGENT_ATTEMPTS, settings.AGENT_SILENCE_SECONDS = 1, 1
    turn = asked("Hi", {"text": "Never", "wait": 0})
    asked.endpoint.release()
    assert (turn.status, turn.error_code) == ("failed", "agent_timed_out")


def test_an_answer_in_one_piece(asked: Asked) -> None:
    turn = asked("Hi", {"plain": True, **TWO_CALLS}, {"plain": True, "text": "Both."})
    assert (turn.status, turn.output) == ("done", "Both.")
    assert Artifact.objects.count() == 2


def test_a_model_without_tools(asked: Asked, cast: Cast, settings: Any) -> None:
    settings.AGENT_USE_TOOLS = False
    cast.artifact("made before", data="x")
    assert asked("Hi", {"text": "Plain"}).output == "Plain"
    sent = asked.requests()[-1]
    assert "tools" not in sent
    assert {message["role"] for message in sent["messages"]} == {"system", "user"}
    assert "The tool test answered" in sent["messages"][1]["content"]


def test_the_limit_of_steps(asked: Asked, settings: Any) -> None:
    settings.AGENT_MAX_STEPS = 2
    call = {"calls": [{"name": "search_artifacts", "arguments": {}}]}
    turn = asked("Loop", call, call, call)
    assert (turn.status, turn.error_code) == ("failed", "step_limit")
    assert [request.get("tool_choice") for request in asked.requests()[-2:]] == [None, "none"]


def test_the_budget_of_tokens(asked: Asked, settings: Any) -> None:
    settings.AGENT_TURN_TOKENS = 100
    call = {"calls": [{"name": "search_artifacts", "arguments": {}}], "tokens": 60}
    turn = asked("Loop", call, call, call)
    assert (turn.status, turn.error_code, turn.usage["tokens"]) == ("failed", "token_budget", 120)


def test_the_limit_of_length_is_said(asked: Asked) -> None:
    assert "limit of length" in asked("Hi", {"text": "Once upon", "finish": "length"}).output


def test_cancelled_while_it_streams(asked: Asked, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = asked.queued("Tell", {"text": "Once upon a time", "piece": 4, "wait": 3})
    monkeypatch.setattr(turns, "ASK_CANCELLED_EVERY", 0)
    monkeypatch.setattr(turns, "OUTPUT_EVERY", 0)
    write = turns.Output.write

    def cancelling(output: turns.Output, text: str) -> None:
        write(output, text)
        if TurnEvent.objects.filter(turn=turn, type="delta").count() == 2:
            cancel_turn(by=cast.alice, turn=turn)

    monkeypatch.setattr(turns.Output, "write", cancelling)
    asked.do_jobs()
    asked.endpoint.release()
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("cancelled", "cancelled")
    assert said(turn)[-1] == ("agent", "Once upo")


def test_a_turn_begun_before_goes_on_behind_what_is_recorded(asked: Asked, cast: Cast) -> None:
    """As after a kill: one call had delivered, the other not; the model is not asked for them again."""
    turn = asked.queued("Keep", {"text": "Both are kept."})
    calls = [
        {"id": f"call_{n}", "name": "save_text", "arguments": json.dumps({"name": f"{n}.md", "text": "x"})}
        for n in range(2)
    ]
    TurnStep.objects.create(turn=turn, number=0, calls=calls, tokens=1)
    Turn.objects.filter(pk=turn.pk).update(status="running")
    with transaction.atomic():
        result = turns.ToolResult("Kept before the kill.")
        turns.record(turn, "save_text", result, key=f"turn:{turn.pk}:0:0", call="0.0")
    before = len(asked.requests())
    asked.do_jobs()
    turn.refresh_from_db()
    assert (turn.status, turn.output) == ("done", "Both are kept.")
    assert len(asked.requests()) == before + 1
    tools = [body for role, body in said(turn) if role == "tool"]
    assert tools == ["Kept before the kill.", "Kept 1.md."]
    assert Version.objects.count() == 1
    assert events(turn, "status")[1] == {"status": "running", "resumed": True}


def test_two_workers_at_one_turn_record_once(asked: Asked) -> None:
    turn = asked.queued("Hi", {"text": "Mine"})
    step = turns.Output.flush

    def meanwhile(output: turns.Output) -> None:
        TurnStep.objects.get_or_create(turn=turn, number=0, defaults={"text": "Theirs"})
        step(output)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns.Output, "flush", meanwhile)
        with pytest.raises(LeaseLost):
            run_turn(turn.pk)
    assert [role for role, _ in said(turn)] == ["user"]


def test_whoever_lost_the_right_gets_no_answer(asked: Asked, cast: Cast) -> None:
    turn = asked.queued("Hi", {"text": "Secret"})
    cast.alice.is_active = False
    cast.alice.save()
    before = len(asked.requests())
    asked.do_jobs()
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("cancelled", "forbidden")
    assert len(asked.requests()) == before


def test_answered_again(asked: Asked, cast: Cast) -> None:
    first = asked("Guess", {"text": "One"})
    assert first.message is not None
    asked.endpoint.script(MODEL, {"text": "Two"})
    again = answer_again(by=cast.alice, message=first.message)
    asked.do_jobs()
    again.refresh_from_db()
    assert (again.output, again.message_id) == ("Two", first.message_id)
    assert "One" not in json.dumps(asked.requests()[-1]["messages"])
    # Nor is the earlier answer part of what follows.
    asked("And now?", {"text": "Three"})
    sent = json.dumps(asked.requests()[-1]["messages"])
    assert "Two" in sent
    assert "One" not in sent


def test_answered_again_over_the_api(asked: Asked, cast: Cast) -> None:
    first = asked("Guess", {"text": "One"})
    asked.endpoint.script(MODEL, {"text": "Two"})
    address = f"/api/conversations/{cast.conversation.pk}/messages/{first.message_id}/retry"
    answer = cast.api("alice").post(address)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    early = cast.api("alice").post(address)
    assert (early.status_code, early.json()["code"]) == (409, "turn_open")
    asked.do_jobs()
    assert cast.api("alice").get(f"/api/turns/{answer.json()['id']}").json()["output"] == "Two"
    agents = Message.objects.get(body="Two")
    refused = cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/messages/{agents.pk}/retry")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_a_program_runs_again(cast: Cast) -> None:
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")
    cancel_turn(by=cast.alice, turn=turn)
    assert turn.message is not None
    again = answer_again(by=cast.alice, message=turn.message)
    assert (again.kind, again.code, again.status) == ("program", "print(1)", "queued")


def test_tools_see_only_what_the_owner_sees_in_this_project(asked: Asked, cast: Cast) -> None:
    from conversations.services import create_conversation
    from projects.models import Membership

    foreign = create_conversation(by=cast.carol, project=cast.elsewhere)
    hidden = cast.artifact("Canary 8731", data="canary", conversation=foreign)
    Membership.objects.create(project=cast.elsewhere, user=cast.alice)
    elsewhere = cast.artifact(
        "Canary 8732", conversation=create_conversation(by=cast.alice, project=cast.elsewhere)
    )
    reads = [{"name": "read_artifact", "arguments": {"artifact": str(one.pk)}} for one in (hidden, elsewhere)]
    turn = asked(
        "Read",
        {"calls": [*reads, {"name": "search_artifacts", "arguments": {"query": "canary"}}]},
        {"text": "No."},
    )
    answers = [body for role, body in said(turn) if role == "tool"]
    assert all("no such artifact" in answer for answer in answers[:2])
    assert answers[2] == "Nothing was found."


def test_without_an_agent_it_is_said(cast: Cast, settings: Any) -> None:
    settings.AGENT_BASE_URL = ""
    answer = cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/messages", {"body": "Hi", "respond": True}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_not_configured")
    assert Message.objects.count() == 0
