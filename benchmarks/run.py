"""What lists, filters, searches and the dropdown cost at 1,000 to 1,000,000 artifacts, beside bare views.

    python -m benchmarks.run                                    # 1,000 and 100,000 on PostgreSQL and SQLite
    python -m benchmarks.run --rows 1000000 --engine postgres   # some minutes to fill
    python -m benchmarks.run --only mention --json figures.json
    DATABASE_URL=… python -m benchmarks.run --rows 1000000 --library library.json    # once filled, used again

Requests go through the whole site in this process, by WSGI. `cpu` is the time of this process and of its PostgreSQL
backend on a CPU, which other work on the machine hardly disturbs; p50 and p95 are on the clock. A floor is asked
beside each request, and ratios are to it: of the medians of cpu, of its p95, and of p95 on the clock. The dropdown has
two floors, one fixed answer and a view that reads as many rows as it shows; and since a server in use has read its
index, each kind is asked once before with other names. Then 8 clients ask at once (benchmarks/clients.py). Ends with 1
where a plan reads a large table whole or sorts all that is visible.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--engine", choices=["postgres", "sqlite"], nargs="+", default=["postgres", "sqlite"])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", default="", help="only cases with this in their name, and the floors")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument(
        "--seconds", type=float, default=4, help="of 8 clients at once, for each case; 0: none"
    )
    parser.add_argument(
        "--library", type=Path, help="fill the database of DATABASE_URL, unless this file says what is in it"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        return _measure_all(chosen)
    if chosen.library and not os.environ.get("DATABASE_URL"):
        parser.error("--library is of the database that DATABASE_URL names")
    # Ended by a signal, the database still has to be stopped: turn it into an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[dict[str, Any]] = []
    worst = 0
    for engine in ["postgres"] if chosen.library else chosen.engine:
        for rows in chosen.rows[:1] if chosen.library else chosen.rows:
            with ExitStack() as stack:
                settings, folder = _settings(
                    engine, stack, os.environ["DATABASE_URL"] if chosen.library else ""
                )
                found = folder / "figures.json"
                print(f"\n{engine}, {rows:,} saved artifacts", flush=True)
                command = [sys.executable, "-m", "benchmarks.run", "--inside", "--rows", str(rows)]
                command += ["--rounds", str(chosen.rounds), "--only", chosen.only, "--json", str(found)]
                command += ["--seconds", str(chosen.seconds)]
                command += ["--library", str(chosen.library.absolute())] if chosen.library else []
                code = subprocess.run(
                    command, cwd=ROOT, env={**os.environ, **settings}, check=False
                ).returncode
                worst = max(worst, code)
                if found.exists():
                    figures += [{"engine": engine, **figure} for figure in json.loads(found.read_text())]
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return worst


def _settings(engine: str, stack: ExitStack, filled: str) -> tuple[dict[str, str], Path]:
    """The environment of a site with an empty database, or with the one named, and its folder."""
    from tests.servers import postgres

    folder = stack.enter_context(tempfile.TemporaryDirectory())
    settings = {
        "DJANGO_SETTINGS_MODULE": "artifactsite.settings",
        "DATA_DIR": folder,
        "DATABASE_URL": filled or (stack.enter_context(postgres()) if engine == "postgres" else ""),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LINK_SIGNING_KEYS": secrets.token_urlsafe(50),
        "LOG_LEVEL": "ERROR",
        "API_RATE": "100000000/min",
    }
    return settings, Path(folder)


# --- in a process with a database of its own --------------------------------------------------------


def _measure_all(chosen: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks import clients
    from benchmarks.library import Library, fill

    began = time.monotonic()
    call_command("migrate", verbosity=0)
    if chosen.library and chosen.library.exists():
        library = Library(**json.loads(chosen.library.read_text()))
    else:
        library = fill(chosen.rows[0])
        print(f"{library.artifacts:,} in all, filled in {time.monotonic() - began:.0f} s")
    if chosen.library:
        chosen.library.write_text(json.dumps(asdict(library)) + "\n")
    figures = figures_of(library, chosen.rows[0], rounds=chosen.rounds, only=chosen.only)
    at_once = clients.measure(library.token, seconds=chosen.seconds) if chosen.seconds else []
    if chosen.json:
        said = [{"rows": chosen.rows[0], "clients": clients.CLIENTS, **figure} for figure in at_once]
        chosen.json.write_text(json.dumps([*map(asdict, figures), *said]))
    return 1 if any(figure.complaints for figure in figures) else 0


def figures_of(library: Any, rows: int, *, rounds: int, only: str) -> list[Any]:
    """All cases over a library in this process's database."""
    import logging

    from django.conf import settings

    from benchmarks.cases import cases
    from benchmarks.measure import HEADING, Caller, beside, line, measure, with_queries

    logging.disable(logging.CRITICAL)
    settings.ROOT_URLCONF = "benchmarks.floor"
    caller = Caller(library.token)

    def read(address: str) -> Any:
        answer = caller.get(address)
        return json.loads(answer.body) if answer.status == 200 else None

    print(HEADING)
    figures: list[Any] = []
    floors: dict[str, str] = {}
    for case in cases(library, read, rounds):
        is_floor = case.addresses[0].startswith("/floor")
        if not is_floor and only not in case.name:
            continue
        if is_floor:
            floors[case.name] = case.addresses[0]
        its = {name: floors[name] for name in case.floors}
        figure = measure(case.name, rows, caller.get, case.addresses, its, case.warm)
        figures.append(with_queries(figure, caller.get, case.addresses[-1]))
        print(line(figure), flush=True)
    print(*beside(figures), sep="\n", flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
