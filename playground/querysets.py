"""Which turns: those of the caller's own conversations (docs/rules.md 1)."""

from typing import Any, Self

from django.db.models import F

from projects.querysets import OwnedQuerySet


class TurnQuerySet(OwnedQuerySet[Any]):
    project_path = "conversation__project"
    owner_path = "conversation__owner"

    def superseded(self) -> Self:
        """Those whose message was answered again since."""
        return self.filter(message__isnull=False).exclude(message__turn=F("pk"))
