"""What one request costs: seconds of this process and of its PostgreSQL backend on a CPU, and on the clock."""

import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Caller:
    """Calls the site as its server does, by WSGI, without a client's own work in the figures."""

    def __init__(self, token: str) -> None:
        from artifactsite.wsgi import application

        self.application, self.token = application, token

    def get(self, address: str) -> Answer:
        parts = urlsplit(address)
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": parts.path, "QUERY_STRING": parts.query, "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        status: list[int] = []
        chunks = self.application(environ, lambda line, *_: status.append(int(line.split()[0])))  # type: ignore[arg-type, return-value]
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return Answer(status[0], body)


def backends() -> Callable[[], float]:
    """A clock of the CPU seconds that this process's PostgreSQL backends have used. SQLite is in the process."""
    if connection.vendor != "postgresql":
        return lambda: 0.0
    with connection.cursor() as cursor:
        # Their parallel helpers would end uncounted.
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        files = [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]
    return lambda: sum(int(file.read_text().split()[0]) for file in files if file.exists()) / 1e9


@dataclass
class Figure:
    """One kind of request: milliseconds."""

    case: str
    rows: int
    cpu: float  # of both, median
    site: float
    database: float
    p50: float
    p95: float
    ratio: float = 0.0  # of cpu to the floor's
    p95_ratio: float = 0.0  # of p95 to the floor's
    cpu_p95_ratio: float = 0.0  # of the p95 of cpu to the floor's
    queries: int = 0
    complaints: list[str] = field(default_factory=list)


@dataclass
class _Times:
    """Milliseconds of each request: on the clock, of this process and of its database."""

    wall: list[float] = field(default_factory=list)
    site: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)

    def ask(self, ask: Callable[[str], Answer], address: str, database: Callable[[], float]) -> None:
        began = time.perf_counter(), time.process_time(), database()
        answer = ask(address)
        ended = time.perf_counter(), time.process_time(), database()
        _check(answer, address)
        for times, start, end in zip((self.wall, self.site, self.store), began, ended, strict=True):
            times.append((end - start) * 1000)

    @property
    def cpu(self) -> list[float]:
        return [mine + its for mine, its in zip(self.site, self.store, strict=True)]


def measure(
    case: str, rows: int, ask: Callable[[str], Answer], addresses: list[str], floor: str | None = None
) -> Figure:
    """Asks for each of the addresses once, after one that warms up.

    `floor`: the address of the floor, asked beside each of them, so that other work on the machine meets both alike.
    """
    _check(ask(addresses[0]), addresses[0])
    database = backends()
    its, beside = _Times(), _Times()
    for address in addresses:
        its.ask(ask, address, database)
        if floor is not None:
            beside.ask(ask, floor, database)
    figure = Figure(
        case=case,
        rows=rows,
        cpu=round(statistics.median(its.cpu), 2),
        site=round(statistics.median(its.site), 2),
        database=round(statistics.median(its.store), 2),
        p50=round(statistics.median(its.wall), 2),
        p95=round(_p95(its.wall), 2),
    )
    if floor is not None:
        figure.ratio = round(statistics.median(its.cpu) / statistics.median(beside.cpu), 2)
        figure.p95_ratio = round(_p95(its.wall) / _p95(beside.wall), 2)
        figure.cpu_p95_ratio = round(_p95(its.cpu) / _p95(beside.cpu), 2)
    return figure


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _check(answer: Answer, address: str) -> None:
    if answer.status != 200:
        raise RuntimeError(f"{address}: {answer.status} {answer.body[:300]!r}")


def line(figure: Figure) -> str:
    plans = "; ".join(figure.complaints) or "ok"
    return (
        f"{figure.case:26}{figure.cpu:8.1f}{figure.site:8.1f}{figure.database:8.1f}{figure.ratio:8.2f}"
        f"{figure.cpu_p95_ratio:8.2f}{figure.p50:9.1f}{figure.p95:9.1f}{figure.p95_ratio:8.2f}"
        f"{figure.queries:9}  {plans}"
    )


HEADING = (
    f"{'':26}{'cpu ms':>8}{'site':>8}{'db':>8}{'× floor':>8}{'× p95':>8}"
    f"{'p50 ms':>9}{'p95 ms':>9}{'× p95':>8}{'queries':>9}  plans"
)


def with_queries(figure: Figure, ask: Callable[[str], Any], address: str) -> Figure:
    """The figure, with how many statements the request takes and what is wrong with their plans."""
    from benchmarks.plans import complaints, recorded

    with recorded() as statements:
        ask(address)
    figure.queries = len(statements)
    figure.complaints = complaints(statements) if connection.vendor == "postgresql" else []
    return figure
