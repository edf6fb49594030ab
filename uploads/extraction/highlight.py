"""Code with its words marked by their meaning, for pages. Pygments, for what is large in the confined child."""

from __future__ import annotations

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from .decoding import decode
from .protocol import Extracted, Source


def normal(text: str) -> str:
    """Text with the line ends that lines are counted by."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def spans(text: str, language: str) -> list[str] | None:
    """The lines of a `normal` text as HTML, each complete in itself; None for a language that Pygments lacks."""
    try:
        # Empty lines at either end count too.
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True))).removesuffix("\n").split("\n")


def mark(source: Source, *, language: str, longest: int) -> Extracted:
    """The first `longest` bytes as lines of HTML in `text`."""
    with source.path.open("rb") as file:
        text, _ = decode(file.read(longest))
    return Extracted(text="\n".join(spans(normal(text), language) or []), engine="pygments")
