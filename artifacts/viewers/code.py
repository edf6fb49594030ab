"""Code: its language by its name, then by its content; highlighted; every line with a number to link to."""

import json
import re
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import find_lexer_class_by_name, find_lexer_class_for_filename, get_lexer_for_mimetype
from pygments.util import ClassNotFound

from artifacts.confined import pool
from artifacts.models import Version
from artifactsite.lib import blobs
from artifactsite.lib.names import extension_of
from uploads.extraction import ExtractionError, ExtractionLimits
from uploads.extraction.highlight import spans

MOST_LINES = 10_000
# More than this takes too long, and too much is unknown about it, for a thread of the web process.
_AT_ONCE = 32 * 1024  # characters
_LIMITS = ExtractionLimits(max_characters=30_000_000, cpu_seconds=6, wall_seconds=15.0)
# What an extension means where Pygments guesses one product's dialect.
_MEANT = {"sql": "sql"}
_HEAD = 2000  # characters that tell what a text is
_SHEBANG = re.compile(r"#!\s*\S*/(?:env\s+(?:-\S+\s+|\w+=\S+\s+)*)?([\w.+-]+)")
_MODELINE = re.compile(
    r"-\*-.*?(?:mode:\s*)?([\w+#-]+)\s*(?:;.*)?-\*-|\bvim?:.*?\b(?:ft|filetype|syntax)=([\w+#-]+)"
)
_STARTS = (
    (re.compile(r"<\?php\b", re.IGNORECASE), "php"),
    (re.compile(r"<\?xml\b", re.IGNORECASE), "xml"),
    (re.compile(r"<!doctype\s+html|<html\b", re.IGNORECASE), "html"),
    (re.compile(r"diff --git |--- \S.*\n\+\+\+ \S|Index: \S.*\n={20}"), "diff"),
    (re.compile(r"%YAML\b"), "yaml"),
)


def language_of(name: str, text: str = "", media_type: str = "") -> str:
    """What Pygments calls the language; empty where neither name nor content tells.

    Where an extension has several (`.h`, `.m`, `.pl`), the content decides; so it does where there is none.
    """
    if meant := _MEANT.get(extension_of(name)):
        return meant
    lexer = find_lexer_class_for_filename(name)
    if lexer is not None and text:
        # Of those with the same extension the one that recognises something, if any does.
        other = find_lexer_class_for_filename(name, text[:_HEAD])
        lexer = other if other is not None and other.analyse_text(text[:_HEAD]) > 0 else lexer
    if lexer is not None and lexer.aliases:
        return "" if lexer.aliases[0] == "text" else str(lexer.aliases[0])
    if found := _by_content(text):
        return found
    try:
        aliases = get_lexer_for_mimetype(media_type).aliases if media_type != "text/plain" else []
        return str(aliases[0]) if aliases else ""
    except ClassNotFound:
        return ""


def _by_content(text: str) -> str:
    """What the text says of itself in its first lines: who runs it, how an editor takes it, how it begins."""
    head = text[:_HEAD].lstrip("\ufeff \t\r\n")
    if found := _SHEBANG.match(head):
        return _known(re.sub(r"[\d.]+$", "", found[1]) or found[1])
    for line in head.splitlines()[:2]:
        if found := _MODELINE.search(line):
            return _known(found[1] or found[2])
    for start, language in _STARTS:
        if start.match(head):
            return language
    if head[:1] in "{[" and len(text) <= _AT_ONCE:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return ""
        return "json"
    return ""


def _known(language: str) -> str:
    """The alias by which Pygments knows a language; empty where it doesn't."""
    try:
        return str(find_lexer_class_by_name(language.lower()).aliases[0])
    except ClassNotFound:
        return ""


def lines(text: str) -> list[str]:
    """The lines of a text, as its numbers count them."""
    return text.removesuffix("\n").split("\n")


def numbered(version: Version, text: str, language: str, longest: int) -> SafeString:
    """The text as lines, each with its number and the id `L` + number. `text` is the first `longest` bytes."""
    shown = lines(text)
    coloured = _coloured(version, text, language, longest) if language else None
    if coloured is None or len(coloured) < len(shown):
        coloured = [escape(line) for line in shown]
    # The number is drawn by the style sheet, so that selecting lines takes only their text.
    pieces = [
        f'<span class="code-line" id="L{number}"><a class="code-number" href="#L{number}" data-line="{number}"'
        f' tabindex="-1" aria-hidden="true"></a><span class="code-text">{line}\n</span></span>'
        for number, line in enumerate(coloured[: min(len(shown), MOST_LINES)], start=1)
    ]
    return mark_safe("".join(pieces))  # noqa: S308 - escaped above, or by the highlighter


def _coloured(version: Version, text: str, language: str, longest: int) -> list[str] | None:
    if len(text) <= _AT_ONCE:
        return spans(text, language)
    return _coloured_apart(version.file, language, longest)


@lru_cache(maxsize=16)
def _coloured_apart(key: str, language: str, longest: int) -> list[str] | None:
    """The same in a confined process. A version never changes, so its key stands for its content."""
    try:
        with blobs.on_disk(key) as path:
            return pool.highlight(path, language=language, longest=longest, limits=_LIMITS).split("\n")
    except ExtractionError:
        return None
