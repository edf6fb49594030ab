"""Projects in the Django admin: settings, members, counts and the storage used."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from projects.audit import told
from projects.forms import checked_hosts
from projects.models import AuditEntry, Membership, Project, Role
from projects.services import LAST_ADMINISTRATOR, lock_members


class MembershipFormSet(BaseInlineFormSet):
    """Members, with the rule that a project never loses its last administrator."""

    def clean(self) -> None:
        super().clean()
        if any(form.errors for form in self.forms):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        lock_members(self.instance)
        # Asked again under the lock: somebody else may have removed one of those that this form keeps.
        still = set(self.instance.memberships.values_list("pk", flat=True))
        if not any(
            row["role"] == Role.ADMINISTRATOR
            and row["user"].is_active
            and (row["id"] is None or row["id"].pk in still)
            for row in kept
        ):
            raise ValidationError(LAST_ADMINISTRATOR)


class ProjectForm(ModelForm):
    """A project with its preview hosts checked as everywhere."""

    class Meta:
        model = Project
        fields = [
            "name", "slug", "allow_artifact_sharing", "max_files", "max_file_size_mb", "max_tokens",
            "program_cpu_seconds", "program_wall_seconds", "program_memory_mb", "program_output_mb",
            "agent_instructions", "preview_hosts",
        ]  # fmt: skip

    def clean_preview_hosts(self) -> list[str]:
        hosts = self.cleaned_data["preview_hosts"]
        if not isinstance(hosts, list):
            raise ValidationError('Write a list of host names: ["cdn.example.com"].')
        return checked_hosts(hosts)


class MembershipInline(admin.StackedInline):
    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["user"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")


def _total(app: str, model: str, path: str, value: models.Aggregate) -> Coalesce:
    """A figure over the rows of `model` that belong to each project; the model by name, since it stands above."""
    rows = apps.get_model(app, model)._default_manager.filter(**{path: models.OuterRef("pk")})
    totals = rows.order_by().values(path).annotate(total=value).values("total")
    return Coalesce(models.Subquery(totals, output_field=models.BigIntegerField()), 0)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    form = ProjectForm
    list_display = [
        "name", "allow_artifact_sharing", "members", "conversations", "artifacts", "uploads", "storage",
        "max_files", "max_file_size_mb", "max_tokens", "created_at",
    ]  # fmt: skip
    list_filter = ["allow_artifact_sharing", "created_at"]
    search_fields = ["name", "slug", "^id"]
    date_hierarchy = "created_at"
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["id", "created_at", "members", "conversations", "artifacts", "uploads", "storage"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "id", "created_at"]}),
        ("Sharing", {"fields": ["allow_artifact_sharing"]}),
        ("Attachments", {"fields": ["max_files", "max_file_size_mb", "max_tokens"]}),
        (
            "Programs",
            {
                "fields": [
                    "program_cpu_seconds",
                    "program_wall_seconds",
                    "program_memory_mb",
                    "program_output_mb",
                ]
            },
        ),
        ("Agent", {"fields": ["agent_instructions", "preview_hosts"]}),
        ("In use", {"fields": ["members", "conversations", "artifacts", "uploads", "storage"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Project]:
        count = models.Count("pk")
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_total=_total("projects", "Membership", "project", count),
                conversation_total=_total("conversations", "Conversation", "project", count),
                artifact_total=_total("artifacts", "Artifact", "project", count),
                upload_total=_total("uploads", "Upload", "conversation__project", count),
                bytes_total=_total("artifacts", "Version", "artifact__project", models.Sum("size"))
                + _total("uploads", "Upload", "conversation__project", models.Sum("size")),
            )
        )

    @admin.display(ordering="member_total")
    def members(self, project: Any) -> int:
        return project.member_total

    @admin.display(ordering="conversation_total")
    def conversations(self, project: Any) -> int:
        return project.conversation_total

    @admin.display(ordering="artifact_total")
    def artifacts(self, project: Any) -> int:
        return project.artifact_total

    @admin.display(ordering="upload_total")
    def uploads(self, project: Any) -> int:
        return project.upload_total

    @admin.display(ordering="bytes_total", description="storage used")
    def storage(self, project: Any) -> str:
        return filesizeformat(project.bytes_total)


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """Who did what in any project and to accounts; to read and to search, never to change."""

    list_display = ["created_at", "actor_name", "act", "about", "target", "project"]
    fields = ["created_at", "actor_name", "act", "about", "target", "project", "changes"]
    list_select_related = ["project"]
    list_filter = ["act", "created_at", ("project", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["=actor_name", "=target", "=about"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-pk"]
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="changed fields")
    def changes(self, entry: AuditEntry) -> str:
        rows = ((name, *(side[:500] for side in sides)) for name, sides in told(entry).items())
        return format_html_join(mark_safe("<br>"), "{}: {} → {}", rows) or "–"
