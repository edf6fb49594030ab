"""What one request costs: seconds of this process and of its PostgreSQL backend on a CPU, and on the clock."""

import io
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
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
    p99: float
    ratio: float = 0.0  # of cpu to the first floor's
    p95_ratio: float = 0.0  # of p95 to that floor's
    cpu_p95_ratio: float = 0.0  # of the p95 of cpu to that floor's
    beside: dict[str, "Floor"] = field(default_factory=dict)
    cold_p95: float = 0.0  # of the pass before, with other words
    queries: int = 0
    complaints: list[str] = field(default_factory=list)


@dataclass
class Floor:
    """What was asked beside each request: milliseconds, and what the request took of them."""

    cpu: float
    p50: float
    p95: float
    p99: float
    ratio: float
    p95_ratio: float
    cpu_p95_ratio: float


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
    case: str,
    rows: int,
    ask: Callable[[str], Answer],
    addresses: list[str],
    floors: dict[str, str] | None = None,
    warm: Sequence[str] = (),
) -> Figure:
    """Asks for each of the addresses once, after `warm`, or after one that warms up.

    `floors`: the addresses of floors by name, asked beside each of them, so that other work on the machine meets all
    alike.
    """
    database = backends()
    cold = _Times()
    for address in warm or addresses[:1]:
        cold.ask(ask, address, database)
    its, beside = _Times(), {name: _Times() for name in floors or ()}
    for address in addresses:
        its.ask(ask, address, database)
        for name, times in beside.items():
            times.ask(ask, (floors or {})[name], database)
    figure = Figure(
        case=case,
        rows=rows,
        cpu=round(statistics.median(its.cpu), 2),
        site=round(statistics.median(its.site), 2),
        database=round(statistics.median(its.store), 2),
        p50=round(statistics.median(its.wall), 2),
        p95=round(_part(its.wall, 0.95), 2),
        p99=round(_part(its.wall, 0.99), 2),
        beside={name: _floor(its, times) for name, times in beside.items()},
        cold_p95=round(_part(cold.wall, 0.95), 2) if warm else 0.0,
    )
    for floor in list(figure.beside.values())[:1]:
        figure.ratio, figure.p95_ratio, figure.cpu_p95_ratio = (
            floor.ratio, floor.p95_ratio, floor.cpu_p95_ratio,
        )  # fmt: skip
    return figure


def _floor(its: _Times, floor: _Times) -> Floor:
    return Floor(
        cpu=round(statistics.median(floor.cpu), 2),
        p50=round(statistics.median(floor.wall), 2),
        p95=round(_part(floor.wall, 0.95), 2),
        p99=round(_part(floor.wall, 0.99), 2),
        ratio=round(statistics.median(its.cpu) / statistics.median(floor.cpu), 2),
        p95_ratio=round(_part(its.wall, 0.95) / _part(floor.wall, 0.95), 2),
        cpu_p95_ratio=round(_part(its.cpu, 0.95) / _part(floor.cpu, 0.95), 2),
    )


def _part(times: list[float], part: float) -> float:
    """What so large a part of them stays below: 0.95 for p95."""
    return sorted(times)[int(len(times) * part)]


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


def beside(figures: list[Figure]) -> Iterator[str]:
    """A table of those with more than one floor: p50, p95 and p99 of both on the clock, and the ratios."""
    compared = [figure for figure in figures if len(figure.beside) > 1]
    if not compared:
        return
    names = list(compared[0].beside)
    columns = f"{'p50 ms':>8}{'p95':>7}{'p99':>7}"
    yield f"\n{'on the clock':26}{columns}{'cold p95':>10}" + "".join(
        f"   {name:>24}: × cpu, × p95" for name in names
    )
    for figure in compared:
        yield (
            f"{figure.case:26}{figure.p50:8.1f}{figure.p95:7.1f}{figure.p99:7.1f}{figure.cold_p95:10.1f}"
            + "".join(
                f"{floor.p50:10.1f}{floor.p95:6.1f}{floor.p99:6.1f}{floor.ratio:9.2f}{floor.p95_ratio:9.2f}"
                for floor in figure.beside.values()
            )
        )


def with_queries(figure: Figure, ask: Callable[[str], Any], address: str) -> Figure:
    """The figure, with how many statements the request takes and what is wrong with their plans."""
    from benchmarks.plans import complaints, recorded

    with recorded() as statements:
        ask(address)
    figure.queries = len(statements)
    figure.complaints = complaints(statements) if connection.vendor == "postgresql" else []
    return figure
