"""Which turns: those of the caller's own conversations (design.md rule 1)."""

from typing import TYPE_CHECKING

from projects.querysets import OwnedQuerySet

if TYPE_CHECKING:
    pass


class TurnQuerySet(OwnedQuerySet["Turn"]):
    project_path = "conversation__project"
    owner_path = "conversation__owner"
