"""Which conversations and messages: their owner's only (docs/rules.md 1)."""

from typing import Any, Self

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from projects.querysets import OwnedQuerySet


class ConversationQuerySet(OwnedQuerySet[Any]):
    """`visible_to(user)` is all that pages and API start from."""

    def with_counts(self) -> Self:
        """Adds message_count, artifact_count and upload_count, each by its own index."""
        return self.annotate(
            message_count=self._count_of("messages"),
            artifact_count=self._count_of("artifacts"),
            upload_count=self._count_of("uploads"),
        )

    def _count_of(self, relation: str) -> Coalesce:
        # By the relation's name: artifacts and uploads stand above this app.
        rows = self.model._meta.get_field(relation).related_model._default_manager
        counted = (
            rows.filter(conversation=OuterRef("pk")).order_by().values("conversation").annotate(n=Count("pk"))
        )
        return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)


class MessageQuerySet(OwnedQuerySet[Any]):
    project_path = "conversation__project"
    owner_path = "conversation__owner"
