"""Every benchmark of the site beside its target, in one go: `make bench`, `make bench-full`.

    python -m benchmarks.all                          # at 1,000 and 100,000: some ten minutes
    python -m benchmarks.all --full                   # at 1,000,000 on PostgreSQL, 1,000 uploads, 10,000 lists
    DATABASE_URL=… python -m benchmarks.all --full --library library.json    # filled before, as benchmarks.run does it
    python -m benchmarks.all --only site downloads

Each part is a process of its own and leaves its figures as JSON in --folder, with plots made of them by the programs'
own interpreter, which has matplotlib (benchmarks/plots.py). A target is of a machine with nothing else to do. Ends with
1 where a part failed; a target that is missed is said.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLOTTER = ROOT / ".sandbox-venv" / "bin" / "python"
LONGEST = 30 * 60.0  # seconds of a part
Figures = dict[str, Any]  # by part


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--library", type=Path, help="of what is in DATABASE_URL, see benchmarks.run")
    parser.add_argument(
        "--only", nargs="+", default=[], help="some of: lists site downloads programs clients uploads"
    )
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".data" / "benchmarks", help="for JSON and plots"
    )
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    figures, failed = Figures(), []
    for name, arguments in _parts(chosen.full, chosen.library).items():
        if chosen.only and name not in chosen.only:
            continue
        file, began = (chosen.folder / f"{name}.json").absolute(), time.monotonic()
        file.unlink(missing_ok=True)
        print(f"\n--- {name}", flush=True)
        command = [sys.executable, "-m", *(str(file) if part == "JSON" else part for part in arguments)]
        try:
            code = subprocess.run(command, cwd=ROOT, timeout=LONGEST, check=False).returncode
        except subprocess.TimeoutExpired:
            code = 124
        if code:
            failed.append(name)
        if file.exists():
            figures[name] = json.loads(file.read_text())
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
    _judge(figures)
    if PLOTTER.exists():
        subprocess.run([PLOTTER, ROOT / "benchmarks" / "plots.py", chosen.folder], check=False)
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _parts(full: bool, library: Path | None) -> dict[str, list[str]]:
    """Their modules and arguments; JSON stands for the file of their figures."""
    lists = ["benchmarks.run", "--json", "JSON"]
    lists += ["--rows", "1000000", "--engine", "postgres"] if full else []
    lists += ["--library", str(library.absolute())] if library else []
    many = ["--uploads", "1000", "--lists", "10000"] if full else []
    parts = {
        "lists": lists,
        "site": ["benchmarks.site", "--json", "JSON", *many],
        "downloads": ["benchmarks.downloads", "--json", "JSON"],
        "programs": ["benchmarks.turns", "--only", "start", "--json", "JSON"],
        "clients": ["benchmarks.uploads", "clients"],
    }
    # It needs the shared documents (tests/corpus.py).
    return {**parts, "uploads": ["benchmarks.uploads", "request", "JSON"]} if _has_corpus() else parts


def _has_corpus() -> bool:
    from tests.corpus import CORPUS

    return bool(CORPUS.is_dir())


# --- targets -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    what: str
    part: str
    value: Callable[[Any], float | None]  # of the part's figures; None where they have none
    bound: float
    is_least: bool = False  # what there has to be at least, rather than at most


def _cases(rows: list[Figures], beginning: str) -> list[Figures]:
    """Of the largest library on PostgreSQL, one request at a time; page 1,000 has a target of its own."""
    most = max(row["rows"] for row in rows)
    return [
        row for row in rows
        if row["rows"] == most and row["engine"] == "postgres" and "clients" not in row
        and row["case"].startswith(beginning) and ("page 1,000" in beginning or "page 1,000" not in row["case"])
    ]  # fmt: skip


def _worst(figure: str, beginning: str) -> Callable[[list[Figures]], float | None]:
    return lambda rows: max((row[figure] for row in _cases(rows, beginning)), default=None)


def _slowest_of_many(rows: list[Figures]) -> float | None:
    lists = [
        row["a second"]
        for row in rows
        if "clients" in row and "floor" not in row and row.get("ratio", 1) != 1
    ]
    return min(lists, default=None)


def _of_the_newest(case: str) -> Callable[[list[Figures]], float | None]:
    def ratio(rows: list[Figures]) -> float | None:
        first, deep = (_worst("cpu", name)(rows) for name in ("list: newest", case))
        return deep / first if deep and first else None

    return ratio


def _download(case: str, figure: str) -> Callable[[list[Figures]], float | None]:
    return lambda rows: next((row[figure] for row in rows if row["case"] == case), None)


def _download_cpu(rows: list[Figures]) -> float | None:
    cpu = _download("100 KB, nginx for the site", "cpu")(rows)
    return sum(cpu.values()) if isinstance(cpu, dict) else None


def _idle(*names: str) -> Callable[[Figures], float | None]:
    return lambda figures: sum(figures[f"idle {name}, MB"] for name in names)


def _above_bare(figures: Figures) -> float:
    return float(figures["pass, clock"] - figures["pass bare, clock"])


TARGETS = [
    Target("list of 50, any: ms cpu", "lists", _worst("cpu", "list: "), 6),
    Target("list of 50, any: p50 ms", "lists", _worst("p50", "list: "), 10),
    Target("list of 50, any: p95 ms", "lists", _worst("p95", "list: "), 25),
    Target("by cursor, deep: times the newest", "lists", _of_the_newest("list: deep cursor"), 1.2),
    Target("page 1,000: times the newest", "lists", _of_the_newest("list: page 1,000"), 3),
    Target("lists from 8 clients: a second", "lists", _slowest_of_many, 250, is_least=True),
    Target("mention suggestions, any: p50 ms", "lists", _worst("p50", "mention: "), 6),
    Target("mention suggestions, any: p95 ms", "lists", _worst("p95", "mention: "), 20),
    Target("search, common word: p95 ms", "lists", _worst("p95", "search: in all"), 100),
    Target("search, rare word: p95 ms", "lists", _worst("p95", "search: in twenty"), 20),
    Target("start to first page: s", "site", lambda figures: figures["start to first page, s"], 2.5),
    Target("start to first page: cpu s", "site", lambda figures: figures["start to first page, cpu s"], 2.5),
    Target("idle: MB of web", "site", _idle("web"), 180),
    Target("idle: MB of web and worker", "site", _idle("web", "worker", "others"), 300),
    Target(
        "loaded: times the memory after 1 upload", "site",
        lambda figures: figures["loaded, of what it was after 1 upload"], 1.15,
    ),
    Target(
        "10 MB by nginx: of nginx alone", "downloads",
        _download("10 MB, nginx for the site", "of nginx alone"), 0.9, is_least=True,
    ),
    Target(
        "100 KB by nginx: a second", "downloads",
        _download("100 KB, nginx for the site", "a_second"), 800, is_least=True,
    ),
    Target("100 KB by nginx: ms cpu", "downloads", _download_cpu, 1.8),
    Target(
        "10 MB embedded: a second", "downloads", _download("10 MB, embedded server", "a_second"), 60, is_least=True,
    ),
    Target("a program's start: ms above the bare one", "programs", _above_bare, 150),
    Target("a PDF of 2 pages, ready: ms cpu", "uploads", lambda figures: figures["a PDF of 2 pages, ready"], 25),
]  # fmt: skip


def _judge(figures: Figures) -> None:
    print(f"\n{'':50}{'here':>10}{'target':>16}")
    for target in TARGETS:
        value = target.value(figures[target.part]) if target.part in figures else None
        if value is None:
            continue
        is_reached = value >= target.bound if target.is_least else value <= target.bound
        bound = f"{'at least' if target.is_least else 'at most'} {target.bound:g}"
        print(f"{target.what:50}{value:10.2f}{bound:>16}  {'reached' if is_reached else 'missed'}")


if __name__ == "__main__":
    sys.exit(main())
