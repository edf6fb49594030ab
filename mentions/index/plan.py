"""What to ask of the index for what was typed: pure.

`well` finds every name that answers better than nearly; `nearly` those that a typo or an abbreviation may mean: of
each word something has to be intact, its beginning, its end, or both ends around the slip.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from artifactsite.lib.letters import GRAM, beginning, ending, grams, initials, opening, whole
from mentions.ranking import LITTLE_WORDS, LONGEST_ABBREVIATION, Query

Terms = frozenset[str]
# Each of these; of each any one alternative; of an alternative all terms.
Wanted = list[list[Terms]]

EACH = 20  # names that are looked at, of each way in which one may answer
MOST_NEARLY = 4  # ways
_MOST_WORDS = 8
_MOST_GRAMS = 4
_SHORT = 6  # letters, of a word
_LONGEST_OF_TWO = 12  # letters, of two beginnings written as one
_LONGEST = 60  # letters; beyond these the first ones say enough


def well(query: Query) -> list[Terms]:
    """Any one of these: the whole name, a stretch of it, its initials, or all words in any order."""
    text = query.text[:_LONGEST]
    alternatives = {frozenset({whole(query.text)})}
    alternatives.add(_word(text))
    if len(text) > 1:
        alternatives.add(frozenset({initials(text)}))
    if words := telling(query):
        alternatives.add(_all_of(words))
    return sorted(alternatives, key=sorted)


def so_called(query: Query) -> Terms:
    """Only what has this very name."""
    return frozenset({whole(query.text)})


def opens(query: Query) -> Terms | None:
    """Only names that begin so: for words that very many names have. None for a letter or two, which say too little."""
    if len(query.text) < GRAM:
        return None
    return frozenset({opening(query.text) or beginning(query.text)})


def commonest(query: Query) -> Terms:
    """What most of those have that `well` finds: by these it shows whether very many names have them."""
    words = telling(query)
    return _all_of(words) if words else _word(query.text[:_LONGEST])


def telling(query: Query) -> list[str]:
    """The words that a name should have, where there are several."""
    if len(query.words) < 2:
        return []
    return [word for word in query.words if word not in LITTLE_WORDS][:_MOST_WORDS]


def _all_of(words: list[str]) -> Terms:
    return frozenset[str]().union(*(_word(word, _MOST_GRAMS // 2) for word in words))


def _word(word: str, most: int = _MOST_GRAMS) -> Terms:
    return _some_grams(word, most) if len(word) >= GRAM else frozenset({beginning(word)})


def _some_grams(text: str, most: int) -> Terms:
    """A few from its beginning to its end: the ranking sees to the rest, and each one costs the index a walk."""
    last = len(text) - GRAM
    steps = min(most - 1, last)
    places = {round(step * last / steps) for step in range(steps + 1)} if steps else {0}
    return frozenset(text[place : place + GRAM] for place in places)


def nearly(query: Query) -> list[Wanted]:
    """At most MOST_NEARLY, each to be asked for itself, so that none crowds out the others' names.

    Empty where too little was typed to tell.
    """
    words = [word for word in telling(query) if len(word) > GRAM]
    if words:
        return [[_slips(word) for word in words]]
    text = query.text[:_LONGEST]
    if len(text) <= GRAM:
        return []
    slips = _slips(text)
    ways = [[[slip]] for slip in slips[:2] if not _is_number(slip)] + [[slips[2:]]]
    return [*ways, [_two_parts(text)]] if GRAM + 1 < len(text) <= _LONGEST_OF_TWO else ways


def _slips(word: str) -> list[Terms]:
    """What stays of a word with one slip, wherever that is; of a longer one also with two, both inside.

    Nothing that stands for very many names, such as one letter: the index would go through them all.
    """
    half, third = max(GRAM, len(word) // 2), max(GRAM, len(word) // 3)
    head, tail, first = word[:half], word[-half:], beginning(word[:2])
    kept = [
        frozenset({beginning(head), *grams(head)}),
        frozenset(grams(tail)),
        frozenset({first, *grams(word[-third:])}),
    ]
    if len(word) > _SHORT:
        return kept
    # A slip in the middle of a short word leaves less than three letters in a row.
    turned = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 2))
    return [*kept, frozenset({first, ending(word)}), *(frozenset({beginning(w), *grams(w)}) for w in turned)]


def _is_number(terms: Terms) -> bool:
    """Years and counts, which half of all names end with."""
    return all(term.lstrip("^").isdigit() for term in terms)


def _two_parts(text: str) -> list[Terms]:
    """The beginnings of two words written as one: "custseg"."""
    return [
        frozenset({beginning(text[:at]), *grams(text[:at]), beginning(text[at:]), *grams(text[at:])})
        for at in range(GRAM, len(text) - 1)
    ]


def abbreviated(query: Query) -> str:
    """The LIKE pattern of names with these letters in this order; of too many, one that nothing is like."""
    return "%".join(["", *query.text, ""]) if len(query.text) <= LONGEST_ABBREVIATION else " "


# --- as a database reads it ------------------------------------------------------------------------


@dataclass(frozen=True)
class Writing:
    """How a database's index writes that several terms are wanted."""

    both: str
    either: str
    quote: str

    def of(self, keys: Iterable[str], wanted: Wanted) -> str:
        """`wanted` under any one of `keys`. Terms are letters, digits and symbols: none can end its quotes."""
        return self._any(self._all(self._any(self._terms(key, alternative) for alternative in group)
                                   for group in wanted) for key in keys)  # fmt: skip

    def _terms(self, key: str, terms: Terms) -> str:
        return self._all(f"{self.quote}{key}{term}{self.quote}" for term in sorted(terms))

    def _all(self, parts: Iterable[str]) -> str:
        return "(" + self.both.join(parts) + ")"

    def _any(self, parts: Iterable[str]) -> str:
        return "(" + self.either.join(parts) + ")"
