"""Pages of a table out of its SQLite file: from anywhere, sorted by a column, filtered, in bounded time."""

import json
import sqlite3
import sys
import time
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from artifacts.kinds.base import storable
from artifacts.models import Grid
from artifactsite.lib import blobs
from artifactsite.lib.errors import Invalid, Refusal
from uploads.extraction import ExtractionLimits
from uploads.extraction.grid import KEY, PART, GridWriter

CPU_SECONDS = 5.0  # that one question may take
MOST_FILTERS = 20
LONGEST_VALUE = 1000  # characters
_LOOK_EVERY = 100_000  # steps of SQLite's machine
OPERATIONS = {
    "contains": "contains",
    "is": "is",
    "is_not": "is not",
    "from": "is at least",
    "to": "is at most",
    "empty": "is empty",
    "filled": "is not empty",
}
"""What a filter asks of a cell → how it reads."""
WITHOUT_VALUE = {"empty", "filled"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Column:
    """`kind`: number, date, boolean or text. `ordered`: how many rows its stored order sorts; -1 without one."""

    place: int
    name: str
    kind: str
    ordered: int

    @property
    def cell(self) -> str:
        return f"c{self.place}"

    @property
    def key(self) -> str:
        return KEY[self.kind].format(c=self.cell)


@dataclass(frozen=True)
class Sheet:
    """A sheet, or the only table. `cut` says why rows are missing, where some are."""

    number: int
    title: str
    rows: int
    cut: str
    columns: list[Column]

    def column(self, name: str, parameter: str) -> Column:
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise Invalid(parameter, f"There is no column {name[:100]!r}.", code="unknown_column")
        return found


@dataclass(frozen=True)
class Filter:
    """What a row must meet. `column` empty: any of them, which only `contains` can ask."""

    column: str
    op: str
    value: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"column": self.column, "op": self.op, "value": self.value}


@dataclass(frozen=True)
class Asked:
    """Which rows, and in which order."""

    sheet: int = 0
    sort: str = ""
    descending: bool = False
    filters: tuple[Filter, ...] = ()

    @property
    def is_plain(self) -> bool:
        """All rows as they stand."""
        return not self.sort and not self.filters


def asked_of(query: Any) -> Asked:
    """What the parameters `sheet`, `sort`, `order` and `filter` of an address ask. Raises `Invalid`."""
    sheet, order = query.get("sheet") or "0", query.get("order") or "asc"
    if not (sheet.isascii() and sheet.isdigit() and len(sheet) < 5):
        raise Invalid("sheet", "sheet must be a whole number from 0.")
    if order not in ("asc", "desc"):
        raise Invalid("order", "order must be asc or desc.")
    return Asked(
        int(sheet), query.get("sort") or "", order == "desc", tuple(_filters(query.get("filter") or "[]"))
    )


def _filters(raw: str) -> Iterator[Filter]:
    sentence = "filter must be a JSON list of objects with column, op and value."
    try:
        items = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Invalid("filter", sentence, code="bad_filter") from error
    if not isinstance(items, list) or len(items) > MOST_FILTERS:
        raise Invalid("filter", f"{sentence} At most {MOST_FILTERS}.", code="bad_filter")
    for item in items:
        if not isinstance(item, dict) or not set(item) <= {"column", "op", "value"}:
            raise Invalid("filter", sentence, code="bad_filter")
        column, op, value = item.get("column", ""), item.get("op", "contains"), item.get("value", "")
        value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(column, str) or not isinstance(value, str) or op not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise Invalid("filter", f"{sentence} op is one of {known}.", code="bad_filter")
        if len(value) > LONGEST_VALUE:
            raise Invalid(
                "filter", f"A value may have at most {LONGEST_VALUE} characters.", code="bad_filter"
            )
        if not column and op != "contains":
            raise Invalid("filter", "Only contains can be asked of all columns at once.", code="bad_filter")
        yield Filter(column, op, storable(value))


@dataclass(frozen=True)
class Page:
    """Rows with their numbers from 1, cells as they are kept; `matching` counts all that the filters leave."""

    numbers: list[int]
    rows: list[list[Any]]
    matching: int


class Book:
    """A table's file, open."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.sheets = [
            Sheet(
                number, title, rows, cut,
                [
                    Column(place, item["name"], item["type"], item["ordered"])
                    for place, item in enumerate(json.loads(columns))
                ],
            )
            for number, title, rows, cut, columns in database.execute(
                "SELECT number, title, rows, cut, columns FROM sheets ORDER BY number"
            )
        ]  # fmt: skip

    def sheet(self, number: int) -> Sheet:
        if number >= len(self.sheets):
            raise Invalid(
                "sheet", f"There is no sheet {number}; they are counted from 0.", code="unknown_sheet"
            )
        return self.sheets[number]

    def page(self, asked: Asked, offset: int, limit: int) -> Page:
        """At most `limit` rows from `offset` of those asked for. Refusal where that takes too long."""
        sheet = self.sheet(asked.sheet)
        column = sheet.column(asked.sort, "sort") if asked.sort else None
        end = time.thread_time() + CPU_SECONDS
        self.database.set_progress_handler(lambda: time.thread_time() > end, _LOOK_EVERY)
        try:
            return self._page(sheet, column, asked, offset, limit)
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            sentence = (
                "That takes too long in a table of this size. Filter one column instead of all, or sort less."
            )
            raise Refusal("too_slow", sentence, status=422) from error
        finally:
            self.database.set_progress_handler(None, 0)

    def _page(self, sheet: Sheet, column: Column | None, asked: Asked, offset: int, limit: int) -> Page:
        where, values = _condition(sheet, asked.filters)
        cells = f"cells_{sheet.number}"
        if where and column is not None and column.ordered >= 0:
            return self._filtered_in_order(
                sheet, column, asked, (where, values), range(offset, offset + limit)
            )
        matching = sheet.rows
        if where:
            counting = f"SELECT COUNT(*) FROM {cells} WHERE {where}"  # noqa: S608 - values are bound, names our own
            (matching,) = self.database.execute(counting, values).fetchone()
        if offset >= matching:
            return Page([], [], matching)
        if where or (column is not None and column.ordered < 0):
            direction = "DESC" if asked.descending else "ASC"
            order = f"{column.key} {direction} NULLS LAST, rowid" if column else "rowid"
            finding = f"SELECT rowid FROM {cells} WHERE {where or '1'} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
            numbers = [number for (number,) in self.database.execute(finding, [*values, limit, offset])]
        else:
            places = range(offset, min(offset + limit, sheet.rows))
            numbers = [place + 1 for place in places]
            if column is not None:
                numbers = self._ordered(sheet, column, _turned(places, column.ordered, asked.descending))
        return Page(numbers, self._rows(sheet, numbers), matching)

    def _filtered_in_order(
        self, sheet: Sheet, column: Column, asked: Asked, condition: tuple[str, list[Any]], wanted: range
    ) -> Page:
        """What a filter leaves, by a stored order: found in one pass, and then met in the order, never sorted."""
        where, values = condition
        finding = f"SELECT rowid FROM cells_{sheet.number} WHERE {where}"  # noqa: S608 - names are our own
        matches = bytearray(sheet.rows + 1)
        for (number,) in self.database.execute(finding, values):
            matches[number] = 1
        order = self._ordered(sheet, column, _turned(range(sheet.rows), column.ordered, asked.descending))
        met = (number for number in order if matches[number])
        numbers = list(islice(met, wanted.start, wanted.stop))
        return Page(numbers, self._rows(sheet, numbers), matches.count(1))

    def _ordered(self, sheet: Sheet, column: Column, places: list[int]) -> list[int]:
        """The row numbers that stand at these places of a column's order."""
        parts: dict[int, array[int]] = {}
        for part in {place // PART for place in places}:
            (raw,) = self.database.execute(
                "SELECT rows FROM orders WHERE sheet = ? AND place = ? AND part = ?",
                (sheet.number, column.place, part),
            ).fetchone()
            parts[part] = array("I", raw)
            if sys.byteorder == "big":
                parts[part].byteswap()
        return [parts[place // PART][place % PART] for place in places]

    def _rows(self, sheet: Sheet, numbers: list[int]) -> list[list[Any]]:
        marks = ", ".join("?" * len(numbers))
        reading = f"SELECT rowid, * FROM cells_{sheet.number} WHERE rowid IN ({marks})"  # noqa: S608
        found = {number: list(cells) for number, *cells in self.database.execute(reading, numbers)}
        return [found[number][: len(sheet.columns)] for number in numbers]


def _turned(places: range, ordered: int, descending: bool) -> list[int]:
    """Places of an order from its other end; what can't be sorted stays behind."""
    if not descending:
        return list(places)
    return [ordered - 1 - place if place < ordered else place for place in places]


def _condition(sheet: Sheet, filters: Iterable[Filter]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for one in filters:
        columns = [sheet.column(one.column, "filter")] if one.column else sheet.columns
        asked = [_asked_of(column, one) for column in columns]
        parts.append("(" + (" OR ".join(sql for sql, _ in asked) or "0") + ")")
        values += [value for _, bound in asked for value in bound]
    return " AND ".join(parts), values


def _asked_of(column: Column, asked: Filter) -> tuple[str, list[Any]]:
    """A filter of one column as SQL with the values it binds."""
    text = f"CAST({column.cell} AS TEXT)"
    number = _number(asked.value) if column.kind == "number" else None
    match asked.op:
        case "contains":
            forms = sorted({form(asked.value) for form in (str, str.lower, str.upper, str.title)})
            pattern = [f"%{_escaped(form)}%" for form in forms]
            return "(" + " OR ".join(f"{text} LIKE ? ESCAPE '\\'" for _ in forms) + ")", pattern
        case "is" | "is_not":
            same = f"{column.key} = ?" if number is not None else f"{text} = ? COLLATE NOCASE"
            bound: list[Any] = [number if number is not None else asked.value]
            return (same, bound) if asked.op == "is" else (f"({same}) IS NOT 1", bound)
        case "from" | "to":
            sign = ">=" if asked.op == "from" else "<="
            if column.kind == "number":
                if number is None:
                    raise Invalid(
                        "filter", f"{column.name} holds numbers: compare it with one.", code="bad_filter"
                    )
                return f"{column.key} {sign} ?", [number]
            # A day is at most itself at any hour of it.
            last = "\U0010ffff" if asked.op == "to" and column.kind == "date" else ""
            return f"({text} <> '' AND {text} {sign} ? COLLATE NOCASE)", [asked.value + last]
        case "empty":
            return f"({column.cell} IS NULL OR {column.cell} IN ('', x''))", []
    return f"({column.cell} IS NOT NULL AND {column.cell} NOT IN ('', x''))", []


def _number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    exact = int(number) if number.is_integer() and abs(number) < 2**53 else number
    return exact if abs(number) != float("inf") and number == number else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@contextmanager
def opened(grid: Grid) -> Iterator[Book]:
    """The file of a grid that is ready, read and nothing else: a parser that was taken over may have written it."""
    try:
        with blobs.near(grid.file, grid.size) as path, _closing(connected(path)) as database:
            yield Book(database)
    except sqlite3.DatabaseError as error:
        log.error("a grid can't be read", grid=grid.pk, error=str(error))
        sentence = "This table can’t be read now. Try again, or download the file."
        raise Refusal("content_unavailable", sentence, status=503) from error


def connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "mmap_size=0"):
        database.execute(f"PRAGMA {pragma}")
    return database


@contextmanager
def in_memory(rows: Iterable[dict[str, Any]]) -> Iterator[Book]:
    """The same of few rows of a table artifact, without a file."""
    writer = GridWriter(":memory:", ExtractionLimits())
    with _closing(writer.database):
        writer.objects(rows)
        writer.database.execute("COMMIT")
        yield Book(writer.database)


@contextmanager
def _closing(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield database
    finally:
        database.close()
