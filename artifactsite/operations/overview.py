"""The state of the work in figures: one account for the page, the API and Prometheus."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncMinute
from django.utils import timezone

from jobs import figures
from jobs.models import Job, JobState, Queue, Worker
from jobs.presence import GONE_AFTER

MINUTES = 60


@dataclass(frozen=True)
class QueueState:
    """A queue now: how many wait (of them after a failure), for how long the oldest is due, how many run."""

    name: str
    waiting: int
    retrying: int
    oldest_seconds: float
    running: int


@dataclass(frozen=True)
class WorkerState:
    name: str
    queues: list[str]
    threads: int
    running: int
    state: str  # working, draining, or gone: it has said nothing for a while
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Minute:
    """What came to its end in one minute."""

    at: datetime
    done: int
    failed: int


@dataclass(frozen=True)
class FormatState:
    """Extraction of one format since the site began."""

    format: str
    read: int
    failed: int
    mean_seconds: float


def queue_states() -> list[QueueState]:
    now = timezone.now()
    live = Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by()
    waits = Q(state=JobState.QUEUED)
    rows = live.values("queue").annotate(
        waiting=Count("pk", filter=waits),
        retrying=Count("pk", filter=waits & Q(attempts__gt=0)),
        oldest=Min("available_at", filter=waits),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
    )
    found: dict[str, Any] = {row["queue"]: row for row in rows}
    nothing: dict[str, Any] = {"waiting": 0, "retrying": 0, "oldest": None, "running": 0}
    states = []
    for name in Queue.values:
        row = found.get(name, nothing)
        age = max(0.0, (now - row["oldest"]).total_seconds()) if row["oldest"] else 0.0
        states.append(QueueState(name, row["waiting"], row["retrying"], round(age, 1), row["running"]))
    return states


def worker_states() -> list[WorkerState]:
    heard = timezone.now() - timedelta(seconds=GONE_AFTER)
    return [
        WorkerState(
            row.name,
            row.queues.split(","),
            row.threads,
            row.running,
            "gone" if row.seen_at < heard else "draining" if row.draining else "working",
            row.started_at,
            row.seen_at,
        )
        for row in Worker.objects.order_by("name")[:200]
    ]


def last_hour() -> list[Minute]:
    """The sixty minutes up to now, the quiet ones too."""
    this = timezone.now().replace(second=0, microsecond=0)
    first = this - timedelta(minutes=MINUTES - 1)
    ended = Job.objects.filter(finished_at__gte=first).order_by()
    rows = ended.annotate(minute=TruncMinute(F("finished_at"))).values("minute").annotate(
        done=Count("pk", filter=Q(state=JobState.DONE)), failed=Count("pk", filter=Q(state=JobState.FAILED))
    )  # fmt: skip
    found = {row["minute"]: row for row in rows}
    minutes = (first + timedelta(minutes=number) for number in range(MINUTES))
    return [
        Minute(at, found[at]["done"], found[at]["failed"]) if at in found else Minute(at, 0, 0)
        for at in minutes
    ]


def format_states() -> list[FormatState]:
    read: dict[str, tuple[int, float]] = {}
    failed: dict[str, int] = {}
    for (extension, outcome), count, seconds in figures.of("extraction"):
        if outcome == "ready":
            read[extension] = (count, seconds)
        else:
            failed[extension] = failed.get(extension, 0) + count
    states = []
    for extension in sorted({*read, *failed}):
        count, seconds = read.get(extension, (0, 0.0))
        mean = round(seconds / count, 3) if count else 0.0
        states.append(FormatState(extension, count, failed.get(extension, 0), mean))
    return states


def storage() -> dict[str, int]:
    """Bytes by what they are; measured every few minutes."""
    return {labels[0]: int(total) for labels, _, total in figures.of("storage")}


def failed_in_a_day() -> int:
    since = timezone.now() - timedelta(days=1)
    return Job.objects.filter(finished_at__gte=since, state=JobState.FAILED).count()


@dataclass(frozen=True)
class Overview:
    """All of it, as it is now."""

    queues: list[QueueState] = field(default_factory=queue_states)
    workers: list[WorkerState] = field(default_factory=worker_states)
    last_hour: list[Minute] = field(default_factory=last_hour)
    formats: list[FormatState] = field(default_factory=format_states)
    storage: dict[str, int] = field(default_factory=storage)
    failed_in_a_day: int = field(default_factory=failed_in_a_day)
