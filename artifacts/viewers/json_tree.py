"""JSON as a tree of nodes that open and close."""

import json
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MOST_NODES, DEEPEST, OPEN_TO = 3000, 50, 2
LONGEST_VALUE = 2000  # characters


def tree(text: str) -> SafeString | None:
    """The tree as HTML; None where the text isn't JSON or is nested beyond reason."""
    try:
        value = json.loads(text)
        pieces: list[str] = []
        _Writer(pieces).node("", value, 0)
    except (ValueError, RecursionError):
        return None
    return mark_safe("".join(pieces))  # noqa: S308 - every name and value is escaped below


class _Writer:
    """Writes nodes until there are MOST_NODES of them."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.left = MOST_NODES

    def node(self, label: str, value: Any, depth: int) -> None:
        self.left -= 1
        if isinstance(value, dict | list) and value and depth < DEEPEST:
            self._branch(label, value, depth)
        else:
            self.pieces.append(f'<div class="json-leaf">{label}{_leaf(value)}</div>')

    def _branch(self, label: str, value: dict[str, Any] | list[Any], depth: int) -> None:
        count = f"{len(value):,} {'entry' if len(value) == 1 else 'entries'}"
        shape = "{ }" if isinstance(value, dict) else "[ ]"
        is_open = " open" if depth < OPEN_TO else ""
        self.pieces.append(
            f'<details class="json-branch"{is_open}><summary>{label}'
            f'<span class="muted">{shape} {count}</span></summary>'
        )
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for shown, (name, item) in enumerate(items):
            if self.left <= 0:
                self.pieces.append(f'<div class="json-leaf muted">and {len(value) - shown:,} more</div>')
                break
            self.node(f'<span class="json-key">{escape(str(name)[:LONGEST_VALUE])}</span>: ', item, depth + 1)
        self.pieces.append("</details>")


def _leaf(value: Any) -> str:
    kind = (
        "string"
        if isinstance(value, str)
        else "word"
        if value is None or isinstance(value, bool)
        else "number"
    )
    if isinstance(value, dict | list):
        kind = "word"
    written = json.dumps(value, ensure_ascii=False)
    shown = written if len(written) <= LONGEST_VALUE else written[:LONGEST_VALUE] + "…"
    return f'<span class="json-{kind}">{escape(shown)}</span>'
