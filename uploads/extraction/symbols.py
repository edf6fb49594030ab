"""Characters of the fonts Symbol and Wingdings, which documents give as private ones that no other font can show.

Word's bullets, ticks and arrows are such. What both fonts have is read as documents mostly mean it.
"""

from __future__ import annotations

import re

_PRIVATE = re.compile("[\uf020-\uf0ff]")
_SHAPES = {
    0xF04A: "☺", 0xF06C: "●", 0xF06E: "■", 0xF06F: "☐", 0xF071: "❑", 0xF075: "◆", 0xF076: "❖", 0xF077: "◆",
    0xF0A7: "▪", 0xF0A8: "☐", 0xF0AC: "←", 0xF0AE: "→", 0xF0B0: "°", 0xF0B1: "±", 0xF0B4: "×", 0xF0B7: "•",
    0xF0D8: "➢", 0xF0DF: "←", 0xF0E0: "→", 0xF0E8: "➔", 0xF0F0: "⇨", 0xF0FB: "✗", 0xF0FC: "✓", 0xF0FD: "☒",
    0xF0FE: "☑",
}  # fmt: skip
_FIRST = 0xF000


def shown(text: str) -> str:
    """The text with the usual of these characters as what they look like; the others stay."""
    return text if text.isascii() or _PRIVATE.search(text) is None else text.translate(_SHAPES)


def of_byte(value: int) -> str:
    """What a byte of a text in such a font shows; below 160 the fonts differ too much, and the byte stands."""
    return _SHAPES.get(_FIRST + value, chr(value)) if value >= 0xA0 else chr(value)
