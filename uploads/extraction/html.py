"""HTML: decoded here, parsed by resiliparse, and given as text with headings and lists.

Scripts, styles, comments and what is hidden from a reader are left out: by `hidden`, or by `display: none` in an
element's own style or, where no script or pointer can bring it back, in a plain rule of the page's style sheet.
"""

from __future__ import annotations

import re
from html import unescape

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from . import decoding, marks
from .protocol import Extracted, ExtractionError, ExtractionLimits, Progress, Source

_MAX_BYTES = 16_000_000
# A whole tag as a browser reads it: a quote counts only behind an equals sign.
_TAG = re.compile(r"""<[a-zA-Z](?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>?""")
_QUOTED = re.compile(r"""=\s*(?:"[^"]*"|'[^']*')""")
_MIN_WIDE_TAG = 2_000
_MAX_ATTRIBUTES = 500
_ATTRIBUTE = re.compile(r"[\s/=]+")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN = ["[hidden]", "template", "input[type=password]"]
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAYBE_INVISIBLE = '[style*="none" i], [style*="hidden" i]'
_MAX_STYLED = 50_000
# A rule of plain selectors that hides, outside of any block for some devices only.
_HIDING_RULE = re.compile(r"(?:^|[}/])\s*((?:[.#][\w-]+\s*,?\s*)+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_MAX_HIDING_RULES = 200
_MAX_SHEETS = 50
_MAX_STYLE_CHARACTERS = 1_000_000
_BROUGHT_BACK = re.compile(r":(?:hover|focus|target|checked|active)")
_VISIBLE = re.compile(r"display\s*:\s*(?!none)\w|visibility\s*:\s*visible", re.IGNORECASE)
_MAX_HEADINGS = 5_000
# What a browser sets apart from what follows, and the engine does not.
_APART = "dialog, legend, optgroup, option, rt, search, summary"
_MAX_APART = 20_000
_EMPTY_HEADING = re.compile(r"^#{1,6} *$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_UNSEEN = re.compile(
    r"<!--.*?-->|<(script|style|template|svg)\b[^>]*>.*?</\1\s*>|<(?:script|style)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|dl|dt|dd|tr|table|h[1-6]|section|article|header|footer|main|pre|blockquote)\b[^>]*>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(r"</?[a-zA-Z!][^>]*>")
_LEFT_OUT = "The page is longer than what can be read: its end is left out."

warm = decoding.warm


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The visible text as Markdown; `details` has `title` and `encoding`."""
    data, whole = decoding.read_bounded(source.path, limits)
    whole = whole and len(data) <= _MAX_BYTES
    html, encoding = decoding.decode(data[:_MAX_BYTES], is_html=True)
    tree = HTMLTree.parse(_TAG.sub(_without_too_many_attributes, html))
    title = " ".join((tree.title or "").split())
    _mark_headings(tree)
    _keep_apart(tree)
    if _INVISIBLE.search(html):
        _mark_hidden(tree)
    text = extract_plain_text(
        tree,
        preserve_formatting=True,
        list_bullets=True,
        alt_texts=True,
        form_fields=True,  # else labels are left out, which many a page uses for anything
        noscript=True,
        skip_elements=_HIDDEN,
    )
    text = _BLANK_LINES.sub("\n\n", _EMPTY_HEADING.sub("", marks.escape(text))).strip()
    if title and title not in text[: len(title) + 200]:
        text = f"# {title}\n\n{text}"
    if not text:
        raise ExtractionError("empty", "the page shows no text")
    truncated = not whole or len(text) > limits.max_characters
    progress(1, 1)
    return Extracted(
        text=text[: limits.max_characters],
        truncated=truncated,
        engine="resiliparse",
        warnings=[_LEFT_OUT] if truncated else [],
        details={"encoding": encoding, "metadata": {"title": title} if title else {}},
    )


def fallback(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The text between the tags, without a tree: for a page nested so deep that its tree fills the memory."""
    data, whole = decoding.read_bounded(source.path, limits)
    html, encoding = decoding.decode(data[:_MAX_BYTES], is_html=True)
    text = _BLOCK_TAG.sub("\n", _UNSEEN.sub(" ", html))
    lines = (" ".join(line.split()) for line in unescape(_ANY_TAG.sub("", text)).splitlines())
    text = marks.escape("\n".join(line for line in lines if line))
    if not text:
        raise ExtractionError("empty", "the page shows no text")
    progress(1, 1)
    return Extracted(
        text=text[: limits.max_characters],
        truncated=not whole or len(data) > _MAX_BYTES or len(text) > limits.max_characters,
        engine="text between tags",
        details={"encoding": encoding},
    )


def _without_too_many_attributes(tag: re.Match[str]) -> str:
    """The tag, or a plain one in its place where it has more attributes than any page needs.

    To tell repeated names, parsers compare each attribute with all before it: 400,000 take minutes.
    """
    text = tag[0]
    if len(text) < _MIN_WIDE_TAG or len(_ATTRIBUTE.findall(_QUOTED.sub("=", text))) <= 2 * _MAX_ATTRIBUTES:
        return text
    # It may be no tag but code with a `<`: then the end of the script or comment around it must stay.
    end = text.rfind("</")
    if 0 <= len(text) - end < _MIN_WIDE_TAG and end > 0:
        return text[end:]
    return "-->" if text.endswith("-->") else "<span>"


def _mark_hidden(tree: HTMLTree) -> None:
    """Give the attribute `hidden` to every element that its own style or the page's style sheet hides."""
    if tree.body is None:
        return
    for selector in _hiding_selectors(tree):
        for element in list(tree.body.query_selector_all(selector))[:_MAX_STYLED]:
            element.setattr("hidden", "")
    for element in list(tree.body.query_selector_all(_MAYBE_INVISIBLE))[:_MAX_STYLED]:
        if _INVISIBLE.search(element.getattr("style") or ""):
            element.setattr("hidden", "")


def _hiding_selectors(tree: HTMLTree) -> list[str]:
    """The classes and ids that the page's own style sheets hide and no later rule shows again.

    None where a script, or a rule for what is pointed at, may show them: menus and tabs are hidden until then.
    """
    document = tree.document
    if document is None or document.query_selector("script[src], script:not([type*=json])") is not None:
        return []
    sheets = list(document.get_elements_by_tag_name("style"))[:_MAX_SHEETS]
    style = "\n".join(sheet.text or "" for sheet in sheets)[:_MAX_STYLE_CHARACTERS]
    if _INVISIBLE.search(style) is None or _BROUGHT_BACK.search(style):
        return []
    style = _BLOCK.sub("", _COMMENT.sub("", style))
    hides: dict[str, bool] = {}
    for selectors, facts in _HIDING_RULE.findall(style.replace("}", "}}")):
        shown = _VISIBLE.search(facts)
        hidden = _INVISIBLE.search(facts)
        if hidden or shown:
            hides.update((name.strip(), bool(hidden)) for name in selectors.split(",") if name.strip())
    return [name for name, hidden in hides.items() if hidden and " " not in name][:_MAX_HIDING_RULES]


def _mark_headings(tree: HTMLTree) -> None:
    """Put Markdown's number signs in front of each heading's text."""
    if tree.body is None:
        return
    for level, name in enumerate(_HEADINGS, start=1):
        for heading in list(tree.body.get_elements_by_tag_name(name))[:_MAX_HEADINGS]:
            sign = tree.create_text_node("#" * level + " ")
            first = heading.first_child
            if first is not None and sign is not None and (heading.text or "").strip():
                heading.insert_before(sign, first)


def _keep_apart(tree: HTMLTree) -> None:
    """Put a break at the end of what would else run into the next word."""
    if tree.body is None:
        return
    for element in list(tree.body.query_selector_all(_APART))[:_MAX_APART]:
        end = tree.create_element("br") if element.tag not in ("option", "rt") else tree.create_text_node(" ")
        if end is not None:
            element.append_child(end)
