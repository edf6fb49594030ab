"""The table of work: the truth about what is to be done (docs/rules.md 8)."""

import uuid

from django.db import models
from django.utils import timezone


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Queue(models.TextChoices):
    TURNS = "turns", "Turns"
    EXTRACTION = "extraction", "Extraction"


class Job(models.Model):
    """One piece of work: run the task `task` on the row `target`. Unique while it waits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=100)
    target = models.UUIDField()
    queue = models.CharField(max_length=20, choices=Queue)
    priority = models.SmallIntegerField(default=0, help_text="Higher first.")
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False, help_text="Who holds the job.")
    leased_until = models.DateTimeField(null=True)
    available_at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "target"], condition=models.Q(state="queued"), name="job_unique_while_queued"
            ),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="running")
                | models.Q(lease__isnull=False, leased_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "-priority", "created_at"],
                condition=models.Q(state="queued"),
                name="job_next",
            ),
            models.Index(fields=["leased_until"], condition=models.Q(state="running"), name="job_leases"),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.target}"
