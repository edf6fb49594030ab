"""One request in OpenAI's chat protocol, streamed: text as it comes, then the whole answer.

A thread speaks HTTP and knows nothing else; the caller's thread takes what has come, looks now and then whether
it is still wanted, and hangs up if not, so that a silent endpoint never holds a cancelled turn.
"""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from artifactsite.lib import tracing
from playground.agent.endpoint import Endpoint

TICK = 0.1  # seconds
LONGEST_ANSWER = 2_000_000  # characters of text and of arguments
MOST_CALLS = 64
_SAID = 300  # characters of an endpoint's own words that are shown


class AgentError(Exception):
    """Why there is no answer: a stable code and a sentence. `again` may help; `wait` seconds if it said so."""

    def __init__(self, code: str, detail: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.again, self.wait = code, detail, again, wait


class Unwanted(Exception):
    """The turn was cancelled while the endpoint was asked."""


@dataclass
class Call:
    """A tool call as the model wrote it; the arguments are JSON, or what it took for JSON."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def as_json(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name, "arguments": self.arguments}


@dataclass
class Reply:
    """A whole answer."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: str = ""
    tokens: int | None = None  # of request and answer, where the endpoint says


def ask(
    endpoint: Endpoint,
    body: dict[str, Any],
    *,
    silence: float,
    on_text: Callable[[str], None],
    wanted: Callable[[], bool],
) -> Reply:
    """Asks once. `on_text` gets the text in pieces (and "" while there is none), in the caller's thread."""
    request = _Request(endpoint, body, silence)
    with tracing.span("agent", {"server.address": urlsplit(endpoint.base_url).hostname or ""}, kind="client"):
        return _heard(request, on_text, wanted)


def _heard(request: "_Request", on_text: Callable[[str], None], wanted: Callable[[], bool]) -> Reply:
    request.start()
    try:
        while True:
            try:
                piece = request.pieces.get(timeout=TICK)
            except queue.Empty:
                piece = ""
            if not wanted():
                raise Unwanted
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, Reply):
                return piece
            on_text(piece)
    finally:
        request.hang_up()


class _Request(threading.Thread):
    def __init__(self, endpoint: Endpoint, body: dict[str, Any], silence: float) -> None:
        super().__init__(name="agent-request", daemon=True)
        self.endpoint, self.body, self.silence = endpoint, body, silence
        self.pieces: queue.SimpleQueue[str | Reply | Exception] = queue.SimpleQueue()
        self.socket: socket.socket | None = None
        self.over = False

    def hang_up(self) -> None:
        """Ends a request that still waits; its thread then finds its connection closed."""
        self.over = True
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def _connected(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.socket = info["return_value"].get_extra_info("socket")
            if self.over:
                self.hang_up()

    def run(self) -> None:
        try:
            self.pieces.put(self._ask())
        except AgentError as error:
            self.pieces.put(error)
        except httpx.TimeoutException:
            sentence = f"The agent's endpoint was silent for {self.silence:.0f} seconds."
            self.pieces.put(AgentError("agent_timed_out", sentence, again=True))
        except httpx.HTTPError as error:
            kind = type(error).__name__
            sentence = f"The agent's endpoint can't be reached, or it broke off ({kind})."
            self.pieces.put(AgentError("agent_unreachable", sentence, again=True))
        except Exception as error:  # noqa: BLE001 - whatever it sent: the waiting thread has to hear of it
            self.pieces.put(
                AgentError("agent_bad_answer", f"The agent's endpoint sent nonsense ({error!r:.100}).")
            )

    def _ask(self) -> Reply:
        headers = {"Authorization": f"Bearer {self.endpoint.api_key}"} if self.endpoint.api_key else {}
        timeout = httpx.Timeout(self.silence, connect=min(20.0, self.silence))
        with (
            httpx.Client(timeout=timeout) as client,
            client.stream(
                "POST",
                f"{self.endpoint.base_url}/chat/completions",
                json=self.body,
                headers=headers,
                extensions={"trace": self._connected},
            ) as response,
        ):
            if response.status_code != 200:
                raise _refusal(self.endpoint, response)
            if "json" in response.headers.get("content-type", ""):
                # An endpoint that does not stream sends the whole answer as one.
                response.read()
                return self._whole(response.json())
            return self._streamed(response)

    def _whole(self, answer: dict[str, Any]) -> Reply:
        gathered = _Gathered()
        _raise_error(self.endpoint, answer)
        choice = answer["choices"][0]
        message = choice["message"]
        calls = [{**call, "index": index} for index, call in enumerate(message.get("tool_calls") or [])]
        text = gathered.add({**choice, "delta": {**message, "tool_calls": calls}}, answer.get("usage"))
        self.pieces.put(text)
        return gathered.reply()

    def _streamed(self, response: httpx.Response) -> Reply:
        gathered, done = _Gathered(), False
        for data in _events(response):
            if data == "[DONE]":
                done = True
                break
            chunk = json.loads(data)
            _raise_error(self.endpoint, chunk)
            choices = chunk.get("choices") or [{}]
            text = gathered.add(choices[0], chunk.get("usage"))
            if text:
                self.pieces.put(text)
        if not (done or gathered.finish):
            raise AgentError("agent_unreachable", "The agent's endpoint broke off in the middle.", again=True)
        return gathered.reply()


def _events(response: httpx.Response) -> Iterator[str]:
    """The data of server-sent events."""
    for line in response.iter_lines():
        if line.startswith("data:"):
            yield line[5:].strip()


class _Gathered:
    """The pieces of an answer, put together."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.calls: dict[int, Call] = {}
        self.finish = ""
        self.tokens: int | None = None
        self.length = 0

    def add(self, choice: dict[str, Any], usage: dict[str, Any] | None) -> str:
        """Takes a chunk; returns its text."""
        delta = choice.get("delta") or {}
        text: str = delta.get("content") or delta.get("refusal") or ""
        self.text.append(text)
        for part in delta.get("tool_calls") or []:
            self._add_call(part)
        self.finish = choice.get("finish_reason") or self.finish
        if usage:
            self.tokens = int(usage.get("total_tokens") or 0)
        self.length += len(text)
        if self.length > LONGEST_ANSWER or len(self.calls) > MOST_CALLS:
            raise AgentError("agent_bad_answer", "The agent's answer is longer than this site takes.")
        return text

    def _add_call(self, part: dict[str, Any]) -> None:
        # A few endpoints send no index; then each part is a whole call.
        index = part.get("index")
        call = self.calls.setdefault(len(self.calls) if index is None else int(index), Call())
        function = part.get("function") or {}
        call.id = part.get("id") or call.id
        call.name = function.get("name") or call.name
        given = function.get("arguments") or ""
        call.arguments += given if isinstance(given, str) else json.dumps(given)
        self.length += len(given)

    def reply(self) -> Reply:
        calls = [call for _, call in sorted(self.calls.items()) if call.name]
        for index, call in enumerate(calls):
            call.id = call.id or f"call_{index}"
        return Reply("".join(self.text), calls, self.finish, self.tokens)


def _raise_error(endpoint: Endpoint, answer: Any) -> None:
    """An error that came with status 200, as some do in the middle of a stream."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if error:
        raise AgentError(
            "agent_failed", f"The agent's endpoint failed. It said: {_words(endpoint, error)}", again=True
        )


def _words(endpoint: Endpoint, error: Any) -> str:
    said = error.get("message") if isinstance(error, dict) else error
    return endpoint.scrubbed(" ".join(str(said or error).split()))[:_SAID]


def _refusal(endpoint: Endpoint, response: httpx.Response) -> AgentError:
    """What an error status means for the turn."""
    status = response.status_code
    if status == 429 or status >= 500 or status in (408, 409):
        busy = status == 429
        sentence = (
            "The agent's endpoint is busy." if busy else f"The agent's endpoint failed (status {status})."
        )
        return AgentError(
            "agent_busy" if busy else "agent_failed",
            f"{sentence} Try again in a moment.",
            again=True,
            wait=_wait(response),
        )
    if status in (401, 403):
        sentence = "The agent's endpoint refuses the key. An administrator sets another."
        return AgentError("agent_key_refused", sentence)
    with suppress(httpx.HTTPError):
        response.read()
    try:
        said = _words(endpoint, response.json().get("error"))
    except (ValueError, AttributeError, httpx.ResponseNotRead):
        said = "nothing that can be read"
    return AgentError(
        "agent_refused", f"The agent's endpoint refused the request (status {status}). It said: {said}"
    )


def _wait(response: httpx.Response) -> float | None:
    """Retry-After in seconds; a date or nonsense counts as nothing said."""
    try:
        return max(0.0, min(float(response.headers["retry-after"]), 60.0))
    except (KeyError, ValueError):
        return None


def pause(attempt: int, error: AgentError) -> float:
    """Seconds until the next attempt, the first being 1: what the endpoint said, else doubling from half a second."""
    return error.wait if error.wait is not None else min(0.5 * 2 ** (attempt - 1), 20.0)


def wait(seconds: float, wanted: Callable[[], bool]) -> None:
    """Waits, but not for a turn that is no longer wanted."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not wanted():
            raise Unwanted
        time.sleep(min(left, TICK))
