"""How well a name answers what was typed: pure, over a bounded set of candidates.

Best first: the name itself, its beginning or all its initials, the beginning of a word, initials, all words in any
order, a stretch inside a word, and last what is near: abbreviations (a subsequence of letters), typos, one edit per
four letters, and what sounds alike. Case, accents and separators are forgiven throughout, and so is how "and" and Roman
numbers are written.

Costs are coarse on purpose: where two names answer equally well, the caller's own use and then recency decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from artifactsite.lib.letters import GRAM, Letters, another_reading, split
from artifactsite.lib.sounds import consonants, heard

EXACT, PREFIX, WORD, INITIALS, WORDS, INSIDE, NEAR = range(7)

LETTERS_PER_EDIT = 4
LONGEST_ABBREVIATION, LONGEST_ABBREVIATED = 24, 120  # letters; beyond these a subsequence means nothing
# Words that people put into a question and not into a name, or the other way round.
LITTLE_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "de",
        "del",
        "den",
        "der",
        "des",
        "di",
        "die",
        "do",
        "du",
        "e",
        "el",
        "en",
        "et",
        "for",
        "fra",
        "in",
        "la",
        "las",
        "le",
        "les",
        "los",
        "of",
        "on",
        "og",
        "per",
        "the",
        "to",
        "und",
        "van",
        "von",
        "y",
        "zu",
        "的",
        "の",
    ]
)
_WITHOUT_MARKS = str.maketrans("äöüøåÄÖÜØÅ", "aouoaAOUOA")
_TWO_LETTERS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
_UNFIT = (
    0.2  # the rest of a word that was not typed, a word in another place: small against an edit, which is 1
)
# Of a query this short another name's whole word is meant rather than the beginning of a longer word ("var": "Market
# VAR" rather than "Variety"), of a letter or two only a word in capitals.
SHORT_WORD = 4
_UNFINISHED = 1  # a word's rest, that was not typed
_MOST_INITIALS = 4  # as one word among others
_ALL_INITIALS = 0.2  # beside how much of a name was typed
_SLIP = 0.6  # letters in turn or doubled, an ending that goes with number or case: what one doesn't notice
_HEARD = 0.4  # what sounds alike, at best

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Match:
    """Rank (lower is better), a finer cost within it, and what matched, which only what is shown is asked for."""

    rank: int
    cost: float
    stretches: Spans  # of the letters, or of the name as it stands
    letters: Letters | None = None

    @property
    def spans(self) -> Spans:
        """The matched spans of the name, in characters."""
        if self.letters is None:
            return self.stretches
        return _merged([self.letters.span(start, end) for start, end in _merged(self.stretches)])


class _Found(NamedTuple):
    """As Match, with spans in letters."""

    rank: int
    cost: float
    spans: Spans


@dataclass(frozen=True)
class Query:
    """What was typed, taken apart once for all candidates."""

    typed: str
    text: str
    words: tuple[str, ...]
    parts: tuple[str, ...]  # the words, cut where a word begins inside them too
    signs: str  # what was typed without case, where it has more than letters, digits and spaces
    is_spelt: bool  # it may have an umlaut in two letters
    is_unspaced: bool  # it is Chinese or Japanese, which are written without spaces, and has several words

    @property
    def edits(self) -> int:
        return len(self.text) // LETTERS_PER_EDIT


@lru_cache(maxsize=256)
def query_of(typed: str) -> Query:
    typed = typed.strip()
    letters = split(typed)
    signs = "" if all(c.isalnum() or c.isspace() for c in typed) else typed.casefold()
    words, parts = tuple(letters.words()), tuple(letters.parts())
    is_unspaced = len(parts) > len(words) and any("\u3040" <= c <= "\u9fff" for c in letters.text)
    return Query(typed, letters.text, words, parts, signs, _is_spelt(letters.text), is_unspaced)


def match(wanted: Query, name: str, *, nearly: bool = True) -> Match | None:
    """How `name` answers; None where it doesn't. Without `nearly` abbreviations and typos don't count."""
    if not wanted.typed:
        return Match(EXACT, 0, [])
    if not wanted.text:
        return _by_signs(wanted.typed, name)
    letters = split(name)
    found = _match(wanted, letters, nearly=nearly)
    if found is None or found.rank == NEAR:
        found = _read_otherwise(wanted, letters, found)
    if nearly and (found is None or found.rank == NEAR):
        alike = _heard(wanted, letters)
        if alike is not None and (found is None or alike.cost < found.cost):
            found = alike
    if found is None:
        return None
    unfit = _UNFIT / 2 if wanted.signs and not is_subsequence(_signs_of(wanted.signs), name) else 0
    # "o&g" is meant for two words that stand together.
    is_apart = "&" in wanted.signs and another_reading(name) is None
    rank = max(found.rank, INSIDE) if is_apart else found.rank
    return Match(rank, round(found.cost + unfit, 1), found.spans, letters)


def _read_otherwise(wanted: Query, letters: Letters, nearly: _Found | None) -> _Found | None:
    """As either may be written too, "pnl" for "P&L", `ue` for `ü`; where that doesn't answer well, as before."""
    name = letters.original
    for is_so, read in (
        (_may_be_read_otherwise(wanted, name), _reading),
        (_may_be_spelt(wanted, letters), plain),
    ):
        found = _match(query_of(read(wanted.typed)), split(read(name)), nearly=False) if is_so else None
        if found is not None:
            return _Found(found.rank, found.cost, nearly.spans if nearly else [])
    return nearly


def _may_be_read_otherwise(wanted: Query, name: str) -> bool:
    return another_reading(name) is not None or another_reading(wanted.typed) is not None


def _reading(text: str) -> str:
    return another_reading(text) or text


def _signs_of(typed: str) -> str:
    return "".join(c for c in typed if not c.isalnum() and not c.isspace())


def _by_signs(typed: str, name: str) -> Match | None:
    """A query without a letter: as it stands."""
    at = name.find(typed)
    return Match(INSIDE, 0, [(at, at + len(typed))]) if at >= 0 else None


def _is_spelt(text: str) -> bool:
    return any(two in text for two, _ in _TWO_LETTERS)


def _may_be_spelt(query: Query, name: Letters) -> bool:
    """Whether one of them may have `ue` where the other has `ü`, and so on."""
    return (query.is_spelt and not name.original.isascii()) or (
        not query.typed.isascii() and _is_spelt(name.text)
    )


@lru_cache(maxsize=1000)
def plain(text: str) -> str:
    """With `ü` and `ue` as `u`, and so on."""
    spelt = text.translate(_WITHOUT_MARKS).lower()
    for two, one in _TWO_LETTERS:
        spelt = spelt.replace(two, one)
    return spelt


def _match(query: Query, name: Letters, *, nearly: bool) -> _Found | None:
    wanted = query.text
    if not name.text:
        return None
    return (
        _whole(wanted, name)
        or _stretch(wanted, name)
        or _initials(wanted, name)
        or _words(query.words, name, query.edits if nearly else None)
        or (_words(query.parts, name, None) if query.is_unspaced else None)
        or _inside(wanted, name.text)
        or (_near(query, name) if nearly else None)
    )


def _coverage(typed: int, name: Letters) -> float:
    """What of the name was not typed, in fifths: names that are equally long, more or less, cost the same."""
    return (4 - int(4 * typed / len(name.text))) / 10


def _ends_word(name: Letters, end: int) -> bool:
    return end == len(name.text) or end in name.starts


def _is_plural(name: Letters, end: int) -> bool:
    return end >= GRAM and name.text.startswith("s", end) and _ends_word(name, end + 1)


def _whole(wanted: str, name: Letters) -> _Found | None:
    if name.text == wanted:
        return _Found(EXACT, 0, [(0, len(wanted))])
    if name.text.startswith(wanted):
        # "data" is meant for "Data dictionary" rather than "Database", but for "Datas" as well.
        is_whole = _ends_word(name, len(wanted)) or _is_plural(name, len(wanted))
        unfinished = 0 if is_whole else _UNFINISHED
        return _Found(PREFIX, unfinished + _coverage(len(wanted), name), [(0, len(wanted))])
    return None


def _stretch(wanted: str, name: Letters) -> _Found | None:
    """From the beginning of a word on."""
    if wanted not in name.text:
        return None
    best: _Found | None = None
    for start in name.starts:
        if not name.text.startswith(wanted, start):
            continue
        end = start + len(wanted)
        cost = (0 if _ends_word(name, end) else 1) + (0 if start in name.firm else 0.5)
        if best is None or cost < best.cost:
            best = _Found(WORD, cost, [(start, end)])
    if best is None:
        return None
    cost = best.cost + _coverage(len(wanted), name)
    if best.cost == 0 and _is_short_word(name, *best.spans[0]):
        return _Found(PREFIX, _UNFINISHED - 0.5 + cost, best.spans)
    return _Found(WORD, cost, best.spans)


def _is_short_word(name: Letters, start: int, end: int) -> bool:
    if GRAM <= end - start <= SHORT_WORD:
        return True
    place, stop = name.span(start, end)
    return end - start == GRAM - 1 and name.original[place:stop].isupper()


def _initials(wanted: str, name: Letters) -> _Found | None:
    """The first letters of words that follow one another; numbers and little words may be left out."""
    if len(wanted) < 2 or not is_subsequence(wanted, name.firsts):
        return None
    bounds = [*name.starts, len(name.text)]
    words = [(start, name.text[start:end]) for start, end in pairwise(bounds)]
    named = [start for start, word in words if word not in LITTLE_WORDS]
    wordy = [start for start in named if not name.text[start].isdigit()]
    for cost, starts in ((0.0, list(name.starts)), (0.1, named), (0.2, wordy)):
        at = "".join(name.text[start] for start in starts).find(wanted)
        if at >= 0:
            spans = [(s, s + 1) for s in starts[at : at + len(wanted)]]
            rest = len(starts) - len(wanted)
            if len(wanted) >= GRAM and at == 0:
                # As likely as that a word has been begun: of all words the name's first, of some another.
                rank, more = (WORD, 0.0) if rest else (PREFIX, _ALL_INITIALS)
                return _Found(rank, _UNFINISHED + more + cost, spans)
            return _Found(INITIALS, cost + rest / 10 + (0.5 if at else 0), spans)
    return None


def _inside(wanted: str, text: str) -> _Found | None:
    at = text.find(wanted) if len(wanted) > 1 else -1
    return _Found(INSIDE, 0.5, [(at, at + len(wanted))]) if at >= 0 else None


# --- word by word --------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a word of the query may stand, and what that costs: 0 it does, below 1 nearly, 1 for each edit."""

    cost: float
    start: int
    end: int
    letters: tuple[tuple[int, int], ...] = ()


def _words(words: tuple[str, ...], name: Letters, edits: int | None) -> _Found | None:
    """Every word of the query somewhere in the name, in any order: beginning a word, inside one, or nearly.

    `edits` None: as they stand.
    """
    if len(words) < 2 or len(words) > 12:
        return None
    if edits is None and not all(_may_stand(word, name) for word in words if word not in LITTLE_WORDS):
        return None
    taken: dict[int, _Place] = {}
    missing = 0.0
    # The longest first, since short ones fit in many places.
    for index in sorted(range(len(words)), key=lambda index: -len(words[index])):
        word = words[index]
        place = _best_place(word, name, list(taken.values()), edits)
        if place is not None:
            taken[index] = place
        elif word in LITTLE_WORDS:
            missing += 2 * _UNFIT
        else:
            return None
    if not taken or sum(int(place.cost) for place in taken.values()) > (edits or 0):
        return None
    return _aligned([taken[index] for index in sorted(taken)], missing, sum(map(len, words)), name)


def _may_stand(word: str, name: Letters) -> bool:
    return word in name.text or (GRAM - 1 <= len(word) <= _MOST_INITIALS and word in name.firsts)


def _aligned(places: list[_Place], missing: float, typed: int, name: Letters) -> _Found:
    turned = sum(_UNFIT for one, other in pairwise(places) if other.start < one.start)
    opens = 0 if min(place.start for place in places) == 0 else _UNFIT / 2
    worst = max(place.cost for place in places)
    rank = WORDS if worst < 0.5 else INSIDE if worst < 0.7 else NEAR
    cost = sum(place.cost for place in places) + missing + turned + opens + _coverage(typed, name)
    spans = [span for place in places for span in (place.letters or ((place.start, place.end),))]
    return _Found(rank, cost, sorted(spans))


def _best_place(word: str, name: Letters, taken: list[_Place], edits: int | None) -> _Place | None:
    free = (
        place
        for place in _places(word, name, edits)
        if all(place.end <= other.start or place.start >= other.end for other in taken)
    )
    return min(free, key=lambda place: (place.cost, place.start), default=None)


def _places(word: str, name: Letters, edits: int | None) -> Iterator[_Place]:
    text, length = name.text, len(word)
    exact = False
    for start in name.starts:
        if text.startswith(word, start):
            exact = True
            # A number that goes on is another number.
            unfit = (
                0 if _ends_word(name, start + length) else 2 * _UNFIT if word[-1].isdigit() else _UNFIT / 2
            )
            yield _Place(unfit, start, start + length)
    if exact or length < 2:
        return
    if length <= _MOST_INITIALS and (at := name.firsts.find(word)) >= 0:
        letters = tuple((start, start + 1) for start in name.starts[at : at + length])
        yield _Place(2 * _UNFIT, letters[0][0], letters[-1][1], letters)
    at = text.find(word)
    while at >= 0:
        # From inside a word into the next it is there by chance.
        if not any(at < start < at + length for start in name.firm):
            yield _Place(3 * _UNFIT, at, at + length)
        at = text.find(word, at + 1)
    if edits and length >= 3:
        yield from _misspelt(word, name, max(1, length // LETTERS_PER_EDIT))
    if edits is not None:
        yield from _shortened(word, name)


def _shortened(word: str, name: Letters) -> Iterator[_Place]:
    """The word's letters within one word of the name that begins alike: "qry" for "query"."""
    bounds = [*sorted(name.firm), len(name.text)]
    for start, end in pairwise(bounds):
        if name.text[start] != word[0]:
            continue
        places = [start]
        for letter in word[1:]:
            at = name.text.find(letter, places[-1] + 1, end)
            if at < 0:
                break
            places.append(at)
        else:
            yield _Place(0.9, start, places[-1] + 1, tuple((at, at + 1) for at in places))


def _misspelt(word: str, name: Letters, edits: int) -> Iterator[_Place]:
    """The runs of the name that begin a word and are at most `edits` away."""
    for start in name.starts:
        run = _nearest_run(word, name, start, edits)
        if run is not None:
            yield run


def _nearest_run(word: str, name: Letters, start: int, edits: int) -> _Place | None:
    # A letter more or less changes the distance by one at most.
    same_length = name.text[start : start + len(word)]
    if OSA.distance(word, same_length, score_cutoff=2 * edits) > 2 * edits:
        return None
    best: _Place | None = None
    for length in range(max(1, len(word) - edits), len(word) + edits + 1):
        run = name.text[start : start + length]
        if len(run) < length:
            break
        distance = OSA.distance(word, run, score_cutoff=edits)
        if distance > edits:
            continue
        ends = _ends_word(name, start + length)
        slip = _SLIP - 1 if distance == 1 and _is_slight(word, run, ends=ends) else 0
        cost = distance + slip + _other_number(word, run) + (0 if ends else _UNFIT)
        if best is None or cost < best.cost:
            best = _Place(cost, start, start + length)
    return best


def _is_slight(word: str, run: str, *, ends: bool) -> bool:
    """Two letters that changed places, one doubled or not, or one more or less at the end of both."""
    longer, shorter = (word, run) if len(word) > len(run) else (run, word)
    if len(longer) == len(shorter):
        return sorted(word) == sorted(run)
    if longer[-1].isdigit():
        return False
    if ends and longer.startswith(shorter):
        return True
    doubled = (at for at in range(1, len(longer)) if longer[at] == longer[at - 1])
    return any(longer[:at] + longer[at + 1 :] == shorter for at in doubled)


def _other_number(word: str, run: str) -> float:
    """Digits are typed deliberately: another number is worse than a typo."""
    return 0.5 if [c for c in word if c.isdigit()] != [c for c in run if c.isdigit()] else 0


# --- by ear ------------------------------------------------------------------------------------


def _heard(query: Query, name: Letters) -> _Found | None:
    """What sounds like the query. Whole words match then, since sounds are not the same letters."""
    if not query.edits:
        return None
    sounds, wanted = _sounds(name.original), _sounds(query.typed)
    # However a word is spelt it begins with the same sound.
    if not all(_first_sound(word) in sounds.firsts for word in wanted.words):
        return None
    found = (
        _match(wanted.query, sounds.letters, nearly=False)
        or _words(wanted.words, sounds.letters, wanted.query.edits)
        or _typo(wanted.query, sounds.letters)
        or _with_other_vowels(wanted.words, sounds.letters)
    )
    if found is None or found.rank in (INITIALS, INSIDE):
        return None
    near = 0.0 if found.rank == NEAR else _UNFIT * found.rank
    spans = [
        theirs
        for ours, theirs in zip(sounds.letters.bounds(), name.bounds(), strict=True)
        if any(ours[0] < end and start < ours[1] for start, end in found.spans)
    ]
    return _Found(NEAR, _HEARD + near + found.cost, spans)


@dataclass(frozen=True)
class _Sounds:
    """A text as it is heard, its words, and the sound that each of these begins with."""

    letters: Letters
    words: tuple[str, ...]
    firsts: frozenset[str]
    query: Query


@lru_cache(maxsize=5000)
def _sounds(original: str) -> _Sounds:
    name = split(original)
    text = ""
    starts: list[int] = []
    for word in name.parts():
        starts.append(len(text))
        text += heard(word)
    firm = frozenset(ours for ours, theirs in zip(starts, name.starts, strict=True) if theirs in name.firm)
    letters = Letters(original, text, tuple(starts), firm, "".join(text[start] for start in starts))
    words = tuple(letters.words())
    return _Sounds(
        letters,
        words,
        frozenset(map(_first_sound, letters.parts())),
        Query(original, text, words, (), "", is_spelt=False, is_unspaced=False),
    )


def _first_sound(word: str) -> str:
    return "a" if word[0] in "aeiou" else word[0]


def _with_other_vowels(words: tuple[str, ...], sounds: Letters) -> _Found | None:
    """Every word has the consonants that a word of the name begins with: "gliacer" for "glacier"."""
    spans: Spans = []
    for word in words:
        wanted = consonants(word)
        at = (
            (start, end) for start, end in sounds.bounds()
            if len(wanted) > GRAM and consonants(sounds.text[start:end]).startswith(wanted)
        )  # fmt: skip
        if (span := next(at, None)) is None:
            return None
        spans.append(span)
    return _Found(NEAR, 1 + _coverage(sum(map(len, words)), sounds), sorted(spans))


# --- the query as a whole, nearly --------------------------------------------------------------


def _near(query: Query, name: Letters) -> _Found | None:
    found = [other for other in (_typo(query, name), _subsequence(query.text, name)) if other]
    return min(found, key=lambda other: other.cost, default=None)


def _typo(query: Query, name: Letters) -> _Found | None:
    if not query.edits:
        return None
    runs = list(_misspelt(query.text, name, query.edits))
    if not runs:
        return None
    best = min(runs, key=lambda run: (run.cost, run.start))
    return _Found(NEAR, best.cost + _coverage(len(query.text), name), [(best.start, best.end)])


def _subsequence(wanted: str, name: Letters) -> _Found | None:
    """All letters in order, as many as possible at the beginnings of words and next to one another."""
    if len(wanted) > LONGEST_ABBREVIATION or not is_subsequence(wanted, name.text):
        return None
    text = name.text[:LONGEST_ABBREVIATED]
    chain = _cheapest_chain(wanted, text, frozenset(name.starts))
    if chain is None:
        return None
    cost, places = chain
    spread = places[-1] + 1 - places[0]
    # Letters scattered over a long name match everything and mean nothing.
    if places[0] not in name.starts and spread > 3 * len(wanted):
        return None
    return _Found(NEAR, cost + _coverage(len(wanted), name), [(place, place + 1) for place in places])


def is_subsequence(wanted: str, text: str) -> bool:
    at = -1
    for letter in wanted:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True


_JUMP, _MIDDLE = 0.3, 0.4  # to letters further on; to one in the middle of a word


def _cheapest_chain(wanted: str, text: str, starts: frozenset[int]) -> tuple[float, list[int]] | None:
    """The places of `wanted` in `text` that cost least, by dynamic programming over letters and places."""
    costs = {i: 0.5 + (0 if i in starts else _MIDDLE) for i, c in enumerate(text) if c == wanted[0]}
    trail: list[dict[int, int]] = []
    for letter in wanted[1:]:
        nexts: dict[int, float] = {}
        came: dict[int, int] = {}
        cheapest, at = float("inf"), -1
        for i, c in enumerate(text):
            if c == letter and at >= 0:
                jump = cheapest + _JUMP + (0 if i in starts else _MIDDLE)
                on = costs.get(i - 1, float("inf"))
                nexts[i], came[i] = (on, i - 1) if on <= jump else (jump, at)
            if i in costs and costs[i] < cheapest:
                cheapest, at = costs[i], i
        if not nexts:
            return None
        trail.append(came)
        costs = nexts
    end = min(costs, key=lambda place: (costs[place], place))
    places = [end]
    for came in reversed(trail):
        places.append(came[places[-1]])
    return costs[end], places[::-1]


def _merged(spans: Spans) -> Spans:
    merged: Spans = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
