"""Both clients and the command line, each call against a running site."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from artifactsite_client import (
    Artifactsite,
    ArtifactsiteError,
    AsyncArtifactsite,
    UploadFailedError,
    table,
    text,
    visualization,
)
from artifactsite_client import file as a_file

from tests.fake_openai import Endpoint
from tests.site import Person

CLIENT = Path(__file__).resolve().parents[2] / "client"


def test_artifacts(client: Artifactsite, conversation: str, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(3_000_000))
    outputs = [
        text("notes.md", "# Kept"), table("Sales", [{"west": 2}]), visualization("Chart", "<b>x</b>", [1]),
        a_file(large), a_file(b"\0\1", "small.bin"),
    ]  # fmt: skip
    made = client.deliver(conversation, "tests", outputs, content="Five", key="once")
    assert client.deliver(conversation, "tests", outputs, content="Five", key="once")["id"] == made["id"]
    by_name = {artifact["name"]: artifact["id"] for artifact in made["artifacts"]}
    assert set(by_name) == {"notes.md", "Sales", "Chart", "large.bin", "small.bin"}
    client.download(by_name["large.bin"], tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == large.read_bytes()
    assert client.read(by_name["Sales"], format="csv") == b"west\r\n2\r\n"
    assert client.definition(by_name["notes.md"])["data"] == "# Kept"
    assert client.add_version(by_name["notes.md"], {"data": "# Two"})["version"] == 2
    assert [version["version"] for version in client.versions(by_name["notes.md"])] == [2, 1]
    assert len(list(client.artifacts(conversation=conversation, size=2))) == 5
    assert client.save(by_name["Sales"], name="Figures", visibility="project")["saved"]
    assert client.update(by_name["Sales"], description="d")["description"] == "d"
    assert client.suggest("Fig")["saved_artifacts"][0]["id"] == by_name["Sales"]
    client.delete_artifact(by_name["small.bin"])
    with pytest.raises(ArtifactsiteError) as error:
        client.artifact(by_name["small.bin"])
    assert (error.value.code, error.value.status) == ("not_found", 404)
    with pytest.raises(ArtifactsiteError, match="already"):
        client.save(by_name["Sales"])


def test_uploads(client: Artifactsite, conversation: str, tmp_path: Path) -> None:
    good, bad, strange = tmp_path / "good.txt", tmp_path / "bad.pdf", tmp_path / "x.exe"
    good.write_text("Up 4 %")
    bad.write_bytes(b"%PDF-1.4\nbroken")
    strange.write_text("MZ")
    received = client.upload(conversation, good, bad, strange)
    assert [upload["filename"] for upload in received["accepted"]] == ["good.txt", "bad.pdf"]
    assert received["rejected"][0]["code"] == "type_not_accepted"
    first, second = (upload["fileId"] for upload in received["accepted"])
    assert client.wait_for_upload(conversation, first)["status"] == "ready"
    assert client.upload_text(conversation, first) == "Up 4 %"
    with pytest.raises(UploadFailedError):
        client.wait_for_upload(conversation, second)
    assert client.context(conversation)["uploads"][0]["text"] == "Up 4 %"


def test_an_agents_turn(client: Artifactsite, conversation: str, endpoint: Endpoint) -> None:
    endpoint.script("m", {"text": "Hello from the agent"})
    turn = client.post_message(conversation, "Hi", respond=True)["turn"]
    assert turn is not None
    seen = list(client.events(turn))
    assert (
        "".join(event["data"]["text"] for event in seen if event["type"] == "delta") == "Hello from the agent"
    )
    assert list(client.events(turn, after=seen[-2]["id"])) == seen[-1:]
    assert client.wait(turn)["output"] == "Hello from the agent"
    assert client.cancel(turn)["status"] == "done"
    answer, asked = client.messages(conversation)
    assert (answer["role"], asked["role"]) == ("agent", "user")
    endpoint.script("m", {"text": "Hello again"})
    assert client.wait(client.answer_again(conversation, asked["id"])["id"])["output"] == "Hello again"


def test_a_program(client: Artifactsite, conversation: str) -> None:
    ended = client.wait(client.run(conversation, "print(6 * 7)")["id"])
    assert (ended["status"], ended["output"].strip()) == ("done", "42")


def test_the_same_to_await(alice: Person, conversation: str, endpoint: Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")

    async def run() -> None:
        async with AsyncArtifactsite(alice.site.url, alice.token) as client:
            made = await client.deliver(conversation, "t", [a_file(path), text("n", "x")])
            artifact = made["artifacts"][0]["id"]
            assert await client.read(artifact) == b"words"
            await client.download(artifact, tmp_path / "b.txt")
            assert (tmp_path / "b.txt").read_text() == "words"
            assert len([one async for one in client.artifacts(conversation=conversation, size=1)]) == 2
            upload = (await client.upload(conversation, path))["accepted"][0]["fileId"]
            assert (await client.wait_for_upload(conversation, upload))["status"] == "ready"
            assert await client.upload_text(conversation, upload) == "words"
            endpoint.script("m", {"text": "Awaited"})
            turn = (await client.post_message(conversation, "Hi", respond=True))["turn"]
            assert turn is not None
            assert (await client.wait(turn))["output"] == "Awaited"
            assert [one["id"] async for one in client.projects()]
            with pytest.raises(ArtifactsiteError):
                await client.artifact(conversation)

    asyncio.run(run())


class Flaky(BaseHTTPRequestHandler):
    """Fails as told, then answers."""

    failures: list[int] = []
    asked: list[tuple[str, str | None, int]] = []

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.command, self.headers["Idempotency-Key"], len(body)))
        status = self.failures.pop(0) if self.failures else 200
        if status == 0:
            self.close_connection = True
            return
        raw = json.dumps({"results": [], "next": None, "code": "x", "detail": "y"}).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        self.headers["Content-Length"] = "0"
        self.do_POST()


@pytest.fixture
def flaky() -> Any:
    Flaky.failures, Flaky.asked = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Artifactsite(f"http://127.0.0.1:{server.server_port}", "t") as client:
            yield client
        server.shutdown()


def test_what_may_be_repeated_is(flaky: Artifactsite, tmp_path: Path) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(b"x" * 100_000)
    Flaky.failures = [503, 429]
    assert list(flaky.projects()) == []
    Flaky.failures = [503, 0]
    flaky.deliver("c", "t", [a_file(path)])
    delivered = Flaky.asked[3:]
    assert len(delivered) == 3
    assert len({key for _, key, _ in delivered}) == 1
    assert all(size > 100_000 for _, _, size in delivered)


def test_what_may_not_be_repeated_is_not(flaky: Artifactsite) -> None:
    Flaky.failures = [503]
    with pytest.raises(ArtifactsiteError):
        flaky.post_message("c", "Hi")
    Flaky.failures = [0]
    with pytest.raises(httpx.TransportError):
        flaky.run("c", "1")
    Flaky.failures = [429]
    flaky.post_message("c", "Hi")
    assert len(Flaky.asked) == 4


def command(person: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(CLIENT),
        "ARTIFACTSITE_URL": person.site.url,
        "ARTIFACTSITE_TOKEN": person.token,
    }
    return subprocess.run(
        [sys.executable, "-m", "artifactsite_client.cli", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_line(alice: Person, endpoint: Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("west,2\n")
    made = command(alice, "--json", "conversations", "--new", "By hand", "--project", alice.project)
    conversation = json.loads(made.stdout)[0]["id"]
    here = ("--conversation", conversation)
    pushed = command(alice, "push", str(path), *here)
    artifact = pushed.stdout.split()[0]
    assert "sales.csv" in pushed.stdout, pushed.stderr
    assert artifact in command(alice, "ls", *here).stdout
    assert command(alice, "get", artifact).stdout == "west,2\n"
    command(alice, "get", artifact, "-o", str(tmp_path / "back.csv"))
    assert (tmp_path / "back.csv").read_text() == "west,2\n"
    assert "Figures" in command(alice, "save", artifact, "--name", "Figures", "--share").stdout
    mentioned = command(alice, "mention", artifact, *here, "--text", "See")
    assert f"See @[Figures](artifact:{artifact})" in mentioned.stdout
    endpoint.script("m", {"text": "I saw it."})
    assert command(alice, "mention", artifact, *here, "--respond").stdout == "I saw it.\n"
    assert "ready" in command(alice, "upload", str(path), *here, "--wait").stdout
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nbroken")
    partly = command(alice, "upload", str(broken), str(CLIENT / "pyproject.toml"), str(path), *here, "--wait")
    assert partly.returncode == 1
    assert [line.split()[1] for line in partly.stdout.splitlines()] == ["failed", "ready"]
    assert "broken.pdf: " in partly.stderr
    assert "pyproject.toml: " in partly.stderr
    endpoint.script("m", {"status": 400, "error": "no such model"})
    unanswered = command(alice, "mention", artifact, *here, "--respond")
    assert (unanswered.returncode, "no such model" in unanswered.stderr) == (1, True)
    refused = command(alice, "save", artifact)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "already_saved" in refused.stderr
    assert command(alice, "push", str(tmp_path / "absent"), *here).returncode == 2
    assert command(alice, "--url", "http://127.0.0.1:9", "--token", "t", "ls").returncode == 1
