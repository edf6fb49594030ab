"""One release step without going away, and the way back: the steps of docs/operations.md, while clients go on.

The next release is a copy of this one with a column more, which its code fills and the code before it doesn't know.
"""

import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import own_folder
from tests.site import ROOT, Person, wait_for
from tests.stack import Stack, running_stack

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="once is enough: with the engines"),
    pytest.mark.skipif(
        not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="needs nginx: make setup"
    ),
]
MIGRATION = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("conversations", "{last}")]
    operations = [migrations.AddField("message", "release", models.CharField(max_length=9, null=True))]
"""
FIELD = '    release = models.CharField(max_length=9, null=True, default="next")\n'
LARGE_FOLDERS = (".venv", ".sandbox-venv", "staticfiles")
PAUSE = 0.2  # seconds between a client's rounds: they are there all the time, and don't fill the machine
# Longer than a worker may finish what it has.
PROGRAM = 'import time\nprint("begun", flush=True)\ntime.sleep(4)\nartifact("made", "once")'


def next_release(folder: Path) -> Path:
    """This release as an image holds it, with one migration more."""
    left_out = [line.rpartition("/")[2] for line in (ROOT / ".dockerignore").read_text().split()]
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out))
    for name in LARGE_FOLDERS:
        (folder / name).symlink_to(ROOT / name)
    models = folder / "conversations" / "models.py"
    told = models.read_text()
    models.write_text(
        re.sub(r"^class Message\(.*?\n\n", rf"\g<0>{FIELD}", told, flags=re.MULTILINE | re.DOTALL)
    )
    migrations = folder / "conversations" / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / "9999_next.py").write_text(MIGRATION.format(last=last))
    return folder


class Client(threading.Thread):
    """Writes and reads, each request on a connection of its own, until it is stopped.

    It hands in a file once the one before has been read, so that workers never have more than a few of each client.
    """

    def __init__(self, person: Person) -> None:
        super().__init__(daemon=True)
        self.person = Person(person.site, person.project, person.token)
        self.conversation = person.conversation()
        self.stopping = threading.Event()
        self.rounds = 0
        self.written: list[str] = []
        self.delivered: list[str] = []
        self.uploaded: list[str] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.stopping.wait(PAUSE):
            try:
                self.once(f"{self.name} {self.rounds}")
            except Exception as error:  # noqa: BLE001 - whatever a client sees
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.rounds += 1

    def once(self, name: str) -> None:
        here = f"conversations/{self.conversation}"
        self.ask("GET", "artifacts?size=50")
        if self.ask("POST", f"{here}/messages", json={"body": name}):
            self.written.append(name)
        files = self.ask("GET", f"{here}/uploads")
        if not files or any(row["status"] != "ready" for row in files.json()["results"]):
            return
        result = {"tool": "t", "artifacts": [{"name": name, "type": "text", "data": name}]}
        if self.ask("POST", f"{here}/tool-results", json=result, headers={"Idempotency-Key": name}):
            self.delivered.append(name)
        if self.ask("POST", f"{here}/uploads", files=[("file", (f"{name}.txt", name.encode()))]):
            self.uploaded.append(f"{name}.txt")

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Connection": "close", **options.pop("headers", {})}
        answer = self.person.call(method, path, headers=headers, **options)
        if not answer.ok:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer


class LongUpload(threading.Thread):
    """A file that is on its way until it may arrive."""

    def __init__(self, person: Person) -> None:
        super().__init__(daemon=True)
        self.person = Person(person.site, person.project, person.token)
        self.conversation = person.conversation()
        self.may_arrive = threading.Event()
        self.status = 0
        self.start()

    def run(self) -> None:
        address = f"conversations/{self.conversation}/uploads"
        headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(self))}
        self.status = self.person.post(address, data=self, headers=headers).status_code

    HEAD = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.txt"\r\n\r\n' + b"word " * 40_000
    )
    TAIL = b"word\r\n--b--\r\n"

    def __len__(self) -> int:
        return len(self.HEAD + self.TAIL)

    def __iter__(self) -> Iterator[bytes]:
        yield self.HEAD
        assert self.may_arrive.wait(120)
        yield self.TAIL


class Upgrade:
    """The steps of docs/operations.md, with clients that go on all the while."""

    def __init__(self, stack: Stack, person: Person) -> None:
        self.stack, self.person = stack, person
        person.call("PATCH", f"projects/{person.project}", json={"max_files": 1000})
        self.clients = [Client(person) for _ in range(3)]
        for client in self.clients:
            client.start()
        self.go_on()

    def go_on(self) -> None:
        """Until each client has done a round that began after this."""
        wanted = [client.rounds + 2 for client in self.clients]
        wait_for(
            lambda: all(client.rounds >= count for client, count in zip(self.clients, wanted, strict=True)),
            seconds=120,
        )
        assert [wrong for client in self.clients for wrong in client.wrong] == []

    def replace_workers(self) -> None:
        """`docker compose up -d --wait worker-extraction worker-turns`, with work in hand and work that waits."""
        turn = self.person.run(self.person.conversation(), PROGRAM)
        events = self.person.get(f"turns/{turn}/events", stream=True)
        assert any(b"begun" in line for line in events.iter_lines())
        self.stack.end("worker-extraction")
        conversation = self.person.conversation()
        waiting = self.person.upload(conversation, "waits.txt", b"nobody is there to read this")
        self.stack.restart("worker-turns")
        self.stack.start_one("worker-extraction")
        done = self.person.finished_turn(turn, seconds=120)
        assert (done["status"], [row["name"] for row in done["artifacts"]]) == ("done", ["made"])
        file = self.person.finished_upload(conversation, waiting["fileId"], seconds=120)
        assert file["status"] == "ready"
        self.go_on()

    def replace_web(self, old: str, new: str) -> None:
        """A new one beside the old one, which then ends what it has begun."""
        upload = LongUpload(self.person)
        self.stack.start_one(new)
        self.stack.reload_nginx([old, new])
        self.go_on()
        self.stack.running[old].send_signal(signal.SIGTERM)
        upload.may_arrive.set()
        self.stack.end(old)
        self.stack.reload_nginx([new])
        upload.join(60)
        assert upload.status == 201
        self.go_on()

    def releases(self) -> list[str | None]:
        """Which release wrote each message, in order."""
        with self.stack.database() as database:
            rows = database.execute("SELECT release FROM conversations_message ORDER BY created_at")
            return [release for (release,) in rows]

    def kept(self, column: str, table: str, client: Client) -> list[str]:
        with self.stack.database() as database:
            asked = f"SELECT {column} FROM {table} WHERE conversation_id = %s AND {column} <> ''"
            return sorted(name for (name,) in database.execute(asked, [client.conversation]))

    def end(self) -> None:
        for client in self.clients:
            client.stopping.set()
        for client in self.clients:
            client.join(60)
            assert client.wrong == []


def test_a_release_takes_over_and_hands_back_and_nobody_notices() -> None:
    with (
        own_folder("stack") as folder,
        own_folder("next") as other,
        # Niceness would have the workers wait for whatever else this machine does.
        running_stack(folder, DRAIN_SECONDS="1", WORKER_NICE="0") as stack,
    ):
        upgrade = Upgrade(stack, stack.person("alice"))
        stack.code = next_release(other / "site")
        stack.start_one("migrate")
        upgrade.go_on()
        upgrade.replace_workers()
        upgrade.replace_web("web", "web-2")
        stack.restart("beat")
        before = upgrade.releases()
        assert {None, "next"} == set(before)
        assert before[0] is None
        assert before[-1] == "next"

        stack.code = ROOT
        upgrade.replace_web("web-2", "web-3")
        upgrade.replace_workers()
        stack.restart("beat")
        count = len(upgrade.releases())
        upgrade.go_on()
        assert set(upgrade.releases()[count:]) == {None}

        upgrade.end()
        for client in upgrade.clients:
            assert upgrade.kept("body", "conversations_message", client) == sorted(client.written)
            assert upgrade.kept("name", "artifacts_artifact", client) == sorted(client.delivered)
            assert upgrade.kept("filename", "uploads_upload", client) == sorted(client.uploaded)
        with stack.database() as database:
            left = "SELECT 1 FROM jobs_job WHERE state <> 'done'"
            wait_for(lambda: not database.execute(left).fetchall(), seconds=120)
            assert database.execute("SELECT max(attempts) FROM jobs_job").fetchone() == (1,)
