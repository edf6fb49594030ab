"""Names as they are compared: letters without case, accents and separators, and where their words begin.

What is stored for an index (`terms_of`) and what is ranked in memory (`split`) come from the same letters, so that
whatever the index finds can be ranked, and the other way round.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

# Letters that Unicode does not take apart, as people type them who don't have them on the keyboard.
_SPELT = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n",
}  # fmt: skip
_KATAKANA, _HIRAGANA = range(0x30A1, 0x30F7), 0x60
_MOST_REMEMBERED = 20_000
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Letters:
    """A text as it is compared.

    `text`: its letters, digits and symbols, folded. `starts`: where words begin in it, in order. `firm`: those of
    them that stand behind a separator; the others are found inside a word (`salesReport`, `Q4`, every Chinese
    character). `firsts`: the letters at `starts`.
    """

    original: str
    text: str
    starts: tuple[int, ...]
    firm: frozenset[int]
    firsts: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that the letters from `start` to `end` cover."""
        places, ends = _bounds(self.original)
        return places[start], ends[end - 1]

    def words(self) -> list[str]:
        """The words between separators."""
        bounds = [*sorted(self.firm), len(self.text)]
        return [self.text[a:b] for a, b in pairwise(bounds)]


@lru_cache(maxsize=_MOST_REMEMBERED)
def _folded(character: str) -> str:
    """One character without case and accent: none, one or several. Syllables of Korean stay whole."""
    if "\uac00" <= character <= "\ud7a3":
        return character
    parts = unicodedata.normalize("NFKD", character.casefold()).casefold()
    kept = (
        part
        for part in parts
        if unicodedata.category(part)[0] not in "PZC" and not unicodedata.combining(part)
    )
    return "".join(
        chr(ord(part) - _HIRAGANA) if ord(part) in _KATAKANA else _SPELT.get(part, part) for part in kept
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def _script(character: str) -> str:
    """What a word doesn't mix: digits, symbols, and scripts; each Chinese character is a word of its own."""
    if character.isascii():
        return "1" if character.isdigit() else "a" if character.isalpha() else "+"
    if "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000":
        return "han" if character.isalpha() else "+"
    if "\u3040" <= character <= "\u309f":
        return "hiragana"
    if "\u30a0" <= character <= "\u30ff":
        return "katakana"
    return (
        "1"
        if character.isdigit()
        else "a"
        if character.isalpha() or unicodedata.category(character)[0] == "M"
        else "+"
    )


@lru_cache(maxsize=_MOST_REMEMBERED)
def _seen(character: str) -> tuple[str, str, bool, bool]:
    """Its folded letters, its script, and whether it is a capital or a small letter."""
    return _folded(character), _script(character), character.isupper(), character.islower()


@lru_cache(maxsize=_MOST_REMEMBERED)
def split(original: str) -> Letters:
    """`original` as it is compared. Remembered: the same names come with every key."""
    return _split_ascii(original) if original.isascii() else _split(original)


# Letters and symbols as `_folded` keeps them, cut as `_split` does.
_ASCII_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[$+<=>^`|~]+")


def _split_ascii(original: str) -> Letters:
    """The same in a fraction of the time, for most names in most libraries."""
    words: list[str] = []
    starts: list[int] = []
    firm: list[int] = []
    length, before = 0, -1
    for found in _ASCII_WORD.finditer(original):
        start, end = found.span()
        if start != before:
            firm.append(length)
        starts.append(length)
        words.append(found[0])
        length += end - start
        before = end
    text = "".join(words).lower()
    firsts = "".join([text[start] for start in starts])
    return Letters(original, text, tuple(starts), frozenset(firm), firsts)


def _split(original: str) -> Letters:
    text = ""
    starts: list[int] = []
    firm: list[int] = []
    previous, upper, lower = "", False, False  # of the character before, where no separator stands between
    for place, character in enumerate(original):
        folded, script, is_upper, is_lower = _seen(character)
        if not folded:
            if not unicodedata.combining(character):
                previous = ""
            continue
        if not previous:
            firm.append(len(text))
            starts.append(len(text))
        # A word begins inside a run of letters, as in `salesReport`, `HTMLPage`, `Q4`, `売上データ`.
        elif (
            script == "han"
            or script != previous
            or (is_upper and (lower or (upper and original[place + 1 : place + 2].islower())))
        ):
            starts.append(len(text))
        previous, upper, lower = script, is_upper, is_lower
        text += folded
    firsts = "".join([text[start] for start in starts])
    return Letters(original, text, tuple(starts), frozenset(firm), firsts)


@lru_cache(maxsize=256)
def _bounds(original: str) -> tuple[list[int], list[int]]:
    """For each letter of a text where it begins and ends in the original. Only for what is shown."""
    places: list[int] = []
    ends: list[int] = []
    for place, character in enumerate(original):
        if folded := _folded(character):
            places += [place] * len(folded)
            ends += [place + 1] * len(folded)
        elif ends and unicodedata.combining(character):
            ends[-1] = place + 1  # the accent belongs to its letter
    return places, ends


# --- for an index -------------------------------------------------------------------------------
#
# A term is a few letters behind a sign that says where they stand. The signs are symbols to Unicode, so that an index
# of words (SQLite's FTS5) can be told that they belong to the word. No term contains a space.

GRAM = 3
MOST_INITIALS = 4
_OPENING = 6
_LONGEST_WHOLE = 60


def grams(text: str) -> set[str]:
    """Every three letters in a row."""
    return {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}


def whole(text: str) -> str:
    """A name as a whole; very long ones share it with those that begin alike."""
    return f"|{text[:_LONGEST_WHOLE]}"


def beginning(word: str) -> str:
    """How a word begins: its first one, two or three letters."""
    return f"^{word[:GRAM]}"


def ending(word: str) -> str:
    """How a word ends: its last two letters."""
    return f"${word[-2:]}"


def opening(text: str) -> str | None:
    """How a name begins, by its first six letters; None for a shorter text."""
    return f"<{text[:_OPENING]}" if len(text) >= _OPENING else None


def initials(letters: str) -> str:
    """The first letters of words that follow one another."""
    return f"={letters[:MOST_INITIALS]}"


def terms_of(name: str) -> set[str]:
    """All terms by which an index finds `name`."""
    letters = split(name[:LONGEST])
    text = letters.text
    if not text:
        return set()
    terms = {whole(text), *grams(text)}
    if first := opening(text):
        terms.add(first)
    bounds = [*letters.starts, len(text)]
    for start, end in pairwise(bounds):
        terms.update(
            beginning(text[start : start + length]) for length in range(1, min(GRAM, len(text) - start) + 1)
        )
        terms.add(ending(text[start:end]))
    # With and without the numbers: "csq" and "csq2" are both meant for "Customer Segmentation Query 2".
    for run in {letters.firsts, "".join(c for c in letters.firsts if not c.isdigit())}:
        for start in range(min(len(run) - 1, 12)):
            few = run[start : start + MOST_INITIALS]
            terms.update(initials(few[:length]) for length in range(2, len(few) + 1))
    return terms
