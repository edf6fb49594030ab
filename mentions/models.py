"""Mentions: references from messages to artifacts. A reference, never a grant (design.md rule 5)."""

from django.db import models

from artifacts.models import Artifact
from conversations.models import Message


class Mention(models.Model):
    """That a message mentions an artifact, where, and how it was typed."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    # Empty once the artifact is deleted: the mention stays, as unavailable.
    artifact = models.ForeignKey(Artifact, null=True, on_delete=models.SET_NULL, related_name="mentions")
    position = models.PositiveIntegerField(help_text="Character offset in the body.")
    length = models.PositiveIntegerField(help_text="Characters that the mention takes in the body.")
    label = models.CharField(max_length=255)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="mention_position_unique")
        ]

    def __str__(self) -> str:
        return f"mention in {self.message_id}"
