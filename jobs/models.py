"""The table of work: the truth about what is to be done (docs/rules.md 8)."""

import uuid

from django.db import models
from django.utils import timezone


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Queue(models.TextChoices):
    TURNS = "turns", "Turns"
    EXTRACTION = "extraction", "Extraction"


class Priority(models.IntegerChoices):
    """Who waits for a job: somebody with a whole pile of it, nobody in particular, somebody who looks at the page."""

    BULK = -1, "Bulk"
    NORMAL = 0, "Normal"
    INTERACTIVE = 10, "Interactive"


class Job(models.Model):
    """One piece of work: run the task `task` on the row `target`. Unique while it waits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=100)
    target = models.UUIDField()
    queue = models.CharField(max_length=20, choices=Queue)
    priority = models.SmallIntegerField(default=Priority.NORMAL, help_text="Higher first.")
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False, help_text="Who holds the job.")
    leased_until = models.DateTimeField(null=True)
    available_at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
    request = models.CharField(
        max_length=64, blank=True, help_text="The id of the request that asked for it."
    )
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
            models.Index(
                fields=["finished_at"], condition=models.Q(finished_at__isnull=False), name="job_finished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.target}"

    @property
    def kind_of_error(self) -> str:
        """What people may see of `error`, whose words may quote somebody's document."""
        return self.error.partition(":")[0][:80]


class Worker(models.Model):
    """A worker process that is there: it says so every few seconds, and takes its row along when it stops."""

    name = models.CharField(primary_key=True, max_length=200, help_text="Host and process id.")
    queues = models.CharField(max_length=100)
    threads = models.PositiveSmallIntegerField()
    running = models.PositiveSmallIntegerField(default=0)
    draining = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Figure(models.Model):
    """A running total that all processes share: how often, and how much in all. What /metrics tells."""

    name = models.CharField(max_length=60)
    labels = models.CharField(
        max_length=200, help_text="Values in the order of the metric's labels, by commas."
    )
    count = models.BigIntegerField(default=0)
    total = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "labels"], name="figure_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}"
