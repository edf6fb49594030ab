"""Server-sent events of a turn, for programs and for its page: native ASGI, resumable, read from the rows."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import BearerAuthentication
from accounts.models import User
from artifactsite.lib.errors import NOT_FOUND
from playground.live import Live
from playground.models import Turn, TurnEvent

POLL, KEEP_ALIVE, BATCH = 0.25, 15.0, 200  # seconds, seconds, events
UNAUTHENTICATED = {"code": "not_authenticated", "detail": "Sign in, or send a personal token."}


def _caller(request: HttpRequest) -> User | AnonymousUser:
    """By bearer token, else by session; neither gives somebody anonymous."""
    try:
        found = BearerAuthentication().authenticate(Request(request))
    except AuthenticationFailed:
        return AnonymousUser()
    if found is not None:
        return found[0]
    user = request.user
    # A lazy object: made real here, where queries are allowed.
    return user if user.is_authenticated else AnonymousUser()


def _visible_turn(user: User | AnonymousUser, pk: UUID) -> Turn | None:
    return Turn.objects.visible_to(user).filter(pk=pk).first()


def _events_after(turn: Turn, sequence: int) -> list[TurnEvent]:
    return list(TurnEvent.objects.filter(turn=turn, sequence__gt=sequence).order_by("sequence")[:BATCH])


def _look(user: User | AnonymousUser, pk: UUID, after: int) -> tuple[Turn | None, list[TurnEvent]]:
    """The turn as its reader may see it now, then its events: an ended turn's list is complete."""
    turn = _visible_turn(user, pk)
    return turn, _events_after(turn, after) if turn else []


def frame(number: int, kind: str, data: Any) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _last_seen(request: HttpRequest) -> int:
    raw = request.headers.get("Last-Event-ID", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0


def _answer(frames: AsyncIterator[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(frames, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@require_safe
async def turn_events(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Streams what happened after `Last-Event-ID` and goes on until the turn has ended."""
    user = await sync_to_async(_caller)(request)
    if not user.is_authenticated:
        answer = JsonResponse(UNAUTHENTICATED, status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if await sync_to_async(_visible_turn)(user, pk) is None:
        return JsonResponse(NOT_FOUND, status=404)
    reader = _Events(user, pk, _last_seen(request))
    return _answer(_stream(reader.look))


@require_safe
async def live_turn(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Streams the changes of a turn's page (`playground/live.py`); resumes as the events do."""
    user = await sync_to_async(_caller)(request)
    if not user.is_authenticated:
        return HttpResponse(status=401)
    turn = await sync_to_async(_visible_turn)(user, pk)
    if turn is None:
        return HttpResponse(status=404)
    reader = _Changes(Live(request, user, turn), user, pk, _last_seen(request))
    return _answer(_stream(reader.look))


class _Events:
    """The events of a turn as they are."""

    def __init__(self, user: User | AnonymousUser, pk: UUID, after: int) -> None:
        self.user, self.pk, self.after = user, pk, after

    def look(self) -> tuple[list[str], bool, bool]:
        """New frames; whether there may be more at once; whether the turn has ended."""
        turn, events = _look(self.user, self.pk, self.after)
        if events:
            self.after = events[-1].sequence
        full = len(events) == BATCH
        frames = [frame(event.sequence, event.type, event.data) for event in events]
        return frames, full, turn is None or (not turn.is_open and not full)


class _Changes:
    """What the events change on the page. All that is known is read before the first change is told."""

    def __init__(self, live: Live, user: User, pk: UUID, seen: int) -> None:
        self.live, self.user, self.pk, self.seen = live, user, pk, seen
        self.after = 0

    def look(self) -> tuple[list[str], bool, bool]:
        turn, events = _look(self.user, self.pk, self.after)
        for event in events:
            self.live.feed(event)
            self.after = event.sequence
            if self.after == self.seen:
                self.live.changes(at_once=True)  # the page has them
        if turn is None:
            return [], False, True
        if len(events) == BATCH:
            return [], True, False
        ended = not turn.is_open
        changes = self.live.changes(at_once=ended)
        frames = [frame(self.after, "changes", changes)] if changes else []
        if ended:
            frames.append(frame(self.after, "ended", {}))
        return frames, False, ended


async def _stream(look: Callable[[], tuple[list[str], bool, bool]]) -> AsyncIterator[str]:
    spoke = time.monotonic()
    ask = sync_to_async(look)
    while True:
        frames, more, ended = await ask()
        for text in frames:
            yield text
            spoke = time.monotonic()
        if ended:
            return
        if time.monotonic() - spoke > KEEP_ALIVE:
            yield ": still here\n\n"
            spoke = time.monotonic()
        if not more:
            await asyncio.sleep(POLL)
