"""Uploads in the Django admin: their facts and how extraction went, never a filename or a text."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from conversations.admin import ReadOnlyAdmin
from uploads.models import Upload


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__", "owner", "project", "media_type", "storage", "is_active", "status", "error_code", "tokens",
        "created_at",
    ]  # fmt: skip
    fields = [
        "id", "owner", "project", "conversation", "media_type", "storage", "is_active", "status", "error_code",
        "quarantine", "attempts", "parts_done", "parts_total", "tokens", "engine", "seconds",
        "cpu_seconds", "peak_bytes", "link_generation", "created_at",
    ]  # fmt: skip
    list_select_related = ["owner", "conversation__project", "extraction"]
    list_filter = ["status", "quarantine", "is_active", "error_code", "media_type", "created_at"]
    search_fields = ["^id", "owner__username", "conversation__project__name"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        uploads = Upload.objects.with_extraction().select_related("owner", "conversation__project")
        hidden = ["filename", "error_message", "conversation__title"]
        return uploads.defer(
            *hidden, *(f"extraction__{name}" for name in ("text", "warnings", "details"))
        ).order_by("-created_at")

    @admin.display(ordering="conversation__project__name")
    def project(self, upload: Upload) -> str:
        return str(upload.conversation.project)

    @admin.display(ordering="size", description="size")
    def storage(self, upload: Upload) -> str:
        return filesizeformat(upload.size)

    def _of_extraction(self, upload: Upload, name: str) -> Any:
        return getattr(getattr(upload, "extraction", None), name, None)

    @admin.display(ordering="extraction__tokens")
    def tokens(self, upload: Upload) -> int | None:
        return self._of_extraction(upload, "tokens")

    @admin.display(description="engine")
    def engine(self, upload: Upload) -> str | None:
        return self._of_extraction(upload, "engine")

    @admin.display(description="seconds of extraction")
    def seconds(self, upload: Upload) -> float | None:
        return self._of_extraction(upload, "seconds")
