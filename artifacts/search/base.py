"""What a search is, whichever database does it: the query as people type it, and what an engine gives for it."""

import re
from dataclasses import dataclass
from typing import Protocol

from django.db.models.expressions import Expression

from artifacts.querysets import ArtifactQuerySet
from artifacts.search.words import words_of

MOST_TERMS = 20
_PIECE = re.compile(r'"([^"]*)("?)|(\S+)')


@dataclass(frozen=True)
class Term:
    """Words that stand one after the other; with `is_prefix` the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Query:
    """What has to be found: every one of its terms, anywhere. Without terms there was no word in it."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, raw: str) -> "Query":
        """Words, phrases in quotes, `begin*`. The last word counts as a beginning: it may still be being typed."""
        terms = []
        for quoted, closed, plain in _PIECE.findall(raw.replace("\0", " ")):
            words = tuple(words_of(plain or quoted))
            if words:
                # "annual-report" without quotes is one term too: its words belong together.
                terms.append(Term(words, is_prefix=plain.endswith("*") or not (plain or closed)))
        ends_in_word = bool(re.search(r'[^\s"]$', raw))
        if terms and ends_in_word and raw.count('"') % 2 == 0:
            terms[-1] = Term(terms[-1].words, is_prefix=True)
        return cls(tuple(terms[:MOST_TERMS]))


class Engine(Protocol):
    """A database's full-text search. A module with these two functions is one."""

    def matching(self, visible: ArtifactQuerySet, query: Query) -> ArtifactQuerySet:
        """Those of `visible` that match."""

    def rank(self, found: ArtifactQuerySet, query: Query) -> Expression:
        """A number for each of what `matching` found: the higher the better."""
