"""JSON: decoded, and indented where it comes as one long line. Invalid JSON still gives its text.

The text is never parsed into numbers and back: digits, order and repeated keys stay as they are written.
"""

from __future__ import annotations

import json
import re

from . import decoding, marks
from .protocol import Extracted, ExtractionLimits, Progress, Source

_MAX_INDENTED_CHARACTERS = 4_000_000
_MAX_INDENTED_DEPTH = 60
_LONG_LINE = 300
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_INVALID = "This is not valid JSON: it is kept as plain text."
_LEFT_OUT = "The file is longer than what can be read: its end is left out."

warm = decoding.warm


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The text, indented if it was compact; `details` has `valid` and the type of the top `value`."""
    data, whole = decoding.read_bounded(source.path, limits)
    text, encoding = decoding.decode(data)
    text = text.replace("\r\n", "\n")
    valid, value = _parse(text) if whole else (None, None)
    if valid and _is_compact(text):
        text = _indent(text)
    text = marks.escape(_unescape(text) if valid else text)
    truncated = not whole or len(text) > limits.max_characters
    warnings = [_LEFT_OUT] if truncated else []
    if valid is False:
        warnings.append(_INVALID)
    progress(1, 1)
    return Extracted(
        text=text[: limits.max_characters],
        truncated=truncated,
        engine="json",
        warnings=warnings,
        details={"encoding": encoding, "valid": valid, "top": type(value).__name__ if valid else None},
    )


def _parse(text: str) -> tuple[bool | None, object]:
    """(whether it is valid, its value); None where it is nested too deep to tell."""
    try:
        # Numbers stay strings: a number of a million digits would take minutes to convert.
        return True, json.loads(text, parse_int=str, parse_float=str)
    except RecursionError:
        return None, None
    except ValueError:
        return False, None


def _is_compact(text: str) -> bool:
    """Whether `text` has lines too long to read, and is neither too long nor too deep to indent."""
    if len(text) > _MAX_INDENTED_CHARACTERS:
        return False
    return len(text) > _LONG_LINE * (text.count("\n") + 1)


def _indent(text: str) -> str:
    """The same tokens, one member a line, two spaces a level (no deeper than `_MAX_INDENTED_DEPTH`)."""
    pieces: list[str] = []
    depth = 0
    tokens = _TOKEN.findall(text)
    for position, word in enumerate(tokens):
        if word in "{[":
            depth += 1
            following = tokens[position + 1] if position + 1 < len(tokens) else ""
            pieces.append(word if following in ("}", "]") else word + _new_line(depth))
        elif word in "}]":
            depth -= 1
            opened = tokens[position - 1] in ("{", "[")
            pieces.append(word if opened else _new_line(depth) + word)
        elif word == ",":
            pieces.append("," + _new_line(depth))
        elif word == ":":
            pieces.append(": ")
        else:
            pieces.append(word)
    return "".join(pieces)


def _new_line(depth: int) -> str:
    return "\n" + "  " * min(depth, _MAX_INDENTED_DEPTH)


_ESCAPED = re.compile(r"(\\+)u([0-9a-fA-F]{4})(?:(?<=u[dD][89abAB]..)\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")


def _unescape(text: str) -> str:
    r"""Letters in place of their `\uXXXX` escapes; emoji, quotes, backslashes and controls stay escaped."""
    if "\\u" not in text:
        return text

    def letter(found: re.Match[str]) -> str:
        code = int(found[2], 16)
        if found[3] and len(found[1]) % 2:
            pair = chr(0x10000 + (code - 0xD800 << 10) + int(found[3], 16) - 0xDC00)
            return found[1][:-1] + pair if pair.isalpha() else found[0]
        # An even number of backslashes escapes itself, and lone halves of a pair are no letters.
        if len(found[1]) % 2 == 0 or code < 0xA0 or 0xD800 <= code <= 0xDFFF:
            return found[0]
        return found[1][:-1] + chr(code)

    return _ESCAPED.sub(letter, text)
