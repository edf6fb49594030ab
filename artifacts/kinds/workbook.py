"""A table as an Excel workbook (ECMA-376), written while it is sent: memory holds some rows of it.

Cells are what Excel shows as they are. Text goes inline, as text whatever it begins with, so none becomes a formula.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
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

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def workbook(
    columns: Sequence[str],
    rows: Iterator[dict[str, Any]],
    count: int,
    text_of: Callable[[Any], str],
    size: int,
) -> Iterator[bytes]:
    """The bytes of a workbook of `count` rows; beyond Excel's last row it goes on in a further sheet.

    `text_of` words a cell that is no number and no truth value; `size` is what the rows take as JSON, in bytes.
    """
    per_sheet = LARGEST_SHEET - 1
    sheets = max(1, -(-count // per_sheet))
    # What text grows by is at most `&amp;` for each sign.
    is_large = size * 5 + count * len(columns) * _CELL_MARKUP > _LARGE
    letters = [_letters(number) for number in range(1, len(columns) + 1)]
    pieces = Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as target:  # type: ignore[call-overload]
        for name, text in _around(sheets):
            # Without the time, so that the same table is the same bytes.
            target.writestr(zipfile.ZipInfo(name), _DECLARATION + text)
        for sheet in range(1, sheets + 1):
            lines = _lines(columns, islice(rows, per_sheet), letters, text_of)
            with target.open(f"xl/worksheets/sheet{sheet}.xml", "w", force_zip64=is_large) as file:
                file.write(f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                while some := "".join(islice(lines, _AT_ONCE)):
                    file.write(some.encode("utf-8", "replace"))
                    yield pieces.take()
                file.write(b"</sheetData></worksheet>")
    yield pieces.take()


def _around(sheets: int) -> Iterator[tuple[str, str]]:
    """The parts of a workbook besides its sheets: what is in it, and what belongs to what."""
    numbers = range(1, sheets + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{kinds}</Types>'
    )
    yield "[Content_Types].xml", types
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    listed = "".join(f'<sheet name="{_title(n)}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{listed}</sheets></workbook>',
    )
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")])
    yield "xl/styles.xml", _STYLES


def _title(number: int) -> str:
    return "Table" if number == 1 else f"Table {number}"


def _relations(targets: list[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _lines(
    columns: Sequence[str],
    rows: Iterable[dict[str, Any]],
    letters: list[str],
    text_of: Callable[[Any], str],
) -> Iterator[str]:
    """The rows of a sheet as markup, its header first."""
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


def _letters(number: int) -> str:
    """What a spreadsheet calls its columns: A to Z, AA and so on."""
    found = ""
    while number:
        number, place = divmod(number - 1, 26)
        found = chr(ord("A") + place) + found
    return found
