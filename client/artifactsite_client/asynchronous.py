"""The client to await. `synchronous.py` is written from it by scripts/sync-client."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx

from artifactsite_client import calls
from artifactsite_client.calls import ENDED, PENDING, Call, Frames, Settings
from artifactsite_client.errors import UploadFailedError, error_of
from artifactsite_client.outputs import Output
from artifactsite_client.types import Artifact, Conversation, Event, Message, Project, Received, Turn, Upload


class AsyncArtifactsite:
    """A site, as one person's token sees it. `url` and `token` come from the environment if not given."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        attempts: int = 5,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = Settings.of(url, token, timeout, attempts)
        self._http = httpx.AsyncClient(transport=transport, **self.settings.options())

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- the wire ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def _response(self, call: Call, *, stream: bool = False) -> AsyncIterator[httpx.Response]:
        """The answer to a call that was granted, after as many attempts as it takes and may take."""
        response = await self._attempted(call, stream)
        try:
            if response.is_error:
                await response.aread()
                raise error_of(response)
            yield response
        finally:
            await response.aclose()

    async def _attempted(self, call: Call, stream: bool) -> httpx.Response:
        for attempt in range(1, self.settings.attempts + 1):
            with call.arguments() as arguments:
                request = self._http.build_request(call.method, call.path, **arguments)
                try:
                    response = await self._http.send(request, stream=stream)
                    pause = call.pause_after(response, attempt) if response.is_error else None
                    if pause is None or attempt == self.settings.attempts:
                        return response
                    await response.aclose()
                except httpx.TransportError as error:
                    pause = call.pause_after(error, attempt)
                    if pause is None or attempt == self.settings.attempts:
                        raise
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _do(self, call: Call) -> Any:
        async with self._response(call) as response:
            return response.json() if response.content else None

    async def _pages(self, call: Call) -> AsyncIterator[Any]:
        """Every row of a list, page by page."""
        page = await self._do(call)
        for row in page["results"]:
            yield row
        while page["next"]:
            page = await self._do(call.next_page(page["next"]))
            for row in page["results"]:
                yield row

    # --- projects and conversations ---------------------------------------------------------------

    def projects(self) -> AsyncIterator[Project]:
        return self._pages(calls.get("projects"))

    def conversations(self) -> AsyncIterator[Conversation]:
        return self._pages(calls.get("conversations"))

    async def create_conversation(self, project: str, title: str = "") -> Conversation:
        made: Conversation = await self._do(calls.create_conversation(project, title))
        return made

    def messages(self, conversation: str) -> AsyncIterator[Message]:
        """The newest first."""
        return self._pages(calls.get(f"conversations/{conversation}/messages"))

    async def post_message(
        self, conversation: str, body: str, *, role: str = "user", respond: bool = False
    ) -> Message:
        """A message in Markdown; `respond` asks the site's agent for a turn, whose id is in `turn`."""
        message: Message = await self._do(calls.post_message(conversation, body, role, respond))
        return message

    async def context(self, conversation: str, message: str | None = None) -> dict[str, Any]:
        """What an agent is given for its next turn, with the receipt."""
        found: dict[str, Any] = await self._do(
            calls.get(f"conversations/{conversation}/context", message=message)
        )
        return found

    # --- artifacts --------------------------------------------------------------------------------

    async def deliver(
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
        message: Message = await self._do(call)
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
    ) -> AsyncIterator[Artifact]:
        """Scope: mine (the default), shared, saved, all. Type: all, images, html, code, files."""
        asked = calls.get(
            "artifacts", scope=scope, type=type, q=q, project=project, conversation=conversation, size=size
        )
        return self._pages(asked)

    async def artifact(self, artifact: str) -> Artifact:
        found: Artifact = await self._do(calls.get(f"artifacts/{artifact}"))
        return found

    async def read(
        self,
        artifact: str,
        *,
        format: str | None = None,  # noqa: A002
        version: int | None = None,
    ) -> bytes:
        """The content, whole."""
        asked = calls.get(f"artifacts/{artifact}/download", format=format, version=version)
        async with self._response(asked) as response:
            return response.content

    async def download(
        self,
        artifact: str,
        to: str | Path | BinaryIO,
        *,
        format: str | None = None,  # noqa: A002
        version: int | None = None,
    ) -> None:
        """The content, streamed into a file."""
        asked = calls.get(f"artifacts/{artifact}/download", format=format, version=version)
        async with self._response(asked, stream=True) as response:
            if isinstance(to, str | Path):
                with Path(to).open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        file.write(chunk)
            else:
                async for chunk in response.aiter_bytes():
                    to.write(chunk)

    async def definition(self, artifact: str, *, version: int | None = None) -> dict[str, Any]:
        """The facts and the data; what `deliver` takes back."""
        found: dict[str, Any] = await self._do(calls.get(f"artifacts/{artifact}/definition", version=version))
        return found

    def versions(self, artifact: str) -> AsyncIterator[dict[str, Any]]:
        return self._pages(calls.get(f"artifacts/{artifact}/versions"))

    async def add_version(self, artifact: str, content: dict[str, Any]) -> dict[str, Any]:
        """`{"data": ...}` as the kind has it, or `{"content_base64": ...}` for a file."""
        made: dict[str, Any] = await self._do(
            calls.post(f"artifacts/{artifact}/versions", content, repeatable=True)
        )
        return made

    async def save(
        self, artifact: str, *, name: str = "", description: str = "", visibility: str = "private"
    ) -> Artifact:
        saved: Artifact = await self._do(calls.save(artifact, name, description, visibility))
        return saved

    async def update(
        self,
        artifact: str,
        *,
        name: str | None = None,
        description: str | None = None,
        visibility: str | None = None,
    ) -> Artifact:
        """Changes what is given."""
        call = calls.update(artifact, name=name, description=description, visibility=visibility)
        changed: Artifact = await self._do(call)
        return changed

    async def delete_artifact(self, artifact: str) -> None:
        await self._do(Call("DELETE", f"artifacts/{artifact}"))

    async def suggest(
        self, q: str = "", *, conversation: str | None = None, limit: int = 8
    ) -> dict[str, Any]:
        """What one may mention; each row's `token` is the text that does."""
        found: dict[str, Any] = await self._do(
            calls.get("mentions", q=q, conversation=conversation, limit=limit)
        )
        return found

    # --- uploads ----------------------------------------------------------------------------------

    async def upload(self, conversation: str, *files: str | Path) -> Received:
        """Attaches files, streamed from the disk."""
        received: Received = await self._do(calls.upload(conversation, files))
        return received

    def uploads(self, conversation: str) -> AsyncIterator[Upload]:
        return self._pages(calls.get(f"conversations/{conversation}/uploads"))

    async def wait_for_upload(self, conversation: str, file_id: str, *, seconds: float = 300) -> Upload:
        """The upload once its text is there. UploadFailedError: there will be none. TimeoutError: not yet."""
        until, pause = time.monotonic() + seconds, 0.2
        while True:
            upload: Upload = await self._do(calls.get(f"conversations/{conversation}/uploads/{file_id}"))
            if upload["status"] not in PENDING:
                break
            if time.monotonic() > until:
                raise TimeoutError(
                    f"The text of {upload['filename']} is not there after {seconds:.0f} seconds."
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 3.0)
        if upload["status"] == "failed" and upload["error"]:
            raise UploadFailedError(upload["error"]["code"], upload["error"]["detail"])
        return upload

    async def upload_text(self, conversation: str, file_id: str) -> str:
        """The extracted text, whole."""
        pieces: list[str] = []
        read, total = 0, 1
        while read < total:
            path = f"conversations/{conversation}/uploads/{file_id}/content"
            piece = await self._do(calls.get(path, offset=read))
            pieces.append(piece["text"])
            read, total = read + (len(piece["text"]) or total), piece["characters"]
        return "".join(pieces)

    # --- turns ------------------------------------------------------------------------------------

    async def run(self, conversation: str, code: str) -> Turn:
        """Runs a Python program in the site's sandbox."""
        turn: Turn = await self._do(calls.post(f"conversations/{conversation}/programs", {"code": code}))
        return turn

    async def turn(self, turn: str) -> Turn:
        found: Turn = await self._do(calls.get(f"turns/{turn}"))
        return found

    async def answer_again(self, conversation: str, message: str) -> Turn:
        """A new turn for a message: the agent answers it once more, or its program runs again."""
        path = f"conversations/{conversation}/messages/{message}/retry"
        started: Turn = await self._do(calls.post(path))
        return started

    async def cancel(self, turn: str) -> Turn:
        ended: Turn = await self._do(calls.post(f"turns/{turn}/cancel", repeatable=True))
        return ended

    async def events(self, turn: str, *, after: int = 0) -> AsyncIterator[Event]:
        """What happens in a turn, until it has ended; a connection that breaks off is taken up again."""
        while True:
            asked = Call("GET", f"turns/{turn}/events", headers={"Last-Event-ID": str(after)})
            try:
                async with self._response(asked, stream=True) as response:
                    frames = Frames()
                    async for line in response.aiter_lines():
                        event: Any = frames.take(line)
                        if event is not None:
                            after = event["id"]
                            yield event
                            if event["type"] == "done":
                                return
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
                pass
            if (await self.turn(turn))["status"] in ENDED:
                # Ended and all of it read, or what is left of it comes with the next look.
                async for event in self._left(turn, after):
                    yield event
                return

    async def _left(self, turn: str, after: int) -> AsyncIterator[Event]:
        asked = Call("GET", f"turns/{turn}/events", headers={"Last-Event-ID": str(after)})
        async with self._response(asked) as response:
            frames = Frames()
            for line in response.text.split("\n"):
                event: Any = frames.take(line)
                if event is not None:
                    yield event

    async def wait(self, turn: str) -> Turn:
        """The turn, once it has ended."""
        async for _ in self.events(turn):
            pass
        return await self.turn(turn)
