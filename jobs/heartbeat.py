"""Keeps the leases of the work that this process has in hand: one thread, one statement a beat, however much it is."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from jobs.models import Job, JobState

log = structlog.get_logger(__name__)


class Heartbeat:
    """Extends every lease each JOB_HEARTBEAT until its work ends, or has taken longer than anybody believes in.

    The thread has a connection of its own while it beats, and ends when a beat finds nothing to do. A lease that
    was lost is another's: no row has it any more.
    """

    def __init__(self) -> None:
        self._until: dict[uuid.UUID, tuple[float, str]] = {}
        self._changed = threading.Condition()
        self._pause = timedelta.max
        self._thread: threading.Thread | None = None

    @contextmanager
    def keeps(self, job: Job, *, seconds: float) -> Iterator[None]:
        """Keeps the job's lease while the block runs, `seconds` at most."""
        assert job.lease is not None, "a claimed job has a lease"
        if connection.in_atomic_block:
            # Only in tests: a second connection could not see the row.
            yield
            return
        with self._changed:
            self._until[job.lease] = time.monotonic() + seconds, job.task
            self._see_to_the_thread()
        try:
            yield
        finally:
            with self._changed:
                self._until.pop(job.lease, None)

    def _see_to_the_thread(self) -> None:
        # A fork leaves the thread behind: then it is there and not alive.
        if self._thread is None or not self._thread.is_alive():
            self._pause = settings.JOB_HEARTBEAT
            self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            self._thread.start()
        elif self._pause > settings.JOB_HEARTBEAT:
            self._pause = settings.JOB_HEARTBEAT
            self._changed.notify()

    def _beat(self) -> None:
        while leases := self._next():
            try:
                close_old_connections()
                held = Job.objects.filter(state=JobState.RUNNING, lease__in=leases)
                held.update(leased_until=timezone.now() + settings.JOB_LEASE)
            except Exception:
                log.exception("heartbeat failed")
            finally:
                connection.close()

    def _next(self) -> list[uuid.UUID]:
        """After a pause, the leases to extend; none where the thread is to end, which is then certain."""
        with self._changed:
            while self._changed.wait(self._pause.total_seconds()):
                """A shorter pause begins."""
            now = time.monotonic()
            for lease, (until, task) in list(self._until.items()):
                if now > until:
                    log.error("takes too long: its lease is let go", task=task)
                    del self._until[lease]
            if not self._until:
                self._thread = None
            return list(self._until)


heartbeat = Heartbeat()
