"""JSON as a tree of nodes that open and close. Standard library alone: what is large is read in the confined child.

Nothing is made tidy on the way: digits stand as they were written, however many there are, and a name that comes
twice is there twice.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from .decoding import decode
from .protocol import Extracted, ExtractionError, Source

MOST_NODES, DEEPEST, OPEN_TO = 3000, 50, 2
LONGEST_VALUE = 2000  # characters


class _Object(list[tuple[str, Any]]):
    """An object's names and values in their order."""


class _Written(str):
    """A number as it was written."""

    __slots__ = ()


def tree(text: str) -> str | None:
    """The tree as HTML; None where the text isn't JSON or is nested beyond reason."""
    try:
        value = json.loads(
            text, object_pairs_hook=_Object, parse_int=_Written, parse_float=_Written, parse_constant=_Written
        )
    except (ValueError, RecursionError):
        return None
    pieces: list[str] = []
    _Writer(pieces).node("", value, 0)
    # Half of a pair of surrogates is valid JSON, and can't be sent.
    return "".join(pieces).encode("utf-8", "backslashreplace").decode()


def mark(source: Source) -> Extracted:
    """The tree of a file in `text`. Raises `ExtractionError` where it has none."""
    made = tree(decode(source.path.read_bytes())[0])
    if made is None:
        raise ExtractionError("corrupt", "not JSON, or nested beyond reason")
    return Extracted(text=made, engine="json")


class _Writer:
    """Writes nodes until there are MOST_NODES of them."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.left = MOST_NODES

    def node(self, label: str, value: Any, depth: int) -> None:
        self.left -= 1
        if isinstance(value, list) and value and depth < DEEPEST:
            self._branch(label, value, depth)
        else:
            self.pieces.append(f'<div class="json-leaf">{label}{_leaf(value)}</div>')

    def _branch(self, label: str, value: list[Any], depth: int) -> None:
        is_open = " open" if depth < OPEN_TO else ""
        self.pieces.append(
            f'<details class="json-branch"{is_open}><summary>{label}'
            f'<span class="muted">{_shape(value)}</span></summary>'
        )
        items = value if isinstance(value, _Object) else enumerate(value)
        for shown, (name, item) in enumerate(items):
            if self.left <= 0:
                self.pieces.append(f'<div class="json-leaf muted">and {len(value) - shown:,} more</div>')
                break
            self.node(f'<span class="json-key">{escape(str(name)[:LONGEST_VALUE])}</span>: ', item, depth + 1)
        self.pieces.append("</details>")


def _shape(value: list[Any]) -> str:
    brackets = "{ }" if isinstance(value, _Object) else "[ ]"
    return f"{brackets} {len(value):,} {'entry' if len(value) == 1 else 'entries'}"


def _leaf(value: Any) -> str:
    match value:
        case _Written():
            kind, written = "number", str(value)
        case str():
            kind, written = "string", json.dumps(value, ensure_ascii=False)
        case list() if value:
            kind, written = "word", f"{_shape(value)}, too deep to show"
        case list():
            kind, written = "word", "{}" if isinstance(value, _Object) else "[]"
        case _:
            kind, written = "word", json.dumps(value)
    shown = written if len(written) <= LONGEST_VALUE else written[:LONGEST_VALUE] + "…"
    return f'<span class="json-{kind}">{escape(shown)}</span>'
