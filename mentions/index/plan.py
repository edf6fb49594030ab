"""What to ask of the index for what was typed: pure.

`well` finds every name that answers better than nearly; `nearly` those that a typo or an abbreviation may mean: of
each word something has to be intact, its beginning, its end, or both ends around the slip.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from artifactsite.lib.letters import GRAM, beginning, ending, grams, initials, opening, sound, whole
from mentions.ranking import LITTLE_WORDS, LONGEST_ABBREVIATION, SHORT_WORD, Query, plain

Terms = frozenset[str]
# Each of these; of each any one alternative; of an alternative all terms. The first is the rarest.
Wanted = list[list[Terms]]

EACH = 14  # names that are looked at, of each way in which one may answer
MOST_NEARLY = 6  # ways
_WAYS_OF_WORD = 3  # of which a word with a slip is asked for one by one
FEW = 3  # with fewer that may answer well, what is nearly meant is asked for as well
_MOST_WORDS = 8
_MOST_TERMS = 4  # that the index is asked for: the rest costs it more than it tells
_LONGEST_INITIALS, _MOST_INITIALS_APART = 8, 5
_SHORT = 6  # letters, of a word
_LONGEST_OF_TWO = 12  # letters, of two beginnings written as one
_LONGEST = 60  # letters; beyond these the first ones say enough


def well(query: Query) -> list[Terms]:
    """Either of these: initials, or a stretch of the name."""
    text = query.text[:_LONGEST]
    alternatives = [frozenset({initials(text)})] if 1 < len(text) <= _LONGEST_INITIALS else []
    return [*alternatives, _word(text)]


def so_called(query: Query) -> Terms:
    """Only what has this very name."""
    return frozenset({whole(query.text)})


def opens(query: Query) -> Terms | None:
    """Only names that begin so: for words that very many names have. None for a letter or two, which say too little."""
    if len(query.text) < GRAM:
        # "c#" is a word, "c" the beginning of any.
        return frozenset({beginning(query.text), ending(query.text)}) if query.signs else None
    return frozenset({opening(query.text) or beginning(query.text)})


def short_word(query: Query) -> Terms | None:
    """Only names that have this very word, where it is a short one: many more have longer ones that begin so."""
    if not 1 < len(query.text) <= SHORT_WORD or len(query.words) > 1:
        return None
    return frozenset({beginning(query.text), ending(query.text), *grams(query.text)})


def commonest(query: Query) -> Terms:
    """What names have that answer well: all words in any order, of a single word a stretch."""
    words = telling(query)
    return _all_of(words) if words else _word(query.text[:_LONGEST])


def telling(query: Query) -> list[str]:
    """The words that a name should have, where there are several."""
    if len(query.words) < 2:
        return []
    return [word for word in query.words if word not in LITTLE_WORDS][:_MOST_WORDS]


def _all_of(words: list[str]) -> Terms:
    return frozenset[str]().union(*(_word(word, _MOST_TERMS // 2) for word in words))


def rarest(query: Query) -> Terms:
    """Of all words what is rare in most libraries: a letter or two, and numbers, stand in very many names."""
    words = telling(query)
    chosen: list[str] = []
    for word in sorted(words, key=lambda word: (word.isdigit(), -len(word))):
        if len(chosen) < _MOST_TERMS and (len(word) >= GRAM or len(chosen) < 2):
            chosen += sorted(_word(word, 2 if len(words) < _MOST_TERMS else 1))
    return frozenset(chosen[:_MOST_TERMS])


def _word(word: str, most: int = _MOST_TERMS) -> Terms:
    return frozenset(_rare(grams(word), most)) if len(word) >= GRAM else frozenset({beginning(word)})


# From the rarest letter of most European languages to the commonest; digits, as years and counts end half of all names.
_BY_FREQUENCY = "qxjzwkvfybhgpmuldcrsnotaie"
_FREQUENCY = {letter: place for place, letter in enumerate(_BY_FREQUENCY)} | dict.fromkeys("0123456789", 26)


def _rare(terms: Iterable[str], most: int) -> list[str]:
    """Those of the rarest letters: the ranking sees to the rest, and a common one costs the index a long walk."""
    return sorted(terms, key=_commonness)[:most]


@lru_cache(maxsize=50_000)
def _commonness(term: str) -> tuple[int, str]:
    return sum(_FREQUENCY.get(letter, 0) for letter in term), term


def nearly(query: Query) -> list[Wanted]:
    """At most MOST_NEARLY, each to be asked for itself, so that none crowds out the others' names.

    Empty where too little was typed to tell.
    """
    words = sorted((word for word in telling(query) if not word.isdigit()), key=len, reverse=True)
    if words and len(words[0]) > GRAM:
        ways = _words_nearly(words[0], words[1] if len(words) > 1 else "")
        return [way for way in [*ways, [_heard(words[:2])]] if way[0]]
    text = query.text[:_LONGEST]
    # Words in another order: each begins somewhere, and a Chinese character is one.
    turned = [frozenset(map(beginning, query.parts[:_MOST_WORDS]))] if query.is_unspaced else []
    if len(text) <= GRAM:
        apart = _initials_apart(text) if len(text) == GRAM else []
        return [way for way in ([turned], [apart]) if way[0]]
    slips = _slips(text)
    ways = [[[slip]] for slip in slips[:_WAYS_OF_WORD]] + [[slips[_WAYS_OF_WORD:]]]
    parts = _two_parts(text) if GRAM + 1 < len(text) <= _LONGEST_OF_TWO else []
    apart = _initials_apart(text) if len(text) <= _MOST_INITIALS_APART else []
    spelt = [_word(plain(text))] if query.is_spelt else []
    return [way for way in [*ways, [parts + apart], [turned + spelt + _heard([text])]] if way[0]]


def _heard(words: list[str]) -> list[Terms]:
    """What sounds like all of these words."""
    sounds = frozenset(term for word in words if (term := sound(word)))
    return [sounds] if sounds else []


def _initials_apart(text: str) -> list[Terms]:
    """Two runs of first letters, with a little word between them that was left out."""
    runs = ((text[:at], text[at:]) for at in range(1, len(text)))
    return [frozenset(initials(run) if len(run) > 1 else beginning(run) for run in pair) for pair in runs]


def _words_nearly(word: str, other: str) -> list[Wanted]:
    """Of the longest two words one has a slip, or is shortened, and the other begins or ends as it was typed."""
    ways = [[[kept], *_outline(other)] for kept in _slips(word)[:_WAYS_OF_WORD]]
    if few := _slips(word)[_WAYS_OF_WORD:]:
        ways.append([few, *_outline(other)])
    if len(other) > GRAM:
        return [*ways, [[_word(other)], [frozenset({beginning(word[:1])})]]]
    # A short one may be the initials of some of the name's words.
    return [*ways, [[_word(word) | {initials(other)}]]] if len(other) > 1 else ways


def _outline(word: str) -> Wanted:
    return [[frozenset({beginning(word[:1])}), frozenset({ending(word)})]] if len(word) > GRAM else []


def _slips(word: str) -> list[Terms]:
    """What stays of a word with one slip, wherever that is; the first _WAYS_OF_WORD say most.

    Nothing that stands for very many names, such as one letter or the end of a year: the index would go through them
    all.
    """
    length = len(word)
    # Two letters that changed places are within a third, as each reaches into the next. A short word has halves.
    part = length // 3 if length > _SHORT else length - max(GRAM, length // 2) - 1
    head, tail = word[: length - part - 1], word[part + 1 :]
    kept = [
        {beginning(head), *_rare(grams(head[1:]), _MOST_TERMS)},
        {ending(word), *_rare(grams(tail), _MOST_TERMS)},
    ]
    if length > _SHORT:
        # In the middle third, left of its middle or right of it.
        half = length // 2
        ends = ((word[:part], word[half + 1 :]), (word[: half - 1], word[-part:]))
        for begins, rest in ends:
            terms = grams(begins[1:]) | grams(rest)
            kept.append({beginning(begins), ending(word), *_rare(terms, _MOST_TERMS)})
    else:
        kept.append({beginning(word[:2]), ending(word)})
        # A slip in the middle of a short word leaves less than three letters in a row.
        turned = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(length - 1))
        kept += [{beginning(other), *_rare(grams(other), _MOST_TERMS)} for other in turned]
    return [frozenset(terms) for terms in kept if any(map(_is_telling, terms))]


def _is_telling(term: str) -> bool:
    """Three letters or more, not all digits, or how a word ends."""
    letters = term.lstrip("^$")
    return not letters.isdigit() and (len(letters) >= GRAM or term.startswith("$"))


def _two_parts(text: str) -> list[Terms]:
    """The beginnings of two words written as one: "custseg"."""
    return [
        frozenset({beginning(text[:at]), *grams(text[:at]), beginning(text[at:]), *grams(text[at:])})
        for at in range(GRAM, len(text) - 1)
        if not text[at:].isdigit() and not text[:at].isdigit()
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
