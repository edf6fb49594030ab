"""Marks: where a page, slide or sheet begins in an extracted text, so that it can be cited and read alone.

A mark is an HTML comment on a line of its own: `<!-- page 3 -->`, `<!-- slide 2 -->`,
`<!-- sheet "Q1 sales" -->`, `<!-- frame 2 -->`. Markdown renders none of it. A part reaches from its mark to
the next one. Text of the document itself can't forge a mark: `escape` breaks what looks like one.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_KINDS = "page|slide|sheet|frame"
_MARK = re.compile(rf'^<!-- ({_KINDS}) (\d+|"(?:[^"\\\n]|\\.)*") -->$', re.MULTILINE)
_LOOKS_LIKE_MARK = re.compile(rf"<!--(?=\s*(?:{_KINDS})\b)")


class Part(NamedTuple):
    """One part of a text: `text[start:end]` is its content, without the mark.

    `kind` is `page`, `slide`, `sheet`, `frame`, or `start` for what stands before the first mark; `label` is
    the number, counted from 1, or the sheet's name.
    """

    kind: str
    label: int | str
    start: int
    end: int


def mark(kind: str, label: int | str) -> str:
    """The line that opens a part, with a line break at its end."""
    if isinstance(label, int):
        return f"<!-- {kind} {label} -->\n"
    # A name could end the comment: its angle brackets travel as JSON escapes.
    quoted = json.dumps(label, ensure_ascii=False).replace(">", "\\u003e").replace("<", "\\u003c")
    return f"<!-- {kind} {quoted} -->\n"


def escape(text: str) -> str:
    """Document text in which nothing is taken for a mark."""
    return _LOOKS_LIKE_MARK.sub("< !--", text) if "<!--" in text else text


def split(text: str) -> list[Part]:
    """The parts of a text in their order. A text without marks is one part of kind `start`."""
    found = list(_MARK.finditer(text))
    ends = [*(item.start() for item in found), len(text)]
    parts = [Part("start", 0, 0, ends[0])] if text[: ends[0]].strip() else []
    for item, end in zip(found, ends[1:], strict=True):
        parts.append(Part(item[1], _label(item[2]), min(item.end() + 1, end), end))
    return parts


def _label(raw: str) -> int | str:
    """The label as a number or, where it is quoted, as the name."""
    if raw.startswith('"'):
        try:
            return str(json.loads(raw))
        except ValueError:
            return raw.strip('"')
    return int(raw)
