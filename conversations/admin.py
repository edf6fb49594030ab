"""Conversations in the Django admin: their facts. What they are called and what they say is their owners' alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.models import Conversation, Message


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at: they are made, changed and deleted by the people and services that own them."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    # No title, not in the search either: a search that finds by it would tell it.
    list_display = [
        "__str__",
        "owner",
        "project",
        "messages",
        "artifacts",
        "uploads",
        "created_at",
        "updated_at",
    ]
    fields = [
        "id", "owner", "project", "started_from", "messages", "artifacts", "uploads", "created_at", "updated_at",
    ]  # fmt: skip
    list_select_related = ["owner", "project"]
    list_filter = ["created_at", "updated_at", ("project", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["^id", "owner__username", "project__name"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return Conversation.objects.with_counts().defer("title").order_by("-created_at")

    @admin.display(ordering="message_count")
    def messages(self, conversation: Any) -> int:
        return conversation.message_count

    @admin.display(ordering="artifact_count")
    def artifacts(self, conversation: Any) -> int:
        return conversation.artifact_count

    @admin.display(ordering="upload_count")
    def uploads(self, conversation: Any) -> int:
        return conversation.upload_count


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "conversation", "role", "author", "content_type", "is_error", "created_at"]
    fields = ["id", "conversation", "role", "author", "content_type", "is_error", "turn", "created_at"]
    list_select_related = ["conversation", "author"]
    list_filter = ["role", "content_type", "is_error", "created_at"]
    search_fields = ["^id", "^conversation__id", "author__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        hidden = ["body", "tool", "conversation__title"]
        return Message.objects.select_related("conversation", "author").defer(*hidden).order_by("-created_at")
