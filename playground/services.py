"""What happens in the Playground: programs run, turns end, conversations start and go."""

import re
import time
import uuid
from contextlib import ExitStack
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from artifacts.models import Artifact
from artifacts.services import delete_conversation_artifacts
from artifactsite.lib.errors import Conflict, Invalid
from conversations.models import Conversation, Message, MessageRole
from conversations.services import add_message, create_conversation
from jobs import services as jobs
from jobs.models import Priority
from mentions.services import post_message
from mentions.syntax import token
from playground import tools, turns, working_folder
from playground.agent.endpoint import NO_AGENT, endpoint_of
from playground.events import LONGEST_DELTA, emit
from playground.models import Turn, TurnKind, TurnStatus
from playground.sandbox import SandboxUnavailable
from playground.tools import ToolCall
from projects.models import Project
from projects.services import require_administrator
from uploads.services import delete_conversation_uploads

log = structlog.get_logger(__name__)

RUN_TURN = "playground.run_turn"
PROGRAM_TOOL = "python_exec"
LONGEST_CODE = 200_000
TRY, TRY_SECONDS = "Answer with one word: ready", 20
# What the sandbox calls the ends of a run → the turn's end.
_ENDS = {"cancelled": TurnStatus.CANCELLED}


def agent_reason(project: Project | None = None) -> str | None:
    """Why no agent can answer in a project, or None."""
    return None if endpoint_of(project) else NO_AGENT


def fenced(code: str, language: str = "") -> str:
    """A text as a Markdown fence that its own backticks can't close."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def start_program(*, by: User, conversation: Conversation, code: str) -> Turn:
    """Queues a program: a message with its code, and the turn that will run it."""
    if not code.strip():
        raise Invalid("code", "There is no program to run.")
    if len(code) > LONGEST_CODE:
        raise Invalid("code", f"A program may have at most {LONGEST_CODE:,} characters.")
    with transaction.atomic():
        turn = Turn(conversation=conversation, kind=TurnKind.PROGRAM, code=code)
        turn.message = add_message(
            by=by, conversation=conversation, role=MessageRole.USER, body=fenced(code, "python"), turn=turn.pk
        )
        _queue(turn)
    return turn


def post(*, by: User, conversation: Conversation, role: str, body: str, respond: bool = False) -> Message:
    """Appends a message with its mentions; `respond` asks the agent for a turn."""
    if not respond:
        return post_message(by=by, conversation=conversation, role=role, body=body)
    if role != MessageRole.USER:
        raise Invalid("respond", "The agent answers messages of the role user.")
    with transaction.atomic():
        turn = _agent_turn(conversation)
        turn.message = post_message(by=by, conversation=conversation, role=role, body=body, turn=turn.pk)
        _queue(turn)
    return turn.message


def answer_again(*, by: User, message: Message) -> Turn:
    """A new turn for a message that a person wrote before: the agent answers it once more, or its program runs again.

    What was said in the turn before stays, as an earlier answer that agents are no longer given.
    """
    if message.role != MessageRole.USER:
        raise Invalid("message", "Only a message of the role user can be answered again.")
    with transaction.atomic():
        locked = (
            Message.objects.select_for_update().select_related("conversation__project").get(pk=message.pk)
        )
        before = Turn.objects.filter(pk=locked.turn).first() if locked.turn else None
        if before is not None and before.is_open:
            raise Conflict("turn_open", "This is being answered now. Cancel that first, or wait for its end.")
        if before is not None and before.kind == TurnKind.PROGRAM:
            turn = Turn(conversation=locked.conversation, kind=TurnKind.PROGRAM, code=before.code)
        else:
            turn = _agent_turn(locked.conversation)
        turn.message = locked
        locked.turn = turn.pk
        locked.save(update_fields=["turn"])
        _queue(turn)
    return turn


def _agent_turn(conversation: Conversation) -> Turn:
    if reason := agent_reason(conversation.project):
        raise Conflict("agent_not_configured", reason)
    return Turn(conversation=conversation, kind=TurnKind.AGENT)


def try_agent(*, by: User, project: Project) -> dict[str, Any]:
    """Asks a project's agent for one word, for its administrators.

    Answers `{ok, model, seconds, error: {code, detail} | null}`. As soon as the first word has come nobody wants more,
    so a try costs next to nothing.
    """
    # Imported here: else only workers speak to the endpoint.
    from playground.agent import wire

    require_administrator(by=by, project=project)
    endpoint = endpoint_of(project)
    if endpoint is None:
        raise Conflict("agent_not_configured", NO_AGENT)
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": TRY}], "stream": True}
    said: list[str] = []
    began, error = time.monotonic(), None
    try:
        wire.ask(
            endpoint,
            body,
            silence=TRY_SECONDS,
            on_text=said.append,
            wanted=lambda: not any(said) and time.monotonic() - began < TRY_SECONDS,
        )
    except wire.AgentError as failure:
        error = {"code": failure.code, "detail": endpoint.scrubbed(failure.detail)}
    except wire.Unwanted:
        if not any(said):
            sentence = f"It did not answer within {TRY_SECONDS} seconds."
            error = {"code": "agent_timed_out", "detail": sentence}
    seconds = round(time.monotonic() - began, 1)
    return {"ok": error is None, "model": endpoint.model, "seconds": seconds, "error": error}


def _queue(turn: Turn, *, again: bool = False) -> None:
    turn.save(force_insert=not again)
    emit(turn, "status", {"status": TurnStatus.QUEUED})
    jobs.enqueue(RUN_TURN, turn.pk, priority=Priority.INTERACTIVE)


def cancel_turn(*, by: User, turn: Turn) -> Turn:
    """Asks a turn to stop; one that nobody works on yet ends at once. A turn that has ended stays as it is."""
    with transaction.atomic():
        locked = Turn.objects.select_for_update().get(pk=turn.pk)
        if locked.status == TurnStatus.QUEUED:
            turns.close(locked, TurnStatus.CANCELLED)
        elif locked.status == TurnStatus.RUNNING:
            locked.cancel_requested = True
            locked.save(update_fields=["cancel_requested"])
    return locked


def run_turn(turn_id: uuid.UUID) -> None:
    """Does a turn's work. Safe to run twice: its results are recorded once, in the transactions that write them."""
    turn = turns.begin(turn_id)
    if turn is None:
        return
    if not turns.may_go_on(turn):
        turns.end(turn.pk, TurnStatus.CANCELLED, turns.FORBIDDEN)
    elif turn.kind == TurnKind.AGENT:
        # Imported here: only workers speak to the endpoint.
        from playground.agent import loop

        loop.run(turn)
    else:
        _run_program(turn)


def _run_program(turn: Turn) -> None:
    with ExitStack() as resources:
        output = turns.Output(turn)
        call = ToolCall(
            turn.conversation.owner,
            turn.conversation,
            resources,
            output.write,
            output.while_asking(turns.Cancelled(turn)),
        )
        try:
            result = tools.get(PROGRAM_TOOL).call(call, {"code": turn.code})
        except SandboxUnavailable as error:
            log.error("no sandbox", reason=str(error))
            sentence = f"Programs can't run on this server. {error}"
            turns.end(turn.pk, TurnStatus.FAILED, ("sandbox_unavailable", sentence))
            return
        output.flush()
        with transaction.atomic():
            locked = turns.locked_open(turn.pk)
            if locked is None:
                return
            _, result = turns.record(turn, PROGRAM_TOOL, result, key=f"turn:{turn.pk}")
            failure = (result.error_code, result.content[-LONGEST_DELTA:]) if result.is_error else ("", "")
            status = _ENDS.get(result.error_code, TurnStatus.FAILED if result.is_error else TurnStatus.DONE)
            turns.close(locked, status, error=failure, output=result.content, usage=result.usage)


def turn_given_up(turn_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the turn says so."""
    log.error("turn given up", turn=str(turn_id), reason=reason)
    turn = turns.locked_open(turn_id)
    if turn is not None:
        detail = "The server broke off three times while it worked on this. Run it again."
        turns.close(turn, TurnStatus.FAILED, error=("given_up", detail))


def turn_cancelled(turn_id: uuid.UUID) -> None:
    """By an administrator: it ends at once, and who works on it stops."""
    turn = turns.locked_open(turn_id)
    if turn is not None:
        turn.cancel_requested = True
        turn.save(update_fields=["cancel_requested"])
        turns.close(turn, TurnStatus.CANCELLED)


def run_again(turn_id: uuid.UUID) -> bool:
    """A turn that the server gave up, or that an administrator ended, waits once more."""
    over = Turn.objects.select_for_update().filter(pk=turn_id)
    turn = over.filter(Q(error_code="given_up") | Q(status=TurnStatus.CANCELLED)).first()
    if turn is None:
        return False
    turn.status, turn.cancel_requested, turn.finished_at = TurnStatus.QUEUED, False, None
    turn.error_code = turn.error_detail = ""
    _queue(turn, again=True)
    return True


def delete_conversation(*, by: User, conversation: Conversation) -> None:
    """Removes a conversation with its messages, uploads and chat artifacts; saved artifacts stay."""
    with transaction.atomic():
        delete_conversation_artifacts(conversation=conversation)
        delete_conversation_uploads(conversation=conversation)
        working_folder.forget(conversation)
        conversation.delete()


def share_to_new_conversation(*, by: User, artifact: Artifact) -> Conversation:
    """A new conversation of the caller's own that starts from an artifact they can see, mentioned in it."""
    # Somebody else's name for it must not outlive their sharing it (docs/rules.md 5).
    title = artifact.name if artifact.owner_id == by.pk else f"From a shared {artifact.kind}"
    with transaction.atomic():
        conversation = create_conversation(
            by=by, project=artifact.project, title=title, started_from=artifact.pk
        )
        body = f"Starting from {token(artifact.name, artifact.pk)}"
        post_message(by=by, conversation=conversation, role=MessageRole.USER, body=body)
    return conversation
