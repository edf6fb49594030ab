"""How two versions differ: text line by line and word by word, tables by row and column, images beside each other.

Made once, for API and pages. Every comparison is bounded: what is larger says so, in `reason`. The cost of RapidFuzz's
longest common subsequence depends on the lengths alone, so no content makes it slow (difflib can take minutes).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from django.urls import reverse
from rapidfuzz.distance import LCSseq

from artifacts.kinds.base import read_text
from artifacts.kinds.table import columns_of, rows_of
from artifacts.models import Artifact, Kind, Version
from artifacts.types import IMAGES, is_textual

LARGEST = 1024 * 1024  # bytes of text, either side
MOST_LINES = 20_000
LARGEST_TABLE = 8 * 1024 * 1024
MOST_ROWS = 10_000
SHOWN_LINES = 2000  # rows of a comparison of text
SHOWN_ROWS = 200  # rows of a comparison of tables
CONTEXT = 3  # unchanged lines around a change
LONGEST_LINE = 2000  # characters of a line shown
LEAD = 60  # characters before the first difference of a line that is cut
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_ABSENT = object()

Span = tuple[str, int, int, int, int]  # (equal | changed, old from, old to, new from, new to)


@dataclass(frozen=True)
class Side:
    """A line of one version: its number from 1, its text, and [start, end] of the words that differ."""

    number: int
    text: str
    marks: list[list[int]] = field(default_factory=list)

    @property
    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it differs."""
        at = 0
        for start, end in self.marks:
            yield self.text[at:start], False
            yield self.text[start:end], True
            at = end
        yield self.text[at:], False


@dataclass(frozen=True)
class Line:
    """A row of a comparison of text: same, changed, added, removed, or `skipped` unchanged lines left out."""

    change: str
    old: Side | None = None
    new: Side | None = None
    skipped: int = 0


@dataclass(frozen=True)
class Cell:
    """A cell of a changed row; what is not there is absent, which is not null."""

    column: str
    before: Any
    after: Any

    @property
    def has_before(self) -> bool:
        return self.before is not _ABSENT

    @property
    def has_after(self) -> bool:
        return self.after is not _ABSENT


@dataclass(frozen=True)
class Row:
    """A row that was added, removed or changed, with its place in either version from 1."""

    change: str
    old_number: int | None
    new_number: int | None
    row: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"change": self.change, "from": self.old_number, "to": self.new_number}
        if self.change != "changed":
            return {**found, "row": self.row}
        cells = {}
        for cell in self.cells:
            sides = {"from": cell.before, "to": cell.after}
            cells[cell.column] = {name: value for name, value in sides.items() if value is not _ABSENT}
        return {**found, "cells": cells}


@dataclass(frozen=True)
class TableChanges:
    """How two tables differ. `key` is the column by which rows were told apart; None: by their order."""

    key: str | None
    columns: dict[str, list[str]]  # added, removed
    columns_reordered: bool
    counts: dict[str, int]  # added, removed, changed, same; and cells
    rows_reordered: bool
    rows: list[Row]
    truncated: bool

    @property
    def is_same(self) -> bool:
        changed = self.counts["added"] + self.counts["removed"] + self.counts["changed"]
        return not (changed or self.columns["added"] or self.columns["removed"])


@dataclass(frozen=True)
class Comparison:
    """`kind` says which of the rest is there: text, table, image, or file, of which only the facts are compared."""

    kind: str
    old: Version
    new: Version
    same: bool
    reason: str | None = None
    unified: str | None = None
    lines: list[Line] | None = None
    truncated: bool = False
    table: TableChanges | None = None
    images: tuple[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As the API answers."""
        table = None
        if self.table is not None:
            facts = self.table
            table = {
                "key": facts.key, "columns": facts.columns, "columns_reordered": facts.columns_reordered,
                "counts": facts.counts, "rows_reordered": facts.rows_reordered,
                "rows": [row.as_dict() for row in facts.rows], "truncated": facts.truncated,
            }  # fmt: skip
        return {
            "from": self.old.number,
            "to": self.new.number,
            "same": self.same,
            "kind": self.kind,
            "reason": self.reason,
            "sides": [_facts(self.old), _facts(self.new)],
            "unified": self.unified,
            "lines": None if self.lines is None else [asdict(line) for line in self.lines],
            "truncated": self.truncated,
            "table": table,
            "images": None if self.images is None else list(self.images),
        }


def _facts(version: Version) -> dict[str, Any]:
    size = {key: version.preview[key] for key in ("width", "height") if key in version.preview}
    return {"media_type": version.media_type, "size": version.size, "sha256": version.sha256, **size}


def compare(artifact: Artifact, old: Version, new: Version) -> Comparison:
    """How `old` became `new`, both versions of `artifact` that the caller may see."""
    same = old.sha256 == new.sha256
    if artifact.kind == Kind.TABLE:
        return _tables(old, new, same)
    if all(version.media_type in IMAGES.values() for version in (old, new)):
        base = reverse("artifact-image", args=[artifact.pk])
        urls = (f"{base}?version={old.number}", f"{base}?version={new.number}")
        return Comparison("image", old, new, same, images=urls)
    if artifact.kind != Kind.FILE or all(is_textual(version.media_type) for version in (old, new)):
        return _texts(artifact, old, new, same)
    return Comparison("file", old, new, same, "These files are not text, so only their facts are compared.")


# --- text ---------------------------------------------------------------------------------------------


def _text(artifact: Artifact, version: Version) -> str:
    """What is compared: the stored text; of a visualization its HTML, and its data below."""
    if artifact.kind != Kind.VISUALIZATION:
        return read_text(version)
    whole = json.loads(read_text(version))
    data = json.dumps(whole["visualization_data"], ensure_ascii=False, indent=2)
    return f"{whole['html']}\n\nvisualization_data\n{data}"


def _texts(artifact: Artifact, old: Version, new: Version, same: bool) -> Comparison:
    if max(old.size, new.size) > LARGEST:
        return Comparison(
            "text", old, new, same, "Texts are compared up to 1 MB. Download both versions to compare them."
        )
    before, after = (_text(artifact, version).splitlines() for version in (old, new))
    if max(len(before), len(after)) > MOST_LINES:
        reason = f"Texts are compared up to {MOST_LINES:,} lines. Download both versions to compare them."
        return Comparison("text", old, new, same, reason)
    spans = list(_spans(before, after))
    lines = list(islice(_lines(spans, before, after), SHOWN_LINES + 1))
    note = None
    if not same and before == after:
        note = "The lines are the same. The versions differ in line ends or in a mark at the beginning alone."
    return Comparison(
        "text", old, new, same, note,
        unified="\n".join(_unified(spans, before, after, old.number, new.number)),
        lines=lines[:SHOWN_LINES],
        truncated=len(lines) > SHOWN_LINES,
    )  # fmt: skip


def _spans(old: Sequence[Any], new: Sequence[Any]) -> Iterator[Span]:
    """Stretches that are equal, and those between them that are not."""
    at_old = at_new = 0
    for step in LCSseq.opcodes(old, new):
        if step.tag != "equal":
            continue
        if (step.src_start, step.dest_start) != (at_old, at_new):
            yield "changed", at_old, step.src_start, at_new, step.dest_start
        yield "equal", step.src_start, step.src_end, step.dest_start, step.dest_end
        at_old, at_new = step.src_end, step.dest_end
    if (at_old, at_new) != (len(old), len(new)):
        yield "changed", at_old, len(old), at_new, len(new)


def _lines(spans: list[Span], old: list[str], new: list[str]) -> Iterator[Line]:
    """Rows for two columns; of what is unchanged only the lines around a change."""
    for position, (tag, old_from, old_to, new_from, new_to) in enumerate(spans):
        if tag == "changed":
            yield from _changed(old, new, old_from, old_to, new_from, new_to)
            continue
        length = old_to - old_from
        head = CONTEXT if position else 0
        tail = CONTEXT if position < len(spans) - 1 else 0
        if len(spans) == 1:
            head = CONTEXT
        skipped = length - head - tail
        for at in range(length):
            if skipped > 1 and head <= at < length - tail:
                if at == head:
                    yield Line("skipped", skipped=skipped)
                continue
            yield Line(
                "same",
                _side(old_from + at, old[old_from + at]),
                _side(new_from + at, new[new_from + at]),
            )


def _changed(
    old: list[str], new: list[str], old_from: int, old_to: int, new_from: int, new_to: int
) -> Iterator[Line]:
    for at in range(max(old_to - old_from, new_to - new_from)):
        left, right = old_from + at, new_from + at
        if left < old_to and right < new_to:
            yield Line("changed", *_marked(left, right, old[left], new[right]))
        elif left < old_to:
            yield Line("removed", _side(left, old[left]), None)
        else:
            yield Line("added", None, _side(right, new[right]))


def _side(index: int, text: str, start: int = 0, marks: list[list[int]] | None = None) -> Side:
    cut = text[start : start + LONGEST_LINE]
    lead = "…" if start else ""
    shown = lead + cut + ("…" if start + LONGEST_LINE < len(text) else "")
    return Side(index + 1, shown, [[a + len(lead), b + len(lead)] for a, b in marks or []])


def _marked(left: int, right: int, old: str, new: str) -> tuple[Side, Side]:
    """A line that changed, with its differing words marked; long ones from a little before the difference on."""
    start = 0
    if max(len(old), len(new)) > LONGEST_LINE:
        shared = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
        start = max(0, (min(len(old), len(new)) if shared is None else shared) - LEAD)
    shown = [text[start : start + LONGEST_LINE] for text in (old, new)]
    before, after = (_WORDS.findall(text) for text in shown)
    spans = list(_spans(before, after))
    kept = sum(len(word) for tag, a, b, *_ in spans if tag == "equal" for word in before[a:b])
    if kept * 3 < min(len(text) for text in shown):
        # Hardly a word in common: marks all over say nothing.
        return _side(left, old, start), _side(right, new, start)
    marks_before = _marks(before, [(a, b) for tag, a, b, _, _ in spans if tag == "changed"])
    marks_after = _marks(after, [(c, d) for tag, _, _, c, d in spans if tag == "changed"])
    return _side(left, old, start, marks_before), _side(right, new, start, marks_after)


def _marks(words: list[str], stretches: list[tuple[int, int]]) -> list[list[int]]:
    """Stretches of words as [start, end] of characters."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return [[ends[start], ends[end]] for start, end in stretches if start < end]


def _unified(spans: list[Span], old: list[str], new: list[str], first: int, second: int) -> Iterator[str]:
    """A unified diff as `patch` reads it."""
    if not any(tag == "changed" for tag, *_ in spans):
        return
    yield f"--- version {first}"
    yield f"+++ version {second}"
    for hunk in _hunks(spans):
        (_, a, _, c, _), (_, _, b, _, d) = hunk[0], hunk[-1]
        yield f"@@ -{_range(a, b)} +{_range(c, d)} @@"
        for tag, old_from, old_to, new_from, new_to in hunk:
            if tag == "equal":
                yield from (f" {line}" for line in old[old_from:old_to])
            else:
                yield from (f"-{line}" for line in old[old_from:old_to])
                yield from (f"+{line}" for line in new[new_from:new_to])


def _hunks(spans: list[Span]) -> list[list[Span]]:
    """Changes with their context; those that lie near each other in one."""
    hunks: list[list[Span]] = [[]]
    for position, (tag, a, b, c, d) in enumerate(spans):
        if tag == "changed":
            hunks[-1].append((tag, a, b, c, d))
            continue
        length = b - a
        is_first, is_last = position == 0, position == len(spans) - 1
        if not (is_first or is_last) and length <= 2 * CONTEXT:
            hunks[-1].append((tag, a, b, c, d))
            continue
        keep = min(CONTEXT, length)
        if not is_first:
            hunks[-1].append((tag, a, a + keep, c, c + keep))
        if not is_last:
            hunks.append([(tag, b - keep, b, d - keep, d)])
    return [hunk for hunk in hunks if any(tag == "changed" for tag, *_ in hunk)]


def _range(start: int, end: int) -> str:
    length = end - start
    return f"{start if not length else start + 1},{length}"


# --- tables -------------------------------------------------------------------------------------------


def _tables(old: Version, new: Version, same: bool) -> Comparison:
    rows = max(version.table_index["rows"] for version in (old, new))  # type: ignore[index]
    if rows > MOST_ROWS or max(old.size, new.size) > LARGEST_TABLE:
        reason = (
            f"Tables are compared up to {MOST_ROWS:,} rows and 8 MB. Download both versions to compare them."
        )
        return Comparison("table", old, new, same, reason)
    changes = table_changes(list(rows_of(old)), list(rows_of(new)), columns_of(old), columns_of(new))
    return Comparison("table", old, new, same, table=changes, truncated=changes.truncated)


def table_changes(
    old: list[dict[str, Any]], new: list[dict[str, Any]], old_columns: list[str], new_columns: list[str]
) -> TableChanges:
    """How the rows of two tables differ, in the columns that both have."""
    added = [name for name in new_columns if name not in set(old_columns)]
    removed = [name for name in old_columns if name not in set(new_columns)]
    shared = [name for name in new_columns if name in set(old_columns)]
    key = _key(old, new, shared)
    pairs = list(_by_key(old, new, key) if key else _by_order(old, new, shared))
    found = [_row(old, new, shared, left, right) for left, right in pairs]
    changes = [row for row in found if row is not None]
    count = {name: sum(row.change == name for row in changes) for name in ("added", "removed", "changed")}
    count["same"] = len(found) - len(changes)
    count["cells"] = sum(len(row.cells) for row in changes)
    places = [left for left, right in pairs if left is not None and right is not None]
    return TableChanges(
        key=key,
        columns={"added": added, "removed": removed},
        columns_reordered=shared != [name for name in old_columns if name in set(shared)],
        counts=count,
        rows_reordered=places != sorted(places),
        rows=changes[:SHOWN_ROWS],
        truncated=len(changes) > SHOWN_ROWS,
    )


def _exact(value: Any) -> str:
    """A value as what tells it from others: 1, 1.0, true and "1" are four."""
    return "" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _key(old: list[dict[str, Any]], new: list[dict[str, Any]], shared: list[str]) -> str | None:
    """The column that seems to name a row: text or whole numbers, in every row, never twice, mostly the same."""
    best, most = None, 0.5 * min(len(old), len(new))
    for column in shared:
        values = [_names(rows, column) for rows in (old, new)]
        if values[0] is None or values[1] is None:
            continue
        common = len(values[0] & values[1])
        if common > most or (common == most and common and best is None):
            best, most = column, common
    return best


def _names(rows: list[dict[str, Any]], column: str) -> set[Any] | None:
    values = [row.get(column) for row in rows]
    if not all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
        return None
    names = set(values)
    return names if len(names) == len(values) else None


Pair = tuple[int | None, int | None]


def _by_key(old: list[dict[str, Any]], new: list[dict[str, Any]], key: str) -> Iterator[Pair]:
    """In the new order, with what went where it stood."""
    places = {row[key]: at for at, row in enumerate(old)}
    kept = {row[key] for row in new}
    gone = [at for at, row in enumerate(old) if row[key] not in kept]
    told = last = 0
    for at, row in enumerate(new):
        place = places.get(row[key])
        # Before a row that stayed what went above it; before a new one what stood in its place.
        while told < len(gone) and (gone[told] <= last if place is None else gone[told] < place):
            yield gone[told], None
            last = max(last, gone[told] + 1)
            told += 1
        yield place, at
        last = last if place is None else place + 1
    yield from ((at, None) for at in gone[told:])


def _by_order(old: list[dict[str, Any]], new: list[dict[str, Any]], shared: list[str]) -> Iterator[Pair]:
    """Rows that stayed as they are in line; what lies between is paired in order."""
    before, after = (
        ["\0".join(_exact(row.get(name, _ABSENT)) for name in shared) for row in rows] for rows in (old, new)
    )
    for tag, a, b, c, d in _spans(before, after):
        for at in range(max(b - a, d - c)):
            left, right = (a + at if a + at < b else None), (c + at if c + at < d else None)
            yield (left, right) if tag == "changed" else (a + at, c + at)


def _row(
    old: list[dict[str, Any]],
    new: list[dict[str, Any]],
    shared: list[str],
    left: int | None,
    right: int | None,
) -> Row | None:
    """What became of a row; None where it stayed as it is."""
    before = None if left is None else old[left]
    after = None if right is None else new[right]
    numbers = (None if left is None else left + 1, None if right is None else right + 1)
    if before is None or after is None:
        return Row("added" if before is None else "removed", *numbers, after or before or {})
    cells = []
    for column in shared:
        pair = before.get(column, _ABSENT), after.get(column, _ABSENT)
        if _exact(pair[0]) != _exact(pair[1]):
            cells.append(Cell(column, *pair))
    return Row("changed", *numbers, after, cells) if cells else None
