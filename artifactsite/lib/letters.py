"""Names as they are compared: letters without case, accents and separators, and where their words begin.

What is stored for an index (`terms_of`) and what is ranked in memory (`split`) come from the same letters, so that
whatever the index finds can be ranked, and the other way round.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from artifactsite.lib.han import simplified
from artifactsite.lib.sounds import outline

# Letters that Unicode does not take apart, as people type them who don't have them on the keyboard.
_SPELT = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n",
}  # fmt: skip
_KATAKANA, _HIRAGANA = range(0x30A1, 0x30F7), 0x60
_SMALL_KANA = dict(zip("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ", strict=True))
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
        return self._cut(sorted(self.firm))

    def parts(self) -> list[str]:
        """The words, those too that are found inside one."""
        return self._cut(self.starts)

    def bounds(self) -> list[tuple[int, int]]:
        """Where each of the parts begins and ends."""
        return list(pairwise([*self.starts, len(self.text)]))

    def _cut(self, places: Sequence[int]) -> list[str]:
        return [self.text[a:b] for a, b in pairwise([*places, len(self.text)])]


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
    return "".join(map(_as_one, kept))


def _as_one(letter: str) -> str:
    """Letters that are typed for one another: katakana and hiragana, small and large; traditional and simplified."""
    if "\u3040" <= letter <= "\u30ff":
        kana = chr(ord(letter) - _HIRAGANA) if ord(letter) in _KATAKANA else letter
        return _SMALL_KANA.get(kana, kana)
    return simplified(letter) if _is_han(letter) else _SPELT.get(letter, letter)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"


@lru_cache(maxsize=_MOST_REMEMBERED)
def _script(character: str) -> str:
    """What a word doesn't mix: digits, symbols, and scripts; each Chinese character is a word of its own."""
    if character.isascii():
        return "1" if character.isdigit() else "a" if character.isalpha() else "+"
    if _is_han(character):
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


# What is written in several ways: "P&L", "p and l" and "pnl"; "Phase III" and "phase 3". One letter may be just that,
# so it is a number only where it is a capital.
_AND = re.compile(r"\s*&\s*|\b(?:and|n)\b", re.IGNORECASE)
_ROMAN = re.compile(r"\b(?:[IVX]{1,5}|[ivx]{2,5})\b")
_WORTH = {"i": 1, "v": 5, "x": 10}


@lru_cache(maxsize=_MOST_REMEMBERED)
def another_reading(original: str) -> str | None:
    """The same with "n" for "and" and digits for Roman numbers; None where it has neither."""
    reading = _ROMAN.sub(lambda found: str(_number(found[0].lower())), _AND.sub(" n ", original))
    return None if reading == original else reading


def _number(roman: str) -> int:
    worth = [_WORTH[letter] for letter in roman]
    return sum(-one if one < following else one for one, following in pairwise([*worth, 0]))


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


def sound(word: str) -> str | None:
    """How a word sounds, by its first consonants; None for a word of few."""
    consonants = outline(word)
    return f">{consonants}" if consonants else None


def terms_of(name: str) -> set[str]:
    """All terms by which an index finds `name`."""
    name = name[:LONGEST]
    letters = split(name)
    if not letters.text:
        return set()
    terms = {whole(letters.text), *_terms(letters)}
    if first := opening(letters.text):
        terms.add(first)
    if reading := another_reading(name):
        terms |= _terms(split(reading))
    return terms | {term for word in letters.parts() if (term := sound(word))}


def _terms(letters: Letters) -> set[str]:
    text = letters.text
    terms = grams(text)
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
