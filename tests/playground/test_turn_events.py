"""GET /api/turns/{id}/events: server-sent events, resumable."""

import json
import uuid
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient

from playground.events import emit
from playground.models import Turn, TurnEvent
from playground.services import cancel_turn, start_program
from playground.turns import Output
from tests.cast import Cast
from tests.site import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def a_turn(cast: Cast) -> Turn:
    return start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")


def headers_of(cast: Cast, person: str | None) -> dict[str, str]:
    if person is None:
        return {}
    return {"Authorization": cast.api(person)._credentials["HTTP_AUTHORIZATION"]}


def ask(cast: Cast, pk: uuid.UUID, by: str | None = "alice", **headers: str) -> Any:
    return async_to_sync(AsyncClient().get)(
        f"/api/turns/{pk}/events", headers={**headers_of(cast, by), **headers}
    )


def frames(text: str) -> list[tuple[int, str, Any]]:
    """Server-sent events, read as a browser reads them."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


@async_to_sync
async def whole(answer: Any) -> str:
    return "".join([part.decode() async for part in answer.streaming_content])


def stream(cast: Cast, turn: Turn, last: str | None = None) -> list[tuple[int, str, Any]]:
    answer = ask(cast, turn.pk, **({"Last-Event-ID": last} if last is not None else {}))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/event-stream")
    assert answer["Cache-Control"] == "no-store"
    return frames(whole(answer))


def test_an_ended_turn_tells_all_and_ends(cast: Cast) -> None:
    turn = a_turn(cast)
    emit(turn, "delta", {"text": "line 1\nline 2\n\ndata: forged"})
    cancel_turn(by=cast.alice, turn=turn)
    events = stream(cast, turn)
    assert [(number, kind) for number, kind, _ in events] == [(1, "status"), (2, "delta"), (3, "done")]
    assert events[0][2] == {"status": "queued"}
    assert events[1][2] == {"text": "line 1\nline 2\n\ndata: forged"}
    assert events[2][2] == {"status": "cancelled"}


def test_a_reader_goes_on_where_it_was(cast: Cast) -> None:
    turn = a_turn(cast)
    cancel_turn(by=cast.alice, turn=turn)
    assert [number for number, _, _ in stream(cast, turn, "1")] == [2]
    assert stream(cast, turn, "2") == stream(cast, turn, "999999") == []
    for nonsense in ("", "x", "-1", "1" * 50, "1.5", "٣"):
        assert len(stream(cast, turn, nonsense.encode().decode("latin1"))) == 2


def test_many_events_come_whole_and_in_order(cast: Cast) -> None:
    turn = a_turn(cast)
    for number in range(450):
        emit(turn, "delta", {"text": str(number)})
    cancel_turn(by=cast.alice, turn=turn)
    events = stream(cast, turn)
    assert [number for number, _, _ in events] == list(range(1, 453))
    assert events[-1][1] == "done"


def test_an_open_turn_is_followed_to_its_end(cast: Cast) -> None:
    turn, headers = a_turn(cast), headers_of(cast, "alice")

    @async_to_sync
    async def follow() -> str:
        answer = await AsyncClient().get(f"/api/turns/{turn.pk}/events", headers=headers)
        parts = aiter(answer.streaming_content)
        text = (await anext(parts)).decode()
        assert "queued" in text
        await sync_to_async(emit)(turn, "delta", {"text": "live"})
        text += (await anext(parts)).decode()
        assert "live" in text
        await sync_to_async(cancel_turn)(by=cast.alice, turn=turn)
        return text + "".join([part.decode() async for part in parts])

    assert [kind for _, kind, _ in frames(follow())] == ["status", "delta", "done"]


def test_a_follower_who_loses_the_right_hears_no_more(cast: Cast) -> None:
    turn, headers = a_turn(cast), headers_of(cast, "alice")

    @async_to_sync
    async def follow() -> str:
        answer = await AsyncClient().get(f"/api/turns/{turn.pk}/events", headers=headers)
        parts = aiter(answer.streaming_content)
        await anext(parts)
        await sync_to_async(cast.project.memberships.filter(user=cast.alice).delete)()
        await sync_to_async(emit)(turn, "delta", {"text": "canary"})
        return "".join([part.decode() async for part in parts])

    assert "canary" not in follow()


@pytest.mark.parametrize(
    ("person", "status"), [("bob", 404), ("adam", 404), ("carol", 404), (None, 401), ("dora", 401)]
)
def test_nobody_else_hears_anything(cast: Cast, person: str | None, status: int) -> None:
    answer = ask(cast, a_turn(cast).pk, by=person)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "detail"}
    if status == 404:
        absent = ask(cast, uuid.uuid4(), by=person)
        assert (answer.content, answer.headers) == (absent.content, absent.headers)
    else:
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_as_good_as_a_token(cast: Cast) -> None:
    turn = a_turn(cast)
    cancel_turn(by=cast.alice, turn=turn)
    client = AsyncClient()
    client.force_login(cast.alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert len(frames(whole(async_to_sync(client.get)(f"/api/turns/{turn.pk}/events")))) == 2


def test_a_line_before_a_long_silence_is_told_in_time(cast: Cast) -> None:
    turn = a_turn(cast)
    output = Output(turn)
    output.write("step 1\n")
    asked = output.while_asking(lambda: False)
    told = TurnEvent.objects.filter(turn=turn, type="delta")
    # Nothing more is written: the tool only goes on asking whether it was cancelled.
    wait_for(lambda: (asked(), told.exists())[1], seconds=10)
    assert told.get().data["text"] == "step 1\n"
