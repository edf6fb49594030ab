"""Which uploads: those of the caller's own conversations (docs/rules.md 1)."""

from typing import TYPE_CHECKING, Any, Self

from django.utils import timezone

from projects.querysets import OwnedQuerySet
from uploads.ids import parse_file_id

if TYPE_CHECKING:
    from uploads.models import Upload  # noqa: F401 - the name in the quotes below


class DirectUploadQuerySet(OwnedQuerySet[Any]):
    project_path = "conversation__project"

    def under_way(self) -> Self:
        """Those whose file the bucket still takes."""
        return self.filter(expires_at__gt=timezone.now())


class UploadQuerySet(OwnedQuerySet[Any]):
    project_path = "conversation__project"

    def with_file_id(self, file_id: str) -> Self:
        """By `f-` + UUID; anything else finds nothing."""
        pk = parse_file_id(file_id)
        return self.none() if pk is None else self.filter(pk=pk)

    def with_extraction(self) -> Self:
        """Joins the facts of the extraction, never its text: a list must not read megabytes."""
        return self.select_related("extraction").defer(
            "extraction__text", "extraction__warnings", "extraction__details"
        )

    def released(self) -> Self:
        """Those whose bytes may be handed out: no virus scanner holds them back."""
        return self.filter(quarantine="")

    def oldest_first(self) -> Self:
        return self.order_by("created_at", "pk")
