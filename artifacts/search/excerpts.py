"""Where the words were found, shown in their context and marked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from artifacts.models import SearchEntry
from artifacts.search.base import Query, Term
from artifacts.search.words import LONGEST_WORD, UNSPACED, fold_with_places

WIDTH, BEFORE = 240, 60  # characters of an excerpt, and of those at most before the first mark
_MOST_FOUND = 60  # places looked at in a text
_LINE = str.maketrans(dict.fromkeys("\r\n\t\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))


@dataclass(frozen=True)
class Match:
    """A piece of what matched; `marks` are [start, end] in `excerpt`, in characters; `field` says of what."""

    excerpt: str
    marks: list[list[int]]
    field: str

    def pieces(self, before: int = BEFORE) -> list[tuple[str, bool]]:
        """The excerpt in pieces, each with whether it is marked; at most `before` characters before the first mark."""
        first = self.marks[0][0] if self.marks else 0
        at = max(0, first - before)
        # Not in the middle of a word, where one begins soon.
        at = self.excerpt.find(" ", at, first) + 1 or at if at else 0
        cuts = [("…", False)] if at else []
        for start, end in self.marks:
            if start >= at:
                cuts += [(self.excerpt[at:start], False), (self.excerpt[start:end], True)]
                at = end
        return [piece for piece in (*cuts, (self.excerpt[at:], False)) if piece[0]]


@dataclass(frozen=True)
class _Found:
    """Where a term stands in the text."""

    start: int
    end: int
    term: int


def match_of(entry: SearchEntry, name: str, description: str, query: Query) -> Match:
    """The best piece of an artifact that matches: of its content, else of its description, else its name."""
    for field, text in (("content", entry.text), ("description", description), ("name", name)):
        found = list(_found(text, query))
        if found:
            return _excerpt(text, found, field)
    return Match(_line(entry.text[:WIDTH]), [], "content")


def _pattern(term: Term) -> str:
    """The term in a folded text, where words are kept apart by whatever is neither letter nor digit."""
    unspaced = [bool(re.match(f"[{UNSPACED}]", word)) for word in term.words]
    pattern = "" if unspaced[0] else r"(?<![^\W_])"
    for place, word in enumerate(term.words):
        if place:
            pattern += r"[\W_]*" if unspaced[place] or unspaced[place - 1] else r"[\W_]+"
        pattern += re.escape(word)
    if unspaced[-1]:
        return pattern
    goes_on = term.is_prefix or len(term.words[-1]) == LONGEST_WORD
    return pattern + (r"[^\W_]*" if goes_on else r"(?![^\W_])")


def _found(text: str, query: Query) -> Iterator[_Found]:
    """Where the query's terms stand, in the order of the text."""
    if not query.terms or not text:
        return
    pattern = "|".join(f"({_pattern(term)})" for term in query.terms)
    folded, places = fold_with_places(text)
    for count, match in enumerate(re.finditer(pattern, folded)):
        if count >= _MOST_FOUND:
            return
        start, end = match.span()
        if places is not None:
            start, end = places[start], places[end - 1] + 1
        yield _Found(start, end, match.lastindex or 0)


def _excerpt(text: str, found: list[_Found], field: str) -> Match:
    """The stretch of WIDTH characters with the most different terms; of equals the first."""

    def variety(first: _Found) -> int:
        last = first.start + WIDTH - BEFORE
        return len({other.term for other in found if first.start <= other.start and other.end <= last})

    best = max(found, key=variety)
    start = max(0, best.start - BEFORE)
    if start:
        # Not in the middle of a word, where one begins soon.
        space = text.find(" ", start, best.start)
        start = space + 1 if space >= 0 else start
    end = max(best.end, min(len(text), start + WIDTH))
    piece = text[start : min(end, start + 2 * WIDTH)]
    marks = [
        [one.start - start, min(one.end - start, len(piece))]
        for one in found
        if start <= one.start < start + len(piece)
    ]
    return Match(_line(piece), marks, field)


def _line(text: str) -> str:
    """The text on one line, every character at its place."""
    return text.translate(_LINE)
