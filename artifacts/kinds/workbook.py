"""A table as an Excel workbook, written while it is sent: memory holds some rows of it.

The workbook is openpyxl's, without rows; those are put into its sheets on the way. Cells are what Excel shows as they
are. Text goes inline, as text whatever it begins with, so none becomes a formula.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from artifactsite.lib.pieces import Pieces

LARGEST_SHEET = 1_048_576  # rows, Excel's own limit, header included
LONGEST_CELL = 32_767  # characters, Excel's own limit
_AT_ONCE = 500  # rows
# From here on a sheet's sizes don't fit into a ZIP's own numbers; the longer ones make Excel ask whether to repair.
_LARGE = 2 * 1024**3
_CELL_MARKUP = 80  # bytes of one cell at most, besides its text
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ufffd\U00010000-\U0010ffff]")
# Spreadsheets read `_x0041_` as the letter A; its first underscore is therefore escaped itself.
_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# A parser makes a line feed of a carriage return that stands by itself.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_END_OF_ROWS = b"</sheetData>"
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def workbook(
    columns: Sequence[str],
    rows: Iterator[dict[str, Any]],
    count: int,
    text_of: Callable[[Any], str],
    size: int,
    made_at: datetime,
) -> Iterator[bytes]:
    """The bytes of a workbook of `count` rows; beyond Excel's last row it goes on in a further sheet.

    `text_of` words a cell that is no number and no truth value; `size` is what the rows take as JSON, in bytes.
    """
    per_sheet = LARGEST_SHEET - 1
    sheets = max(1, -(-count // per_sheet))
    # What text grows by is at most `&amp;` for each sign.
    is_large = size * 5 + count * len(columns) * _CELL_MARKUP > _LARGE
    pieces = Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as target:  # type: ignore[call-overload]
        for name, part in _parts(sheets, made_at):
            before, end, after = part.partition(_END_OF_ROWS)
            lines = _lines(columns, islice(rows, per_sheet), text_of) if end else iter(())
            # Dated by nothing, so that the same table is the same bytes.
            dateless = zipfile.ZipInfo(name)
            dateless.compress_type = zipfile.ZIP_DEFLATED
            with target.open(dateless, "w", force_zip64=bool(end) and is_large) as file:
                file.write(before)
                while some := "".join(islice(lines, _AT_ONCE)):
                    file.write(some.encode("utf-8", "replace"))
                    yield pieces.take()
                file.write(end + after)
    yield pieces.take()


def _parts(sheets: int, made_at: datetime) -> Iterator[tuple[str, bytes]]:
    """The names and the contents of a workbook's parts, with sheets that have no rows yet."""
    from openpyxl import Workbook  # takes half a second to load, and few ask for a workbook

    book = Workbook(write_only=True)
    for number in range(1, sheets + 1):
        book.create_sheet("Table" if number == 1 else f"Table {number}")
    saved = io.BytesIO()
    book.save(saved)
    stamp = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(saved) as source:
        for name in source.namelist():
            part = source.read(name)
            # openpyxl writes the time of saving, whatever else it is told.
            yield name, _TIME.sub(stamp, part) if name == "docProps/core.xml" else part


def _lines(
    columns: Sequence[str],
    rows: Iterable[dict[str, Any]],
    text_of: Callable[[Any], str],
) -> Iterator[str]:
    """The rows of a sheet as markup, its header first."""
    from openpyxl.utils import get_column_letter

    letters = [get_column_letter(number) for number in range(1, len(columns) + 1)]
    header: Iterable[Sequence[Any]] = [columns]
    values = chain(header, ([row.get(column) for column in columns] for row in rows))
    for number, cells in enumerate(values, 1):
        written = [
            _cell(f"{letter}{number}", value, text_of)
            for letter, value in zip(letters, cells, strict=True)
            if value is not None
        ]
        yield f'<row r="{number}">{"".join(written)}</row>'


def _cell(place: str, value: Any, text_of: Callable[[Any], str]) -> str:
    if value is True or value is False:
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    # Excel keeps 15 digits of a number and takes none from 10^308 on.
    if (isinstance(value, int) and abs(value) < 10**15) or (isinstance(value, float) and abs(value) < 1e307):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = value if isinstance(value, str) else text_of(value)
    text = _LIKE_AN_ESCAPE.sub("_x005F_", _NOT_XML.sub("\ufffd", text[:LONGEST_CELL]))
    text = text.translate(_ESCAPES)
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
