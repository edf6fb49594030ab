"""XLS (Excel 2 to 2003): xlrd, which knows dates and errors; calamine where xlrd gives up."""

from __future__ import annotations

import datetime
import io
import os
from pathlib import Path
from typing import IO

import python_calamine
import xlrd

from .package import KNOWN_PASSWORD, as_text
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder
from .xlsx import Grid, bounded, sheet_text

_CUT = "The time for one file was used up: the rest is left out."


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The workbook as Markdown, one part a sheet."""
    with Path(os.devnull).open("w", encoding="utf-8") as silence:
        book = opened(source.path, silence)
        builder, budget = TextBuilder(limits), Budget(limits)
        warnings: list[str] = []
        shapes: list[dict[str, object]] = []
        room = limits.max_cells
        for number, name in enumerate(book.sheet_names(), start=1):
            is_hidden = bool(book.sheet_by_index(number - 1).visibility)
            grid, cut = bounded(rows(book, number - 1), limits, room)
            room -= sum(map(len, grid))
            if cut:
                warnings.append(f"Sheet {name!r}: only the first {len(grid)} rows with content are read.")
            builder.add(sheet_text(name, grid, is_hidden=is_hidden))
            shapes.append({"name": name, "rows": len(grid), "hidden": is_hidden})
            progress(number, book.nsheets)
            if budget.spent():
                warnings.append(_CUT)
                break
    return Extracted(
        text=builder.text(),
        parts=max(1, book.nsheets),
        truncated=builder.full or bool(warnings),
        engine="xlrd",
        warnings=warnings,
        details={"sheets": shapes[:500], "metadata": {"author": book.user_name} if book.user_name else {}},
    )


def fallback(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The same by calamine, which forgives more and knows less of dates and errors."""
    content = _unlocked(source.path.read_bytes())
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = workbook.sheet_names
        builder = TextBuilder(limits)
        for index, name in enumerate(names):
            rows = workbook.get_sheet_by_index(index).to_python(nrows=limits.max_rows)
            grid = [
                {column: as_text(value) for column, value in enumerate(row) if value != ""} for row in rows
            ]
            kept, _ = bounded(list(filter(None, grid)), limits, limits.max_cells)
            builder.add(sheet_text(name, kept))
            progress(index + 1, len(names))
    except python_calamine.PasswordError as error:
        raise ExtractionError("password_protected") from error
    return Extracted(text=builder.text(), parts=max(1, len(names)), truncated=builder.full, engine="calamine")


def opened(path: Path, silence: IO[str]) -> xlrd.Book:
    """The workbook; a locked one is unlocked where the password is the one that Excel itself fills in."""
    content = path.read_bytes()
    if not content:
        raise ExtractionError("empty")
    try:
        return xlrd.open_workbook(file_contents=content, logfile=silence, on_demand=True, ragged_rows=True)
    except xlrd.XLRDError as error:
        if "encrypt" not in str(error).lower():
            raise ExtractionError("corrupt", str(error)[:300]) from error
    plain = _unlocked(content)
    return xlrd.open_workbook(file_contents=plain, logfile=silence, on_demand=True, ragged_rows=True)


def _unlocked(content: bytes) -> bytes:
    """The decrypted file; the same bytes where nothing is encrypted.

    Raises `ExtractionError("password_protected")` where the password is not the known one.
    """
    import msoffcrypto

    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not office.is_encrypted():
            return content
    except Exception:  # noqa: BLE001 - the library raises whatever the damage leads to; the readers say more
        return content
    try:
        office.load_key(password=KNOWN_PASSWORD)
        plain = io.BytesIO()
        office.decrypt(plain)
    except Exception as error:
        raise ExtractionError("password_protected") from error
    return plain.getvalue()


def rows(book: xlrd.Book, index: int) -> Grid:
    """The rows with content of one sheet."""
    sheet = book.sheet_by_index(index)
    rows = (
        {
            column: text
            for column, cell in enumerate(sheet.row(number))
            if (text := _text(cell, book.datemode))
        }
        for number in range(sheet.nrows)
    )
    grid = [row for row in rows if row]
    book.unload_sheet(index)
    return grid


def _text(cell: xlrd.sheet.Cell, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return as_text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment: datetime.datetime = xlrd.xldate.xldate_as_datetime(cell.value, datemode)
            return as_text(moment.time() if cell.value < 1 else moment)
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return as_text(cell.value)
    return as_text(cell.value)
