"""A table of a million rows: what preparing it costs, and any page of it, sorted and filtered.

    python -m benchmarks.grids [rows]

CPU time throughout: of the confined process for preparing, of this thread for questions.
"""

import csv
import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

COLUMNS = ("id", "city", "amount", "day", "done", "note", "quantity", "code")


def rows(count: int) -> Iterator[dict[str, Any]]:
    made = random.Random(1)
    for number in range(count):
        city = made.choice(["Oslo", "Bergen", "Zürich", "Årdal"]) + str(made.randrange(1000))
        day = f"2026-{made.randrange(1, 13):02}-{made.randrange(1, 29):02}"
        note = f"note {number}" if number % 3 == 0 else None
        values = (
            number, city, round(made.random() * 1e5, 2), day, made.random() > 0.5, note, made.randrange(100),
            f"{made.randrange(10**8):08}",
        )  # fmt: skip
        yield dict(zip(COLUMNS, values, strict=True))


def written(folder: Path, count: int) -> tuple[Path, Path]:
    """The rows as a table artifact keeps them, and as a CSV file."""
    table, delimited = folder / "rows.json", folder / "rows.csv"
    with table.open("w") as lines, delimited.open("w", newline="") as cells:
        writer = csv.writer(cells)
        writer.writerow(COLUMNS)
        for number, row in enumerate(rows(count)):
            lines.write("[\n" if number == 0 else ",\n")
            lines.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
            writer.writerow(row.values())
        lines.write("\n]\n")
    return table, delimited


def main(count: int) -> None:
    from artifacts.grids import making, reading
    from artifacts.grids.reading import Asked, Filter
    from uploads.extraction import ExtractionPool
    from uploads.extraction.grid import TABLE

    questions = {
        "first page": (Asked(), 0),
        "page in the middle": (Asked(), count // 2),
        "sorted by numbers": (Asked(sort="amount"), 0),
        "sorted the other way, in the middle": (Asked(sort="amount", descending=True), count // 2),
        "sorted by text, in the middle": (Asked(sort="city"), count // 2),
        "one column contains": (Asked(filters=(Filter("city", "contains", "oslo7"),)), 0),
        "one column is at least": (Asked(filters=(Filter("amount", "from", "99000"),)), 0),
        "filtered and sorted": (Asked(sort="day", filters=(Filter("city", "contains", "oslo7"),)), 0),
        "filtered little, sorted, deep": (
            Asked(sort="amount", filters=(Filter("quantity", "from", "10"),)),
            count * 8 // 10,
        ),
        "any column contains": (Asked(filters=(Filter("", "contains", "12345"),)), 0),
    }
    with TemporaryDirectory() as name:
        for path, media_type in zip(written(Path(name), count), (TABLE, "text/csv"), strict=True):
            pool, into = ExtractionPool(parallel=1), Path(name) / "grid.sqlite"
            into.write_bytes(b"")
            pool.tabulate(path, media_type=media_type, into=into, limits=making.LIMITS)
            pool.close()
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(
                f"{path.name}: {path.stat().st_size / 1e6:.0f} MB become {into.stat().st_size / 1e6:.0f} MB;"
                f" so far {used.ru_utime + used.ru_stime:.1f} s CPU, {used.ru_maxrss / 1024:.0f} MB"
            )
            book = reading.Book(reading.connected(into))
            for label, (asked, offset) in questions.items():
                started = time.thread_time()
                page = book.page(asked, offset, 100)
                print(f"  {label:38} {1000 * (time.thread_time() - started):8.1f} ms, {page.matching:,} rows")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")
    django.setup()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
