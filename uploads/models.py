"""Uploads: files that people attach, and the text taken from them."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models import Conversation
from uploads.querysets import DirectUploadQuerySet, UploadQuerySet


class UploadStatus(models.TextChoices):
    STORED = "stored", "Waiting"
    EXTRACTING = "extracting", "Extracting"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    UNSUPPORTED = "unsupported", "No text"


DIRECT = "direct"  # the folder in the bucket for what is on its way; no row names a file in it
PENDING = (UploadStatus.STORED, UploadStatus.EXTRACTING)


class Quarantine(models.TextChoices):
    """Why the bytes of a file are withheld from everybody. Most files are in no quarantine."""

    NONE = "", "None"
    UNSCANNED = "unscanned", "Not scanned yet"
    INFECTED = "infected", "Infected"


class Upload(models.Model):
    """A file that a person attached to a conversation; active or inactive."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    filename = models.CharField(max_length=255)
    file = models.CharField(max_length=300, unique=True, editable=False, help_text="Key in storage.")
    media_type = models.CharField(max_length=150, help_text="Sniffed from the bytes.")
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    status = models.CharField(max_length=12, choices=UploadStatus, default=UploadStatus.STORED)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    quarantine = models.CharField(max_length=10, choices=Quarantine, blank=True, default=Quarantine.NONE)
    attempts = models.PositiveSmallIntegerField(default=0)
    run = models.UUIDField(null=True, editable=False, help_text="The extraction that may write its outcome.")
    parts_done = models.PositiveIntegerField(default=0, help_text="Pages, slides or sheets done so far.")
    parts_total = models.PositiveIntegerField(default=0)
    cpu_seconds = models.FloatField(default=0, help_text="CPU time that the last extraction took.")
    peak_bytes = models.BigIntegerField(default=0, help_text="Memory that the last extraction took at most.")
    link_generation = models.PositiveIntegerField(default=0, help_text="Raised to revoke the signed link.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="upload_in_order"),
            models.Index(fields=["owner", "-created_at"], name="upload_of_owner"),
            models.Index(fields=["sha256"], name="upload_same_bytes"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=UploadStatus.values), name="upload_status_known"
            ),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="upload_size_not_negative"),
            models.CheckConstraint(
                condition=models.Q(quarantine__in=Quarantine.values), name="upload_quarantine_known"
            ),
        ]

    def __str__(self) -> str:
        # Not the filename: it is private, and the admin prints this.
        return f"upload {str(self.pk)[:8]}"

    @property
    def file_id(self) -> str:
        return f"f-{self.pk}"

    @property
    def expires_at(self) -> datetime:
        """When the signed link ends: 30 days after the upload, whatever happened since."""
        return self.created_at + settings.LINK_LIFETIME

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING


class Extraction(models.Model):
    """The text taken from an upload, and how that went."""

    upload = models.OneToOneField(Upload, on_delete=models.CASCADE, related_name="extraction")
    text = models.TextField(help_text="Markdown with page, slide and sheet marks.")
    characters = models.PositiveIntegerField()
    tokens = models.PositiveIntegerField(help_text="Estimate.")
    truncated = models.BooleanField(default=False)
    engine = models.CharField(max_length=50)
    warnings = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    seconds = models.FloatField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"extraction of {self.upload_id}"


class DirectUpload(models.Model):
    """A file on its way straight into the bucket (`uploads/direct.py`); once it is taken in, the upload has its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="direct_uploads")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="direct_uploads"
    )
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField(
        help_text="Bytes that were announced: the bucket takes neither more nor less."
    )
    expires_at = models.DateTimeField(db_index=True, help_text="Until then the bucket takes it.")

    objects = DirectUploadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="direct_upload_size_not_negative"),
        ]

    def __str__(self) -> str:
        # Not the filename: it is private.
        return f"direct upload {str(self.pk)[:8]}"

    @property
    def key(self) -> str:
        """Where the sender puts it in the bucket."""
        return f"{DIRECT}/{self.pk}"
