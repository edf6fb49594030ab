"""What the index of either database does. A module with these is one."""

from typing import Protocol

from artifacts.querysets import ArtifactQuerySet

Terms = frozenset[str]
# Each of these; of each any one alternative; of an alternative all terms.
Wanted = list[list[Terms]]


class Engine(Protocol):
    INSTALL: list[str]
    REMOVE: list[str]
    SHORTEST: int
    """From how many letters on the index is asked first."""

    def matching(self, visible: ArtifactQuerySet, wanted: Wanted, limit: int) -> ArtifactQuerySet:
        """Those of `visible` whose terms are wanted; at most `limit`, as far as it can tell the newest of them."""

    def among(self, newest: ArtifactQuerySet, wanted: Wanted, limit: int, most: int) -> ArtifactQuerySet:
        """Of the first `most` of `newest`, which is in order, those whose terms are wanted and `matching` may miss."""
