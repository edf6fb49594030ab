"""What the index of either database does. A module with these is one."""

from typing import Protocol
from uuid import UUID

from artifacts.querysets import ArtifactQuerySet

Terms = frozenset[str]
# Each of these; of each any one alternative; of an alternative all terms.
Wanted = list[list[Terms]]


class Engine(Protocol):
    INSTALL: list[str]
    REMOVE: list[str]
    SHORTEST: int
    """From how many letters on the index is asked first."""

    def matching(self, visible: ArtifactQuerySet, wanted: Wanted, limit: int) -> list[tuple[UUID, str]]:
        """Ids and names of those of `visible` whose terms are wanted.

        At most `limit`; as far as the database can tell, the newest.
        """

    def among(self, saved: ArtifactQuerySet, wanted: Wanted, limit: int, most: int) -> list[tuple[UUID, str]]:
        """Of the newest `most` of `saved` those whose terms are wanted and `matching` may miss."""
