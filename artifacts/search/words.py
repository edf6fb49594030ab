"""Text as search compares it: words without case and accents, the same for what is stored and what is asked."""

import re
import unicodedata

LONGEST_WORD = 64  # characters; of a longer one only its beginning counts
_MOST_REMEMBERED = 20_000
# Letters of their own that Unicode doesn't take apart, as people without them on the keyboard type them.
_SPELT = {
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ł": "l",
    "ŧ": "t",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
}
# Scripts without spaces between words, and symbols: each character is a word, so that a part of a run is found.
UNSPACED = (
    "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u20a0-\u20cf\u2190-\u2bff\U0001f000-\U0001faff"
)
_WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")


def _folded(character: str) -> str:
    """A character without case and accent; none, one or several characters."""
    if "\uac00" <= character <= "\ud7a3":  # Korean syllables are not taken apart into their letters
        return character
    parts = unicodedata.normalize("NFKD", character.casefold()).casefold()
    return "".join(_SPELT.get(part, part) for part in parts if not unicodedata.category(part).startswith("M"))


class _Folding(dict[int, str]):
    """A table for `str.translate` that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _MOST_REMEMBERED:
            self[code] = folded
        return folded


_folding = _Folding()


def fold(text: str) -> str:
    """`text` without case and accents."""
    return text.lower() if text.isascii() else text.translate(_folding)


def fold_with_places(text: str) -> tuple[str, list[int] | None]:
    """The folded text, and for each of its characters where in `text` it comes from (None: at the same place)."""
    folded = fold(text)
    if text.isascii():
        return folded, None
    places: list[int] = []
    for place, character in enumerate(text):
        places.extend([place] * len(_folding[ord(character)]))
    return folded, [*places, len(text)]


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(text))]


def indexed(word: str) -> str:
    """A word as the databases index it: they drop symbols, so those are spelt by their number."""
    return word if word[0].isalnum() else f"u{ord(word[0]):x}"


def spaced(text: str) -> str:
    """The words of a text with a space between them: what the databases index."""
    return " ".join(map(indexed, words_of(text)))
