"""Mentions: references from messages to artifacts and uploads. A reference, never a grant (docs/rules.md 5)."""

from django.conf import settings
from django.db import models

from artifacts.models import Artifact
from conversations.models import Message
from uploads.models import Upload


class Mention(models.Model):
    """That a message mentions an artifact or an upload, where, and how it was typed."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    # Who wrote it: a copy, so that one's own use of an artifact is found however often others mention it.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    # Either is empty once what it names is deleted: the mention stays, as unavailable.
    artifact = models.ForeignKey(Artifact, null=True, on_delete=models.SET_NULL, related_name="mentions")
    upload = models.ForeignKey(Upload, null=True, on_delete=models.SET_NULL, related_name="mentions")
    position = models.PositiveIntegerField(help_text="Character offset in the body.")
    length = models.PositiveIntegerField(help_text="Characters that the mention takes in the body.")
    label = models.CharField(max_length=255)

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["author", "artifact", "-id"], name="mention_own_last_use")]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="mention_position_unique"),
            models.CheckConstraint(
                condition=models.Q(artifact__isnull=True) | models.Q(upload__isnull=True),
                name="mention_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"mention in {self.message_id}"
