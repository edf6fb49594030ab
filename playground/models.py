"""Turns: the work that the Playground does in a conversation."""

import uuid

from django.db import models
from django.utils import timezone

from conversations.models import Conversation, Message
from playground.querysets import TurnQuerySet


class TurnKind(models.TextChoices):
    AGENT = "agent", "Agent"
    PROGRAM = "program", "Program"


class TurnStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (TurnStatus.QUEUED, TurnStatus.RUNNING)


class Turn(models.Model):
    """An agent's reply or a program's run."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="turns_started")
    kind = models.CharField(max_length=7, choices=TurnKind)
    status = models.CharField(max_length=9, choices=TurnStatus, default=TurnStatus.QUEUED)
    code = models.TextField(blank=True)
    output = models.TextField(blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.TextField(blank=True)
    receipt = models.JSONField(null=True)
    usage = models.JSONField(default=dict, help_text="CPU seconds, wall seconds and peak memory (bytes).")
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = TurnQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["conversation", "-created_at"], name="turn_of_conversation")]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=TurnKind.values), name="turn_kind_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=TurnStatus.values), name="turn_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"turn {str(self.pk)[:8]}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class TurnStep(models.Model):
    """One answer of the model in an agent's turn, kept whole: after a kill the turn goes on behind it."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="From 0.")
    text = models.TextField(blank=True)
    calls = models.JSONField(
        default=list, help_text="Tool calls as the model wrote them: id, name, arguments."
    )
    tokens = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["turn", "number"], name="turn_step_unique")]

    def __str__(self) -> str:
        return f"step {self.number} of {self.turn_id}"


class WorkingFolder(models.Model):
    """The files that the programs of a conversation left in their working folder, for the next one."""

    conversation = models.OneToOneField(Conversation, on_delete=models.CASCADE, related_name="working_folder")
    file = models.CharField(max_length=300, unique=True, editable=False, help_text="Key in storage (tar).")
    size = models.BigIntegerField(help_text="Bytes.")
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"working folder of {self.conversation_id}"


class TurnEvent(models.Model):
    """What the browser streams of a turn; kept, so that a reload or a second window sees the same."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    type = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["turn", "sequence"], name="turn_event_sequence_unique")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.sequence} of {self.turn_id}"
