"""Tables for pages: the rows of a file as an SQLite file, which gives any page of them, sorted and filtered.

The confined child writes it (`build`), the site reads it (`KEY` says by what a column is sorted). One `sheets` row a
sheet; its cells in `cells_N`, columns `c0`, `c1` …, the row's number being its rowid; in `orders` the row numbers in
the order of each column, so that any page of a sorted table is one look-up away.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from . import decoding
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, storable

MOST_COLUMNS = 1900  # SQLite's own limit is 2,000
MOST_SHEETS = 200
PART = 4096  # row numbers in one piece of an order
SAMPLE_ROWS, SAMPLE_COLUMNS, SAMPLE_CELL = 5, 6, 80  # the last in characters
MISSING = b""
"""The cell of a JSON table whose row lacks that column, unlike null."""

_BATCH = 2000  # rows
_WITHOUT_ORDERS = 20_000  # rows that are sorted in no time
_MOSTLY = 0.95  # of a column's cells that make it one of numbers or dates
_LONGEST_FIELD = 1_000_000  # characters
_SAMPLE_BYTES = 200_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

# A text that reads as a number equals its own cast, since SQLite then compares the two as numbers. Numbers don't
# begin with further zeros: those are codes.
_IS_NUMBER = (
    "({c} <> '' AND CAST({c} AS NUMERIC) = {c} AND {c} NOT GLOB '0[0-9]*' AND {c} NOT GLOB '[+-]0[0-9]*')"
)
_IS_DATE = "{c} GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]*'"
_IS_BOOLEAN = "CAST({c} AS TEXT) COLLATE NOCASE IN ('true', 'false')"
KEY = {
    "number": f"CASE WHEN {_IS_NUMBER} THEN CAST({{c}} AS NUMERIC) END",
    "date": "NULLIF({c}, '') COLLATE NOCASE",
    "boolean": "NULLIF(NULLIF({c}, ''), x'') COLLATE NOCASE",
    "text": "NULLIF(NULLIF({c}, ''), x'') COLLATE NOCASE",
}
"""Type of a column → what it is sorted by; NULL, and so at the end, where a cell holds nothing of that type."""


class _Sheet:
    """One sheet on its way into the file."""

    def __init__(self, database: sqlite3.Connection, number: int, title: str, filler: bytes | None) -> None:
        self.database, self.number, self.title = database, number, title
        self.filler = filler
        self.names: list[str] = []
        self.rows = 0
        self.cut = ""
        self._batch: list[Sequence[Any]] = []

    def begin(self, names: Iterable[str]) -> None:
        """Columns to start with; further ones come with the rows that have them."""
        for name in names:
            self._name(name)
        columns = ", ".join(f"c{number}" for number in range(max(1, len(self.names))))
        self.database.execute(f"CREATE TABLE cells_{self.number} ({columns})")

    def _name(self, name: str) -> None:
        """Every column has a name of its own: its heading, or its place, with a number where that is taken."""
        plain = name
        if self.filler is None:
            plain = " ".join(name.split()) or f"Column {len(self.names) + 1}"
        taken, count = set(self.names), 2
        name = plain
        while name in taken:
            name, count = f"{plain} ({count})", count + 1
        self.names.append(name)

    def widen(self, names: Iterable[str]) -> None:
        self.flush()
        for name in names:
            is_first = not self.names
            self._name(name)
            if not is_first:
                default = " DEFAULT x''" if self.filler is not None else ""
                self.database.execute(
                    f"ALTER TABLE cells_{self.number} ADD COLUMN c{len(self.names) - 1}{default}"
                )

    def add(self, cells: Sequence[Any]) -> None:
        self._batch.append(cells)
        self.rows += 1
        if len(self._batch) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if not self._batch:
            return
        width = max(1, len(self.names))
        marks = ", ".join("?" * width)
        padded = (
            row if len(row) == width else [*row, *[self.filler] * (width - len(row))] for row in self._batch
        )
        insert = f"INSERT INTO cells_{self.number} VALUES ({marks})"  # noqa: S608 - numbers and question marks
        self.database.executemany(insert, padded)
        self._batch.clear()

    def finish(self, budget: Budget) -> dict[str, Any]:
        """The types of the columns, their orders as far as time allows, and the sheet's entry."""
        self.flush()
        columns = []
        for place, name in enumerate(self.names):
            kind = self._kind(f"c{place}")
            ordered = -1
            if self.rows > _WITHOUT_ORDERS and not budget.spent():
                ordered = self._order(place, KEY[kind].format(c=f"c{place}"))
            columns.append({"name": name, "type": kind, "ordered": ordered})
        self.database.execute(
            "INSERT INTO sheets VALUES (?, ?, ?, ?, ?)",
            (self.number, self.title, self.rows, self.cut, json.dumps(columns)),
        )
        return {
            "title": self.title[:200],
            "rows": self.rows,
            "columns": len(columns),
            "cut": self.cut,
            "sample": self._sample(),
        }

    def _sample(self) -> list[dict[str, str]]:
        """The first cells, for a small picture of the table."""
        names = self.names[:SAMPLE_COLUMNS]
        cells = ", ".join(f"SUBSTR(CAST(c{place} AS TEXT), 1, {SAMPLE_CELL})" for place in range(len(names)))
        if not cells:
            return []
        reading = f"SELECT {cells} FROM cells_{self.number} ORDER BY rowid LIMIT {SAMPLE_ROWS}"  # noqa: S608
        return [
            {
                storable(name[:SAMPLE_CELL]): storable(text or "")
                for name, text in zip(names, row, strict=True)
            }
            for row in self.database.execute(reading)
        ]

    def _kind(self, column: str) -> str:
        tests = ", ".join(
            f"COALESCE(SUM({test.format(c=column)}), 0)" for test in (_IS_NUMBER, _IS_DATE, _IS_BOOLEAN)
        )
        filled = f"COUNT(NULLIF(NULLIF({column}, ''), x''))"
        counting = f"SELECT {filled}, {tests} FROM cells_{self.number}"  # noqa: S608 - our own names
        filled, *counts = self.database.execute(counting).fetchone()
        for kind, count in zip(("number", "date", "boolean"), counts, strict=True):
            if filled and count >= filled * _MOSTLY:
                return kind
        return "text"

    def _order(self, place: int, key: str) -> int:
        """Writes the row numbers by a column; how many of them have something to be sorted by."""
        rows = f"SELECT rowid FROM cells_{self.number} WHERE ({key}) IS"  # noqa: S608 - our own names
        numbers = array(
            "I", map(itemgetter(0), self.database.execute(f"{rows} NOT NULL ORDER BY {key}, rowid"))
        )
        filled = len(numbers)
        numbers.extend(map(itemgetter(0), self.database.execute(f"{rows} NULL ORDER BY rowid")))
        if sys.byteorder == "big":
            numbers.byteswap()
        self.database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            (
                (self.number, place, part, numbers[start : start + PART].tobytes())
                for part, start in enumerate(range(0, len(numbers), PART))
            ),
        )
        return filled


class GridWriter:
    """Writes sheets into an SQLite file, or into memory (`:memory:`)."""

    def __init__(self, path: Path | str, limits: ExtractionLimits) -> None:
        self.limits = limits
        self.loading, self.sorting = Budget(limits), Budget(replace(limits, soft_share=0.85))
        self.sheets: list[dict[str, Any]] = []
        self.database = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=MEMORY", "cache_size=-64000"):
            self.database.execute(f"PRAGMA {pragma}")
        self.database.execute("BEGIN")
        self.database.execute(
            "CREATE TABLE sheets (number INTEGER PRIMARY KEY, title TEXT, rows INTEGER, cut TEXT, columns TEXT)"
        )
        self.database.execute(
            "CREATE TABLE orders (sheet INTEGER, place INTEGER, part INTEGER, rows BLOB,"
            " PRIMARY KEY (sheet, place, part)) WITHOUT ROWID"
        )

    def objects(self, rows: Iterable[dict[str, Any]], title: str = "") -> None:
        """A sheet of JSON objects, whose values can be had back exactly (see `cell` and `value`)."""
        sheet = _Sheet(self.database, len(self.sheets), title, MISSING)
        sheet.begin([])
        places: dict[str, int] = {}
        for row in self._counted(sheet, rows):
            new = [name for name in row if name not in places]
            if new:
                places |= {name: len(places) + number for number, name in enumerate(new)}
                sheet.widen(new)
            cells: list[Any] = [MISSING] * len(places)
            for name, item in row.items():
                cells[places[name]] = cell(item)
            sheet.add(cells)
        self.sheets.append(sheet.finish(self.sorting))

    def lines(self, rows: Iterable[Sequence[str]], title: str = "") -> None:
        """A sheet of texts, whose first line is the heading unless it holds numbers alone."""
        rows = iter(rows)
        first = list(next(rows, ()))
        is_heading = not (first and all(_NUMBER.fullmatch(text.strip()) for text in first if text.strip()))
        sheet = _Sheet(self.database, len(self.sheets), title, None)
        sheet.begin((first if is_heading else [""] * len(first))[:MOST_COLUMNS])
        width = len(sheet.names)
        for row in self._counted(sheet, rows if is_heading else chain([first], rows)):
            if len(row) > width:
                if len(row) > MOST_COLUMNS:
                    sheet.cut = f"Only the first {MOST_COLUMNS:,} columns are shown."
                    row = row[:MOST_COLUMNS]
                sheet.widen([""] * (len(row) - width))
                width = len(sheet.names)
            sheet.add(row)
        self.sheets.append(sheet.finish(self.sorting))

    def _counted(self, sheet: _Sheet, rows: Iterable[Any]) -> Iterator[Any]:
        """Rows while there is time and room; a reader that gives up on damage says so by `_Broken`."""
        try:
            for number, row in enumerate(rows):
                is_over = number >= self.limits.max_rows or (number % 500 == 0 and self.loading.spent())
                if is_over:
                    sheet.cut = "The rest of this sheet is left out: it is larger than can be prepared."
                    return
                yield row
        except _Broken as broken:
            sheet.cut = str(broken)

    def close(self) -> None:
        """Completes the file."""
        self.database.execute("COMMIT")
        self.database.close()


class _Broken(Exception):
    """Reading ends here; the words say why to whoever looks at the table."""


def cell(item: Any) -> Any:
    """A JSON value as SQLite keeps it: strings and numbers as they are, all else as JSON in a blob."""
    if item is None or isinstance(item, float) or (isinstance(item, int) and -(2**63) <= item < 2**63):
        return item if not isinstance(item, bool) else json.dumps(item).encode()
    if isinstance(item, str) and item.isascii():
        return item
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError:
            pass
        else:
            return item
    return json.dumps(item, separators=(",", ":")).encode()


def value(kept: Any) -> Any:
    """The value that `cell` kept. Not for `MISSING`."""
    return json.loads(kept) if isinstance(kept, bytes) else kept


def build(source: Source, path: Path, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """Writes the tables of `source` into the empty file at `path`; `details["sheets"]` lists them.

    `source.media_type` may also be `TABLE`, a file of the table artifacts: a JSON array with one object a line.
    """
    read = _READERS.get(source.media_type)
    if read is None:
        raise ExtractionError("unsupported", f"no tables in {source.media_type}")
    writer = GridWriter(path, limits)
    read(source, writer, limits, progress)
    writer.close()
    return Extracted(text="", parts=len(writer.sheets), engine="grid", details={"sheets": writer.sheets})


# --- one reader a format


def _table(source: Source, writer: GridWriter, limits: ExtractionLimits, progress: Progress) -> None:
    size = source.path.stat().st_size

    def rows() -> Iterator[dict[str, Any]]:
        with source.path.open("rb") as file:
            for number, line in enumerate(file):
                line = line.rstrip(b",\n")
                if line[:1] == b"{":
                    yield json.loads(line)
                if number % _BATCH == 0:
                    progress(file.tell() if file.seekable() else 0, size)

    writer.objects(rows())


def _delimited(source: Source, writer: GridWriter, limits: ExtractionLimits, progress: Progress) -> None:
    size = source.path.stat().st_size
    with source.path.open("rb") as raw:
        head = raw.read(_SAMPLE_BYTES)
        if not head.strip(b"\0 \t\r\n"):
            raise ExtractionError("empty")
        text, encoding = decoding.decode(head)
        raw.seek(0)
        file = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
        delimiter = "\t" if source.media_type == "text/tab-separated-values" else delimiter_of(text)
        csv.field_size_limit(_LONGEST_FIELD)

        def lines() -> Iterator[str]:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_FIELD), "")):
                if len(line) >= _LONGEST_FIELD:
                    raise _Broken(
                        f"Line {number + 1:,} is too long to be one of a table: the rest is left out."
                    )
                if number % _BATCH == 0:
                    progress(raw.tell(), size)
                yield line.lstrip("\ufeff") if number == 0 else line.replace("\0", "\ufffd")

        def rows() -> Iterator[list[str]]:
            reader = csv.reader(lines(), delimiter=delimiter)
            try:
                yield from (row for row in reader if row)
            except csv.Error as error:
                raise _Broken(
                    f"Line {reader.line_num:,} can’t be read ({error}): the rest is left out."
                ) from error

        writer.lines(rows())


def delimiter_of(text: str) -> str:
    """What separates the cells of a CSV file, by its first line that has any."""
    first = next((line for line in islice(text.splitlines(), 20) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t|", key=lambda sign: (bare.count(sign), sign == ","))


def _xlsx(source: Source, writer: GridWriter, limits: ExtractionLimits, progress: Progress) -> None:
    from . import xlsx_reader
    from .package import Package

    package = Package(source.path, limits)
    sheets = xlsx_reader.sheets(package)
    whole = sum(package.packed(sheet.part) for sheet in sheets) or 1
    before = 0
    reader = xlsx_reader.Reader(package)
    for sheet in sheets[:MOST_SHEETS]:

        def told(done: int, before: int = before) -> None:
            progress(before + done, whole)

        def rows(part: str = sheet.part, told: Any = told) -> Iterator[list[str]]:
            whole_until_here = (package.salvaged, package.oversized)
            for texts in reader.rows(package.pieces(part, told)):
                yield _in_places(texts)
            if (package.salvaged, package.oversized) != whole_until_here:
                raise _Broken("This sheet is damaged or larger than can be read: the rest is left out.")

        writer.lines(rows(), sheet.name)
        before += package.packed(sheet.part)
    if package.salvaged and not any(sheet["rows"] for sheet in writer.sheets):
        raise ExtractionError("corrupt", "no cell can be saved")


def _xls(source: Source, writer: GridWriter, limits: ExtractionLimits, progress: Progress) -> None:
    import os

    from . import xls

    with Path(os.devnull).open("w", encoding="utf-8") as silence:
        book = xls.opened(source.path, silence)
        for number, name in enumerate(book.sheet_names()[:MOST_SHEETS]):
            writer.lines(map(_in_places, xls.rows(book, number)), name)
            progress(number + 1, book.nsheets)


def _in_places(texts: dict[int, str]) -> list[str]:
    """A row by its places; what stands beyond any sensible column is left out."""
    row = [""] * min(max(texts) + 1, MOST_COLUMNS)
    for place, text in texts.items():
        if place < len(row):
            row[place] = storable(text)
    return row


TABLE = "application/x-artifact-table"
_READERS = {
    TABLE: _table,
    "text/csv": _delimited,
    "text/tab-separated-values": _delimited,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _xlsx,
    "application/vnd.ms-excel": _xls,
}
TYPES = frozenset(_READERS)
"""Media types that hold tables."""
