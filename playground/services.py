"""What happens in the Playground: programs run, turns end, conversations start and go."""

import re
import time
import uuid
from contextlib import ExitStack
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from artifacts.models import Artifact
from artifacts.services import delete_conversation_artifacts, record_tool_result
from artifactsite.lib.errors import Conflict, Invalid
from conversations.models import Conversation, Message, MessageRole
from conversations.services import add_message, create_conversation
from jobs import services as jobs
from mentions.services import post_message
from mentions.syntax import token
from playground import tools
from playground.events import LONGEST_DELTA, emit
from playground.models import OPEN, Turn, TurnKind, TurnStatus
from playground.sandbox import SandboxUnavailable
from playground.tools import ToolCall, ToolResult
from uploads.services import delete_conversation_uploads

log = structlog.get_logger(__name__)

RUN_TURN = "playground.run_turn"
LONGEST_CODE = 200_000
OUTPUT_EVERY = 0.25  # seconds between two events of streamed output
ASK_CANCELLED_EVERY = 0.5  # seconds
NO_AGENT = (
    "No agent is connected. An administrator sets AGENT_BASE_URL and AGENT_MODEL; programs work without one."
)
# What the sandbox calls the ends of a run → the turn's end.
_ENDS = {"cancelled": TurnStatus.CANCELLED}


def agent_reason() -> str | None:
    """Why no agent can answer, or None."""
    return None if settings.AGENT_BASE_URL and settings.AGENT_MODEL else NO_AGENT


def _fenced(code: str) -> str:
    """A program as a Markdown fence that its own backticks can't close."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{code}\n{fence}"


def start_program(*, by: User, conversation: Conversation, code: str) -> Turn:
    """Queues a program: a message with its code, and the turn that will run it."""
    if not code.strip():
        raise Invalid("code", "There is no program to run.")
    if len(code) > LONGEST_CODE:
        raise Invalid("code", f"A program may have at most {LONGEST_CODE:,} characters.")
    with transaction.atomic():
        turn = Turn(conversation=conversation, kind=TurnKind.PROGRAM, code=code)
        turn.message = add_message(
            by=by, conversation=conversation, role=MessageRole.USER, body=_fenced(code), turn=turn.pk
        )
        turn.save(force_insert=True)
        emit(turn, "status", {"status": TurnStatus.QUEUED})
        jobs.enqueue(RUN_TURN, turn.pk, priority=10)
    return turn


def post(*, by: User, conversation: Conversation, role: str, body: str, respond: bool = False) -> Message:
    """Appends a message with its mentions; `respond` asks the agent for a turn."""
    if respond and (reason := agent_reason()):
        raise Conflict("agent_not_configured", reason)
    return post_message(by=by, conversation=conversation, role=role, body=body)


def cancel_turn(*, by: User, turn: Turn) -> Turn:
    """Asks a turn to stop; one that nobody works on yet ends at once. A turn that has ended stays as it is."""
    with transaction.atomic():
        locked = Turn.objects.select_for_update().get(pk=turn.pk)
        if locked.status == TurnStatus.QUEUED:
            _close(locked, TurnStatus.CANCELLED)
        elif locked.status == TurnStatus.RUNNING:
            locked.cancel_requested = True
            locked.save(update_fields=["cancel_requested"])
    return locked


def _close(
    turn: Turn,
    status: str,
    *,
    error: tuple[str, str] = ("", ""),
    output: str = "",
    usage: dict[str, Any] | None = None,
) -> None:
    turn.status, turn.output, turn.usage = status, output, usage or {}
    turn.error_code, turn.error_detail = error
    turn.finished_at = timezone.now()
    turn.save(update_fields=["status", "output", "usage", "error_code", "error_detail", "finished_at"])
    if error[0]:
        emit(turn, "error", {"code": error[0], "detail": error[1]})
    emit(turn, "done", {"status": status})


def run_turn(turn_id: uuid.UUID) -> None:
    """Does a turn's work. Safe to run twice: its result is recorded once, in the transaction that ends it."""
    with transaction.atomic():
        turn = Turn.objects.select_for_update().filter(pk=turn_id, status__in=OPEN).first()
        if turn is None:
            return
        turn.status, turn.started_at = TurnStatus.RUNNING, timezone.now()
        turn.save(update_fields=["status", "started_at"])
        emit(turn, "status", {"status": TurnStatus.RUNNING})
    turn = Turn.objects.select_related("conversation__project", "conversation__owner").get(pk=turn_id)
    owner = turn.conversation.owner
    if not Conversation.objects.visible_to(owner).filter(pk=turn.conversation_id).exists():
        _end(
            turn,
            TurnStatus.CANCELLED,
            ("forbidden", "Its owner is no longer an active member of the project."),
        )
        return
    with ExitStack() as resources:
        stream = _Stream(turn)
        call = ToolCall(owner, turn.conversation, resources, stream.write, _Cancelled(turn))
        try:
            result = tools.get("python_exec").call(call, {"code": turn.code})
        except SandboxUnavailable as error:
            log.error("no sandbox", reason=str(error))
            _end(
                turn,
                TurnStatus.FAILED,
                ("sandbox_unavailable", f"Programs can't run on this server. {error}"),
            )
            return
        stream.flush()
        _record(turn, owner, result)


def _end(turn: Turn, status: str, error: tuple[str, str]) -> None:
    with transaction.atomic():
        locked = Turn.objects.select_for_update().filter(pk=turn.pk, status__in=OPEN).first()
        if locked is not None:
            _close(locked, status, error=error)


def _record(turn: Turn, owner: User, result: ToolResult) -> None:
    """The tool's message, its artifacts and the end of the turn, together."""
    with transaction.atomic():
        locked = Turn.objects.select_for_update().filter(pk=turn.pk, status__in=OPEN).first()
        if locked is None:
            return
        message, _ = record_tool_result(
            by=owner,
            conversation=turn.conversation,
            tool="python_exec",
            content=result.content,
            content_type=result.content_type,
            is_error=result.is_error,
            outputs=result.artifacts,
            delivery_key=f"turn:{turn.pk}",
            turn=turn.pk,
        )
        emit(
            locked,
            "tool_result",
            {"tool": "python_exec", "message": str(message.pk), "is_error": result.is_error},
        )
        for output in message.outputs.select_related("version"):
            emit(
                locked, "artifact", {"id": str(output.version.artifact_id), "version": output.version.number}
            )
        error = (result.error_code, result.content[-LONGEST_DELTA:]) if result.is_error else ("", "")
        status = _ENDS.get(result.error_code, TurnStatus.FAILED if result.is_error else TurnStatus.DONE)
        _close(locked, status, error=error, output=result.content, usage=result.usage)


def turn_given_up(turn_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the turn says so."""
    log.error("turn given up", turn=str(turn_id), reason=reason)
    turn = Turn.objects.select_for_update().filter(pk=turn_id, status__in=OPEN).first()
    if turn is not None:
        detail = "The server broke off three times while it worked on this. Run it again."
        _close(turn, TurnStatus.FAILED, error=("given_up", detail))


class _Stream:
    """Collects what a program prints and emits it a few times a second."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.pieces: list[str] = []
        self.sent = time.monotonic()

    def write(self, text: str) -> None:
        self.pieces.append(text)
        if time.monotonic() - self.sent >= OUTPUT_EVERY:
            self.flush()

    def flush(self) -> None:
        text, self.pieces, self.sent = "".join(self.pieces), [], time.monotonic()
        for start in range(0, len(text), LONGEST_DELTA):
            emit(self.turn, "delta", {"text": text[start : start + LONGEST_DELTA].replace("\0", "\ufffd")})


class _Cancelled:
    """Whether the turn was cancelled, asked of the database now and then, however often the sandbox asks."""

    def __init__(self, turn: Turn) -> None:
        self.turn, self.asked, self.answer = turn, time.monotonic(), False

    def __call__(self) -> bool:
        if not self.answer and time.monotonic() - self.asked > ASK_CANCELLED_EVERY:
            self.asked = time.monotonic()
            self.answer = not Turn.objects.filter(pk=self.turn.pk, cancel_requested=False).exists()
        return self.answer


def delete_conversation(*, by: User, conversation: Conversation) -> None:
    """Removes a conversation with its messages, uploads and chat artifacts; saved artifacts stay."""
    with transaction.atomic():
        delete_conversation_artifacts(conversation=conversation)
        delete_conversation_uploads(conversation=conversation)
        conversation.delete()


def share_to_new_conversation(*, by: User, artifact: Artifact) -> Conversation:
    """A new conversation of the caller's own that starts from an artifact they can see, mentioned in it."""
    with transaction.atomic():
        conversation = create_conversation(
            by=by, project=artifact.project, title=artifact.name, started_from=artifact.pk
        )
        body = f"Starting from {token(artifact.name, artifact.pk)}"
        post_message(by=by, conversation=conversation, role=MessageRole.USER, body=body)
    return conversation
