"""A turn's life: it begins, tells what it does, is asked to stop, and ends once."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from artifacts.kinds.base import storable
from artifacts.services import record_tool_result
from artifactsite.lib.errors import Refusal
from conversations.models import Conversation, Message
from jobs import figures
from playground.events import LONGEST_DELTA, emit
from playground.models import OPEN, Turn, TurnStatus
from playground.tools import ToolResult

OUTPUT_EVERY = 0.25  # seconds between two events of streamed output
ASK_CANCELLED_EVERY = 0.5  # seconds
FORBIDDEN = ("forbidden", "Its owner is no longer an active member of the project.")


def call_key(turn_id: uuid.UUID, step: int, index: int) -> str:
    """The delivery key of a tool's result: once a call of a step."""
    return f"turn:{turn_id}:{step}:{index}"


def begin(turn_id: uuid.UUID) -> Turn | None:
    """The turn, now running; None where it has ended already."""
    with transaction.atomic():
        turn = locked_open(turn_id)
        if turn is None:
            return None
        again = turn.status == TurnStatus.RUNNING
        turn.status, turn.started_at = TurnStatus.RUNNING, timezone.now()
        turn.save(update_fields=["status", "started_at"])
        emit(turn, "status", {"status": TurnStatus.RUNNING, "resumed": again})
    return Turn.objects.select_related("conversation__project", "conversation__owner", "message").get(
        pk=turn_id
    )


def may_go_on(turn: Turn) -> bool:
    """Whether its owner may still see the conversation: rights are asked anew, never remembered."""
    owner = turn.conversation.owner
    return Conversation.objects.visible_to(owner).filter(pk=turn.conversation_id).exists()


def locked_open(turn_id: uuid.UUID) -> Turn | None:
    """The turn under a lock, if it has not ended. Inside a transaction."""
    return Turn.objects.select_for_update().filter(pk=turn_id, status__in=OPEN).first()


def close(
    turn: Turn,
    status: str,
    *,
    error: tuple[str, str] = ("", ""),
    output: str = "",
    usage: dict[str, Any] | None = None,
) -> None:
    """Ends a locked turn."""
    turn.status, turn.output, turn.usage = status, output, usage or {}
    turn.error_code, turn.error_detail = error
    turn.finished_at = timezone.now()
    turn.save(update_fields=["status", "output", "usage", "error_code", "error_detail", "finished_at"])
    took = turn.finished_at - (turn.started_at or turn.finished_at)
    figures.add("turn", turn.kind, error[0] or status, amount=took.total_seconds())
    if error[0]:
        emit(turn, "error", {"code": error[0], "detail": error[1]})
    emit(turn, "done", {"status": status})


def end(
    turn_id: uuid.UUID, status: str, error: tuple[str, str], *, usage: dict[str, Any] | None = None
) -> None:
    """Ends a turn that has not ended yet."""
    with transaction.atomic():
        locked = locked_open(turn_id)
        if locked is not None:
            close(locked, status, error=error, usage=usage)


def record(
    turn: Turn, tool: str, result: ToolResult, *, key: str, call: str = ""
) -> tuple[Message, ToolResult]:
    """A tool's result in its turn: the message, the artifacts, what the tool keeps, the events. Inside a transaction.

    The same `key` again records nothing more. Artifacts that are refused turn the result into an error.
    """
    facts: dict[str, Any] = {"by": turn.conversation.owner, "conversation": turn.conversation, "tool": tool}
    try:
        with transaction.atomic():
            message, new = record_tool_result(
                **facts, content=storable(result.content), content_type=result.content_type, is_error=result.is_error,
                outputs=result.artifacts, delivery_key=key, turn=turn.pk,
            )  # fmt: skip
            if new and result.keep is not None:
                result.keep()
    except Refusal as refusal:
        result = ToolResult(refusal.detail, is_error=True, error_code=refusal.code, usage=result.usage)
        message, new = record_tool_result(
            **facts, content=result.content, is_error=True, delivery_key=key, turn=turn.pk
        )
    if new:
        told: dict[str, Any] = {"tool": tool, "message": str(message.pk), "is_error": result.is_error}
        if call:
            told |= {"id": call, "usage": result.usage}
        emit(turn, "tool_result", told)
        for output in message.outputs.select_related("version"):
            emit(turn, "artifact", {"id": str(output.version.artifact_id), "version": output.version.number})
    return message, result


class Output:
    """Collects text as it comes and emits it a few times a second, as `delta` events with `facts`."""

    def __init__(self, turn: Turn, **facts: Any) -> None:
        self.turn, self.facts = turn, facts
        self.pieces: list[str] = []
        self.sent = time.monotonic()

    def write(self, text: str) -> None:
        self.pieces.append(text)
        self._flush_due()

    def while_asking(self, cancelled: Callable[[], bool]) -> Callable[[], bool]:
        """`cancelled`, which tools ask all the while: so a line before a long silence is told in time too."""

        def ask() -> bool:
            self._flush_due()
            return cancelled()

        return ask

    def _flush_due(self) -> None:
        if self.pieces and time.monotonic() - self.sent >= OUTPUT_EVERY:
            self.flush()

    def flush(self) -> None:
        text, self.pieces, self.sent = storable("".join(self.pieces)), [], time.monotonic()
        for start in range(0, len(text), LONGEST_DELTA):
            emit(self.turn, "delta", {**self.facts, "text": text[start : start + LONGEST_DELTA]})


class Cancelled:
    """Whether the turn was cancelled, asked of the database now and then, however often one asks."""

    def __init__(self, turn: Turn) -> None:
        self.turn, self.asked, self.answer = turn, time.monotonic(), False

    def __call__(self) -> bool:
        if not self.answer and time.monotonic() - self.asked > ASK_CANCELLED_EVERY:
            self.asked = time.monotonic()
            self.answer = not Turn.objects.filter(pk=self.turn.pk, cancel_requested=False).exists()
        return self.answer
