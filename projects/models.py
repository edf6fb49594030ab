"""Projects, the unit of membership and settings."""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from artifactsite.lib.references import nameless
from artifactsite.lib.sealed import seal, unseal
from projects.querysets import AuditEntryQuerySet, MembershipQuerySet, ProjectQuerySet


class Role(models.TextChoices):
    COLLABORATOR = "collaborator", "Collaborator"
    ADMINISTRATOR = "administrator", "Administrator"


class Act(models.TextChoices):
    """What the audit log tells of."""

    SHARED = "shared", "Shared an artifact"
    MADE_PRIVATE = "made_private", "Made an artifact private"
    SHARED_DELETED = "shared_deleted", "Deleted a shared artifact"
    OWNER_CHANGED = "owner_changed", "Transferred an artifact"
    LINK_REVOKED = "link_revoked", "Revoked a file's links"
    MEMBER_ADDED = "member_added", "Added a member"
    ROLE_CHANGED = "role_changed", "Changed a role"
    MEMBER_REMOVED = "member_removed", "Removed a member"
    SETTINGS_CHANGED = "settings_changed", "Changed settings"
    PROJECT_CREATED = "project_created", "Created the project"
    PROJECT_DELETED = "project_deleted", "Deleted the project"
    ACCOUNT_CHANGED = "account_changed", "Changed an account"


def _ceiling_files() -> int:
    return settings.CEILING_FILES


def _ceiling_size() -> int:
    return settings.CEILING_FILE_SIZE_MB


def _ceiling_tokens() -> int:
    return settings.CEILING_TOKENS


def _ceiling_cpu() -> int:
    return settings.CEILING_PROGRAM_CPU_SECONDS


def _ceiling_wall() -> int:
    return settings.CEILING_PROGRAM_WALL_SECONDS


def _ceiling_memory() -> int:
    return settings.CEILING_PROGRAM_MEMORY_MB


def _ceiling_output() -> int:
    return settings.CEILING_PROGRAM_OUTPUT_MB


LEAST_MEMORY_MB = 64  # Python itself wants some


class Project(models.Model):
    """Members, what they share, and the limits on what they attach."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=220, unique=True)
    allow_artifact_sharing = models.BooleanField(
        "Allow Artifact Sharing",
        default=True,
        help_text="On: owners choose private or project. Off: new saves are private; what is shared stays shared.",
    )
    max_files = models.PositiveIntegerField(
        "most files in a conversation",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(_ceiling_files)],
    )
    max_file_size_mb = models.PositiveIntegerField(
        "largest file (MB)", default=25, validators=[MinValueValidator(1), MaxValueValidator(_ceiling_size)]
    )
    max_tokens = models.PositiveIntegerField(
        "most tokens of active files",
        default=800_000,
        validators=[MinValueValidator(1), MaxValueValidator(_ceiling_tokens)],
    )
    program_cpu_seconds = models.PositiveIntegerField(
        "a program's CPU time (s)",
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(_ceiling_cpu)],
        help_text="Of all its processes together.",
    )
    program_wall_seconds = models.PositiveIntegerField(
        "a program's time (s)",
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(_ceiling_wall)],
    )
    program_memory_mb = models.PositiveIntegerField(
        "a program's memory (MB)",
        default=1000,
        validators=[MinValueValidator(LEAST_MEMORY_MB), MaxValueValidator(_ceiling_memory)],
    )
    program_output_mb = models.PositiveIntegerField(
        "a program's output (MB)",
        default=500,
        validators=[MinValueValidator(1), MaxValueValidator(_ceiling_output)],
        help_text="Of all artifacts and files that it makes.",
    )
    agent_instructions = models.TextField(
        blank=True,
        max_length=50_000,
        help_text="What the agent is told in every conversation. {{memory.sessionMeta.artifacts}} is replaced.",
    )
    agent_base_url = models.CharField(
        "agent's address",
        max_length=500,
        blank=True,
        help_text="An OpenAI-compatible endpoint in place of the site's, such as https://api.openai.com/v1.",
    )
    agent_model = models.CharField("agent's model", max_length=200, blank=True)
    agent_api_key_sealed = models.TextField(blank=True, editable=False)
    preview_hosts = models.JSONField(
        default=list, blank=True, help_text="Hosts that previews may load scripts and styles from."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="project_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_files__gte=1, max_file_size_mb__gte=1, max_tokens__gte=1),
                name="project_limits_positive",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        self.agent_instructions = nameless(self.agent_instructions)
        super().save(*args, **options)

    @property
    def agent_api_key(self) -> str:
        """The project's own key; it is for calling the endpoint and is shown to nobody."""
        return unseal(self.agent_api_key_sealed)

    @agent_api_key.setter
    def agent_api_key(self, key: str) -> None:
        self.agent_api_key_sealed = seal(key)

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_size_mb * 1024 * 1024


class Membership(models.Model):
    """That a user belongs to a project, and as what."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.COLLABORATOR)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]
        indexes = [models.Index(fields=["user", "project"], name="membership_of_user")]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"


class AuditEntry(models.Model):
    """A line of the audit log: who did what to which thing of a project. Written with the change (audit.py).

    It names things by id and people by username: what an artifact is called is its readers' alone.
    """

    # Outlives its project; empty for what concerns none, such as an account.
    project = models.ForeignKey(
        Project, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    created_at = models.DateTimeField("when", default=timezone.now, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name="who"
    )
    actor_name = models.CharField(max_length=150, blank=True, help_text="Empty: the site itself.")
    act = models.CharField("what", max_length=16, choices=Act)
    target = models.CharField(max_length=40, help_text="The id of what it was done to.")
    about = models.CharField(max_length=150, help_text="A username, or the kind of the thing.")
    log = models.OneToOneField(
        "auditlog.LogEntry", on_delete=models.CASCADE, related_name="+", help_text="Which fields changed."
    )

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="audit_of_project"),
            models.Index(fields=["project", "act", "-created_at", "-id"], name="audit_of_project_by_act"),
            models.Index(
                fields=["project", "actor_name", "-created_at", "-id"], name="audit_of_project_by_actor"
            ),
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} ({self.about})"
