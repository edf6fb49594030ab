"""What to ask of the index for what was typed: pure.

`well` finds every name that answers better than nearly; `nearly` those that a typo or an abbreviation may mean: of
each word something has to be intact, its beginning, its end, or both ends around the slip.
"""

from artifactsite.lib.letters import GRAM, beginning, ending, grams, initials, opening, whole
from mentions.index.base import Terms, Wanted
from mentions.ranking import LITTLE_WORDS, Query

_MOST_WORDS = 8
_MOST_GRAMS = 4
_LONGEST = 60  # letters; beyond these the first ones say enough


def well(query: Query) -> Wanted:
    """The whole name, a stretch of it, its initials, or all words in any order."""
    text = query.text[:_LONGEST]
    alternatives = {frozenset({whole(query.text)})}
    alternatives.add(_some_grams(text) if len(text) >= GRAM else frozenset({beginning(text)}))
    if len(text) > 1:
        alternatives.add(frozenset({initials(text)}))
    if words := telling(query):
        alternatives.add(frozenset[str]().union(*(_word(word) for word in words)))
    return [sorted(alternatives, key=sorted)]


def so_called(query: Query) -> Wanted:
    """Only what has this very name."""
    return [[frozenset({whole(query.text)})]]


def opens(query: Query) -> Wanted:
    """Only names that begin so: for words that very many names have."""
    return [[frozenset({opening(query.text) or beginning(query.text)})]]


def telling(query: Query) -> list[str]:
    """The words that a name should have, where there are several."""
    if len(query.words) < 2:
        return []
    return [word for word in query.words if word not in LITTLE_WORDS][:_MOST_WORDS]


def _word(word: str) -> Terms:
    return _some_grams(word) if len(word) >= GRAM else frozenset({beginning(word)})


def _some_grams(text: str) -> Terms:
    """A few from its beginning to its end: the ranking sees to the rest, and each one costs the index a walk."""
    last = len(text) - GRAM
    steps = min(_MOST_GRAMS - 1, last)
    places = {round(step * last / steps) for step in range(steps + 1)} if steps else {0}
    return frozenset(text[place : place + GRAM] for place in places)


def nearly(query: Query) -> Wanted:
    """Empty where too little was typed to tell."""
    words = [word for word in telling(query) if len(word) > GRAM]
    if words:
        return [_slips(word) for word in words]
    text = query.text[:_LONGEST]
    return [[*_slips(text), *_two_parts(text)]] if len(text) > GRAM else []


def _slips(word: str) -> list[Terms]:
    """What stays of a word with one slip, wherever that is; of a longer one also with two, both inside."""
    half, third = max(GRAM, len(word) // 2), max(GRAM, len(word) // 3)
    head, tail = word[:half], word[-half:]
    return [
        frozenset({beginning(head), *grams(head)}),
        frozenset(grams(tail)),
        frozenset({beginning(word[:2]), *grams(word[-third:])}),
        frozenset({beginning(word[:1]), ending(word)}),
    ]


def _two_parts(text: str) -> list[Terms]:
    """The beginnings of two words written as one: "custseg"."""
    return [
        frozenset({beginning(text[:at]), *grams(text[:at]), beginning(text[at:]), *grams(text[at:])})
        for at in range(2, min(len(text) - 1, 12))
    ]
