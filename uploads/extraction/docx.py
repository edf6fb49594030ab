"""DOCX: a walk over the XML of the document and of everything that hangs on it.

Body, tables, lists with their numbers, headers and footers, footnotes, endnotes, comments, text boxes,
content controls, moved and inserted text, formulas, diagrams and embedded pages; not what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

from . import marks
from .docx_numbering import Numbering
from .package import Package, elements, table_lines
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"

_TEXT = {W + "t", _A + "t", _M + "t"}
_FIXED = {
    W + "tab": "\t",
    W + "br": "\n",
    W + "cr": "\n",
    W + "noBreakHyphen": "-",
    W + "ptab": "\t",
    _A + "br": "\n",
}
_SKIPPED = {
    W + "del", W + "moveFrom", W + "pPr", W + "rPr", W + "tblPr", W + "tcPr", W + "trPr", W + "sectPr",
    W + "instrText", W + "delText", W + "delInstrText", W + "fldData", W + "sdtPr", W + "sdtEndPr",
    W + "softHyphen",
}  # fmt: skip
_NOTE_REFERENCES = {W + "footnoteReference": "", W + "endnoteReference": "e"}
_CUT = "The time for one file was used up: the end of the document is left out."
_UNREAL_NOTES = {"separator", "continuationSeparator", "continuationNotice"}


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The document as Markdown: headings, lists, tables, then notes and comments."""
    package = Package(source.path, limits)
    main = package.main_part("word/document.xml")
    if main not in package:
        raise ExtractionError("corrupt", "the main part is missing")
    document = _Document(package, main)
    builder, budget = TextBuilder(limits), Budget(limits)
    for line in document.lines(budget):
        if not builder.add(marks.escape(line) + "\n"):
            break
    progress(1, 1)
    text = builder.text().strip()
    if not text and (package.salvaged or package.oversized):
        raise ExtractionError("corrupt" if package.salvaged else "too_large", "no text can be saved")
    return Extracted(
        text=text,
        truncated=builder.full or document.cut or package.salvaged or package.oversized,
        engine="docx",
        warnings=[_CUT] * document.cut + package.warnings(),
        details={"metadata": package.metadata()},
    )


class _Document:
    """One document on its way to lines of Markdown."""

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._main = main
        self._related = package.related(main)
        self.cut = False
        self._numbering = Numbering(self._part("numbering"), self._part("styles"))

    def _targets(self, kind: str) -> list[str]:
        """Names of the members that the document is related to in this way, each once."""
        return list(dict.fromkeys(target for found, target in self._related.values() if found == kind))

    def _part(self, kind: str) -> Any | None:
        targets = self._targets(kind) or [f"word/{kind}.xml"]
        return self._package.xml(targets[0])

    def lines(self, budget: Budget) -> Iterator[str]:
        """Headers, body, footers, notes, comments, diagrams: in this order."""
        yield from self._repeated("header")
        for child in self._package.children(self._main, W + "body"):
            yield from self._block(child)
            if budget.spent():
                self.cut = True
                break
        yield from self._repeated("footer")
        for kind, item in (("footnotes", "footnote"), ("endnotes", "endnote")):
            yield from self._notes(kind, item)
        yield from self._comments()
        for kind in ("diagramData", "chart"):
            yield from self._drawn(kind)

    def _repeated(self, kind: str) -> list[str]:
        """Text of the headers or footers, each wording once."""
        lines: list[str] = []
        for name in self._targets(kind):
            root = self._package.xml(name)
            lines += self._blocks(root) if root is not None else []
        return (
            [line for line in dict.fromkeys(lines) if line.strip()] + [""]
            if any(map(str.strip, lines))
            else []
        )

    def _notes(self, kind: str, item: str) -> list[str]:
        root = self._part(kind)
        prefix = "e" if item == "endnote" else ""
        lines = []
        for note in root.iter(W + item) if root is not None else ():
            if note.get(W + "type") in _UNREAL_NOTES:
                continue
            text = "\n".join(self._blocks(note)).strip()
            if text:
                lines += ["", f"[^{prefix}{note.get(W + 'id')}]: {text}"]
        return lines

    def _comments(self) -> list[str]:
        root = self._part("comments")
        lines = []
        for comment in root.iter(W + "comment") if root is not None else ():
            text = " ".join(" ".join(self._blocks(comment)).split())
            if text:
                lines += ["", f"[comment {comment.get(W + 'id')}] {comment.get(W + 'author') or ''}: {text}"]
        return lines

    def _drawn(self, kind: str) -> list[str]:
        """Words in diagrams and charts, which live in parts of their own."""
        lines: list[str] = []
        for name in self._targets(kind):
            root = self._package.xml(name)
            words = [item.text for item in root.iter(_A + "t") if item.text] if root is not None else []
            lines += ["", *words] if words else []
        return lines

    def _blocks(self, parent: Any) -> list[str]:
        """Paragraphs and tables below `parent`, each followed by an empty line."""
        return [line for child in elements(parent) for line in self._block(child)]

    def _block(self, child: Any) -> list[str]:
        tag = child.tag
        if tag == W + "p":
            return self._paragraph(child)
        if tag == W + "tbl":
            return [*self._table(child), ""]
        if tag == W + "altChunk":
            return [self._embedded(child.get(_R + "id")), ""]
        if tag == _MC + "AlternateContent":
            return self._alternative(child)
        if tag in (_M + "oMathPara", _M + "oMath"):
            return self._paragraph(child)
        return self._blocks(child) if tag not in _SKIPPED and isinstance(tag, str) else []

    def _alternative(self, parent: Any) -> list[str]:
        """The first variant of a block that has text: the variants repeat each other."""
        for variant in elements(parent):
            lines = self._blocks(variant)
            if lines:
                return lines
        return []

    def _paragraph(self, paragraph: Any) -> list[str]:
        pieces: list[str] = []
        boxes: list[str] = []
        self._inline(paragraph, pieces, boxes)
        text = "".join(pieces).strip("\n ")
        lead = self._numbering.lead(paragraph) if text else ""
        lines = [lead + text, ""] if text else []
        return lines + boxes

    def _inline(self, parent: Any, pieces: list[str], boxes: list[str]) -> None:
        """Collect the text of a paragraph's runs, and apart from it the lines of its text boxes."""
        for child in parent:
            tag = child.tag
            if tag in _TEXT:
                pieces.append(child.text or "")
            elif tag in _FIXED:
                pieces.append(_FIXED[tag])
            elif tag in _SKIPPED or not isinstance(tag, str):
                continue
            elif tag == W + "txbxContent":
                boxes += self._blocks(child)
            elif tag == _MC + "AlternateContent":
                self._inline_alternative(child, pieces, boxes)
            elif tag in _NOTE_REFERENCES:
                pieces.append(f"[^{_NOTE_REFERENCES[tag]}{child.get(W + 'id')}]")
            elif tag == W + "ddList":
                pieces.append(_chosen(child))
            elif tag == W + "sym":
                pieces.append(_symbol(child.get(W + "char")))
            elif tag == _WP + "docPr":
                alternative = (child.get("descr") or "").strip()
                pieces.append(f"[image: {alternative}]" if alternative else "")
            elif tag == W + "tbl":
                boxes += [*self._table(child), ""]
            else:
                self._inline(child, pieces, boxes)

    def _inline_alternative(self, parent: Any, pieces: list[str], boxes: list[str]) -> None:
        for variant in elements(parent):
            found: list[str] = []
            found_boxes: list[str] = []
            self._inline(variant, found, found_boxes)
            if found or found_boxes:
                pieces += found
                boxes += found_boxes
                return

    def _table(self, table: Any) -> list[str]:
        rows: list[list[str]] = []
        for row in table.iter(W + "tr"):
            if next(row.iterancestors(W + "tbl"), None) is not table:
                continue  # a table inside a cell: its text comes with the cell
            cells = [cell for cell in row.iter(W + "tc") if next(cell.iterancestors(W + "tr"), None) is row]
            rows.append([" ".join(self._blocks(cell)) for cell in cells])
        return table_lines([row for row in rows if any(cell.strip() for cell in row)])

    def _embedded(self, relation: str | None) -> str:
        """The text of a page that the document embeds as a whole (HTML, MHTML or plain text)."""
        _, name = self._related.get(relation or "", ("", ""))
        content = self._package.read(name)
        if not content:
            return ""
        if content[:200].lstrip().lower().startswith((b"mime-version", b"from:", b"content-type")):
            content = _page_of_message(content)
        from resiliparse.extract.html2text import extract_plain_text

        from . import decoding

        page, _ = decoding.decode(content, is_html=True)
        return extract_plain_text(page, preserve_formatting=True) if "<" in page else page


def _page_of_message(content: bytes) -> bytes:
    """The first HTML page in an MHTML message."""
    message = message_from_bytes(content, policy=policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
    return b""


def _chosen(choices: Any) -> str:
    """What is chosen in a drop-down list of a form: only its number is kept, the first where there is none."""
    entries = [item.get(W + "val") or "" for item in choices.iterchildren(W + "listEntry")]
    result = choices.find(W + "result")
    number = (result.get(W + "val") or "0") if result is not None else "0"
    return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else ""


def _symbol(code: str | None) -> str:
    """A character given by its number in hexadecimal, of a symbol font in most cases (`symbols`)."""
    try:
        number = int(code or "", 16)
    except ValueError:
        return ""
    return chr(number) if 0 < number < 0xD800 or 0xF000 <= number < 0xF100 else ""
