"""The syntax of mentions: pure, no look-ups (docs/rules.md 4).

`@[Label](artifact:ID)` or `@[Label](upload:f-ID)` (artifactsite/lib/references.py), or a plain `@Name` that the caller
matches against names. Neither is one inside code spans, fences, URLs, or behind a word character, as in an e-mail
address, unless it is of a script that has no spaces between words.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from artifactsite.lib.references import OPAQUE, REFERENCE, inside, matches, spans

# What is written without spaces has words that begin anywhere: Chinese, Japanese, Thai; Korean, after a particle.
_UNSPACED = (
    "\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_AT = re.compile(rf"(?:(?<![\w@./:+-])|(?<=[{_UNSPACED}]))@(?=[^\s@\[])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A mention in a text: the characters from `start` to `end`, the label as typed, and the id of what is meant."""

    start: int
    end: int
    label: str
    artifact: uuid.UUID | None = None
    upload: uuid.UUID | None = None


def token(label: str, artifact: uuid.UUID) -> str:
    """The text that mentions an artifact."""
    return f"@[{_escaped(label)}](artifact:{artifact})"


def upload_token(label: str, upload: uuid.UUID) -> str:
    """The text that mentions an upload."""
    return f"@[{_escaped(label)}](upload:f-{upload})"


def _escaped(label: str) -> str:
    return "".join("\\" + character if character in "[]\\`" else character for character in label)


def references(text: str) -> list[Reference]:
    """Every `@[Label](artifact:ID)` and `@[Label](upload:f-ID)`, in order."""
    return [_reference(match) for match in matches(text)]


def _reference(match: re.Match[str]) -> Reference:
    label, pk = _ESCAPED.sub(r"\1", match["label"]), uuid.UUID(match["id"])
    if match["what"] == "artifact:":
        return Reference(match.start(), match.end(), label, artifact=pk)
    return Reference(match.start(), match.end(), label, upload=pk)


def plain_starts(text: str) -> list[int]:
    """The positions of every `@` that may begin a plain mention; one within a label begins none."""
    opaque, labels = spans(OPAQUE, text), spans(REFERENCE, text)
    starts = (match.start() for match in _AT.finditer(text))
    return [start for start in starts if not inside(opaque, start) and not inside(labels, start)]


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
