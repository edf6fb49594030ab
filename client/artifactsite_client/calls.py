"""Every call of the API as data: what is sent, and whether it may be sent again. Both clients do these."""

import json
import os
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from artifactsite_client.outputs import Output

AGAIN = {429, 502, 503, 504}
ENDED = ("done", "failed", "cancelled")
PENDING = ("stored", "extracting")


@dataclass(frozen=True)
class Settings:
    """Where the site is and who calls."""

    url: str
    token: str = field(repr=False)
    timeout: float
    attempts: int

    @classmethod
    def of(cls, url: str | None, token: str | None, timeout: float, attempts: int) -> "Settings":
        found = url or os.environ.get("ARTIFACTSITE_URL", "")
        secret = token or os.environ.get("ARTIFACTSITE_TOKEN", "")
        if not found or not secret:
            raise ValueError("Give url and token, or set ARTIFACTSITE_URL and ARTIFACTSITE_TOKEN.")
        return cls(found.rstrip("/"), secret, timeout, max(1, attempts))

    def options(self) -> dict[str, Any]:
        """What both of httpx's clients are made with."""
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "artifactsite-client/1"}
        return {"base_url": f"{self.url}/api/", "headers": headers, "timeout": self.timeout}


@dataclass(frozen=True)
class Call:
    """One request. `files` are (part, name, content); `repeatable`: doing it twice does it once."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    files: tuple[tuple[str, str, Path | bytes], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    repeatable: bool = True

    @contextmanager
    def arguments(self) -> Iterator[dict[str, Any]]:
        """What httpx's `build_request` takes; files are open, and streamed, while the block runs."""
        with ExitStack() as opened:
            given: dict[str, Any] = {"params": self.params or None, "headers": self.headers}
            if self.files:
                given["files"] = [
                    (
                        part,
                        (
                            name,
                            BytesIO(source)
                            if isinstance(source, bytes)
                            else opened.enter_context(source.open("rb")),
                        ),
                    )
                    for part, name, source in self.files
                ]
                if self.body is not None:
                    given["data"] = {"result": json.dumps(self.body)}
            elif self.body is not None:
                given["json"] = self.body
            yield given

    def next_page(self, address: str) -> "Call":
        """The call of a list's next page: here, whatever name the server has for itself."""
        return Call("GET", self.path, dict(parse_qsl(urlsplit(address).query)))

    def pause_after(self, outcome: httpx.Response | httpx.TransportError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt, or None if there should be none."""
        if isinstance(outcome, httpx.TransportError):
            # Where no connection came about, nothing was done.
            again = self.repeatable or isinstance(outcome, httpx.ConnectError)
        else:
            again = outcome.status_code == 429 or (self.repeatable and outcome.status_code in AGAIN)
            said = outcome.headers.get("retry-after", "")
            if again and said.isdigit():
                return min(float(said), 60.0)
        return min(0.25 * 2**attempt, 10.0) * random.uniform(0.8, 1.2) if again else None  # noqa: S311


def _given(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def get(path: str, **params: Any) -> Call:
    return Call("GET", path, _given(**params))


def post(path: str, body: Any = None, *, repeatable: bool = False) -> Call:
    return Call("POST", path, body={} if body is None else body, repeatable=repeatable)


def create_conversation(project: str, title: str) -> Call:
    return post("conversations", {"project": project, "title": title})


def post_message(conversation: str, body: str, role: str, respond: bool) -> Call:
    return post(f"conversations/{conversation}/messages", {"body": body, "role": role, "respond": respond})


def deliver(
    conversation: str,
    tool: str,
    outputs: Sequence[Output],
    content: str,
    content_type: str,
    is_error: bool,
    key: str | None,
) -> Call:
    items, files = [], []
    for index, output in enumerate(outputs):
        item = dict(output.item)
        if output.content is not None:
            item["part"] = f"file{index}"
            files.append((item["part"], item["name"], output.content))
        items.append(item)
    result = {
        "tool": tool,
        "content": content,
        "content_type": content_type,
        "is_error": is_error,
        "artifacts": items,
    }
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    path = f"conversations/{conversation}/tool-results"
    return Call("POST", path, body=result, files=tuple(files), headers=headers)


def upload(conversation: str, files: Iterable[str | Path]) -> Call:
    parts = tuple(("file", Path(file).name, Path(file)) for file in files)
    if not parts:
        raise ValueError("no files were given")
    return Call("POST", f"conversations/{conversation}/uploads", files=parts, repeatable=False)


def save(artifact: str, name: str, description: str, visibility: str) -> Call:
    return post(
        f"artifacts/{artifact}/save",
        _given(name=name or None, description=description, visibility=visibility),
    )


def update(artifact: str, **changes: Any) -> Call:
    return Call("PATCH", f"artifacts/{artifact}", body=_given(**changes))


def mention(name: str, artifact: str) -> str:
    """The text that mentions an artifact."""
    escaped = "".join("\\" + character if character in "[]\\" else character for character in name)
    return f"@[{escaped}](artifact:{artifact})"


class Frames:
    """Server-sent events out of their lines."""

    def __init__(self) -> None:
        self.kind, self.data, self.last = "", "", 0

    def take(self, line: str) -> dict[str, Any] | None:
        """An event, once its last line was taken."""
        name, _, value = line.partition(": ")
        if name == "id":
            self.last = int(value)
        elif name == "event":
            self.kind = value
        elif name == "data":
            self.data = value
        elif not line and self.data:
            event = {"id": self.last, "type": self.kind, "data": json.loads(self.data)}
            self.kind, self.data = "", ""
            return event
        return None
