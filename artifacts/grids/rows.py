"""Rows as programs get them."""

from typing import Any

from artifacts.grids.reading import Asked, Book
from artifacts.kinds.table import columns_of, rows_of
from artifacts.models import Artifact, Kind, Version
from artifacts.viewers.grid import book_of
from artifactsite.lib.errors import Refusal
from uploads.extraction.grid import MISSING, value


def answer(artifact: Artifact, version: Version, asked: Asked, offset: int, limit: int) -> dict[str, Any]:
    """At most `limit` rows from `offset` of those asked for, each an object by column names. Refusal."""
    try:
        with book_of(artifact, version) as book:
            return _of_book(book, asked, offset, limit)
    except Refusal as refusal:
        can_wait = artifact.kind == Kind.TABLE and asked.is_plain and not asked.sheet
        if refusal.code != "not_ready" or not can_wait:
            raise
    return _as_they_stand(version, offset, limit)


def _as_they_stand(version: Version, offset: int, limit: int) -> dict[str, Any]:
    """A table artifact's rows out of its own file, which needs no preparation."""
    total = version.table_index["rows"]  # type: ignore[index]
    rows = list(rows_of(version, offset, limit))
    return {
        "columns": columns_of(version),
        "types": None,
        "sheet": 0,
        "sheets": [{"title": "", "rows": total, "cut": ""}],
        "offset": offset,
        "total": total,
        "matching": total,
        "row_numbers": list(range(offset + 1, offset + 1 + len(rows))),
        "rows": rows,
    }


def _of_book(book: Book, asked: Asked, offset: int, limit: int) -> dict[str, Any]:
    sheet = book.sheet(asked.sheet)
    page = book.page(asked, offset, limit)
    names = [column.name for column in sheet.columns]
    return {
        "columns": names,
        "types": {column.name: column.kind for column in sheet.columns},
        "sheet": sheet.number,
        "sheets": [{"title": one.title, "rows": one.rows, "cut": one.cut} for one in book.sheets],
        "offset": offset,
        "total": sheet.rows,
        "matching": page.matching,
        "row_numbers": page.numbers,
        "rows": [
            {name: value(kept) for name, kept in zip(names, cells, strict=True) if kept != MISSING}
            for cells in page.rows
        ],
    }
