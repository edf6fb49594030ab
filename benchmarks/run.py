"""What the gallery costs at 1,000, 100,000 and 1,000,000 artifacts, beside a bare DRF view in the same run.

    python -m benchmarks.run                       # 1,000 and 100,000
    python -m benchmarks.run --rows 1000000        # a million: some minutes to fill
    python -m benchmarks.run --json figures.json

PostgreSQL is started for the run (tests/servers.py). Requests go through the whole site in this process, so the
figures are the site's and the database's own, without a network. Ends with 1 where a plan reads or sorts
everything that is visible.
"""

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.servers import postgres

ROWS = [1_000, 100_000]
ROUNDS = 15
FLOOR = "floor"
LIST = "/api/artifacts"
CASES = {
    FLOOR: "/floor",
    "list": LIST,
    **{f"type={name}": f"{LIST}?type={name}" for name in ("images", "html", "code", "files")},
    **{f"scope={name}": f"{LIST}?scope={name}" for name in ("shared", "saved", "all")},
    "kind": f"{LIST}?kind=file",
    "kind, none": f"{LIST}?kind=table",
    "project": f"{LIST}?project={{project}}",
    "conversation": f"{LIST}?conversation={{conversation}}",
    "created_before": f"{LIST}?created_before={{middle}}",
    "ordering=name": f"{LIST}?ordering=name",
    "ordering=-updated_at": f"{LIST}?ordering=-updated_at",
    "page 1,000": f"{LIST}?size={{deep_size}}&page={{deep_page}}",
    "deep cursor": "{cursor}",
    "deep cursor, all": "{cursor_all}",
    "search: in all": f"{LIST}?q=everywhere",
    "search: in a third": f"{LIST}?q=annual",
    "search: in a hundredth": f"{LIST}?q=hundredth",
    "search: in twenty": f"{LIST}?q=seldom",
    "search: in none": f"{LIST}?q=nowhere",
    "search: phrase": f"{LIST}?q=%22annual+report%22",
    "search: prefix": f"{LIST}?q=sel",
    "search: two words": f"{LIST}?q=hundredth+report",
    "search: scope=all": f"{LIST}?q=hundredth&scope=all",
    "search: by time": f"{LIST}?q=annual&ordering=-created_at",
}


@dataclass
class Figure:
    """One request: milliseconds, those of them in the database, how many times the floor, its queries, their plans."""

    case: str
    rows: int
    median: float
    p95: float
    database: float
    ratio: float
    queries: int
    complaints: list[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="only cases with this in their name")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        _start_django(url, folder)
        for rows in options.rows:
            figures += _measure_at(rows, options.rounds, options.only)
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    return 1 if any(figure.complaints for figure in figures) else 0


def _start_django(url: str, folder: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "artifactsite.settings",
        "DATABASE_URL": url,
        "DATA_DIR": folder,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LINK_SIGNING_KEYS": secrets.token_urlsafe(50),
        "LOG_LEVEL": "ERROR",
        "API_RATE": "1000000/min",
    }
    import django
    from django.conf import settings

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    settings.ROOT_URLCONF = "benchmarks.floor"
    settings.ALLOWED_HOSTS.append("testserver")


def _measure_at(rows: int, rounds: int, only: str) -> list[Figure]:
    """All cases over a library of `rows` artifacts."""
    from django.core.management import call_command
    from rest_framework.test import APIClient

    from benchmarks.seed import seed

    began = time.monotonic()
    call_command("flush", interactive=False, verbosity=0)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {seed(rows)}")
    print(f"\n{rows:,} artifacts, filled in {time.monotonic() - began:.0f} s")
    print(f"{'':24}{'median':>9}{'p95':>9}{'database':>10}{'× floor':>9}{'queries':>9}  plans")
    places = _places(client, rows)
    figures: list[Figure] = []
    floor = 0.0
    for case, template in CASES.items():
        if case == FLOOR or only in case:
            figure = _measure(client, case, template.format(**places), rows, rounds, floor)
            floor = floor or figure.median
            figures.append(figure)
            print(_line(figure), flush=True)
    return figures


def _places(client: Any, rows: int) -> dict[str, str]:
    """Ids and deep places in this library for the addresses."""
    from artifacts.models import Artifact

    own = Artifact.objects.filter(owner__username="viewer").order_by("-created_at", "-pk")
    count = own.count()
    # Page 1,000 of twenty, or where there are fewer, of as many as there are.
    size = max(1, min(20, count // 1000))
    page = min(1000, count // size)
    middle = own[count // 2]
    deep, deep_all = (
        client.get(f"{LIST}?size=20&scope={scope}&page={max(1, min(1000, count // 20 - 1))}").json()["next"]
        for scope in ("mine", "all")
    )
    return {
        "project": str(middle.project_id),
        "conversation": str(middle.conversation_id),
        "middle": f"{middle.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "deep_size": str(size),
        "deep_page": str(page),
        "cursor": deep,
        "cursor_all": deep_all,
    }


def _measure(client: Any, case: str, address: str, rows: int, rounds: int, floor: float) -> Figure:
    from benchmarks.plans import complaints, recorded, timed

    with recorded() as statements:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.content[:300])
    times, in_database = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        with timed() as spent:
            client.get(address)
        times.append((time.perf_counter() - began) * 1000)
        in_database.append(sum(spent) * 1000)
    median = statistics.median(times)
    return Figure(
        case=case,
        rows=rows,
        median=round(median, 2),
        p95=round(sorted(times)[int(len(times) * 0.95)], 2),
        database=round(statistics.median(in_database), 2),
        ratio=round(median / floor, 2) if floor else 1.0,
        queries=len(statements),
        complaints=complaints(statements, rows),
    )


def _line(figure: Figure) -> str:
    plans = "; ".join(figure.complaints) or "ok"
    times = (
        f"{figure.median:9.1f}{figure.p95:9.1f}{figure.database:10.1f}{figure.ratio:9.1f}{figure.queries:9}"
    )
    return f"{figure.case:24}{times}  {plans}"


if __name__ == "__main__":
    sys.exit(main())
