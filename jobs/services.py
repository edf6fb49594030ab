"""Enqueue, claim by lease, heartbeat, finish, reap (docs/rules.md 8).

A Celery message or the worker's poll is a doorbell; whoever hears it claims the row, and the row decides.
"""

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import ChannelError

from artifactsite.lib import callers, tracing, worded
from artifactsite.lib.errors import Conflict
from artifactsite.lib.worded import Values
from jobs import figures, registry
from jobs.heartbeat import heartbeat
from jobs.holding import holding
from jobs.models import Job, JobState, Priority, Queue, Worker

log = structlog.get_logger(__name__)

# How long a job that failed by a fault of ours waits before its next attempt, in seconds, by attempt.
BACK_OFF = (1, 5, 20)
# Doorbells of a queue at most: more waiting jobs than that need no bell each, their queue is never empty.
MOST_RUNG = 1000


class LeaseLost(Exception):
    """The job was given to somebody else, who will finish it; what was done here must not be written."""


def enqueue(
    task: str, target: uuid.UUID, *, priority: int = Priority.NORMAL, after: timedelta = timedelta()
) -> None:
    """Writes the job in the caller's transaction and rings the doorbell on its commit.

    A job for the same target that still waits makes a second one needless. One that is due only `after` a while is
    rung for by the sweep.
    """
    registered = registry.get(task)
    if registered is None:
        raise LookupError(f"no task is registered as {task!r}")
    request = callers.request_id() or ""
    job = Job(
        task=task, target=target, queue=registered.queue, priority=priority, request=request,
        available_at=timezone.now() + after,
    )  # fmt: skip
    # The partial unique index makes this one statement; nothing is asked first.
    worded.insert(job, is_needless_twice=True)
    if not after:
        transaction.on_commit(lambda: ring(registered.queue))


def ring(queue: str, times: int = 1) -> None:
    """The doorbell. Without Redis there is none: the worker looks at the rows by itself."""
    if not settings.REDIS_URL:
        return
    from jobs.tasks import run

    try:
        for _ in range(times):
            run.apply_async(args=[queue], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - broker down: the sweep will find the row
        log.warning("doorbell failed; the sweep will ring again", queue=queue, error=str(error))


def claim(job_id: uuid.UUID) -> Job | None:
    """Takes a waiting job under a new lease. None: it is done, taken, or not due yet, or this process stops."""
    if holding.draining:
        return None
    now = timezone.now()
    values = {"job": job_id, "lease": uuid.uuid4(), "now": now, "until": now + settings.JOB_LEASE}
    claimed = worded.changed(Job, "job claimed", _claimed, values)
    return claimed[0] if claimed else None


def _claimed(values: Values) -> tuple[QuerySet[Job], dict[str, Any]]:
    return Job.objects.filter(pk=values["job"], state=JobState.QUEUED, available_at__lte=values["now"]), {
        "state": JobState.RUNNING,
        "lease": values["lease"],
        "leased_until": values["until"],
        "attempts": F("attempts") + 1,
        "started_at": values["now"],
        "error": "",
    }


def _due(queues: list[str], now: datetime) -> QuerySet[Job]:
    due = Job.objects.filter(state=JobState.QUEUED, queue__in=queues, available_at__lte=now)
    return due.order_by("-priority", "created_at")


def waiting(queues: list[str], limit: int) -> list[Job]:
    """Jobs that are due, most urgent first."""
    return list(_due(queues, timezone.now())[:limit])


def execute_next(queue: str) -> bool:
    """Does the most urgent job of a queue. Whoever rang for what, the table decides; False: nothing waits."""

    def next_ones(values: Values) -> QuerySet[Any, Any]:
        # Some more than one: others hear of the first at the same time.
        return _due([values["queue"]], values["now"]).values_list("pk")[:10]

    found = worded.rows("jobs due", next_ones, {"queue": queue, "now": timezone.now()})
    return any(execute(pk) for (pk,) in found)


def execute(job_id: uuid.UUID) -> bool:
    """Claims and does one job. True if it was claimed here, whatever came of it."""
    job = claim(job_id)
    if job is None:
        return False
    registered = registry.get(job.task)
    bound = {"job": str(job.pk), "task": job.task, "target": str(job.target)}
    if job.request:
        bound["request_id"] = job.request
    started = time.monotonic()
    seconds = registered.seconds if registered else 0
    with (
        structlog.contextvars.bound_contextvars(**bound),
        holding.one(job),
        heartbeat.keeps(job, seconds=seconds),
        tracing.span(
            job.task, {"job": str(job.pk), "task": job.task, "request_id": job.request}, kind="consumer"
        ) as told,
    ):
        try:
            if registered is None:
                raise LookupError(f"no task is registered as {job.task!r}")
            registered.work(job.target)
        except LeaseLost:
            told.failed("LeaseLost")
            log.warning("lease lost; another worker has the job")
        except Exception as error:
            told.failed(type(error).__name__)
            log.exception("job failed")
            _finish_badly(job, f"{type(error).__name__}: {error}")
        else:
            if _done(job):
                taken = time.monotonic() - started
                figures.add("job", job.task, "done", amount=taken)
                log.info("job done", milliseconds=round(1000 * taken, 1))
    return True


def _held(job: Job) -> QuerySet[Job]:
    """The job's row, only while this lease holds it."""
    return _held_by(job.pk, job.lease)


def _held_by(pk: uuid.UUID, lease: uuid.UUID | None) -> QuerySet[Job]:
    return Job.objects.filter(pk=pk, lease=lease, state=JobState.RUNNING)


def _done(job: Job) -> bool:
    """Notes the job's end; False where this lease no longer holds it."""

    def ended(values: Values) -> tuple[QuerySet[Job], dict[str, Any]]:
        fields = {"state": JobState.DONE, "lease": None, "leased_until": None, "finished_at": values["now"]}
        return _held_by(values["job"], values["lease"]), fields

    values = {"job": job.pk, "lease": job.lease, "now": timezone.now()}
    return worded.change("job done", ended, values) > 0


def _finish_badly(job: Job, reason: str, *, lapsed: bool = False) -> bool:
    """Back to the queue after a pause, or given up after JOB_ATTEMPTS, together with its domain row.

    `lapsed`: only if its lease has still run out, as a late heartbeat may have come meanwhile.
    """
    with transaction.atomic():
        held = _held(job).select_for_update().first()
        if held is None or (lapsed and _lease_of(held) >= timezone.now()):
            return False
        if held.attempts < settings.JOB_ATTEMPTS and not _has_queued_twin(held):
            pause = BACK_OFF[min(held.attempts, len(BACK_OFF)) - 1]
            held.available_at = timezone.now() + timedelta(seconds=pause)
            held.state, held.lease, held.leased_until = JobState.QUEUED, None, None
        else:
            held.state, held.lease, held.leased_until = JobState.FAILED, None, None
            held.finished_at = timezone.now()
        held.error = reason[:2000]
        held.save(update_fields=["available_at", "state", "lease", "leased_until", "finished_at", "error"])
        if held.state == JobState.FAILED:
            registered = registry.get(held.task)
            if registered is not None and not _has_queued_twin(held):
                registered.gave_up(held.target, reason)
        figures.add("job", held.task, "failed" if held.state == JobState.FAILED else "retried")
    return True


def _lease_of(job: Job) -> datetime:
    assert job.leased_until is not None, "a running job has a lease"
    return job.leased_until


def _has_queued_twin(job: Job) -> bool:
    return (
        Job.objects.filter(task=job.task, target=job.target, state=JobState.QUEUED)
        .exclude(pk=job.pk)
        .exists()
    )


def reap() -> int:
    """Takes back the jobs of workers that died (their lease ran out). Returns how many."""
    lost = Job.objects.filter(state=JobState.RUNNING, leased_until__lt=timezone.now())
    reaped = 0
    for job in lost[:500]:
        log.warning("lease ran out", job=str(job.pk), task=job.task, attempts=job.attempts)
        reaped += _finish_badly(job, "The worker stopped in the middle of it.", lapsed=True)
    return reaped


def sweep() -> None:
    """Reaps, and rings for whatever waits unrung: a lost doorbell costs seconds, never work."""
    reap()
    if settings.REDIS_URL:
        now = timezone.now()
        for queue in Queue.values:
            due = Job.objects.filter(state=JobState.QUEUED, queue=queue, available_at__lte=now)
            waits = due[:MOST_RUNG].count()
            if waits:
                ring(queue, max(0, waits - _rung(queue)))


def _rung(queue: str) -> int:
    """How many doorbells of a queue nobody has answered yet."""
    try:
        with current_app.connection_for_read() as broker:
            return int(broker.default_channel.queue_declare(queue, passive=True).message_count)
    except ChannelError:
        return 0  # an empty queue does not exist
    except Exception as error:  # noqa: BLE001 - broker down: the next sweep asks again
        log.warning("the broker can't be asked", error=str(error))
        return MOST_RUNG


def drain(seconds: float) -> int:
    """Takes no more work, waits for what runs, and hands back what is left, for others to begin at once.

    Returns how many were handed back: the process must then end without writing anything more about them.
    """
    left = holding.drain(seconds)
    handed_back = sum(_hand_back(job) for job in left)
    if handed_back:
        log.warning("handed back", jobs=handed_back)
    return handed_back


def _hand_back(job: Job) -> bool:
    with transaction.atomic():
        held = _held(job).select_for_update().first()
        if held is None:
            return False
        if _has_queued_twin(held):
            held.state, held.finished_at = JobState.CANCELLED, timezone.now()
        else:
            # Stopping a worker is nobody's failure: it does not count as an attempt.
            held.state, held.attempts, held.available_at = JobState.QUEUED, held.attempts - 1, timezone.now()
        held.lease = held.leased_until = None
        held.save(update_fields=["state", "finished_at", "attempts", "available_at", "lease", "leased_until"])
        transaction.on_commit(lambda: ring(held.queue))
    return True


def requeue(job: Job) -> None:
    """Does work once more that failed or was cancelled, together with its domain row."""
    registered = registry.get(job.task)
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job.pk)
        over = locked.state in (JobState.FAILED, JobState.CANCELLED)
        if registered is None or not over:
            raise Conflict("nothing_to_do", "Only work that failed or was cancelled can be queued again.")
        if registered.again is None:
            enqueue(locked.task, locked.target, priority=locked.priority)
        elif not registered.again(locked.target):
            raise Conflict(
                "nothing_to_do", "This was done or tried again meanwhile, or what it is about is gone."
            )


def cancel(job: Job) -> None:
    """Ends work that waits or runs, and tells its domain row; a worker that has it finds its lease gone."""
    registered = registry.get(job.task)
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job.pk)
        if locked.state not in (JobState.QUEUED, JobState.RUNNING):
            raise Conflict("nothing_to_do", "Only work that waits or runs can be cancelled.")
        locked.state, locked.finished_at = JobState.CANCELLED, timezone.now()
        locked.lease = locked.leased_until = None
        locked.error = "Cancelled by an administrator."
        locked.save(update_fields=["state", "finished_at", "lease", "leased_until", "error"])
        if registered is not None and registered.cancelled is not None:
            registered.cancelled(locked.target)
        figures.add("job", locked.task, "cancelled")


def forget_finished(*, older_than_days: int = 14) -> int:
    """Deletes the rows of work long done."""
    before = timezone.now() - timedelta(days=older_than_days)
    over = [JobState.DONE, JobState.FAILED, JobState.CANCELLED]
    deleted, _ = Job.objects.filter(state__in=over, finished_at__lt=before).delete()
    Worker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
    return deleted
