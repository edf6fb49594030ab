"""What the index of either database does, and what it is asked."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from mentions.ranking import Query


@dataclass(frozen=True)
class Scope:
    """Whose names are looked through: what `reader` saved in these projects, and what others share there."""

    reader: int
    projects: tuple[UUID, ...]

    def prefixes(self) -> list[str]:
        """What stands before each term of a name in the index: who may see it, so that it gives nobody else's.

        A shared name bears its project, a private one its owner too. Short, so the ids of two projects may look
        alike: the visibility rule still decides.
        """
        projects = [project.hex[:8] for project in self.projects]
        return [f"{project}~" for project in projects] + [f"{project}+{self.reader}~" for project in projects]


@dataclass(frozen=True)
class Source:
    """A SELECT of artifacts' ids and whether each is only nearly meant; the names of the values in its places."""

    sql: str
    places: tuple[str, ...]


Asked = tuple[Source, dict[str, Any]]


class Engine(Protocol):
    """A module with these is one. Each function gives what to select, newest first as far as the index can tell."""

    INSTALL: list[str]
    REMOVE: list[str]

    def newest(self, scope: Scope, most: int) -> Asked:
        """The newest."""

    def well(self, scope: Scope, query: Query) -> Asked:
        """Names that may answer well; of very many those that are called so, that begin so, and the newest.

        Where these are fewer than plan.FEW, what `nearly` gives too.
        """

    def nearly(self, scope: Scope, query: Query) -> Asked:
        """Names that a typo or an abbreviation may mean."""
