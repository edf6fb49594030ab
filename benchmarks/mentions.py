"""How long GET /api/mentions takes, by kind of query, beside a bare view of the framework behind the same middleware.

    python -m benchmarks.mentions                             # 1,000 and 100,000 saved artifacts, SQLite and PostgreSQL
    python -m benchmarks.mentions --rows 1000000 --engine sqlite

One client in the process, so the figures are the server's own time: middleware, token, rights, search, JSON. `cpu` is
this process's (SQLite's included, PostgreSQL's not), which other work on the machine disturbs less. Of more than
100,000 artifacts 100,000 are visible to the caller; the others are private or in other projects.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VISIBLE = 100_000
BATCH = 2000
TIMES = 60  # queries of each kind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--engine", choices=["sqlite", "postgres"], nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.rows[0])
        return 0
    # Ended by a signal, the database still has to be stopped: turn it into an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for engine in chosen.engine:
        for rows in chosen.rows:
            with ExitStack() as stack:
                settings = {**os.environ, **_database(engine, stack)}
                command = [sys.executable, "-m", "benchmarks.mentions", "--measure", "--rows", str(rows)]
                print(f"\n{engine}, {rows:,} saved artifacts", flush=True)
                subprocess.run(command, cwd=ROOT, env=settings, check=True)
    return 0


def _database(engine: str, stack: ExitStack) -> dict[str, str]:
    from tests.servers import postgres

    folder = stack.enter_context(tempfile.TemporaryDirectory())
    settings = {"DATA_DIR": folder, "API_RATE": "1000000/min", "DATABASE_URL": ""}
    if engine == "postgres":
        secret = uuid.uuid4().hex * 2
        settings |= {
            "DATABASE_URL": stack.enter_context(postgres()),
            "SECRET_KEY": secret,
            "LINK_SIGNING_KEYS": secret,
        }
    return settings


# --- in a process with the database of its own ------------------------------------------------------


def measure(rows: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")
    import logging

    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    logging.disable(logging.CRITICAL)
    setup_test_environment()
    settings.ROOT_URLCONF = "benchmarks.mentions_urls"
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    client, conversation, names = fill(rows)
    print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)

    def ask(query: str) -> Any:
        return client.get("/api/mentions", {"conversation": conversation, "q": query, "limit": 8})

    floor = _times(lambda _: client.get("/bare"), [""] * TIMES * 3)
    print(
        f"{'kind':14}{'p50 ms':>8}{'p95 ms':>8}{'/ bare':>8}{'cpu p50':>9}{'cpu p95':>9}{'/ bare':>8}{'answered':>10}"
    )
    _row("bare view", floor, floor, 1)
    everything: Times = []
    for kind, queries in kinds(names):
        answered = sum(bool(ask(query).json()["saved_artifacts"]) for query in queries) / len(queries)
        times = _times(ask, queries)
        everything += times
        _row(kind, times, floor, answered)
    _row("all kinds", everything, floor, 1)


Times = list[tuple[float, float]]  # milliseconds on the clock, and of this process


def _times(ask: Callable[[str], Any], queries: list[str]) -> Times:
    times = []
    for query in queries:
        began = time.perf_counter(), time.process_time()
        answer = ask(query)
        times.append(((time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000))
        assert answer.status_code == 200, answer.content
    return times


def _row(kind: str, times: Times, floor: Times, answered: float) -> None:
    columns = ""
    for which, width in ((0, 8), (1, 9)):
        mine, bare = [pair[which] for pair in times], [pair[which] for pair in floor]
        p50, p95 = statistics.median(mine), _p95(mine)
        columns += f"{p50:{width}.1f}{p95:{width}.1f}{p95 / _p95(bare):8.1f}"
    print(f"{kind:14}{columns}{answered:10.0%}", flush=True)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def fill(rows: int) -> tuple[Any, uuid.UUID, list[str]]:
    """A client of a caller, a conversation of theirs, and the names that they may see."""
    from django.db import connection
    from rest_framework.test import APIClient

    from accounts.models import User
    from accounts.services import create_token
    from artifacts.models import Artifact
    from conversations.services import create_conversation
    from projects.services import create_project

    caller, others = (
        User.objects.create_user(name, f"{name}@example.org", "x") for name in ("caller", "others")
    )
    project = create_project(by=caller, name="Here")
    elsewhere = [create_project(by=others, name=f"Elsewhere {number}") for number in range(5)]
    conversation = create_conversation(by=caller, project=project)
    chance = random.Random(5)
    shown: list[str] = []
    for start in range(0, rows, BATCH):
        batch = []
        for number in range(start, min(rows, start + BATCH)):
            # Spread over all ages: the visible ones are not those that came last.
            visible = rows <= VISIBLE or chance.random() < VISIBLE / rows
            batch.append(_artifact(Artifact, chance, number, visible, caller, others, project, elsewhere))
            if visible:
                shown.append(batch[-1].name)
        Artifact.objects.bulk_create(batch, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = APIClient()
    _, secret = create_token(by=caller, name="benchmark")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client, conversation.pk, shown


def _artifact(
    model: Any,
    chance: random.Random,
    number: int,
    visible: bool,
    caller: Any,
    others: Any,
    project: Any,
    away: list[Any],
) -> Any:
    from django.utils import timezone

    own = visible and chance.random() < 0.3
    at = timezone.now() - timedelta(days=400) + timedelta(seconds=30 * number)
    return model(
        project=project if visible or chance.random() < 0.5 else chance.choice(away),
        owner=caller if own else others,
        name=_name(chance),
        output_name=str(number),
        kind="text",
        gallery_type="file",
        saved_at=at,
        visibility="project" if visible and not own else "private",
        created_at=at,
        updated_at=at,
    )


def _vocabulary() -> list[str]:
    from tests.mentions.names import NAMES

    return sorted({word for name in NAMES for word in name.split()})


def _name(chance: random.Random, words: list[str] = []) -> str:  # noqa: B006 - kept between calls
    """Two to four words, some far commoner than others, and often a number, as names in libraries are."""
    words += [] if words else _vocabulary()
    few = [words[int(len(words) * chance.random() ** 2)] for _ in range(chance.randint(2, 4))]
    return " ".join([*few, str(chance.randint(1, 4000))] if chance.random() < 0.6 else few)


def kinds(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Queries of each kind for names picked at random."""
    chance = random.Random(7)

    def of(make: Callable[[str, list[str]], str]) -> list[str]:
        return [make(name, name.split()) for name in chance.choices(names, k=TIMES)]

    def slip(word: str) -> str:
        at = chance.randrange(1, len(word) - 1) if len(word) > 3 else 0
        return word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]

    yield "empty", [""] * TIMES
    yield "one letter", of(lambda name, words: name[0])
    yield "two letters", of(lambda name, words: name[:2])
    yield "exact", of(lambda name, words: name)
    yield "prefix", of(lambda name, words: name[: max(3, len(name) // 2)])
    yield "word", of(lambda name, words: max(words, key=len))
    yield "inside", of(lambda name, words: max(words, key=len)[1:7])
    yield "initials", of(lambda name, words: "".join(word[0] for word in words))
    yield "any order", of(lambda name, words: " ".join(chance.sample(words, len(words))))
    yield "typo", of(lambda name, words: " ".join(slip(word) for word in words[:2]))
    yield "one word typo", of(lambda name, words: slip(max(words, key=len)))
    yield "abbreviation", of(lambda name, words: "".join(word[:3] for word in words[:2]))
    yield "nothing", [f"zxqj{number}vvk" for number in range(TIMES)]


if __name__ == "__main__":
    sys.exit(main())
