"""An XLSX reader that streams: for workbooks that are cut, huge, nearly empty but wide, or never calculated.

Rows are read one at a time from XML that may end anywhere. A formula without a stored value gives itself.
"""

from __future__ import annotations

import datetime
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from .package import Package, as_text
from .protocol import Budget, ExtractionLimits

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_NAMES = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_NAMES = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NO_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|General', re.IGNORECASE)
_LAPSE = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LAPSE_FORMAT = "46"  # [h]:mm:ss
_MAX_SERIAL = 2_958_466  # the day after 9999-12-31
_PRINTED = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)\b[^>]*>([^<]+)<")
_PRINT_CODE = re.compile(r'&(&|"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d{1,3}|[A-Za-z])')
_WORD = re.compile(r"[^\W\d_]")
_MAX_COLUMNS = 16_384
_MAX_CELL_CHARACTERS = 32_767  # as many as Excel allows


@dataclass(slots=True)
class Sheet:
    """A sheet of the workbook: its name, the member that holds it, and whether its end was not read.

    `printed`: the words above and below it on paper.
    """

    name: str
    part: str
    hidden: bool = False
    cut: bool = False
    printed: list[str] = field(default_factory=list)


def sheets(package: Package) -> list[Sheet]:
    """The sheets in the workbook's order; without a readable workbook, the members that look like sheets."""
    main = package.main_part("xl/workbook.xml")
    root = package.xml(main)
    related = package.related(main)
    found = []
    for number, item in enumerate(root.iter(_S + "sheet") if root is not None else (), start=1):
        _, part = related.get(item.get(_R + "id") or "", ("", f"xl/worksheets/sheet{number}.xml"))
        hidden = (item.get("state") or "visible") != "visible"
        found.append(Sheet(item.get("name") or f"Sheet{number}", part, hidden))
    if found:
        return found
    names = package.names("xl/worksheets/", ".xml")
    return [Sheet(f"Sheet{number}", name) for number, name in enumerate(names, start=1)]


def grids(package: Package, of: list[Sheet], limits: ExtractionLimits) -> Iterator[list[dict[int, str]]]:
    """The rows with content of each sheet, as {column from 0: text}; marks sheets that it cuts short."""
    reader = Reader(package)
    budget = Budget(limits)
    for sheet in of:
        rows: list[dict[int, str]] = []
        cells = 0
        content = package.read(sheet.part)
        sheet.printed = printed(content)
        for row in reader.rows([content]):
            cells += len(row)
            if len(rows) >= limits.max_rows or cells > limits.max_cells or budget.spent():
                sheet.cut = True
                break
            rows.append(row)
        yield rows


def printed(content: bytes) -> list[str]:
    """The headers and footers in a sheet's XML, without what stands for page numbers, dates and fonts."""
    start = content.rfind(b"headerFooter", 0, max(0, content.rfind(b"headerFooter")))
    written = (
        html.unescape(match[1].decode("utf-8", "replace")) for match in _PRINTED.finditer(content, start)
    )
    shown = (_PRINT_CODE.sub(lambda code: "&" if code[1] == "&" else " ", text) for text in written)
    return [" ".join(text.split()) for text in shown if _WORD.search(text)] if start >= 0 else []


def shared_strings(package: Package) -> list[str]:
    """The workbook's table of strings, to which cells refer by number."""
    return [
        _joined(item)[:_MAX_CELL_CHARACTERS] for item in _stream([package.read("xl/sharedstrings.xml")], "si")
    ]


def column_number(letters: str) -> int:
    """Number of a column from 0 by its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def column_letters(number: int) -> str:
    """Letters of a column by its number from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Reader:
    """What all sheets of a workbook share: strings, date formats, the calendar's first day."""

    def __init__(self, package: Package) -> None:
        self._strings = shared_strings(package)
        self._dated, self._lasting = _date_styles(package.xml("xl/styles.xml"))
        workbook = package.xml(package.main_part("xl/workbook.xml"))
        properties = workbook.find(_S + "workbookPr") if workbook is not None else None
        since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        # Day 0 of a workbook; cells know no time zone.
        self._epoch = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30)  # noqa: DTZ001

    def rows(self, pieces: Iterable[bytes]) -> Iterator[dict[int, str]]:
        """The rows of a sheet's XML, which comes in pieces, that have any text."""
        for row in _stream(pieces, "row"):
            texts: dict[int, str] = {}
            column = -1
            for cell in row.iterchildren(_S + "c"):
                letters = (cell.get("r") or "").rstrip("0123456789")
                named = letters.isascii() and letters.isalpha() and len(letters) <= 3
                column = column_number(letters) if named else column + 1
                text = self._text(cell)
                if text and column < _MAX_COLUMNS:
                    texts[column] = text
            if texts:
                yield texts

    def _text(self, cell: Any) -> str:
        kind = cell.get("t") or "n"
        if kind == "inlineStr":
            return _joined(cell)
        stored = cell.findtext(_S + "v")
        if not stored:
            formula = cell.findtext(_S + "f")
            return "=" + formula if formula else ""
        if kind == "s":
            index = int(stored) if stored.isdecimal() and len(stored) < 10 else len(self._strings)
            return self._strings[index] if index < len(self._strings) else ""
        if kind == "b":
            return as_text(stored.strip() in ("1", "true"))
        if kind != "n":
            return str(stored)
        return self._number(stored, cell.get("s") or "0")

    def _number(self, stored: str, style: str) -> str:
        try:
            value = float(stored)
        except ValueError:
            return stored
        if style in self._lasting and abs(value) < _MAX_SERIAL:
            return as_text(datetime.timedelta(days=value))
        if style in self._dated and 0 <= value < _MAX_SERIAL:
            moment = self._epoch + datetime.timedelta(days=round(value * 86_400) / 86_400)
            moment = moment.replace(microsecond=0) + datetime.timedelta(seconds=moment.microsecond >= 500_000)
            return as_text(moment.time() if value < 1 else moment)
        return as_text(value) if value == value and abs(value) != float("inf") else stored


class _Pieces(io.RawIOBase):
    """Pieces of XML as a file, with the names of the strict standard, declared at its start, in their usual form."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = next(self._pieces, b"")
        if _STRICT_NAMES in self._held[:4096]:
            self._held = self._held.replace(_STRICT_NAMES, _NAMES)

    def read(self, size: int = -1) -> bytes:
        if not self._held:
            self._held = next(self._pieces, b"")
        if size < 0:
            given, self._held = self._held, b""
        else:
            given, self._held = self._held[:size], self._held[size:]
        return given


def _stream(pieces: Iterable[bytes], name: str) -> Iterator[Any]:
    """Each element `name` of XML that may be damaged, emptied again after its use."""
    events = etree.iterparse(
        _Pieces(pieces),
        events=("end",),
        tag=_S + name,
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
    )
    try:
        for _, element in events:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError:
        return


def _joined(item: Any) -> str:
    """The text of a string without its phonetic reading."""
    texts = (text for text in item.iter(_S + "t") if text.getparent().tag != _S + "rPh")
    return "".join(text.text or "" for text in texts)


def _date_styles(root: Any | None) -> tuple[set[str], set[str]]:
    """Numbers of the cell styles that show a number as a date or a time, and of those that show a lapse of time."""
    formats = root.find(_S + "cellXfs") if root is not None else None
    if root is None or formats is None:
        return set(), set()
    custom = {item.get("numFmtId"): item.get("formatCode") or "" for item in root.iter(_S + "numFmt")}
    dated, lasting = set(), set()
    for index, item in enumerate(formats.iterchildren(_S + "xf")):
        number = item.get("numFmtId") or "0"
        written = custom.get(number, "")
        code = _NO_CODE.sub("", written)
        if number == _LAPSE_FORMAT or _LAPSE.search(written):
            lasting.add(str(index))
        elif (number.isdecimal() and int(number) in _DATE_FORMATS) or re.search(
            "[ymdhs]", code, re.IGNORECASE
        ):
            dated.add(str(index))
    return dated, lasting
