"""An agent's turn: the model is asked, its tools are called, until it answers without calling any.

Every answer of the model is a TurnStep and every tool's result a message with a delivery key, each written in
one transaction. A turn that is run again after a kill finds both and goes on behind them: an answer that had not
come to its end is asked for again, a tool that had not delivered is called again, nothing is recorded twice.
"""

import json
import time
from contextlib import ExitStack
from typing import Any

import structlog
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from artifacts.kinds.base import storable
from conversations.models import Message, MessageRole
from jobs.services import LeaseLost
from mentions.services import post_message
from playground import tools, turns
from playground.agent import prompt, wire
from playground.agent.endpoint import NO_AGENT, Endpoint, endpoint_of
from playground.agent.wire import AgentError, Reply, Unwanted
from playground.context import assemble
from playground.events import emit
from playground.models import Turn, TurnEvent, TurnStatus, TurnStep
from playground.sandbox import SandboxUnavailable
from playground.tools import ToolCall, ToolResult
from uploads.extraction.tokens import estimate_tokens

log = structlog.get_logger(__name__)

SHOWN_ARGUMENTS = 20_000  # characters of a call's arguments in its event
CANCELLED = ("cancelled", "The turn was cancelled.")
CUT = "\n\n*[The answer was cut at the model's limit of length.]*"


def run(turn: Turn) -> None:
    """Does an agent's turn, from where it stands to its end."""
    endpoint = endpoint_of(turn.conversation.project)
    if endpoint is None:
        turns.end(turn.pk, TurnStatus.FAILED, ("agent_not_configured", NO_AGENT))
        return
    work = _AgentTurn(turn, endpoint)
    try:
        work.run()
    except Unwanted:
        work.end(TurnStatus.CANCELLED, CANCELLED if turns.may_go_on(turn) else turns.FORBIDDEN)
    except AgentError as error:
        log.warning("agent's turn failed", turn=str(turn.pk), code=error.code)
        work.end(TurnStatus.FAILED, (error.code, error.detail))


class _AgentTurn:
    def __init__(self, turn: Turn, endpoint: Endpoint) -> None:
        self.turn, self.endpoint = turn, endpoint
        self.owner, self.conversation = turn.conversation.owner, turn.conversation
        self.steps = list(turn.steps.all())
        self.cancelled = turns.Cancelled(turn)
        self.began = time.monotonic()
        self.partial: list[str] = []  # of the answer that is coming in
        self.tools = tools.definitions() if settings.AGENT_USE_TOOLS else []

    # --- the loop ---------------------------------------------------------------------------------

    def run(self) -> None:
        said = self._context()
        for step in self.steps:
            said += prompt.step_messages(step, self._results(step))
        while True:
            number = len(self.steps)
            self._check_limits(number)
            reply = self._ask(said, number)
            if not reply.calls:
                self._finish(number, reply)
                return
            step = self._record(number, reply)
            said += prompt.step_messages(step, self._results(step))

    def _context(self) -> list[dict[str, Any]]:
        """What the agent is given, with its receipt stored before it is sent."""
        context = assemble(user=self.owner, conversation=self.conversation, upto=self.turn.message)
        receipt = json.loads(json.dumps(context["receipt"], cls=DjangoJSONEncoder))
        Turn.objects.filter(pk=self.turn.pk).update(receipt=receipt)
        return prompt.messages(context, with_tools=bool(self.tools))

    def _check_limits(self, number: int) -> None:
        self._check_wanted()
        if number >= settings.AGENT_MAX_STEPS:
            raise AgentError(
                "step_limit", f"The agent did not come to an end within {settings.AGENT_MAX_STEPS} steps."
            )
        if self._tokens() >= settings.AGENT_TURN_TOKENS:
            raise AgentError("token_budget", f"The turn has used its {settings.AGENT_TURN_TOKENS:,} tokens.")

    def _check_wanted(self) -> None:
        if self.cancelled() or not turns.may_go_on(self.turn):
            raise Unwanted
        if time.monotonic() - self.began > settings.AGENT_TURN_SECONDS:
            raise AgentError("timed_out", f"The turn took longer than {settings.AGENT_TURN_SECONDS} seconds.")

    def _wanted(self) -> bool:
        if time.monotonic() - self.began > settings.AGENT_TURN_SECONDS:
            raise AgentError("timed_out", f"The turn took longer than {settings.AGENT_TURN_SECONDS} seconds.")
        return not self.cancelled()

    # --- asking -----------------------------------------------------------------------------------

    def _ask(self, said: list[dict[str, Any]], number: int) -> Reply:
        body = self._body(said, last=number + 1 >= settings.AGENT_MAX_STEPS)
        for attempt in range(1, settings.AGENT_ATTEMPTS + 1):
            emit(self.turn, "status", {"status": TurnStatus.RUNNING, "step": number, "attempt": attempt})
            try:
                return self._ask_once(body, number)
            except AgentError as error:
                if not error.again or attempt == settings.AGENT_ATTEMPTS:
                    raise
                log.info("agent's endpoint asked again", code=error.code, attempt=attempt)
                wire.wait(wire.pause(attempt, error), self._wanted)
        raise AssertionError("the last attempt returns or raises")

    def _body(self, said: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": said,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.tools:
            body["tools"] = self.tools
            if last:
                # The last step that is left is for answering with what there is.
                body["tool_choice"] = "none"
        return body

    def _ask_once(self, body: dict[str, Any], number: int) -> Reply:
        self.partial = []
        output = turns.Output(self.turn, step=number)

        def on_text(text: str) -> None:
            self.partial.append(text)
            output.write(text)

        try:
            reply = wire.ask(
                self.endpoint,
                body,
                silence=settings.AGENT_SILENCE_SECONDS,
                on_text=on_text,
                wanted=self._wanted,
            )
        finally:
            output.flush()
        if not reply.text.strip() and not reply.calls:
            raise AgentError("agent_empty", "The agent answered with nothing.", again=True)
        if reply.tokens is None:
            reply.tokens = estimate_tokens(json.dumps(body["messages"])) + estimate_tokens(reply.text)
        return reply

    # --- recording --------------------------------------------------------------------------------

    def _record(self, number: int, reply: Reply) -> TurnStep:
        """The model's answer with its calls: kept, and what it said besides posted, before any call is made."""
        with transaction.atomic():
            self._locked()
            step = self._add_step(number, reply)
            if reply.text.strip():
                self._post(number, reply.text)
        self.partial = []
        return step

    def _add_step(self, number: int, reply: Reply) -> TurnStep:
        try:
            with transaction.atomic():
                step = TurnStep.objects.create(
                    turn=self.turn,
                    number=number,
                    text=storable(reply.text),
                    calls=[
                        {name: storable(text) for name, text in call.as_json().items()}
                        for call in reply.calls
                    ],
                    tokens=reply.tokens or 0,
                )
        except IntegrityError as error:
            # Another worker has this turn by now and was quicker.
            raise LeaseLost from error
        self.steps.append(step)
        return step

    def _finish(self, number: int, reply: Reply) -> None:
        text = reply.text + (CUT if reply.finish == "length" else "")
        with transaction.atomic():
            locked = self._locked()
            self._add_step(number, reply)
            self._post(number, text)
            turns.close(locked, TurnStatus.DONE, output=storable(text), usage=self._usage())

    def end(self, status: str, error: tuple[str, str]) -> None:
        """Ends the turn short of an answer; what had come of one is kept."""
        with transaction.atomic():
            locked = turns.locked_open(self.turn.pk)
            if locked is None:
                return
            text = "".join(self.partial)
            if text.strip() and turns.may_go_on(self.turn):
                self._post(len(self.steps), text)
            turns.close(locked, status, error=error, output=storable(text), usage=self._usage())

    def _locked(self) -> Turn:
        locked = turns.locked_open(self.turn.pk)
        if locked is None:
            raise LeaseLost
        return locked

    def _post(self, number: int, text: str) -> None:
        message = post_message(
            by=self.owner,
            conversation=self.conversation,
            role=MessageRole.AGENT,
            body=storable(text),
            turn=self.turn.pk,
        )
        emit(self.turn, "message", {"step": number, "message": str(message.pk)})

    def _tokens(self) -> int:
        return sum(step.tokens for step in self.steps)

    def _usage(self) -> dict[str, Any]:
        return {
            "tokens": self._tokens(),
            "steps": len(self.steps),
            "model": self.endpoint.model,
            "wall_seconds": round(time.monotonic() - self.began, 3),
        }

    # --- tools ------------------------------------------------------------------------------------

    def _results(self, step: TurnStep) -> list[Message]:
        """The results of a step's calls, in their order: those that were delivered, and the others by calling now."""
        return [self._result(step, index, call) for index, call in enumerate(step.calls)]

    def _result(self, step: TurnStep, index: int, call: dict[str, str]) -> Message:
        key = turns.call_key(self.turn.pk, step.number, index)
        delivered = Message.objects.filter(conversation=self.conversation, delivery_key=key).first()
        if delivered is not None:
            return delivered
        self._check_wanted()
        name = f"{step.number}.{index}"
        self._announce(name, call)
        with ExitStack() as resources:
            output = turns.Output(self.turn, call=name)
            asked = output.while_asking(self.cancelled)
            result = self._called(
                call, ToolCall(self.owner, self.conversation, resources, output.write, asked)
            )
            output.flush()
            with transaction.atomic():
                self._locked()
                message, result = turns.record(self.turn, call["name"][:100], result, key=key, call=name)
        if result.error_code == "cancelled":
            raise Unwanted
        return message

    def _announce(self, name: str, call: dict[str, str]) -> None:
        """Once, also where the call is made again after a kill."""
        if not TurnEvent.objects.filter(turn=self.turn, type="tool_call", data__id=name).exists():
            shown = call["arguments"][:SHOWN_ARGUMENTS]
            emit(self.turn, "tool_call", {"id": name, "tool": call["name"][:100], "arguments": shown})

    def _called(self, call: dict[str, str], context: ToolCall) -> ToolResult:
        """The tool's result; whatever the model got wrong is a result that tells it so."""
        try:
            tool = tools.get(call["name"])
            arguments = json.loads(call["arguments"] or "{}")
        except KeyError:
            return _fault(f"There is no tool {call['name']!r}. There are {', '.join(tools.names())}.")
        except (ValueError, RecursionError) as error:
            return _fault(f"The arguments are not valid JSON: {error}")
        if problem := tools.problem_of(tool, arguments):
            return _fault(problem)
        try:
            return tool.call(context, arguments)
        except SandboxUnavailable as error:
            log.error("no sandbox", reason=str(error))
            return ToolResult(
                f"Programs can't run on this server. {error}", is_error=True, error_code="sandbox_unavailable"
            )


def _fault(sentence: str) -> ToolResult:
    return ToolResult(sentence[:2000], is_error=True, error_code="invalid_call")
