"""An OpenAI-compatible server that says what it is told to: a process of its own, speaking the real wire.

    with fake_openai() as endpoint:
        endpoint.script("model", {"calls": [{"name": "save_text", "arguments": {...}}]}, {"text": "Done."})

A reply may have `text`, `calls`, `piece` (characters a chunk), `usage`, `finish`; or `status` with `headers` and
`error`; `break_after` (chunks, then the connection is cut), `wait` (holds still after that many chunks until
`release()`), `plain` (one JSON answer instead of a stream). In texts and arguments `{{mention}}` stands for the
newest mention that the model was given, `{{artifact}}` for its id. A picture of the prompt "hold" waits for
`release()`.
"""

import argparse
import base64
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MENTION = re.compile(r"@\[[^\]]*\]\(artifact:([0-9a-f-]{36})\)")
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


class State:
    def __init__(self) -> None:
        self.scripts: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.released = threading.Event()

    def next_reply(self, model: str) -> dict[str, Any]:
        with self.lock:
            script = self.scripts.get(model, [])
            return script.pop(0) if script else {"text": "There is nothing more in the script."}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        with self.state.lock:
            self._json(200, self.state.requests)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path == "/script":
            with self.state.lock:
                self.state.scripts[body["model"]] = body["replies"]
                self.state.released.clear()
            self._json(200, {})
        elif self.path == "/release":
            self.state.released.set()
            self._json(200, {})
        elif self.path in ("/v1/chat/completions", "/v1/images/generations"):
            with self.state.lock:
                self.state.requests.append(
                    {"path": self.path, "key": self.headers.get("Authorization"), "body": body}
                )
            self._chat(body) if "chat" in self.path else self._images(body)
        else:
            self._json(404, {"error": {"message": f"no such path: {self.path}"}})

    def _images(self, body: dict[str, Any]) -> None:
        if body["prompt"] == "hold":
            self.state.released.wait(120)
        if "response_format" in body and body["model"].startswith("gpt-image"):
            self._json(400, {"error": {"message": "Unknown parameter: response_format"}})
        else:
            self._json(200, {"created": 1, "data": [{"b64_json": PICTURE}] * body.get("n", 1)})

    def _chat(self, body: dict[str, Any]) -> None:
        reply = _filled(self.state.next_reply(body["model"]), body)
        if "status" in reply:
            self._json(
                reply["status"], {"error": {"message": reply.get("error", "no")}}, reply.get("headers")
            )
        elif reply.get("plain") or not body.get("stream"):
            message = {"role": "assistant", "content": reply.get("text")}
            if calls := _calls(reply):
                message["tool_calls"] = calls
            choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
            usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
            head = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
            self._json(200, {**head, "choices": [choice], "usage": usage})
        else:
            with suppress(ConnectionError):
                self._stream(reply, body["model"])

    def _stream(self, reply: dict[str, Any], model: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, chunk in enumerate([*_chunks(reply), None]):
            if reply.get("wait") == number:
                self.state.released.wait(120)
            if reply.get("break_after") == number:
                self.close_connection = True
                return
            head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
            data = "[DONE]" if chunk is None else json.dumps({**head, **chunk})
            self._chunk(f"data: {data}\n\n".encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def _filled(reply: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(reply)
    if "{{" not in text:
        return reply
    found = [m for message in body["messages"] for m in MENTION.finditer(message.get("content") or "")]
    for name, value in (("mention", found[-1][0]), ("artifact", found[-1][1])):
        text = text.replace(f"{{{{{name}}}}}", json.dumps(value)[1:-1])
    filled: dict[str, Any] = json.loads(text)
    return filled


def _calls(reply: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": call["name"], "arguments": _written(call)},
        }
        for index, call in enumerate(reply.get("calls", []))
    ]


def _written(call: dict[str, Any]) -> str:
    given = call["arguments"]
    return given if isinstance(given, str) else json.dumps(given)


def _finish(reply: dict[str, Any]) -> str:
    return reply.get("finish") or ("tool_calls" if reply.get("calls") else "stop")


def _chunks(reply: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As OpenAI sends it: the role, the text, each call's name and then its arguments in parts, interleaved."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    text, piece = reply.get("text") or "", reply.get("piece", 7)
    for start in range(0, len(text), piece):
        yield chunk({"content": text[start : start + piece]})
    calls = _calls(reply)
    for index, call in enumerate(calls):
        head = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield chunk({"tool_calls": [{"index": index, **head}]})
    longest = max((len(call["function"]["arguments"]) for call in calls), default=0)
    for start in range(0, longest, 50):
        for index, call in enumerate(calls):
            if part := call["function"]["arguments"][start : start + 50]:
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, _finish(reply))
    if reply.get("usage", True):
        yield {
            "choices": [],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": reply.get("tokens", 15)},
        }


# --- for the tests ------------------------------------------------------------------------------


@dataclass
class Endpoint:
    """The running process, as a test speaks to it."""

    url: str

    def _post(self, path: str, body: Any) -> None:
        import requests

        assert requests.post(f"{self.url}{path}", json=body, timeout=10).ok

    def script(self, model: str, *replies: dict[str, Any]) -> None:
        self._post("/script", {"model": model, "replies": replies})

    def release(self) -> None:
        self._post("/release", {})

    def requests(self, model: str) -> list[dict[str, Any]]:
        import requests

        asked = requests.get(f"{self.url}/requests", timeout=10).json()
        return [request for request in asked if request["body"]["model"] == model]


@contextmanager
def fake_openai() -> Iterator[Endpoint]:
    command = [sys.executable, "-u", str(Path(__file__).resolve())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Endpoint(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    Handler.state = State()
    assert base64.b64decode(PICTURE)
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
