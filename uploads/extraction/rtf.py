"""RTF: an own reader, since striprtf leaves out headers, footers, notes, comments and text boxes.

The text is a stream of groups, control words and characters. Each group inherits the state of the one around
it; a destination (header, footnote, picture …) sends what follows to a flow of its own or to nowhere.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from . import marks, symbols
from .package import table_lines
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

_MAX_BYTES = 64_000_000
_MAX_LEFT_BYTES = 16_000_000
_MAX_GROUPS = 100_000
_TOKENS_BETWEEN_CHECKS = 20_000

# Pictures are runs of hexadecimal digits, often most of the file.
_HEX_RUN = re.compile(rb"[0-9a-fA-F\r\n]{256,}")
_BINARY = re.compile(rb"\\bin(\d{0,12}) ?")
_TOKEN = re.compile(
    r"\\(?:(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|'(?P<hex>[0-9a-fA-F]{2})|(?P<symbol>[^a-zA-Z]))"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_LINK = re.compile(r'HYPERLINK\s+"?([^"\s]+)', re.IGNORECASE)

_CHARSETS = {
    0: "cp1252", 2: "symbol", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_CHARACTERS = {
    "par": "\n", "sect": "\n\n", "page": "\n\n", "line": "\n", "column": "\n", "softline": "\n", "tab": "\t",
    "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "nestcell": " ", "nestrow": "\n",
}  # fmt: skip
_SYMBOLS = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "{": "{", "}": "}", "\\": "\\"}

_REPEATED = {"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"}
_METADATA = {"title": "title", "author": "creator", "subject": "subject", "keywords": "keywords"}
# Starred destinations are for programs that know them; of these the text belongs to the document.
_KNOWN_STARRED = {"shpinst", "shptxt", "annotation", "ud", "footnote", "fldinst", "shpgrp", "background"}
_NOWHERE = {
    "fonttbl", "colortbl", "stylesheet", "pict", "objdata", "objclass", "objname", "datastore", "themedata",
    "colorschememapping", "latentstyles", "listtable", "listoverridetable", "rsidtbl", "generator", "filetbl",
    "revtbl", "xmlnstbl", "pntxta", "pntxtb", "xe", "tc", "tcn", "rxe", "txe", "template", "shprslt", "sp",
    "bkmkstart", "bkmkend", "atnid", "atnauthor", "atndate", "atnref", "atntime", "atnicn", "ftnsep",
    "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "private", "nextfile", "list", "listoverride",
    "listlevel", "formfield", "creatim", "revtim", "printim", "buptim", "operator", "company", "manager",
    "category", "doccomm", "hlinkbase", "comment", "info", "panose", "falt", "fontemb", "fontfile",
}  # fmt: skip

_LEFT_OUT = "The document is longer than what can be read: its end is left out."


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """Headers, body, footers, notes and comments as text, tables as Markdown."""
    with source.path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if not data.strip():
        raise ExtractionError("empty")
    slim = _HEX_RUN.sub(b"", _cut_binary(data[:_MAX_BYTES]))
    reader = _Reader()
    whole = reader.read(slim[:_MAX_LEFT_BYTES].decode("latin-1"), Budget(limits))
    truncated = not whole or len(data) > _MAX_BYTES or len(slim) > _MAX_LEFT_BYTES
    builder = TextBuilder(limits)
    builder.add(marks.escape(reader.document()))
    text = builder.text().strip()
    if not text and b"\\pict" not in data:
        raise ExtractionError("empty", "the document has no text")
    progress(1, 1)
    return Extracted(
        text=text,
        truncated=truncated or builder.full,
        engine="rtf",
        warnings=[_LEFT_OUT] if truncated or builder.full else [],
        details={"metadata": reader.metadata()},
    )


def _cut_binary(data: bytes) -> bytes:
    r"""`data` without the raw bytes that `\binN` announces; a claim beyond the end takes what is left."""
    pieces: list[bytes] = []
    position = 0
    while found := _BINARY.search(data, position):
        pieces.append(data[position : found.start()])
        position = min(found.end() + int(found[1] or 0), len(data))
    return b"".join([*pieces, data[position:]])


@dataclass(slots=True)
class _Flow:
    """A stream of text: pieces, among them whole table rows, and the row that is being filled."""

    pieces: list[str | tuple[str, ...]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    cell_start: int | None = None

    def open_row(self) -> None:
        """A row begins here, unless it has begun already (its properties may be repeated at its end)."""
        if not self.cells:
            self.cell_start = len(self.pieces)

    def close_cell(self) -> None:
        """What came since the last cell, or else since the last paragraph, is the content of one."""
        start = self.cell_start if self.cell_start is not None else self._paragraph_start()
        self.cells.append("".join(piece for piece in self.pieces[start:] if isinstance(piece, str)).strip())
        del self.pieces[start:]
        self.cell_start = start

    def close_row(self) -> None:
        """Put the cells together."""
        if self.cells:
            self.pieces.append(tuple(self.cells))
        self.cells, self.cell_start = [], None

    def _paragraph_start(self) -> int:
        for index in range(len(self.pieces) - 1, -1, -1):
            piece = self.pieces[index]
            if not isinstance(piece, str) or piece.endswith("\n"):
                return index + 1
        return 0

    def text(self) -> str:
        """The flow as Markdown."""
        done: list[str] = []
        rows: list[list[str]] = []
        for piece in [*self.pieces, *self.cells]:
            if isinstance(piece, tuple):
                rows.append(list(piece))
                continue
            if rows:
                done.append("\n" + "\n".join(table_lines(rows)) + "\n\n")
                rows = []
            done.append(piece)
        if rows:
            done.append("\n" + "\n".join(table_lines(rows)) + "\n")
        return "".join(done)


@dataclass(slots=True)
class _State:
    """What a group inherits: where text goes (None: nowhere), how bytes are decoded, what is hidden."""

    flow: _Flow | None
    encoding: str
    skip_after_unicode: int = 1
    hidden: bool = False
    starred: bool = False
    destination: str = ""


class _Reader:
    """Reads one document, token by token."""

    def __init__(self) -> None:
        self._body = _Flow()
        self._state = _State(self._body, "cp1252")
        self._stack: list[_State] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._default_encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = self._default_font = 0
        self._link = ""
        self._repeated: dict[str, list[_Flow]] = {"header": [], "footer": []}
        self._notes: list[_Flow] = []
        self._comments: list[_Flow] = []
        self._properties: dict[str, _Flow] = {}

    def read(self, text: str, budget: Budget) -> bool:
        """Read all of `text` (one character a byte); False where the time or the stack ended first."""
        for count, token in enumerate(_TOKEN.finditer(text)):
            if count % _TOKENS_BETWEEN_CHECKS == 0 and budget.spent():
                return False
            kind = token.lastgroup
            if kind == "text":
                self._characters(token[0])
            elif kind == "hex":
                self._byte(int(token["hex"], 16))
            elif kind == "brace":
                self._flush()
                self._to_skip = 0
                if token[0] == "{":
                    if len(self._stack) >= _MAX_GROUPS:
                        return False
                    self._stack.append(self._state)
                    kept = "font" if self._state.destination == "font" else ""
                    self._state = replace(self._state, starred=False, destination=kept)
                elif self._stack:
                    self._close_group()
            elif kind == "symbol":
                self._symbol(token["symbol"])
            else:  # a control word, with or without its number
                self._flush()
                self._word(token["word"], int(token["number"]) if token["number"] else None)
        self._flush()
        return True

    def document(self) -> str:
        """Headers, body, footers, notes, comments."""
        parts = [_once(self._repeated["header"]), self._body.text(), _once(self._repeated["footer"])]
        parts += [f"[^{number}]: {_one_line(note)}" for number, note in enumerate(self._notes, start=1)]
        parts += [
            f"[comment {number}] {_one_line(note)}" for number, note in enumerate(self._comments, start=1)
        ]
        return "\n".join(part for part in parts if part.strip())

    def metadata(self) -> dict[str, str]:
        """Title, author and the like."""
        found = {name: _one_line(flow)[:500] for name, flow in self._properties.items()}
        return {name: value for name, value in found.items() if value}

    # --- Characters

    def _characters(self, text: str) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        # Also plain characters are bytes: the second half of a Japanese letter may look like one.
        self._bytes += text.encode("latin-1")

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._bytes.append(value)

    def _flush(self) -> None:
        """Decode the bytes since the last control word, with the font that they are in."""
        if not self._bytes:
            return
        data, self._bytes = bytes(self._bytes), bytearray()
        state = self._state
        if state.flow is None or state.hidden:
            return
        if state.encoding == "symbol":
            state.flow.pieces.append("".join(map(symbols.of_byte, data)))
        else:
            state.flow.pieces.append(data.decode(state.encoding, "replace"))

    def _put(self, text: str) -> None:
        if self._state.flow is not None and not self._state.hidden:
            self._state.flow.pieces.append(text)

    def _symbol(self, symbol: str) -> None:
        self._flush()
        if symbol == "*":
            self._state.starred = True
        elif self._to_skip:
            self._to_skip -= 1
        elif symbol in _SYMBOLS:
            self._put(_SYMBOLS[symbol])

    # --- Control words

    def _word(self, word: str, number: int | None) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        starred, self._state.starred = self._state.starred, False
        if word == "u" and number is not None:
            self._put(chr(number & 0xFFFF))
            self._to_skip = self._state.skip_after_unicode
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])
        elif word in ("trowd", "cell", "row"):
            self._table(word)
        elif not self._formatting(word, number):
            self._destination(word, starred)

    def _table(self, word: str) -> None:
        flow = self._state.flow
        if flow is None:
            return
        if word == "trowd":
            flow.open_row()
        elif word == "cell":
            flow.close_cell()
        else:
            flow.close_row()

    def _formatting(self, word: str, number: int | None) -> bool:
        """Words that change how what follows is read; False for any other word."""
        state = self._state
        if word == "f" and number is not None:
            self._font = number
            state.encoding = self._fonts.get(number, self._default_encoding)
        elif word == "fcharset":
            if self._state.destination == "font":
                charset = _CHARSETS.get(number or 0, self._default_encoding)
                self._fonts[self._font] = self._default_encoding if number in (0, 1, None) else charset
        elif word == "uc":
            state.skip_after_unicode = max(0, number if number is not None else 1)
        elif word == "ansicpg":
            self._default_encoding = state.encoding = _code_page(number)
        elif word in ("mac", "pc", "pca"):
            self._default_encoding = state.encoding = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[
                word
            ]
        elif word in ("v", "deleted"):
            state.hidden = number != 0
        elif word == "deff":
            self._default_font = number or 0
        elif word == "plain":
            state.hidden = False
            state.encoding = self._fonts.get(self._default_font, self._default_encoding)
        else:
            return False
        return True

    def _destination(self, word: str, starred: bool) -> None:
        """Where the rest of the group goes, if `word` says something about that."""
        state = self._state
        if word == "fonttbl":
            state.flow, state.destination = None, "font"
        elif word in _METADATA and self._in_information():
            # The code page's and the Unicode wording of a property say the same.
            known = _METADATA[word] in self._properties
            state.flow = None if known else self._properties.setdefault(_METADATA[word], _Flow())
        elif word == "info":
            state.flow, state.destination = None, "info"
        elif word in _NOWHERE or (starred and word not in _KNOWN_STARRED):
            state.flow = None
        elif state.flow is None and word != "ud":
            return
        elif word in _REPEATED:
            state.flow = _Flow()
            self._repeated["header" if word.startswith("header") else "footer"].append(state.flow)
        elif word in ("footnote", "annotation"):
            notes, sign = (self._notes, "^") if word == "footnote" else (self._comments, "comment ")
            notes.append(_Flow())
            self._put(f"[{sign}{len(notes)}]")
            state.flow = notes[-1]
        elif word == "shptxt":
            self._put("\n")
        else:
            self._field(word)

    def _field(self, word: str) -> None:
        """Groups that hold the same thing in two forms: a field and its result, a code page and Unicode."""
        state = self._state
        if word == "fldinst":
            state.flow, state.destination = _Flow(), "fldinst"
        elif word == "fldrslt":
            state.destination = "fldrslt"
        elif word == "upr":
            # Twice the same text: first in the code page, then, starred as `ud`, in Unicode.
            state.flow, state.destination = None, "upr"
        elif word == "ud":
            state.flow = next((outer.flow for outer in reversed(self._stack) if outer.flow is not None), None)

    def _in_information(self) -> bool:
        return bool(self._stack) and self._stack[-1].destination == "info"

    def _close_group(self) -> None:
        closed, self._state = self._state, self._stack.pop()
        if closed.destination == "fldinst" and closed.flow is not None:
            found = _LINK.search(closed.flow.text())
            self._link = found[1] if found and "://" in found[1] else ""
        elif closed.destination == "fldrslt" and self._link:
            self._put(f" ({self._link})")
            self._link = ""


def _code_page(number: int | None) -> str:
    """Python's name of a code page; Western where there is none of that number."""
    name = {65001: "utf-8", 10000: "mac_roman", 936: "gb18030", 1361: "johab"}.get(number or 0, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def _once(flows: list[_Flow]) -> str:
    """The wordings of several headers or footers, each once."""
    return "\n".join(dict.fromkeys(text for flow in flows if (text := flow.text().strip())))


def _one_line(flow: _Flow) -> str:
    return " ".join(flow.text().split())
