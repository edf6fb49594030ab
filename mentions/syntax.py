"""The syntax of mentions: pure, no look-ups (design.md 4).

`@[Label](artifact:ID)` with `\\`, `[` and `]` in the label escaped by a backslash, or a plain `@Name` that the
caller matches against names. Neither is one inside code spans, fences, URLs, or behind a word character, as
in an e-mail address.
"""

import re
import uuid
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_REFERENCE = re.compile(rf"@\[((?:[^\[\]\\]|\\.){{0,600}})\]\(artifact:({_UUID})\)", re.DOTALL)
_AT = re.compile(r"(?<![\w@./:+-])@(?=[^\s@\[])")
# What is not prose. A fence or code span that is never closed reaches to the end, as in Markdown for fences.
_OPAQUE = re.compile(
    r"(?ms)^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`{1,16})(?!`)[^`].*?(?<!`)(?P=ticks)(?!`)"
    r"|\b(?:https?|ftp|mailto):[^\s<>]+"
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A mention in a text: the characters from `start` to `end`, the label as typed, the artifact's id."""

    start: int
    end: int
    label: str
    artifact: uuid.UUID


def token(label: str, artifact: uuid.UUID) -> str:
    """The text that mentions an artifact."""
    escaped = "".join("\\" + character if character in "[]\\" else character for character in label)
    return f"@[{escaped}](artifact:{artifact})"


def _opaque_spans(text: str) -> tuple[list[int], list[int]]:
    spans = [match.span() for match in _OPAQUE.finditer(text)]
    return [start for start, _ in spans], [end for _, end in spans]


def _inside(spans: tuple[list[int], list[int]], position: int) -> bool:
    index = bisect_right(spans[0], position) - 1
    return index >= 0 and position < spans[1][index]


def references(text: str) -> list[Reference]:
    """Every `@[Label](artifact:ID)`, in order."""
    spans = _opaque_spans(text)
    return [
        Reference(match.start(), match.end(), _ESCAPED.sub(r"\1", match[1]), uuid.UUID(match[2]))
        for match in _REFERENCE.finditer(text)
        if not _inside(spans, match.start())
    ]


def plain_starts(text: str) -> list[int]:
    """The positions of every `@` that may begin a plain mention."""
    spans = _opaque_spans(text)
    return [match.start() for match in _AT.finditer(text) if not _inside(spans, match.start())]


def match_names(text: str, start: int, names: Iterable[str]) -> str | None:
    """The longest of `names` that follows the `@` at `start`, case forgiven, and ends at a word's end."""
    best: str | None = None
    for name in names:
        end = start + 1 + len(name)
        if best is not None and len(name) <= len(best):
            continue
        if text[start + 1 : end].casefold() == name.casefold() and not _continues(text, end):
            best = name
    return best


def _continues(text: str, end: int) -> bool:
    """Whether the word goes on at `end`, so that `@Q4 Sales` is not found in `@Q4 Salesman`."""
    return end < len(text) and (text[end].isalnum() or text[end] == "_") and text[end - 1].isalnum()
