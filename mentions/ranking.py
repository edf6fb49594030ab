"""How well a name answers what was typed: pure, over a bounded set of candidates.

Best first: the name itself, its beginning, the beginning of a word, initials, a substring, all words in any
order, a subsequence, then typos (one edit per four letters). Accents and case are forgiven.
"""

import unicodedata
from dataclasses import dataclass

from rapidfuzz.distance import OSA

EXACT, PREFIX, WORD, INITIALS, INSIDE, WORDS, SUBSEQUENCE, TYPO = range(8)


@dataclass(frozen=True)
class Match:
    """Rank (lower is better), a finer cost within it, and the matched spans of the name."""

    rank: int
    cost: float
    spans: list[tuple[int, int]]


def fold(text: str) -> tuple[str, list[int]]:
    """`text` without case and accents, and for each character of the result its place in `text`."""
    folded, places = [], []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(part):
                folded.append(part)
                places.append(place)
    return "".join(folded), places


def _word_starts(text: str) -> list[int]:
    return [i for i, c in enumerate(text) if c.isalnum() and (i == 0 or not text[i - 1].isalnum())]


def match(query: str, name: str) -> Match | None:
    """How `name` answers `query`; None where it doesn't."""
    wanted, _ = fold(query.strip())
    folded, places = fold(name)
    if not wanted:
        return Match(EXACT, 0, [])
    found = _match(wanted, folded)
    if found is None:
        return None
    return Match(
        found.rank, found.cost, _merged([(places[a], places[b - 1] + 1) for a, b in found.spans if b > a])
    )


def _match(wanted: str, name: str) -> Match | None:
    length = len(wanted)
    if name == wanted:
        return Match(EXACT, 0, [(0, length)])
    if name.startswith(wanted):
        return Match(PREFIX, len(name), [(0, length)])
    starts = _word_starts(name)
    for start in starts:
        if name.startswith(wanted, start):
            return Match(WORD, start + len(name) / 1000, [(start, start + length)])
    initials = "".join(name[start] for start in starts)
    at = initials.find(wanted)
    if length > 1 and at >= 0:
        return Match(INITIALS, at + len(starts) / 1000, [(s, s + 1) for s in starts[at : at + length]])
    at = name.find(wanted)
    if at >= 0:
        return Match(INSIDE, at + len(name) / 1000, [(at, at + length)])
    return _all_words(wanted, name, starts) or _subsequence(wanted, name) or _typo(wanted, name, starts)


def _all_words(wanted: str, name: str, starts: list[int]) -> Match | None:
    words = wanted.split()
    if len(words) < 2:
        return None
    spans = []
    for word in words:
        at = next((start for start in starts if name.startswith(word, start)), name.find(word))
        if at < 0:
            return None
        spans.append((at, at + len(word)))
    return Match(WORDS, len(name), sorted(spans))


def _subsequence(wanted: str, name: str) -> Match | None:
    """All letters in order, not too far apart: scattered letters match everything and mean nothing."""
    spans, position = [], 0
    letters = wanted.replace(" ", "")
    for letter in letters:
        at = name.find(letter, position)
        if at < 0:
            return None
        spans.append((at, at + 1))
        position = at + 1
    spread = spans[-1][1] - spans[0][0]
    return Match(SUBSEQUENCE, spread, spans) if spread <= 3 * len(letters) else None


def _typo(wanted: str, name: str, starts: list[int]) -> Match | None:
    """The nearest run of the name that begins at a word and has about the query's length."""
    allowed = len(wanted) // 4
    if not allowed:
        return None
    best: Match | None = None
    for start in starts:
        for length in range(len(wanted) - allowed, len(wanted) + allowed + 1):
            run = name[start : start + length]
            edits = OSA.distance(wanted, run, score_cutoff=allowed)
            if edits <= allowed and (best is None or edits + start / 1000 < best.cost):
                best = Match(TYPO, edits + start / 1000, [(start, start + len(run))])
    return best


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
