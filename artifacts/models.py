"""Artifacts and their versions."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from artifacts.querysets import (
    IN_A_PROJECT,
    ArtifactManager,
    ArtifactQuerySet,
    OutputManager,
    TallyQuerySet,
    VersionQuerySet,
)
from artifactsite.lib.letters import terms_of
from artifactsite.lib.references import nameless
from conversations.models import Conversation, Message
from projects.models import Membership, Project


class Kind(models.TextChoices):
    TEXT = "text", "Text"
    TABLE = "table", "Table"
    VISUALIZATION = "visualization", "Visualization"
    FILE = "file", "File"


class GalleryType(models.TextChoices):
    """Where the gallery shows it."""

    IMAGE = "image", "Images"
    HTML = "html", "HTML"
    CODE = "code", "Code"
    FILE = "file", "Files"


class Visibility(models.TextChoices):
    PRIVATE = "private", "Private"
    PROJECT = "project", "Project"


def name_terms(name: str) -> str:
    """The terms of a name, in order."""
    return " ".join(sorted(terms_of(name)))


class NameTermsField(models.TextField):
    """The terms by which an index finds a saved artifact by its name; set whenever the row is written.

    Mentions keep the index over them (mentions/index/). Chat artifacts have none: a conversation's are few.
    """

    def pre_save(self, model_instance: Any, add: bool) -> str:
        saved = model_instance.saved_at is not None
        terms = name_terms(model_instance.name) if saved else ""
        setattr(model_instance, self.attname, terms)
        return terms


_IS_SHARED = models.Q(visibility="project", saved_at__isnull=False)


def keep_what_is_shared(collector: Any, field: Any, rows: Any, using: str) -> None:
    """With a person go their artifacts, but not what a project shares: an administrator transfers that first."""
    if shared := list(rows.filter(_IS_SHARED, deletion__isnull=True)[:100]):
        raise models.ProtectedError("Transfer the artifacts that this person shares first.", set(shared))
    models.CASCADE(collector, field, rows, using)


class Deletion(models.Model):
    """One act of deleting, which can be undone until it is finished: then rows and files go, and this row with them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    def __str__(self) -> str:
        return f"deletion {str(self.pk)[:8]}"


class Artifact(models.Model):
    """A named output of a conversation. Its contents are its versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="artifacts")
    # Kept empty when the conversation is deleted: a saved artifact survives it.
    conversation = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.SET_NULL, related_name="artifacts"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=keep_what_is_shared, related_name="artifacts"
    )
    name = models.CharField(max_length=255)
    # The tool's own name for it, by which it finds it again after a person has renamed it.
    output_name = models.CharField(max_length=255, editable=False)
    kind = models.CharField(max_length=13, choices=Kind)
    gallery_type = models.CharField(max_length=5, choices=GalleryType)
    saved_at = models.DateTimeField(null=True, blank=True)
    description = models.TextField(blank=True, max_length=5000)
    visibility = models.CharField(max_length=7, choices=Visibility, default=Visibility.PRIVATE)
    # What readers get. Null only inside the transaction that makes the first version.
    current = models.ForeignKey("Version", null=True, on_delete=models.SET_NULL, related_name="+")
    latest_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)
    name_terms = NameTermsField(editable=False, default="")
    # Set: its owner has deleted it, and may still undo that. `objects` doesn't have it any more.
    deletion = models.ForeignKey(
        Deletion, null=True, editable=False, on_delete=models.RESTRICT, related_name="+", db_index=False
    )

    objects = ArtifactManager()
    # Those that are deleted but not yet gone too: for undoing and finishing that, and for upkeep.
    with_deleted = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "output_name", "kind"],
                condition=models.Q(conversation__isnull=False, deletion__isnull=True),
                name="artifact_no_twin_in_conversation",
            ),
            models.CheckConstraint(
                condition=models.Q(visibility="private") | models.Q(saved_at__isnull=False),
                name="artifact_shared_is_saved",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="artifact_kind_known"),
            models.CheckConstraint(
                condition=models.Q(gallery_type__in=GalleryType.values), name="artifact_gallery_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(visibility__in=Visibility.values), name="artifact_visibility_known"
            ),
        ]
        # Lists find and count their rows in an index alone: what the visibility rule and the filters ask for stands
        # behind the order.
        indexes = [
            models.Index(
                fields=[
                    "owner",
                    "-created_at",
                    "-id",
                    "project",
                    "visibility",
                    "saved_at",
                    "gallery_type",
                    "kind",
                    "deletion",
                ],
                name="artifact_of_owner",
            ),
            models.Index(
                fields=[
                    "owner",
                    "gallery_type",
                    "-created_at",
                    "-id",
                    "project",
                    "visibility",
                    "saved_at",
                    "deletion",
                ],
                name="artifact_of_owner_by_type",
            ),
            # Of somebody with many, those of a project with few are met at once. Lists of one project say its condition
            # and others don't: PostgreSQL would take this index for them too, and sort.
            models.Index(
                fields=[
                    "owner",
                    "project",
                    "-created_at",
                    "-id",
                    "visibility",
                    "saved_at",
                    "gallery_type",
                    "kind",
                    "deletion",
                ],
                condition=IN_A_PROJECT,
                name="artifact_of_owner_in_project",
            ),
            models.Index(
                fields=["owner", "-updated_at", "-id", "project", "visibility", "saved_at", "deletion"],
                name="artifact_of_owner_changed",
            ),
            models.Index(
                fields=["owner", "name", "id", "project", "visibility", "saved_at", "deletion"],
                name="artifact_of_owner_by_name",
            ),
            models.Index(
                fields=["project", "-created_at", "-id", "owner", "gallery_type", "kind", "deletion"],
                condition=_IS_SHARED,
                name="artifact_shared",
            ),
            models.Index(
                fields=["project", "-updated_at", "-id", "owner", "deletion"],
                condition=_IS_SHARED,
                name="artifact_shared_changed",
            ),
            models.Index(
                fields=["project", "name", "id", "owner", "deletion"],
                condition=_IS_SHARED,
                name="artifact_shared_by_name",
            ),
            models.Index(
                fields=["owner", "project", "-created_at", "-id", "deletion"],
                condition=models.Q(saved_at__isnull=False),
                name="artifact_saved_by_owner",
            ),
            # With what the rule asks for, or PostgreSQL cuts a conversation's few with all that a project has.
            models.Index(
                fields=[
                    "conversation",
                    "-created_at",
                    "-id",
                    "project",
                    "owner",
                    "visibility",
                    "saved_at",
                    "deletion",
                ],
                name="artifact_of_conversation",
            ),
            models.Index(models.F("project"), Lower("name"), name="artifact_by_name"),
            models.Index(
                fields=["deletion"], condition=models.Q(deletion__isnull=False), name="artifact_deleted"
            ),
        ]

    def __str__(self) -> str:
        # Not the name: it may be private, and the admin prints this.
        return f"artifact {str(self.pk)[:8]}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        if update_fields is not None and {"name", "saved_at"} & set(update_fields):
            update_fields = {*update_fields, "name_terms"}
        self.description = nameless(self.description)
        super().save(*args, update_fields=update_fields, **options)

    @property
    def is_saved(self) -> bool:
        return self.saved_at is not None

    @property
    def is_shared(self) -> bool:
        return self.is_saved and self.visibility == Visibility.PROJECT

    @cached_property
    def owner_left(self) -> bool:
        """Whether its owner is no active member of its project. Lists bring it along (`with_standing_of`)."""
        return not Membership.objects.active().filter(project=self.project_id, user=self.owner_id).exists()

    def newer_version_for(self, user: Any) -> int | None:
        """`newer_version`, the owner's alone to know."""
        if self.current is None or self.owner_id != user.pk:
            return None
        return newer_version(self.latest_number, self.current.number)


def newer_version(latest: int, current: int) -> int | None:
    """The version that its conversation made since an artifact was saved; None where readers get the latest."""
    return latest if latest > current else None


class Tally(models.Model):
    """So many artifacts more or fewer of a sort: `amount` of all rows of a sort is how many there are.

    Of a project, somebody's, or everybody's that are shared with it. PostgreSQL keeps it: see artifacts/tally.py.
    """

    EVERYBODY = 0

    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    owner_id = models.BigIntegerField(help_text="A person's key, or 0: of everybody's, what is shared.")
    gallery_type = models.CharField(max_length=5, choices=GalleryType)
    kind = models.CharField(max_length=13, choices=Kind)
    is_saved = models.BooleanField()
    is_shared = models.BooleanField()
    amount = models.IntegerField()
    is_compact = models.BooleanField(help_text="Made of several, or not yet.")

    objects = TallyQuerySet.as_manager()

    class Meta:
        managed = False  # derived: neither backed up nor emptied with the tables of people's things
        db_table = "artifacts_tally"

    def __str__(self) -> str:
        return f"{self.amount:+} in project {self.project_id}"


class Version(models.Model):
    """One immutable content of an artifact; numbers from 1."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.CharField(max_length=300, unique=True, editable=False, help_text="Key in storage.")
    media_type = models.CharField(max_length=150)
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    preview = models.JSONField(default=dict, help_text="The kind's summary.")
    # Tables: all columns, and the byte offset of every STRIDE-th row, so that any page is one seek away.
    table_index = models.JSONField(null=True, editable=False)
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="versions")
    tool = models.CharField(max_length=100, blank=True)
    # Given to readers once. What a tool makes of a saved artifact is its owner's alone until they use it.
    published = models.BooleanField(default=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "number"], name="version_number_unique"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="version_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.artifact_id}"


class Thumbnail(models.Model):
    """The small picture of a version, or why there is none. Without a row it has not been tried yet."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="thumbnail")
    file = models.CharField(max_length=300, blank=True, editable=False, help_text="Key in storage.")
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=1, help_text="Of the whole document.")
    reason = models.CharField(max_length=300, blank=True, help_text="Why there is none.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(file="") ^ models.Q(reason=""), name="thumbnail_has_file_or_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"thumbnail of version {self.version_id}"


class Grid(models.Model):
    """The file that a version's rows are read from, or why there is none; with neither it is being made."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="grid")
    file = models.CharField(max_length=300, blank=True, editable=False, help_text="Key in storage.")
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    percent = models.PositiveSmallIntegerField(default=0, help_text="How much of it is made.")
    summary = models.JSONField(
        default=dict, help_text="Rows, columns and sample of the first sheet, for tiles."
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why there is none.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(file="") | models.Q(reason=""), name="grid_has_no_reason_beside_its_file"
            ),
        ]

    def __str__(self) -> str:
        return f"grid of version {self.version_id}"


class Output(models.Model):
    """That a message carries a version: new, or the same bytes as one that existed before."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="outputs")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="outputs")
    position = models.PositiveIntegerField()

    objects = OutputManager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="output_position_unique")]

    def __str__(self) -> str:
        return f"output {self.position} of {self.message_id}"


class SearchEntry(models.Model):
    """What search knows of an artifact. `name`, `description` and `body` are folded words (search/words.py).

    Each database keeps its own index over them: see search/postgres.py and search/sqlite.py.
    """

    artifact = models.OneToOneField(Artifact, on_delete=models.CASCADE, related_name="search_entry")
    name = models.TextField()
    description = models.TextField(blank=True)
    body = models.TextField(blank=True)
    text = models.TextField(blank=True, help_text="The beginning of the content as it reads; for excerpts.")

    class Meta:
        verbose_name_plural = "search entries"

    def __str__(self) -> str:
        return f"search entry of {self.artifact_id}"


class Beginning(models.Model):
    """The beginning of an artifact's words for one who reads it: its owner, or a project.

    PostgreSQL keeps it: see search/beginnings.py.
    """

    # Not by itself: with the time and the artifact. Nobody asks for one by its key.
    reader = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    artifact = models.ForeignKey(
        Artifact, on_delete=models.DO_NOTHING, db_constraint=False, related_name="beginnings"
    )
    is_whole = models.BooleanField(help_text="There are no other words.")

    class Meta:
        managed = False  # derived, as the tally is
        db_table = "artifacts_beginning"

    def __str__(self) -> str:
        return f"beginning of {self.artifact_id}"
