"""Lists from 8 clients at once, over HTTP, beside the bare DRF view, and PostgreSQL's own point look-up.

Part of `benchmarks.run`, on the database that it filled. The web server is that of the Dockerfile with two processes;
with PostgreSQL and `wrk` they share the machine's processors. `cpu` is of a request: of the web processes and of all
of PostgreSQL.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import cpu_of, is_there, load
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
CLIENTS, PROCESSES = 8, 2
FLOOR = "bare DRF view, 50 dicts"
STARTING = 60.0  # seconds
WARMING = 4.0  # until each of some 16 connections has prepared and planned its statements
LIST = "/api/artifacts?size=50"
LISTS = {
    "newest": LIST,
    "type=images": f"{LIST}&type=images",
    "scope=all": f"{LIST}&scope=all",
    "by name": f"{LIST}&ordering=name",
}


@contextmanager
def web_server() -> Iterator[tuple[str, int]]:
    """The site with the floors, on the database of the environment: its address and its process."""
    port = free_port()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.settings", "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "uvicorn", "artifactsite.asgi:application", "--port", str(port)]
    command += ["--http", "artifactsite.protocol:Protocol", "--workers", str(PROCESSES)]
    command += ["--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + STARTING
    try:
        while not _answers(f"{address}/healthz"):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the web server did not start")
            time.sleep(0.1)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def lists(token: str, *, seconds: float) -> Iterator[dict[str, Any]]:
    """Floor first; then each list, and the second page of the newest by its cursor."""
    with web_server() as (address, web):
        groups: dict[str, Callable[[], float]] = {"site": lambda: cpu_of([web])}
        if server := _postmaster():
            groups["database"] = lambda: cpu_of([server])
        floor = 0.0
        for name, path in {FLOOR: "/floor/rows", **LISTS, "by cursor": _second_page(address, token)}.items():
            load(f"{address}{path}", clients=CLIENTS, seconds=WARMING, token=token, groups={})
            figure = load(f"{address}{path}", clients=CLIENTS, seconds=seconds, token=token, groups=groups)
            cpu = round(sum(figure.cpu.values()), 2)
            floor = floor or cpu
            yield {
                "case": name, "a second": figure.a_second, "cpu": cpu, "ratio": round(cpu / floor, 2),
                "p50": figure.p50, "p95": figure.p95, **figure.cpu,
            }  # fmt: skip


def _second_page(address: str, token: str) -> str:
    request = urllib.request.Request(address + LIST, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        following: str = json.load(answer)["next"]
    return following.removeprefix(address)


def _postmaster() -> int | None:
    """The process that all of PostgreSQL's others are below. None with SQLite."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def point_look_up(*, seconds: float) -> dict[str, Any] | None:
    """One artifact by its id from 8 clients of pgbench: what PostgreSQL itself can do here. None without pgbench."""
    from django.conf import settings
    from django.db import connection

    from artifacts.models import Artifact

    program = shutil.which("pgbench")
    server = _postmaster()
    if program is None or server is None:
        return None
    artifact = Artifact.objects.values_list("pk", flat=True).first()
    connection.close()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"SELECT id, name FROM artifacts_artifact WHERE id = '{artifact}';\n")
        script.flush()
        database = settings.DATABASES["default"]
        command = [
            program,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CLIENTS),
            "-T",
            f"{seconds:.0f}",
            "-f",
            script.name,
        ]
        command += ["-h", database["HOST"], "-p", str(database["PORT"] or 5432), "-U", database["USER"]]
        before = cpu_of([server])
        done = subprocess.run(
            [*command, database["NAME"]], env={**os.environ, "PGPASSWORD": database["PASSWORD"]},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        spent = cpu_of([server]) - before
    found = dict(re.findall(r"(latency average|tps|transactions actually processed)\D*([\d.]+)", done.stdout))
    count = float(found["transactions actually processed"])
    return {
        "case": "pgbench, one row by its id", "a second": float(found["tps"]),
        "cpu": round(1000 * spent / count, 3), "p50": float(found["latency average"]),
    }  # fmt: skip


HEADING = f"{'8 clients at once':28}{'a second':>10}{'cpu ms':>9}{'× floor':>9}{'p50 ms':>9}{'p95 ms':>9}"


def line(figure: dict[str, Any]) -> str:
    ratio, p95 = figure.get("ratio"), figure.get("p95")
    return (
        f"{figure['case']:28}{figure['a second']:10.0f}{figure['cpu']:9.2f}{ratio or '':>9}"
        f"{figure['p50']:9.1f}{f'{p95:.1f}' if p95 else '':>9}"
    )


def measure(token: str, *, seconds: float) -> list[dict[str, Any]]:
    """All of them, printed as they come; none where there is no wrk to ask with."""
    if not is_there():
        print("8 clients at once: left out, the program wrk is missing (scripts/setup dev installs it)")
        return []
    print(HEADING)
    figures = []
    if look_up := point_look_up(seconds=seconds):
        figures.append(look_up)
        print(line(look_up), flush=True)
    for figure in lists(token, seconds=seconds):
        figures.append(figure)
        print(line(figure), flush=True)
    return figures
