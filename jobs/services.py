"""Enqueue, claim by lease, heartbeat, finish, reap (docs/rules.md 8).

A Celery message or the worker's poll is a doorbell; whoever hears it claims the row, and the row decides.
"""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from jobs import registry
from jobs.models import Job, JobState

log = structlog.get_logger(__name__)

# How long a job that failed by a fault of ours waits before its next attempt, in seconds, by attempt.
BACK_OFF = (1, 5, 20)


class LeaseLost(Exception):
    """The job was given to somebody else, who will finish it; what was done here must not be written."""


def enqueue(task: str, target: uuid.UUID, *, priority: int = 0) -> None:
    """Writes the job in the caller's transaction and rings the doorbell on its commit.

    A job for the same target that still waits makes a second one needless.
    """
    registered = registry.get(task)
    if registered is None:
        raise LookupError(f"no task is registered as {task!r}")
    job = Job(task=task, target=target, queue=registered.queue, priority=priority)
    # The partial unique index makes this one statement; nothing is asked first.
    made = Job.objects.bulk_create([job], ignore_conflicts=True)
    transaction.on_commit(lambda: ring(made[0].pk, registered.queue))


def ring(job_id: uuid.UUID, queue: str) -> None:
    """The doorbell. Without Redis there is none: the worker looks at the rows by itself."""
    if not settings.REDIS_URL:
        return
    from jobs.tasks import run

    try:
        run.apply_async(args=[str(job_id)], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - broker down: the sweep will find the row
        log.warning("doorbell failed; the sweep will ring again", job=str(job_id), error=str(error))


def claim(job_id: uuid.UUID) -> Job | None:
    """Takes a waiting job under a new lease. None: it is done, taken, or not due yet."""
    now = timezone.now()
    lease = uuid.uuid4()
    taken = Job.objects.filter(pk=job_id, state=JobState.QUEUED, available_at__lte=now).update(
        state=JobState.RUNNING,
        lease=lease,
        leased_until=now + settings.JOB_LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
        error="",
    )
    return Job.objects.get(pk=job_id) if taken else None


def waiting(queues: list[str], limit: int) -> list[Job]:
    """Jobs that are due, most urgent first."""
    due = Job.objects.filter(state=JobState.QUEUED, queue__in=queues, available_at__lte=timezone.now())
    return list(due.order_by("-priority", "created_at")[:limit])


def execute(job_id: uuid.UUID) -> bool:
    """Claims and does one job. True if it was claimed here, whatever came of it."""
    job = claim(job_id)
    if job is None:
        return False
    registered = registry.get(job.task)
    bound = {"job": str(job.pk), "task": job.task, "target": str(job.target)}
    with structlog.contextvars.bound_contextvars(**bound), _heartbeat(job):
        try:
            if registered is None:
                raise LookupError(f"no task is registered as {job.task!r}")
            registered.work(job.target)
        except LeaseLost:
            log.warning("lease lost; another worker has the job")
        except Exception as error:
            log.exception("job failed")
            _finish_badly(job, f"{type(error).__name__}: {error}")
        else:
            _held(job).update(state=JobState.DONE, lease=None, leased_until=None, finished_at=timezone.now())
    return True


def _held(job: Job) -> QuerySet[Job]:
    """The job's row, only while this lease holds it."""
    return Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING)


def _finish_badly(job: Job, reason: str) -> None:
    """Back to the queue after a pause, or given up after JOB_ATTEMPTS, together with its domain row."""
    with transaction.atomic():
        held = _held(job).select_for_update().first()
        if held is None:
            return
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
        _finish_badly(job, "The worker stopped in the middle of it.")
        reaped += 1
    return reaped


def sweep() -> None:
    """Reaps, and rings again for whatever waits: a lost doorbell costs seconds, never work."""
    reap()
    if settings.REDIS_URL:
        overdue = timezone.now() - timedelta(seconds=10)
        late = Job.objects.filter(state=JobState.QUEUED).filter(available_at__lt=overdue)
        for job in late.order_by("-priority", "created_at")[:1000]:
            ring(job.pk, job.queue)


def forget_finished(*, older_than_days: int = 14) -> int:
    """Deletes the rows of work long done."""
    before = timezone.now() - timedelta(days=older_than_days)
    deleted, _ = Job.objects.filter(
        state__in=[JobState.DONE, JobState.FAILED], finished_at__lt=before
    ).delete()
    return deleted


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Extends the lease every JOB_HEARTBEAT while the block runs, in a thread with its own connection."""
    stop = threading.Event()
    if connection.in_atomic_block:
        # Only in tests: a second connection could not see the row.
        yield
        return

    def beat() -> None:
        while not stop.wait(settings.JOB_HEARTBEAT.total_seconds()):
            try:
                close_old_connections()
                if not _held(job).update(leased_until=timezone.now() + settings.JOB_LEASE):
                    return
            except Exception:
                log.exception("heartbeat failed")
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
