"""PPTX: the slides in the order of the show, each with its shapes, tables, diagrams, charts and notes.

python-pptx reads what this can't.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from . import marks
from .package import Package, elements, table_lines
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_P188 = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"

_LETTERS = (_A + "t", _M + "t")
_TITLES = {"title", "ctrTitle"}
_MAX_CHART_WORDS = 2_000
_LEVELS = frozenset("12345678")
_CUT = "The time for one file was used up: the last slides are left out."


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The show as Markdown, one part a slide; notes and comments follow their slide."""
    package = Package(source.path, limits)
    slides = _slides(package)
    if not slides:
        raise (
            ExtractionError("corrupt", "no slide can be found")
            if package.salvaged
            else ExtractionError("empty")
        )
    builder = TextBuilder(limits)
    budget = Budget(limits)
    warnings: list[str] = []
    for number, name in enumerate(slides[: limits.max_pages], start=1):
        if budget.spent():
            warnings.append(_CUT)
            break
        text = marks.escape("\n".join(_slide(package, name)))
        if not builder.add(f"{marks.mark('slide', number)}{text}\n\n"):
            break
        progress(number, len(slides))
    warnings += package.warnings()
    return Extracted(
        text=builder.text(),
        parts=len(slides),
        truncated=builder.full or bool(warnings) or len(slides) > limits.max_pages,
        engine="pptx",
        warnings=warnings,
        details={"metadata": package.metadata()},
    )


def fallback(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """Text, tables and notes as python-pptx gives them."""
    from pptx import Presentation  # takes a third of a second to load, and few shows need it

    slides = Presentation(str(source.path)).slides
    builder, budget, read = TextBuilder(limits), Budget(limits), 0
    for slide in islice(slides, limits.max_pages):
        lines = list(_plain(slide.shapes))
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        lines += ["", "Notes:", *notes.text.splitlines()] if notes else []
        text = marks.escape("\n".join(lines))
        if budget.spent() or not builder.add(f"{marks.mark('slide', read + 1)}{text}\n\n"):
            break
        read += 1
        progress(read, len(slides))
    return Extracted(
        text=builder.text(),
        parts=len(slides),
        truncated=builder.full or read < len(slides),
        engine="python-pptx",
    )


def _plain(shapes: Any) -> Iterator[str]:
    """The lines of shapes and of the groups among them."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _plain(shape.shapes)
        elif getattr(shape, "has_table", False):
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            yield from ["", *table_lines(rows), ""]
        elif shape.has_text_frame:
            yield from shape.text_frame.text.splitlines()


def _slides(package: Package) -> list[str]:
    """Names of the slides' members in the order of the show, or by number where the order is lost."""
    main = package.main_part("ppt/presentation.xml")
    related = package.related(main)
    root = package.xml(main)
    listed = [item.get(_R + "id") for item in root.iter(_P + "sldId")] if root is not None else []
    ordered = [related[key][1] for key in listed if key in related and related[key][1] in package]
    if ordered:
        return ordered
    found = [name for name in package.names("ppt/slides/", ".xml") if name.count("/") == 2]
    # Of a show that was cut before its first slide there may still be the notes.
    return found or package.names("ppt/notesslides/notesslide", ".xml")


def _slide(package: Package, name: str) -> list[str]:
    """One slide with all that hangs on it, as lines."""
    root = package.xml(name)
    if root is None:
        return []
    related = package.related(name)
    lines = ["(hidden slide)"] if root.get("show") == "0" else []
    lines += _shapes(package, related, root)
    for kind, target in related.values():
        if kind == "notesSlide":
            notes = package.xml(target)
            spoken = _shapes(package, {}, notes) if notes is not None else []
            lines += ["", "Notes:", *spoken] if spoken else []
        elif kind == "comments":
            lines += _comments(package.xml(target))
    return lines


def _shapes(package: Package, related: dict[str, tuple[str, str]], parent: Any) -> list[str]:
    """Text of the shapes below `parent` in their order."""
    lines: list[str] = []
    for child in elements(parent):
        tag = child.tag
        if tag == _P + "txBody" or tag == _A + "txBody":
            lines += _paragraphs(child, heading=_is_title(parent))
        elif tag == _A + "tbl":
            rows = [
                [_words(cell) for cell in row.iterchildren(_A + "tc")]
                for row in child.iterchildren(_A + "tr")
            ]
            lines += ["", *table_lines(rows), ""]
        elif tag == _MC + "AlternateContent":
            variants = (_shapes(package, related, variant) for variant in elements(child))
            lines += next((found for found in variants if found), [])
        elif tag == _A + "graphicData":
            lines += _graphic(package, related, child)
        elif tag == _P + "cNvPr":
            alternative = " ".join((child.get("descr") or "").split())
            lines += [f"[image: {alternative}]"] if alternative else []
        else:
            lines += _shapes(package, related, child)
    return lines


def _graphic(package: Package, related: dict[str, tuple[str, str]], graphic: Any) -> list[str]:
    """A table stands in the slide itself; a diagram or a chart is a part that it refers to."""
    lines = _shapes(package, related, graphic)
    for item in elements(graphic):
        # r:dm names a diagram's data, r:id a chart.
        kind, target = related.get(item.get(_R + "dm") or item.get(_R + "id") or "", ("", ""))
        if kind not in ("diagramData", "chart", "chartEx"):
            continue
        root = package.xml(target)
        if root is None:
            continue
        lines += (
            _chart(root) if kind == "chart" else [line for line in map(_words, root.iter(_A + "p")) if line]
        )
    return lines


def _chart(root: Any) -> list[str]:
    """Title and axes of a chart, then its series: names, categories and values."""
    lines = [line for line in map(_words, root.iter(_A + "p")) if line]
    words: dict[str, None] = {}
    for point in root.iter(_C + "v"):
        words[point.text or ""] = None
        if len(words) >= _MAX_CHART_WORDS:
            break
    return [*lines, ", ".join(filter(None, words))] if words else lines


def _paragraphs(body: Any, *, heading: bool) -> list[str]:
    """The paragraphs that have text, with a sign for headings and an indent for lower levels."""
    paragraphs = ((paragraph, _words(paragraph)) for paragraph in body.iterchildren(_A + "p"))
    return [("# " if heading else _indent(paragraph)) + text for paragraph, text in paragraphs if text]


def _indent(paragraph: Any) -> str:
    properties = paragraph.find(_A + "pPr")
    level = (properties.get("lvl") or "0") if properties is not None else "0"
    return "  " * int(level) + "- " if level in _LEVELS else ""


def _words(parent: Any) -> str:
    """The text of all runs below `parent`; a line break and the end of a paragraph are white space."""
    items = parent.iter(*_LETTERS, _A + "br", _A + "p", _A + "tab")
    return " ".join("".join((item.text or "") if item.tag in _LETTERS else " " for item in items).split())


def _is_title(shape: Any) -> bool:
    placeholder = next(shape.iter(_P + "ph"), None)
    return placeholder is not None and placeholder.get("type") in _TITLES


def _comments(root: Any | None) -> list[str]:
    """Comments of either make: with `p:text`, or as threads of drawing text."""
    if root is None:
        return []
    texts = [item.text or "" for item in root.iter(_P + "text")]
    texts += [_words(item) for item in root.iter(_P188 + "txBody")]
    return ["", "Comments:", *(f"- {text}" for text in texts if text.strip())] if any(texts) else []
