"""PDF: pdfium gives the text page by page; pages without text go through Tesseract; pypdf is the fallback.

pdfium aborts the process on some hostile files, which is why its child is confined and pypdf gets one of its
own afterwards.
"""

from __future__ import annotations

import ctypes
import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from . import marks, ocr, pdf_salvage
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

_METADATA = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_OCR_SCALE = 3.0  # pixels a point: 216 dots an inch
_MAX_OCR_PAGE_PIXELS = 9_000_000
_MAX_OUTLINE = 500
_MAX_ATTACHMENTS = 100
_MAX_FAILURES_IN_A_ROW = 50
_MAX_ANNOTATIONS = 500
_MAX_ANNOTATION_BYTES = 100_000
_WORD = re.compile(r"\w")
# Annotations that show their text on the page once they are made part of it; links and pop-ups show none.
_SHOWN = {pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP}
_COMMENTS = {pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE,
             pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_SQUIGGLY}  # fmt: skip
_WRITTEN_FIELDS = {
    pdfium.FPDF_FORMFIELD_TEXTFIELD,
    pdfium.FPDF_FORMFIELD_COMBOBOX,
    pdfium.FPDF_FORMFIELD_LISTBOX,
}

_CUT_TIME = "The time for one file was used up: pages after {} are left out."
_CUT_PAGES = "The document has {} pages: only the first {} are read."
_CUT_OCR = "Pages without text are read by character recognition only up to {} pages: {} were left out."
_BAD_PAGES = "{} pages are damaged and could not be read."
_MENDED = (
    "The file breaks off before its end: the pages that were found in it are here, and some may be missing."
)
_NO_TEXT = "No text was found in this document."

_ROUNDS_TO_ADAPT = 20
# A page with one word in a font that is not in the file.
_ONE_WORD = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 32>>stream\nBT /F 9 Tf 9 9 Td (fonts) Tj ET \nendstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def warm() -> None:
    """Read a page some times in the server, so that no child has to begin with what is done once in a process.

    That is to look through the machine's fonts, 6 ms, to bind pdfium's functions, and to have Python's own
    interpreter adapt its code, which writes to memory that a child would have to copy.
    """
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(_ONE_WORD)
        file.flush()
        for _ in range(_ROUNDS_TO_ADAPT):
            extract(Source(Path(file.name), "", ""), ExtractionLimits(), lambda done, total: None)


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The text, one part a page; `details` has `metadata`, `outline` and `attachments` (names)."""
    document, is_whole = _opened(source, limits)
    count = len(document)
    if not count:
        raise ExtractionError("corrupt", "no pages")
    pages = _Pages(document, limits)
    builder, budget = TextBuilder(limits), Budget(limits)
    warnings = [] if is_whole else [_MENDED]
    readable = min(count, limits.max_pages)
    if readable < count:
        warnings.append(_CUT_PAGES.format(count, readable))
    for number in range(1, readable + 1):
        text = pages.text(number - 1)
        if not builder.add(f"{marks.mark('page', number)}{marks.escape(text)}\n\n"):
            break
        progress(number, readable)
        if pages.failed_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            break
        if number < readable and budget.spent():
            warnings.append(_CUT_TIME.format(number))
            break
    if pages.read == 0 or not (is_whole or pages.words):
        raise ExtractionError("corrupt", "no page can be read")
    warnings += pages.warnings()
    return Extracted(
        text=builder.text(),
        parts=count,
        truncated=builder.full or any(warning != _NO_TEXT for warning in warnings),
        engine="pdfium+tesseract" if pages.recognised else "pdfium",
        warnings=warnings,
        details=_details(document),
    )


def fallback(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The same by pypdf: slower, without recognition, but it survives what pdfium doesn't."""
    import pypdf

    try:
        reader = pypdf.PdfReader(source.path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ExtractionError("password_protected")
        count = len(reader.pages)
    except pypdf.errors.PyPdfError as error:
        raise ExtractionError("corrupt", str(error)[:300]) from error
    builder, budget = TextBuilder(limits), Budget(limits)
    failed = 0
    readable = min(count, limits.max_pages)
    for number in range(1, readable + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - one page's damage, of whatever kind, must not cost the others
            failed += 1
            text = ""
        builder.add(f"{marks.mark('page', number)}{marks.escape(text)}\n\n")
        progress(number, readable)
        if budget.spent():
            break
    if failed == readable:
        raise ExtractionError("corrupt", "no page can be read")
    warnings = [_BAD_PAGES.format(failed)] if failed else []
    cut = builder.full or number < count
    return Extracted(
        text=builder.text(), parts=count, truncated=cut or failed > 0, engine="pypdf", warnings=warnings
    )


def _opened(source: Source, limits: ExtractionLimits) -> tuple[pypdfium2.PdfDocument, bool]:
    """The document, and whether it is all there."""
    try:
        document, is_whole = pypdfium2.PdfDocument(source.path), True
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ExtractionError("password_protected", str(error)[:300]) from error
        document, is_whole = _mended(source, limits, error), False
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        document.init_forms()
    return document, is_whole


def _mended(source: Source, limits: ExtractionLimits, error: pypdfium2.PdfiumError) -> pypdfium2.PdfDocument:
    """What can be read of a file that breaks off."""
    with source.path.open("rb") as file:
        data = file.read(limits.max_part_bytes + 1)
    whole = pdf_salvage.mended(data, limits) if len(data) <= limits.max_part_bytes else None
    if whole is None:
        raise ExtractionError("corrupt", str(error)[:300]) from error
    try:
        return pypdfium2.PdfDocument(whole)
    except pypdfium2.PdfiumError as second:
        raise ExtractionError("corrupt", str(second)[:300]) from second


class _Pages:
    """Reads a document's pages and keeps count of what went wrong or had to be recognised."""

    def __init__(self, document: pypdfium2.PdfDocument, limits: ExtractionLimits) -> None:
        self._document = document
        self._limits = limits
        self.words = 0
        self._failed = 0
        self._without_ocr = 0
        self._no_engine = False
        self.failed_in_a_row = 0
        self.read = 0
        self.recognised = 0

    def text(self, index: int) -> str:
        """The text of the page `index`, counted from 0; "" where it can't be read."""
        try:
            page = self._document[index]
            text = self._page_text(page, index)
            self.read += 1
            self.failed_in_a_row = 0
        except pypdfium2.PdfiumError:
            self._failed += 1
            self.failed_in_a_row += 1
            return ""
        self.words += bool(_WORD.search(text))
        return text

    def warnings(self) -> list[str]:
        """What the reader should know, after the last page."""
        found = []
        if self._failed:
            found.append(_BAD_PAGES.format(self._failed))
        if self._no_engine:
            found.append(ocr.NO_DATA)
        elif self._without_ocr:
            found.append(_CUT_OCR.format(self._limits.max_ocr_pages, self._without_ocr))
        if not self.words:
            found.append(_NO_TEXT)
        return found

    def _page_text(self, page: pypdfium2.PdfPage, index: int) -> str:
        has_shown, comments, filled_in = self._annotations(page)
        if has_shown:
            pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
            page.close()
            page = self._document[index]
        try:
            text = _cleaned(_raw_text(page))
            if not _WORD.search(text) and _has_pictures(page):
                text = self._recognised(page)
        finally:
            page.close()
        # Programs leave it to the viewer to draw what was filled in: then the page does not show it.
        shown = " ".join(text.split())
        lines = [words for words in dict.fromkeys(filled_in) if words not in shown]
        return "\n".join([text, *lines, *(f"[comment] {comment}" for comment in comments)]).strip()

    def _annotations(self, page: pypdfium2.PdfPage) -> tuple[bool, list[str], list[str]]:
        """Whether some annotation shows text of its own, the words of the comments, and what was filled in."""
        shown = False
        comments: list[str] = []
        filled_in: list[str] = []
        for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
            annotation = pdfium.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            shown = shown or kind in _SHOWN
            if kind in _COMMENTS:
                comments.append(_annotation_words(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
            elif kind == pdfium.FPDF_ANNOT_FREETEXT:
                filled_in.append(_annotation_words(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
            elif kind == pdfium.FPDF_ANNOT_WIDGET:
                filled_in.append(self._field_value(annotation))
            pdfium.FPDFPage_CloseAnnot(annotation)
        return shown, list(filter(None, comments)), list(filter(None, filled_in))

    def _field_value(self, widget: Any) -> str:
        """What stands in a field for text or a choice; a box or a button shows no words."""
        form = self._document.formenv
        if form is None:
            return _annotation_words(pdfium.FPDFAnnot_GetStringValue, widget, b"V")
        if pdfium.FPDFAnnot_GetFormFieldType(form, widget) not in _WRITTEN_FIELDS:
            return ""
        return _annotation_words(partial(pdfium.FPDFAnnot_GetFormFieldValue, form), widget)

    def _recognised(self, page: pypdfium2.PdfPage) -> str:
        if self.recognised >= self._limits.max_ocr_pages:
            self._without_ocr += 1
            return ""
        if ocr.engine(self._limits.ocr_languages) is None:
            self._no_engine = True
            return ""
        self.recognised += 1
        width, height = page.get_size()
        area = max(1.0, width * height)
        scale = min(_OCR_SCALE, (_MAX_OCR_PAGE_PIXELS / area) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True)
        return ocr.recognise(bitmap.to_pil().convert("L"), self._limits)


def _raw_text(page: pypdfium2.PdfPage) -> str:
    textpage = page.get_textpage()
    try:
        return str(textpage.get_text_range())
    finally:
        textpage.close()


def _cleaned(text: str) -> str:
    """Line breaks as `\\n`; words that were broken at the end of a line are put together again."""
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\ufffe\n", "")
        .replace("\ufffe", "")
        .replace("\x02", "")
    )


def _annotation_words(get: Callable[..., int], *arguments: Any) -> str:
    """A string of an annotation by a function of pdfium that fills a buffer; "" where there is none or too long."""
    length = get(*arguments, None, 0)
    if not 2 < length < _MAX_ANNOTATION_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(length)
    get(*arguments, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return " ".join(buffer.raw[: length - 2].decode("utf-16-le", "replace").split())


def _has_pictures(page: pypdfium2.PdfPage) -> bool:
    """Whether anything is drawn on the page: paths can be letters as well as images can."""
    return bool(pdfium.FPDFPage_CountObjects(page) > 0)


def _details(document: pypdfium2.PdfDocument) -> dict[str, Any]:
    metadata = {name: value[:500] for name in _METADATA if (value := document.get_metadata_value(name))}
    details: dict[str, Any] = {"metadata": metadata}
    if outline := _outline(document):
        details["outline"] = outline
    if attachments := _attachments(document):
        details["attachments"] = attachments
    return details


def _outline(document: pypdfium2.PdfDocument) -> list[dict[str, Any]]:
    """The bookmarks: title, level from 0, page from 1 (None where they lead elsewhere)."""
    outline: list[dict[str, Any]] = []
    try:
        for bookmark in document.get_toc(max_depth=8):
            target = bookmark.get_dest()
            index = target.get_index() if target else None
            page = index + 1 if index is not None else None
            outline.append({"title": bookmark.get_title()[:300], "level": bookmark.level, "page": page})
            if len(outline) >= _MAX_OUTLINE:
                break
    except (pypdfium2.PdfiumError, RecursionError):
        return outline
    return outline


def _attachments(document: pypdfium2.PdfDocument) -> list[str]:
    """The names of embedded files."""
    count = min(document.count_attachments(), _MAX_ATTACHMENTS)
    return [document.get_attachment(index).get_name()[:300] for index in range(count)]
