"""Code with its words marked by their meaning, for pages. Pygments, for what is large in the confined child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from pygments import highlight
from pygments.filter import Filter
from pygments.filters import TokenMergeFilter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text, _TokenType
from pygments.util import ClassNotFound

from .decoding import decode
from .protocol import Extracted, Source

# What pages have colours for (templates/static/css/components.css). All else needs no element, which halves them.
_COLOURED = {
    Comment: Comment, Keyword: Keyword, Operator.Word: Keyword, Name.Tag: Keyword, String: String, Number: Number,
    Name.Function: Name.Function, Name.Class: Name.Function, Name.Builtin: Name.Function, Name.Decorator: Name.Function,
    Name.Exception: Name.Function, Name.Attribute: Name.Function,
}  # fmt: skip


@cache  # as many as Pygments has kinds of tokens
def _coloured_as(kind: _TokenType | None) -> _TokenType:
    return Text if kind is None else _COLOURED.get(kind) or _coloured_as(kind.parent)


class _OnlyColours(Filter):
    def filter(
        self, _lexer: Lexer, stream: Iterable[tuple[_TokenType, str]]
    ) -> Iterator[tuple[_TokenType, str]]:
        return ((_coloured_as(kind), value) for kind, value in stream)


def normal(text: str) -> str:
    """Text with the line ends that lines are counted by."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def spans(text: str, language: str) -> list[str] | None:
    """The lines of a `normal` text as HTML, each complete in itself; None for a language that Pygments lacks."""
    try:
        # Empty lines at either end count too.
        lexer = get_lexer_by_name(language, stripnl=False, filters=[_OnlyColours(), TokenMergeFilter()])
    except ClassNotFound:
        return None
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True))).removesuffix("\n").split("\n")


def mark(source: Source, *, language: str, longest: int) -> Extracted:
    """The first `longest` bytes as lines of HTML in `text`."""
    with source.path.open("rb") as file:
        text, _ = decode(file.read(longest))
    return Extracted(text="\n".join(spans(normal(text), language) or []), engine="pygments")
