"""The synchronous client. Written from `asynchronous.py` by scripts/sync-client: change it there."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx

from artifactsite_client import calls
from artifactsite_client.calls import ENDED, PENDING, Call, Frames, Settings
from artifactsite_client.errors import UploadFailedError, error_of
from artifactsite_client.outputs import Output
from artifactsite_client.types import Artifact, Conversation, Event, Message, Project, Received, Turn, Upload


class Artifactsite:
    """A site, as one person's token sees it. `url` and `token` come from the environment if not given."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.settings = Settings.of(url, token, timeout, attempts)
        self._http = httpx.Client(transport=transport, **self.settings.options())

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the wire ---------------------------------------------------------------------------------

    @contextmanager
    def _response(self, call: Call, *, stream: bool = False) -> Iterator[httpx.Response]:
        """The answer to a call that was granted, after as many attempts as it takes and may take."""
        response = self._attempted(call, stream)
        try:
            if response.is_error:
                response.read()
                raise error_of(response)
            yield response
        finally:
            response.close()

    def _attempted(self, call: Call, stream: bool) -> httpx.Response:
        for attempt in range(1, self.settings.attempts + 1):
            with call.arguments() as arguments:
                request = self._http.build_request(call.method, call.path, **arguments)
                try:
                    response = self._http.send(request, stream=stream)
                    pause = call.pause_after(response, attempt) if response.is_error else None
                    if pause is None or attempt == self.settings.attempts:
                        return response
                    response.close()
                except httpx.TransportError as error:
                    pause = call.pause_after(error, attempt)
                    if pause is None or attempt == self.settings.attempts:
                        raise
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _do(self, call: Call) -> Any:
        with self._response(call) as response:
            return response.json() if response.content else None

    def _pages(self, call: Call) -> Iterator[Any]:
        """Every row of a list, page by page."""
        page = self._do(call)
        for row in page["results"]:
            yield row
        while page["next"]:
            page = self._do(call.next_page(page["next"]))
            for row in page["results"]:
                yield row

    # --- projects and conversations ---------------------------------------------------------------

    def projects(self) -> Iterator[Project]:
        return self._pages(calls.get("projects"))

    def conversations(self) -> Iterator[Conversation]:
        return self._pages(calls.get("conversations"))

    def create_conversation(self, project: str, title: str = "") -> Conversation:
        made: Conversation = self._do(calls.create_conversation(project, title))
        return made

    def messages(self, conversation: str) -> Iterator[Message]:
        """The newest first."""
        return self._pages(calls.get(f"conversations/{conversation}/messages"))

    def post_message(
        self, conversation: str, body: str, *, role: str = "user", respond: bool = False
    ) -> Message:
        """A message in Markdown; `respond` asks the site's agent for a turn, whose id is in `turn`."""
        message: Message = self._do(calls.post_message(conversation, body, role, respond))
        return message

    def context(self, conversation: str, message: str | None = None) -> dict[str, Any]:
        """What an agent is given for its next turn, with the receipt."""
        found: dict[str, Any] = self._do(calls.get(f"conversations/{conversation}/context", message=message))
        return found

    # --- artifacts --------------------------------------------------------------------------------

    def deliver(
        self,
        conversation: str,
        tool: str,
        outputs: Sequence[Output],
        *,
        content: str = "",
        content_type: str = "text",
        is_error: bool = False,
        key: str | None = None,
    ) -> Message:
        """What a tool made, all of it or nothing. The same `key` again makes nothing twice."""
        call = calls.deliver(conversation, tool, outputs, content, content_type, is_error, key)
        message: Message = self._do(call)
        return message

    def artifacts(
        self,
        *,
        scope: str | None = None,
        type: str | None = None,  # noqa: A002 - the parameter's name in the API
        q: str | None = None,
        project: str | None = None,
        conversation: str | None = None,
        size: int = 100,
    ) -> Iterator[Artifact]:
        """Scope: mine (the default), shared, saved, all. Type: all, images, html, code, files."""
        asked = calls.get(
            "artifacts", scope=scope, type=type, q=q, project=project, conversation=conversation, size=size
        )
        return self._pages(asked)

    def artifact(self, artifact: str) -> Artifact:
        found: Artifact = self._do(calls.get(f"artifacts/{artifact}"))
        return found

    def read(
        self,
        artifact: str,
        *,
        format: str | None = None,  # noqa: A002
        version: int | None = None,
    ) -> bytes:
        """The content, whole."""
        asked = calls.get(f"artifacts/{artifact}/download", format=format, version=version)
        with self._response(asked) as response:
            return response.content

    def download(
        self,
        artifact: str,
        to: str | Path | BinaryIO,
        *,
        format: str | None = None,  # noqa: A002
        version: int | None = None,
    ) -> None:
        """The content, streamed into a file."""
        asked = calls.get(f"artifacts/{artifact}/download", format=format, version=version)
        with self._response(asked, stream=True) as response:
            if isinstance(to, str | Path):
                with Path(to).open("wb") as file:
                    file.writelines(response.iter_bytes())
            else:
                for chunk in response.iter_bytes():
                    to.write(chunk)

    def definition(self, artifact: str, *, version: int | None = None) -> dict[str, Any]:
        """The facts and the data; what `deliver` takes back."""
        found: dict[str, Any] = self._do(calls.get(f"artifacts/{artifact}/definition", version=version))
        return found

    def versions(self, artifact: str) -> Iterator[dict[str, Any]]:
        return self._pages(calls.get(f"artifacts/{artifact}/versions"))

    def add_version(self, artifact: str, content: dict[str, Any]) -> dict[str, Any]:
        """`{"data": ...}` as the kind has it, or `{"content_base64": ...}` for a file."""
        made: dict[str, Any] = self._do(
            calls.post(f"artifacts/{artifact}/versions", content, repeatable=True)
        )
        return made

    def save(
        self, artifact: str, *, name: str = "", description: str = "", visibility: str = "private"
    ) -> Artifact:
        saved: Artifact = self._do(calls.save(artifact, name, description, visibility))
        return saved

    def update(
        self,
        artifact: str,
        *,
        name: str | None = None,
        description: str | None = None,
        visibility: str | None = None,
    ) -> Artifact:
        """Changes what is given."""
        call = calls.update(artifact, name=name, description=description, visibility=visibility)
        changed: Artifact = self._do(call)
        return changed

    def delete_artifact(self, artifact: str) -> None:
        self._do(Call("DELETE", f"artifacts/{artifact}"))

    def suggest(self, q: str = "", *, conversation: str | None = None, limit: int = 8) -> dict[str, Any]:
        """What one may mention; each row's `token` is the text that does."""
        found: dict[str, Any] = self._do(calls.get("mentions", q=q, conversation=conversation, limit=limit))
        return found

    # --- uploads ----------------------------------------------------------------------------------

    def upload(self, conversation: str, *files: str | Path) -> Received:
        """Attaches files, streamed from the disk."""
        received: Received = self._do(calls.upload(conversation, files))
        return received

    def uploads(self, conversation: str) -> Iterator[Upload]:
        return self._pages(calls.get(f"conversations/{conversation}/uploads"))

    def wait_for_upload(self, conversation: str, file_id: str, *, seconds: float = 300) -> Upload:
        """The upload once its text is there. UploadFailedError: there will be none. TimeoutError: not yet."""
        until, pause = time.monotonic() + seconds, 0.2
        while True:
            upload: Upload = self._do(calls.get(f"conversations/{conversation}/uploads/{file_id}"))
            if upload["status"] not in PENDING:
                break
            if time.monotonic() > until:
                raise TimeoutError(
                    f"The text of {upload['filename']} is not there after {seconds:.0f} seconds."
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 3.0)
        if upload["status"] == "failed" and upload["error"]:
            raise UploadFailedError(upload["error"]["code"], upload["error"]["detail"])
        return upload

    def upload_text(self, conversation: str, file_id: str) -> str:
        """The extracted text, whole."""
        pieces: list[str] = []
        read, total = 0, 1
        while read < total:
            path = f"conversations/{conversation}/uploads/{file_id}/content"
            piece = self._do(calls.get(path, offset=read))
            pieces.append(piece["text"])
            read, total = read + (len(piece["text"]) or total), piece["characters"]
        return "".join(pieces)

    # --- turns ------------------------------------------------------------------------------------

    def run(self, conversation: str, code: str) -> Turn:
        """Runs a Python program in the site's sandbox."""
        turn: Turn = self._do(calls.post(f"conversations/{conversation}/programs", {"code": code}))
        return turn

    def turn(self, turn: str) -> Turn:
        found: Turn = self._do(calls.get(f"turns/{turn}"))
        return found

    def answer_again(self, conversation: str, message: str) -> Turn:
        """A new turn for a message: the agent answers it once more, or its program runs again."""
        path = f"conversations/{conversation}/messages/{message}/retry"
        started: Turn = self._do(calls.post(path))
        return started

    def cancel(self, turn: str) -> Turn:
        ended: Turn = self._do(calls.post(f"turns/{turn}/cancel", repeatable=True))
        return ended

    def events(self, turn: str, *, after: int = 0) -> Iterator[Event]:
        """What happens in a turn, until it has ended; a connection that breaks off is taken up again."""
        while True:
            asked = Call("GET", f"turns/{turn}/events", headers={"Last-Event-ID": str(after)})
            try:
                with self._response(asked, stream=True) as response:
                    frames = Frames()
                    for line in response.iter_lines():
                        event: Any = frames.take(line)
                        if event is not None:
                            after = event["id"]
                            yield event
                            if event["type"] == "done":
                                return
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
                pass
            if self.turn(turn)["status"] in ENDED:
                # Ended and all of it read, or what is left of it comes with the next look.
                for event in self._left(turn, after):
                    yield event
                return

    def _left(self, turn: str, after: int) -> Iterator[Event]:
        asked = Call("GET", f"turns/{turn}/events", headers={"Last-Event-ID": str(after)})
        with self._response(asked) as response:
            frames = Frames()
            for line in response.text.split("\n"):
                event: Any = frames.take(line)
                if event is not None:
                    yield event

    def wait(self, turn: str) -> Turn:
        """The turn, once it has ended."""
        for _ in self.events(turn):
            pass
        return self.turn(turn)
