"""Tables on the page: a page of rows, the way to every other, how they are sorted and filtered."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from artifacts.grids import making, reading
from artifacts.grids.reading import OPERATIONS, WITHOUT_VALUE, Asked, Book, Column, Filter
from artifacts.kinds.table import cell_text, columns_of, rows_of
from artifacts.models import Artifact, Grid, Kind, Version
from artifactsite.lib.errors import Invalid, Refusal
from uploads.extraction.grid import MISSING, value

PAGE = 100  # rows
MOST_COLUMNS = 100
LONGEST_CELL = 1000  # characters


@dataclass(frozen=True)
class Link:
    """A way to other rows: `url` is a page, `part` the table alone, for htmx."""

    label: str
    url: str
    part: str
    is_current: bool = False


@dataclass(frozen=True)
class Head:
    """A column's heading. `sorted` is ascending, descending or empty; `link` leads to what comes after that."""

    name: str
    kind: str
    sorted: str
    link: Link | None


@dataclass(frozen=True)
class Cell:
    text: str
    is_number: bool


@dataclass(frozen=True)
class Row:
    number: int
    cells: list[Cell]


@dataclass
class GridView:
    """What a table's page shows. `state` is ready, waiting, failed or missing; rows may stand there in any."""

    state: str
    percent: int = 0
    reason: str = ""
    sheets: list[Link] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    offset: int = 0
    total: int = 0
    matching: int = 0
    cut: str = ""
    hidden_columns: int = 0
    filters: list[Link] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    operations: list[tuple[str, str]] = field(default_factory=lambda: list(OPERATIONS.items()))
    hidden: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)
    query: str = ""
    here: Link | None = None
    retry_url: str = ""

    @property
    def first(self) -> int:
        return self.offset + 1

    @property
    def last(self) -> int:
        return self.offset + len(self.rows)


def is_grid(artifact: Artifact, version: Version) -> bool:
    return bool(version.size) and making.source_type(artifact.kind, version.media_type) is not None


def shortened(kept: object) -> str:
    """A cell as a page shows it."""
    text = cell_text(kept)
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"


def asked_of(query: Mapping[str, str]) -> Asked:
    """What an address asks, with the filter that the form above the table adds to it."""
    asked = reading.asked_of(query)
    op, text = query.get("add_op", ""), query.get("add_value", "").strip()
    if not op or (not text and op not in WITHOUT_VALUE):
        return asked
    added = {"column": query.get("add_column", ""), "op": op, "value": "" if op in WITHOUT_VALUE else text}
    both = reading.asked_of({"filter": json.dumps([*(one.as_dict() for one in asked.filters), added])})
    return replace(asked, filters=both.filters)


def offset_of(query: Mapping[str, str]) -> int:
    """Where the page begins: at `offset`, or so that it shows the row at `row`, counted from 1."""
    raw, name = (query["row"], "row") if query.get("row") else (query.get("offset") or "0", "offset")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 12):
        raise Invalid(name, f"{name} must be a whole number.")
    return (max(1, int(raw)) - 1) // PAGE * PAGE if name == "row" else int(raw)


def grid_of(version: Version) -> Grid | None:
    return Grid.objects.filter(version=version).first()


@contextmanager
def book_of(artifact: Artifact, version: Version) -> Iterator[Book]:
    """The rows of a version. Refusal where it has none, or none yet."""
    if not is_grid(artifact, version):
        raise Invalid("id", "Only tables have rows.", code="not_a_table")
    if artifact.kind == Kind.TABLE and not making.is_wanted(artifact.kind, version):
        with reading.in_memory(rows_of(version)) as book:
            yield book
        return
    grid = grid_of(version)
    if grid is not None and grid.file:
        with reading.opened(grid) as book:
            yield book
        return
    if grid is not None and grid.reason:
        raise Refusal("not_a_table", grid.reason, status=422)
    percent = grid.percent if grid else 0
    raise Refusal(
        "not_ready", f"This table is being prepared, {percent} % is done. Ask again in a moment.", status=409
    )


def view_of(artifact: Artifact, version: Version, query: Mapping[str, str]) -> GridView:
    """The page of a table that an address asks for."""
    asked, offset = asked_of(query), offset_of(query)
    addresses = _Addresses(artifact, version, asked)
    try:
        with book_of(artifact, version) as book:
            return _ready(book, asked, offset, addresses)
    except Refusal as refusal:
        if refusal.code not in ("not_ready", "not_a_table"):
            raise
    grid = grid_of(version)
    state = "missing" if grid is None else "failed" if grid.reason else "waiting"
    view = GridView(
        state,
        percent=grid.percent if grid else 0,
        reason=grid.reason if grid else "",
        here=addresses.to("", asked, offset),
        retry_url=reverse("artifact-grid", args=[artifact.pk]) + f"?version={version.number}",
    )
    if artifact.kind == Kind.TABLE:
        _show_head(view, version, offset, addresses, asked)
    return view


class _Addresses:
    """The addresses of a table's pages."""

    def __init__(self, artifact: Artifact, version: Version, asked: Asked) -> None:
        self.page, self.part = (reverse(name, args=[artifact.pk]) for name in ("artifact", "artifact-rows"))
        self.number = str(version.number)
        self.asked = asked

    def query(self, asked: Asked, offset: int) -> dict[str, str]:
        filters = (
            json.dumps([one.as_dict() for one in asked.filters], ensure_ascii=False) if asked.filters else ""
        )
        values = {
            "sheet": str(asked.sheet or ""),
            "sort": asked.sort,
            "order": "desc" if asked.sort and asked.descending else "",
            "filter": filters,
            "offset": str(offset or ""),
        }
        return {name: text for name, text in values.items() if text}

    def to(self, label: str, asked: Asked, offset: int = 0, *, is_current: bool = False) -> Link:
        query = urlencode({"version": self.number, **self.query(asked, offset)})
        return Link(label, f"{self.page}?{query}", f"{self.part}?{query}", is_current)


def _ready(book: Book, asked: Asked, offset: int, addresses: _Addresses) -> GridView:
    sheet = book.sheet(asked.sheet)
    page = book.page(asked, offset, PAGE)
    if not page.numbers and page.matching:
        # Beyond the end: an address of a longer list than there is now.
        offset = (page.matching - 1) // PAGE * PAGE
        page = book.page(asked, offset, PAGE)
    shown = sheet.columns[:MOST_COLUMNS]
    return GridView(
        "ready",
        sheets=[
            addresses.to(one.title or f"Sheet {one.number + 1}", Asked(one.number), is_current=one == sheet)
            for one in book.sheets
        ]
        if len(book.sheets) > 1
        else [],
        heads=[_head(column, asked, addresses) for column in shown],
        rows=[
            Row(number, [_cell(kept, column) for kept, column in zip(cells, shown, strict=False)])
            for number, cells in zip(page.numbers, page.rows, strict=True)
        ],
        offset=offset,
        total=sheet.rows,
        matching=page.matching,
        cut=sheet.cut,
        hidden_columns=len(sheet.columns) - len(shown),
        filters=[
            addresses.to(_words(one), replace(asked, filters=tuple(x for x in asked.filters if x is not one)))
            for one in asked.filters
        ],
        columns=[column.name for column in sheet.columns],
        hidden=[("version", addresses.number), *addresses.query(asked, 0).items()],
        links=_pager(addresses, asked, offset, page.matching),
        query=urlencode(addresses.query(asked, offset)),
        here=addresses.to("", asked, offset),
    )


def _words(one: Filter) -> str:
    text = "" if one.op in WITHOUT_VALUE else f" “{one.value}”"
    return f"{one.column or 'Any column'} {OPERATIONS[one.op]}{text}"


def _head(column: Column, asked: Asked, addresses: _Addresses) -> Head:
    """Sorting goes up, then down, then back to the rows as they stand."""
    now = ("descending" if asked.descending else "ascending") if asked.sort == column.name else ""
    then = {
        "": replace(asked, sort=column.name, descending=False),
        "ascending": replace(asked, sort=column.name, descending=True),
        "descending": replace(asked, sort="", descending=False),
    }[now]
    link = addresses.to(column.name, then) if column.name else None
    return Head(column.name, column.kind, now, link)


def _cell(kept: Any, column: Column) -> Cell:
    return Cell("" if kept == MISSING else shortened(value(kept)), column.kind == "number")


def _pager(addresses: _Addresses, asked: Asked, offset: int, matching: int) -> dict[str, Link]:
    """First, previous, next and last page, where there are such."""
    links = {}
    if offset:
        links["first"] = addresses.to("First", asked)
        links["previous"] = addresses.to("Previous", asked, max(0, offset - PAGE))
    if offset + PAGE < matching:
        links["next"] = addresses.to("Next", asked, offset + PAGE)
        links["last"] = addresses.to("Last", asked, (matching - 1) // PAGE * PAGE)
    return links


def _show_head(view: GridView, version: Version, offset: int, addresses: _Addresses, asked: Asked) -> None:
    """A large table artifact can be paged before it can be sorted: its own file knows where rows begin."""
    columns = columns_of(version)
    shown = columns[:MOST_COLUMNS]
    view.total = view.matching = version.table_index["rows"]  # type: ignore[index]
    view.offset = min(offset, max(0, view.total - 1) // PAGE * PAGE)
    rows = list(rows_of(version, view.offset, PAGE))
    numeric = [all(_is_number(row.get(name)) for row in rows) for name in shown]
    view.heads = [Head(name, "", "", None) for name in shown]
    view.rows = [
        Row(
            number,
            [Cell(shortened(row.get(name)), right) for name, right in zip(shown, numeric, strict=True)],
        )
        for number, row in enumerate(rows, start=view.offset + 1)
    ]
    view.hidden_columns = len(columns) - len(shown)
    view.links = _pager(addresses, Asked(), view.offset, view.total)


def _is_number(item: Any) -> bool:
    return item is None or (isinstance(item, int | float) and not isinstance(item, bool))
