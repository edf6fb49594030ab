"""Which turns: those of the caller's own conversations (docs/rules.md 1)."""

from typing import Any

from projects.querysets import OwnedQuerySet


class TurnQuerySet(OwnedQuerySet[Any]):
    project_path = "conversation__project"
    owner_path = "conversation__owner"
