"""Headings and list numbers of a DOCX: what Word writes in front of a paragraph but doesn't store as text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_LEVELS = 9
_MAX_HEADING = 6
_MAX_BASED_ON = 20
_HEADING_NAME = re.compile(r"heading (\d)$")
_PLACE = re.compile(r"%(\d)")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(slots=True)
class _Level:
    """One level of a list: first number, format of the number, text around it (`%1.%2`)."""

    start: int = 1
    style: str = "decimal"
    text: str = ""


@dataclass(slots=True)
class _Style:
    """What a paragraph style says: heading level (0: none), list and level, the style that it builds on."""

    heading: int = 0
    number: str | None = None
    level: int | None = None
    based_on: str | None = None


class Numbering:
    """Counts through a document's lists in reading order."""

    def __init__(self, numbering: Any | None, styles: Any | None) -> None:
        self._styles = _read_styles(styles)
        self._levels, self._abstract = _read_lists(numbering)
        self._counts: dict[str, list[int | None]] = defaultdict(lambda: [None] * _MAX_LEVELS)

    def lead(self, paragraph: Any) -> str:
        """What stands before the paragraph's text: heading signs, a list number or a bullet."""
        properties = paragraph.find(_W + "pPr")
        if properties is None:
            return self._styled("Normal").heading * "#"
        style = self._styled(_value(properties.find(_W + "pStyle")) or "Normal")
        heading = _outline_level(properties) or style.heading
        number, level = style.number, style.level
        own = properties.find(_W + "numPr")
        if own is not None:
            number = _value(own.find(_W + "numId")) or number
            level = _number(_value(own.find(_W + "ilvl")), level or 0)
        label = self._label(number, min(max(level or 0, 0), _MAX_LEVELS - 1))
        if heading:
            return "#" * min(heading, _MAX_HEADING) + " " + (label + " " if label not in ("", "-") else "")
        return "  " * (level or 0) + label + " " if label else ""

    def _styled(self, name: str) -> _Style:
        """A style with what it inherits from the styles that it is based on."""
        result = _Style()
        following: str | None = name
        for _ in range(_MAX_BASED_ON):
            style = self._styles.get(following or "")
            if style is None:
                break
            result.heading = result.heading or style.heading
            result.number = result.number if result.number is not None else style.number
            result.level = result.level if result.level is not None else style.level
            following = style.based_on
        return result

    def _label(self, number: str | None, level: int) -> str:
        """Count one further in list `number` and give the label, `-` for a bullet, "" for no list."""
        abstract = self._abstract.get(number or "")
        if abstract is None:
            return ""
        levels = self._levels[abstract]
        counts = self._counts[abstract]
        current = counts[level]
        counts[level] = levels[level].start if current is None else current + 1
        counts[level + 1 :] = [None] * (_MAX_LEVELS - level - 1)
        if levels[level].style == "bullet":
            return "-"
        if levels[level].style == "none":
            return ""

        def place(found: re.Match[str]) -> str:
            index = min(max(int(found[1]) - 1, 0), _MAX_LEVELS - 1)
            count = counts[index]
            return _written(levels[index].start if count is None else count, levels[index].style)

        return _PLACE.sub(place, levels[level].text).strip()


def _read_styles(root: Any | None) -> dict[str, _Style]:
    styles: dict[str, _Style] = {}
    for item in root.iter(_W + "style") if root is not None else ():
        name = (_value(item.find(_W + "name")) or "").lower()
        style = _Style(based_on=_value(item.find(_W + "basedOn")))
        found = _HEADING_NAME.match(name)
        style.heading = int(found[1]) if found else int(name == "title")
        properties = item.find(_W + "pPr")
        if properties is not None:
            style.heading = style.heading or _outline_level(properties)
            numbered = properties.find(_W + "numPr")
            if numbered is not None:
                style.number = _value(numbered.find(_W + "numId"))
                style.level = _number(_value(numbered.find(_W + "ilvl")), 0)
        styles[item.get(_W + "styleId") or ""] = style
    return styles


def _read_lists(root: Any | None) -> tuple[dict[str, list[_Level]], dict[str, str]]:
    """(levels by the id of the list's definition, that id by the number that paragraphs use)."""
    levels: dict[str, list[_Level]] = {}
    uses: dict[str, str] = {}
    for item in root.iter(_W + "abstractNum") if root is not None else ():
        defined = [_Level() for _ in range(_MAX_LEVELS)]
        for level in item.iter(_W + "lvl"):
            index = _number(level.get(_W + "ilvl"), 0)
            if 0 <= index < _MAX_LEVELS:
                defined[index] = _Level(
                    _number(_value(level.find(_W + "start")), 1),
                    _value(level.find(_W + "numFmt")) or "decimal",
                    _value(level.find(_W + "lvlText")) or "",
                )
        levels[item.get(_W + "abstractNumId") or ""] = defined
    for item in root.iter(_W + "num") if root is not None else ():
        abstract = _value(item.find(_W + "abstractNumId"))
        if abstract in levels:
            uses[item.get(_W + "numId") or ""] = abstract
    return levels, uses


def _outline_level(properties: Any) -> int:
    """1 to 6 for a paragraph that the outline shows, else 0 (Word counts from 0; 9 is body text)."""
    level = _number(_value(properties.find(_W + "outlineLvl")), _MAX_LEVELS)
    return level + 1 if 0 <= level < _MAX_HEADING else 0


def _value(item: Any | None) -> str | None:
    value = item.get(_W + "val") if item is not None else None
    return value if isinstance(value, str) else None


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.lstrip("-").isdecimal() and len(text) < 10 else default


def _written(count: int, style: str) -> str:
    """A count as letters, Roman numerals or digits."""
    if style.endswith("Letter") and count > 0:
        letters = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 10)
        return letters.upper() if style.startswith("upper") else letters
    if style.endswith("Roman") and 0 < count < 4000:
        roman = ""
        for value, sign in _ROMAN:
            times, count = divmod(count, value)
            roman += sign * times
        return roman.upper() if style.startswith("upper") else roman
    return str(count)
