"""Artifacts in the Django admin: their facts, never their content; a name only where the project may read it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import BigIntegerField, Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from artifacts import services
from artifacts.forms import TransferForm
from artifacts.models import Artifact, Version
from artifactsite.lib.errors import Refusal
from conversations.admin import ReadOnlyAdmin

NEWEST = 50  # versions listed


class SavedFilter(admin.SimpleListFilter):
    title = "saved"
    parameter_name = "saved"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Saved"), ("no", "In its conversation")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> QuerySet[Artifact]:
        if self.value() in ("yes", "no"):
            return queryset.filter(saved_at__isnull=self.value() == "no")
        return queryset


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    actions = ["transfer"]
    list_display = [
        "__str__", "shared_name", "kind", "gallery_type", "owner", "project", "visibility", "saved_at", "versions",
        "storage", "created_at",
    ]  # fmt: skip
    fields = [
        "id", "shared_name", "kind", "gallery_type", "owner", "project", "visibility", "saved_at", "storage", "history",
        "created_at", "updated_at",
    ]  # fmt: skip
    list_select_related = ["owner", "project"]
    list_filter = [
        "kind", "gallery_type", "visibility", SavedFilter, "created_at",
        ("project", admin.RelatedOnlyFieldListFilter),
    ]  # fmt: skip
    # Not by name: a search that finds a private name tells that it exists.
    search_fields = ["^id", "owner__username", "project__name"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        versions = Version.objects.filter(artifact=OuterRef("pk")).order_by().values("artifact")

        def figure(value: Any) -> Coalesce:
            total = versions.annotate(total=value).values("total")
            return Coalesce(Subquery(total, output_field=BigIntegerField()), 0)

        return (
            Artifact.objects.select_related("owner", "project")
            .defer("description", "output_name")
            .annotate(version_total=figure(Count("pk")), bytes_total=figure(Sum("size")))
            .order_by("-created_at")
        )

    def has_transfer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("artifacts.change_artifact")

    @admin.action(description="Transfer what people who left shared", permissions=["transfer"])
    def transfer(self, request: HttpRequest, queryset: QuerySet[Artifact]) -> HttpResponse | None:
        """Asks for the new owner, then transfers all that is selected or nothing."""
        user: Any = request.user
        form = TransferForm(request.POST if "to" in request.POST else None)
        if form.is_valid():
            try:
                services.transfer_several(
                    by=user, artifacts=list(queryset), as_staff=True, **form.cleaned_data
                )
                self.message_user(request, "The selected artifacts are transferred.", messages.SUCCESS)
                return None
            except Refusal as refusal:
                form.add_error("to", refusal.detail)
        context = {
            **self.admin_site.each_context(request),
            "title": "Transfer artifacts",
            "artifacts": queryset,
            "form": form,
        }
        return TemplateResponse(request, "admin/artifacts/artifact/transfer.html", context)

    @admin.display(description="name, where shared")
    def shared_name(self, artifact: Artifact) -> str:
        return artifact.name if artifact.is_shared else "–"

    @admin.display(description="versions")
    def history(self, artifact: Artifact) -> str:
        """The newest versions: their facts alone."""
        newest = artifact.versions.only("number", "media_type", "size", "created_at").order_by("-number")
        return format_html_join(
            mark_safe("<br>"),
            "{}: {}, {}, {}",
            (
                (row.number, row.media_type, filesizeformat(row.size), f"{row.created_at:%Y-%m-%d %H:%M}")
                for row in newest[:NEWEST]
            ),
        )

    @admin.display(ordering="version_total")
    def versions(self, artifact: Any) -> int:
        return artifact.version_total

    @admin.display(ordering="bytes_total", description="storage used")
    def storage(self, artifact: Any) -> str:
        return filesizeformat(artifact.bytes_total)
