"""Server-sent events of a turn: native ASGI, resumable, read from the rows (docs/api.md, Conversations)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import BearerAuthentication
from accounts.models import User
from artifactsite.lib.errors import NOT_FOUND
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


def frame(event: TurnEvent) -> str:
    return (
        f"id: {event.sequence}\nevent: {event.type}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"
    )


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
    raw = request.headers.get("Last-Event-ID", "")
    after = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0
    response = StreamingHttpResponse(_stream(user, pk, after), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(user: User | AnonymousUser, pk: UUID, after: int) -> AsyncIterator[str]:
    spoke = time.monotonic()
    look = sync_to_async(_look)
    while True:
        turn, events = await look(user, pk, after)
        for event in events:
            yield frame(event)
            after, spoke = event.sequence, time.monotonic()
        if turn is None or (not turn.is_open and len(events) < BATCH):
            return
        if time.monotonic() - spoke > KEEP_ALIVE:
            yield ": still here\n\n"
            spoke = time.monotonic()
        if len(events) < BATCH:
            await asyncio.sleep(POLL)
