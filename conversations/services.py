"""What happens to conversations and messages."""

import re
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from artifactsite.lib.errors import Invalid
from artifactsite.lib.names import clean_name
from conversations.models import LONGEST_BODY, ContentType, Conversation, Message, MessageRole
from projects.models import Project

_MARKS = "#>*`- \t"
_EMPHASIS = re.compile(r"\*\*|__|`")
_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\([^)]*\)")


def create_conversation(
    *, by: User, project: Project, title: str = "", started_from: uuid.UUID | None = None
) -> Conversation:
    """A new conversation of the caller's own; the caller has checked that `project` is visible to them."""
    return Conversation.objects.create(
        owner=by, project=project, title=clean_name(title, longest=200), started_from=started_from
    )


def rename_conversation(*, by: User, conversation: Conversation, title: str | None = None) -> Conversation:
    if title is not None:
        conversation.title = clean_name(title, longest=200)
        conversation.updated_at = timezone.now()
        conversation.save(update_fields=["title", "updated_at"])
    return conversation


def add_message(
    *,
    by: User,
    conversation: Conversation,
    role: str,
    body: str,
    content_type: str = ContentType.MARKDOWN,
    title_source: str | None = None,
    **facts: Any,
) -> Message:
    """Appends a message. `facts` are the model's own fields: tool, is_error, turn, delivery_key.

    An untitled conversation takes its title from the first message, or from `title_source` in its place.
    """
    if len(body) > LONGEST_BODY:
        raise Invalid(
            "body", f"A message may have at most {LONGEST_BODY:,} characters. Attach it as a file instead."
        )
    with transaction.atomic():
        message = Message.objects.create(
            conversation=conversation, author=by, role=role, body=body, content_type=content_type, **facts
        )
        touched: dict[str, Any] = {"updated_at": message.created_at}
        if not conversation.title and role == MessageRole.USER:
            touched["title"] = conversation.title = suggested_title(
                body if title_source is None else title_source
            )
        Conversation.objects.filter(pk=conversation.pk).update(**touched)
    return message


def suggested_title(body: str) -> str:
    """The first line of a message without its Markdown, cut at a word near 60 characters."""
    line = next((line for line in body.splitlines() if line.strip(_MARKS)), "")
    line = clean_name(_EMPHASIS.sub("", _LINK.sub(r"\1", line)).strip(_MARKS), longest=200)
    if len(line) <= 60:
        return line
    return line[:60].rsplit(" ", 1)[0] + "…"
