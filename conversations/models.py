"""Conversations and their messages, as data."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.querysets import ConversationQuerySet, MessageQuerySet
from projects.models import Project

LONGEST_BODY = 1_000_000


class Conversation(models.Model):
    """One thread of messages; belongs to one owner and one project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="conversations")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=200, blank=True)
    # The artifact it was shared from; a soft reference, since artifacts stand above conversations.
    started_from = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="conversation_of_owner"),
            models.Index(fields=["owner", "-updated_at", "-id"], name="conversation_recent"),
        ]

    def __str__(self) -> str:
        # Not the title: it is private, and the admin prints this.
        return f"conversation {str(self.pk)[:8]}"

    @property
    def display_title(self) -> str:
        return self.title or "New conversation"


class MessageRole(models.TextChoices):
    USER = "user", "User"
    AGENT = "agent", "Agent"
    TOOL = "tool", "Tool"


class ContentType(models.TextChoices):
    TEXT = "text", "Text"
    MARKDOWN = "markdown", "Markdown"
    HTML = "html", "HTML"
    JSON = "json", "JSON"


class Message(models.Model):
    """One entry of a conversation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="messages"
    )
    role = models.CharField(max_length=5, choices=MessageRole)
    body = models.TextField(blank=True, max_length=LONGEST_BODY)
    content_type = models.CharField(max_length=8, choices=ContentType, default=ContentType.MARKDOWN)
    tool = models.CharField(max_length=100, blank=True, help_text="Which tool spoke; role tool only.")
    is_error = models.BooleanField(default=False)
    # The turn that this message started or that made it; soft, since turns stand above conversations.
    turn = models.UUIDField(null=True, blank=True, db_index=True)
    delivery_key = models.CharField(  # noqa: DJ001 - unique where given, so empty is not a key
        max_length=200, null=True, blank=True, editable=False, help_text="Idempotency-Key of the delivery."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["conversation", "created_at", "id"], name="message_in_order")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=MessageRole.values), name="message_role_known"
            ),
            models.CheckConstraint(
                condition=models.Q(content_type__in=ContentType.values), name="message_content_type_known"
            ),
            models.UniqueConstraint(
                fields=["conversation", "delivery_key"],
                condition=models.Q(delivery_key__isnull=False),
                name="message_delivered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"message {str(self.pk)[:8]}"
