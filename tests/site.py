"""A whole site of one's own: `manage.py run` as a real process, spoken to over HTTP, as its users do."""

import contextlib
import functools
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.servers import free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent


def wait_for(what: Callable[[], T | None], *, seconds: float = 60, pause: float = 0.05) -> T:
    """The first truthy answer of `what`; AssertionError if none comes in time."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)


def let_programs_in(folder: Path) -> None:
    """Programs run as a stranger, who has to reach what lies in a test's folder and the two of pytest's above it.

    Only adds rights: with --basetemp one of those is a folder that others use too.
    """
    for part in (folder, *folder.parents[:2]):
        part.chmod(part.stat().st_mode | 0o055)


@dataclass
class Person:
    """Somebody with a token."""

    site: "Site"
    project: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        address = path if path.startswith("http") else f"{self.site.url}/api/{path}"
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.session.request(method, address, headers=headers, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.call("POST", path, **options)

    def conversation(self, title: str = "") -> str:
        answer = self.post("conversations", json={"project": self.project, "title": title})
        assert answer.status_code == 201, answer.text
        conversation: str = answer.json()["id"]
        return conversation

    def upload(self, conversation: str, name: str, content: bytes) -> dict[str, Any]:
        answer = self.post(f"conversations/{conversation}/uploads", files=[("file", (name, content))])
        assert answer.status_code == 201, answer.text
        accepted: dict[str, Any] = answer.json()["accepted"][0]
        return accepted

    def finished_upload(self, conversation: str, file_id: str, *, seconds: float = 60) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            upload = self.get(f"conversations/{conversation}/uploads/{file_id}").json()
            return None if upload["status"] in ("stored", "extracting") else upload

        return wait_for(look, seconds=seconds)

    def run(self, conversation: str, code: str) -> str:
        answer = self.post(f"conversations/{conversation}/programs", json={"code": code})
        assert answer.status_code == 202, answer.text
        turn: str = answer.json()["id"]
        return turn

    def finished_turn(self, turn: str, *, seconds: float = 60) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            answer = self.get(f"turns/{turn}").json()
            return answer if answer["status"] in ("done", "failed", "cancelled") else None

        return wait_for(look, seconds=seconds)


def _kept() -> dict[str, str]:
    """What a site's processes need of the tests' environment."""
    names = ("PATH", "HOME", "LANG", "SANDBOX_VENV")
    return {name: os.environ[name] for name in names if name in os.environ}


@functools.cache
def _tables() -> bytes:
    """A database with all tables, made once for each process: most of a first start is making them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env={**_kept(), "DATA_DIR": folder}, check=True)
        return (Path(folder) / "artifactsite.sqlite3").read_bytes()


class Site:
    """The processes of one site and where its data lies."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        if "DATABASE_URL" in environment:
            environment |= {name: secrets.token_urlsafe(50) for name in ("SECRET_KEY", "LINK_SIGNING_KEYS")}
        self.environment = {
            **_kept(),
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, from_nothing: bool = False) -> None:
        """`from_nothing`: the site makes its own tables, as at anybody's first start."""
        database = Path(self.environment["DATA_DIR"]) / "artifactsite.sqlite3"
        if "DATABASE_URL" not in self.environment and not from_nothing and not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            database.write_bytes(_tables())
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "run"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(self._answers, seconds=180)  # a busy machine takes its time

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None

    def manage(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def person(self, username: str, project: str = "Research") -> Person:
        made = json.loads(
            self.manage(
                "bootstrap", "--username", username, "--password-env", "PW", "--project", project, "--print-token",
                PW="correct horse battery",
            )
        )  # fmt: skip
        return Person(self, made["project"], made["token"])

    def children(self, words: str) -> list[int]:
        """Process ids below the site's whose command line, or what it calls itself, has `words`."""
        assert self.process is not None
        found = descendants(self.process.pid)
        return [pid for pid in found if words in command_line(pid) or words in own_name(pid)]


def own_name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def descendants(pid: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in tasks.read_text().split():
                yield int(child)
                yield from descendants(int(child))


@contextlib.contextmanager
def running_site(folder: Path, *, from_nothing: bool = False, **environment: str) -> Iterator[Site]:
    site = Site(folder, **environment)
    site.start(from_nothing=from_nothing)
    try:
        yield site
    finally:
        site.stop()
