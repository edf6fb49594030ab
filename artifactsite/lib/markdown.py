"""Markdown to HTML, and the one function that makes HTML safe (one allow-list, decision 0003)."""

import re
from itertools import pairwise
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LARGEST_HIGHLIGHT = 32 * 1024
LARGEST_MARKDOWN = 512 * 1024
# Of lists and quotes, each of which takes two; more would cost a second for 50,000 open brackets.
DEEPEST = 14

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "span", "div"),
    *("strong", "em", "s", "del", "sub", "sup", "kbd", "mark", "ul", "ol", "li", "a", "img", "input"),
    *("label", "table", "thead", "tbody", "tr", "th", "td", "section"),
}
ATTRIBUTES = {
    "a": {"href", "title", "id"},
    # No src: a picture from elsewhere would tell its server who reads, and when.
    "img": {"alt", "title"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start"},
    "li": {"id"},
    "th": {"align"},
    "td": {"align"},
}
CLASSES = {
    "footnotes", "footnotes-list", "footnotes-sep", "footnote-item", "footnote-ref", "footnote-backref",
    "contains-task-list", "task-list-item", "task-list-item-checkbox", "highlight",
}  # fmt: skip


# Absolute, or plainly relative: what a browser takes for a relative address with odd characters before a
# `javascript:` is nothing that a more careless reader of this HTML should ever see.
_ADDRESS = re.compile(r"https?://|mailto:|[/#?.]|[\w-][^:]*$", re.IGNORECASE)


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        kept = [name for name in value.split() if name in CLASSES or (tag == "span" and len(name) <= 3)]
        return " ".join(kept) or None
    if attribute == "href" and not _ADDRESS.match(value):
        return None
    if tag == "input" and attribute == "type" and value != "checkbox":
        return None
    if attribute == "id" and not value.startswith(("fn", "fnref")):
        return None
    return value


_ALLOWED = {tag: {*ATTRIBUTES.get(tag, set()), "class"} for tag in TAGS}


def sanitise(html: str) -> str:
    """HTML that can run nothing and load nothing; links open apart and tell no referrer."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=_ALLOWED,
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


_SPANS = HtmlFormatter(nowrap=True)  # which takes longer to make than to write a few lines


def highlighted(code: str, language: str) -> str:
    """Highlighted HTML spans, or an empty string where the language is unknown or the code too large."""
    if not language or len(code) > LARGEST_HIGHLIGHT:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, _SPANS))


def _fence(code: str, language: str, _attributes: str) -> str:
    return highlighted(code, language)


def _align_cells(state: StateCore) -> None:
    """A column's alignment as the attribute that the sanitiser lets through; styles it takes away."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs["align"] = str(token.attrs.pop("style")).removeprefix("text-align:")


def _commonmark() -> MarkdownIt:
    options = {"html": False, "linkify": False, "highlight": _fence, "maxNesting": DEEPEST}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    markdown.core.ruler.push("align_cells", _align_cells)
    return markdown


_markdown = _commonmark().use(footnote_plugin).use(tasklists_plugin, label=True)
_LINE_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")  # as Markdown counts lines
_blocks = _commonmark().disable(["inline", "reference"])


def render(source: str, environment: dict[str, Any] | None = None) -> str:
    """Sanitised HTML of GitHub-flavoured Markdown; beyond LARGEST_MARKDOWN characters the rest is left out."""
    return sanitise(_markdown.render(source[:LARGEST_MARKDOWN], environment or {}))


def blocks(source: str) -> list[str]:
    """The top-level blocks of a Markdown text; joined they are the text. As it grows only the last one changes."""
    starts = [token.map[0] for token in _blocks.parse(source) if token.level == 0 and token.map]
    lines = _LINE_END.split(source)
    edges = [0, *sorted(set(starts))[1:], len(lines)]
    return ["".join(lines[start:end]) for start, end in pairwise(edges)]
