"""Markdown to HTML, and the one function that makes HTML safe (one allow-list, decision 0003)."""

import re
from itertools import pairwise
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
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
    *("strong", "em", "b", "i", "u", "s", "del", "ins", "sub", "sup", "kbd", "mark", "ul", "ol", "li", "a"),
    *("img", "input"),
    *("label", "table", "thead", "tbody", "tr", "th", "td", "section"),
}
ATTRIBUTES = {
    "a": {"href", "title", "id"},
    # Of src only what holds the picture itself: one from elsewhere would tell its server who reads, and when.
    "img": {"alt", "title", "src"},
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


_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if attribute != "rel" and attribute not in _ALLOWED.get(tag, ()):
        return None  # nh3 itself lets some be on any tag; rel is its own
    if attribute == "class":
        kept = [name for name in value.split() if name in CLASSES or (tag == "span" and len(name) <= 3)]
        return " ".join(kept) or None
    if attribute == "href" and not _ADDRESS.match(value):
        return None
    if attribute == "src" and not _PICTURE.match(value):
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
        # data: is for pictures alone: `_keep` lets no link have it.
        url_schemes={"http", "https", "mailto", "data"},
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


# Tags without attributes that people write where Markdown has no sign of its own: a break in a table's cell, H₂O.
_PLAIN_TAG = re.compile(r"</?(?:br|b|i|u|s|em|strong|del|ins|sub|sup|kbd|mark)\s*/?>", re.IGNORECASE)
# Up to what can't be a part of it; the signs of a mention's place (mentions/resolve.py) are in the private area.
_BARE_ADDRESS = re.compile('(?<![\\w@/.])https?://(?=[\\w\\[])[^\\s<>"`\ue000-\uf8ff]{1,2000}', re.IGNORECASE)


def _plain_tag(state: StateInline, silent: bool) -> bool:
    found = _PLAIN_TAG.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("html_inline", "", 0).content = found[0].lower()
    state.pos = found.end()
    return True


def _link(address: str, text: str, markdown: MarkdownIt) -> list[Token]:
    opened = Token("link_open", "a", 1, attrs={"href": markdown.normalizeLink(address)})
    return [opened, Token("text", "", 0, content=text), Token("link_close", "a", -1)]


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it, and without a bracket that it doesn't open."""
    while address[-1] in "?!.,:;*_~'\"" or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return address


def _linked(text: str, markdown: MarkdownIt) -> list[Token]:
    """A text as tokens, each address in it a link."""
    tokens, position = [], 0
    for found in _BARE_ADDRESS.finditer(text):
        address = _trimmed(found[0])
        if markdown.validateLink(address):
            tokens.append(Token("text", "", 0, content=text[position : found.start()]))
            tokens += _link(address, address, markdown)
            position = found.start() + len(address)
    return [*tokens, Token("text", "", 0, content=text[position:])]


def _link_addresses(state: StateCore) -> None:
    """Addresses that stand bare are links; so are pictures from elsewhere, which are not fetched."""
    for block in state.tokens:
        if not block.children or ("://" not in block.content and "![" not in block.content):
            continue
        tokens: list[Token] = []
        within = 0
        for token in block.children:
            within += (token.type == "link_open") - (token.type == "link_close")
            source = str(token.attrs.get("src", "")) if token.type == "image" else ""
            if token.type == "image" and not _PICTURE.match(source):
                words = "".join(child.content for child in token.children or [])
                text = f"Picture: {words or source}"
                absolute = source.startswith(("http://", "https://")) and not within
                tokens += _link(source, text, state.md) if absolute else [Token("text", "", 0, content=text)]
            elif token.type == "text" and not within and "://" in token.content:
                tokens += _linked(token.content, state.md)
            else:
                tokens.append(token)
        block.children = tokens


def _commonmark() -> MarkdownIt:
    options = {"html": False, "linkify": False, "highlight": _fence, "maxNesting": DEEPEST}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    markdown.core.ruler.push("align_cells", _align_cells)
    markdown.core.ruler.push("link_addresses", _link_addresses)
    markdown.inline.ruler.before("autolink", "plain_tag", _plain_tag)
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
