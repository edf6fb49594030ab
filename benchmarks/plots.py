"""Plots of the figures that benchmarks left in a folder, as SVG beside them.

    .sandbox-venv/bin/python benchmarks/plots.py .data/benchmarks

For the interpreter of the sandbox's programs, which has matplotlib; the site itself has no use for it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

SITE, DATABASE, OTHER = "#3b6fb6", "#d98b3a", "#8a94a3"
mpl.rcParams |= {
    "svg.hashsalt": "artifactsite",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def saved(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(path)


def stacked(rows: list[tuple[str, dict[str, float]]], title: str, unit: str, path: Path) -> None:
    """Horizontal bars, one below the other, each of parts."""
    colours = {"site": SITE, "web": SITE, "database": DATABASE, "postgres": DATABASE}
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.24 * len(rows)))
    names = list(dict.fromkeys(name for _, parts in rows for name in parts))
    left = [0.0] * len(rows)
    for name in names:
        widths = [parts.get(name, 0) for _, parts in rows]
        axes.barh(
            range(len(rows)),
            widths,
            left=left,
            label=name,
            color=colours.get(name, None if len(names) > 3 else OTHER),
        )
        left = [before + width for before, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False)
    saved(figure, path)


def lists(rows: list[dict[str, Any]], folder: Path) -> None:
    alone = [row for row in rows if "clients" not in row and row["engine"] == "postgres"]
    most = max((row["rows"] for row in alone), default=0)
    for kind in ("list", "search", "mention"):
        chosen = [
            row for row in alone if row["rows"] == most and row["case"].startswith((f"{kind}: ", "bare DRF"))
        ]
        bars = [
            (row["case"].removeprefix(f"{kind}: "), {n: row[n] for n in ("site", "database")})
            for row in chosen
        ]
        if bars:
            stacked(
                bars,
                f"{kind} at {most:,} saved artifacts, PostgreSQL",
                "ms of CPU, median",
                folder / f"{kind}.svg",
            )
    at_once = [row for row in rows if "clients" in row and row["rows"] == most and "ratio" in row]
    if at_once:
        bars = [(row["case"], {"requests": row["a second"]}) for row in at_once]
        stacked(
            bars, f"8 clients at once, {most:,} saved artifacts", "requests a second", folder / "clients.svg"
        )


def downloads(rows: list[dict[str, Any]], folder: Path) -> None:
    stacked(
        [(row["case"], row["cpu"]) for row in rows],
        "downloads",
        "ms of CPU a request",
        folder / "downloads.svg",
    )


def site(figures: dict[str, float], folder: Path) -> None:
    when = list(dict.fromkeys(name.removesuffix(" web, MB") for name in figures if name.endswith(" web, MB")))
    bars = [
        (name, {part: figures[f"{name} {part}, MB"] for part in ("web", "worker", "others")}) for name in when
    ]
    stacked(bars, "memory of all processes", "MB (PSS)", folder / "memory.svg")


def main(folder: Path) -> None:
    for name, draw in {"lists": lists, "downloads": downloads, "site": site}.items():
        file = folder / f"{name}.json"
        if file.exists() and (figures := json.loads(file.read_text())):
            draw(figures, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
