"""Engines that can be ended without warning and started again, and a site on them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests import servers
from tests.site import Site, descendants, running_site


class Postgres:
    """A PostgreSQL whose commits are on disk when they are acknowledged."""

    def __init__(self, folder: Path, run_as: dict[str, Any]) -> None:
        self.folder, self.run_as, self.port = folder, run_as, servers.free_port()
        self.programs, self.data = servers.new_cluster(folder, run_as)
        self.url = f"postgres://site@127.0.0.1:{self.port}/site"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                servers.postgres_command(self.programs, self.data, self.port, {}),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self.run_as,
            )  # fmt: skip
        servers._await_answer(
            "PostgreSQL", lambda: servers._postgres_answers(self.port), self.process, self.folder
        )

    def end(self, how: int) -> None:
        """SIGINT: at once but in order. SIGKILL: the whole family, as when the machine's memory ran out."""
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        self.process.wait()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload]


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    with servers.own_folder("postgres") as folder, servers._stranger(folder) as run_as:
        server = Postgres(folder, run_as)
        server.start()
        servers._make_database(server.port, "site")
        try:
            yield server
        finally:
            server.end(signal.SIGINT)


class Redis:
    """A Redis that keeps nothing."""

    def __init__(self) -> None:
        self.port = servers.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.stack = contextlib.ExitStack()

    def start(self) -> None:
        self.stack.enter_context(servers.redis(self.port))

    def end(self) -> None:
        self.stack.close()


@contextlib.contextmanager
def redis() -> Iterator[Redis]:
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def whole_site(**settings: str) -> Iterator[tuple[Site, Postgres, Redis]]:
    """A site as it runs for many: PostgreSQL, Redis, two Celery workers and beat."""
    with (
        servers.own_folder("site") as folder,
        postgres() as database,
        redis() as broker,
        running_site(
            folder, DATABASE_URL=database.url, REDIS_URL=broker.url, JOB_LEASE_SECONDS="3", **settings
        ) as site,
    ):
        folder.chmod(0o755)  # programs run as a stranger
        yield site, database, broker


def until(what: Any, seconds: float, message: str) -> float:
    """Waits for `what` to be true; how long that took. AssertionError with `message` if it takes longer."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < seconds, message
        time.sleep(0.1)
    return time.monotonic() - started


class Processors:
    """Who used the machine's processors in the block: seconds of all below this process, and the share of others."""

    def __enter__(self) -> "Processors":
        self._before = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        took, busy, below, own = (
            after - before for after, before in zip(self._now(), self._before, strict=True)
        )
        self.below = below
        self.others = max(0.0, busy - below - own) / took

    @staticmethod
    def _now() -> tuple[float, float, float, float]:
        """Seconds so far: the processors' all in all, busy ones, of the processes below this one, of this one."""
        ticks = os.sysconf("SC_CLK_TCK")
        spent = [int(field) / ticks for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        idle = spent[3] + spent[4]
        below = 0.0
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                below += (
                    sum(int(field) for field in fields[11:15]) / ticks
                )  # with its children that have ended
        return sum(spent), sum(spent) - idle, below, time.process_time()
