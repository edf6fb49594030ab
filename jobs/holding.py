"""Which jobs this process has in hand, and whether it takes more."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.models import Job


class Holding:
    def __init__(self) -> None:
        self.draining = False
        self._jobs: dict[uuid.UUID, Job] = {}
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    @contextmanager
    def one(self, job: Job) -> Iterator[None]:
        with self._changed:
            self._jobs[job.pk] = job
        try:
            yield
        finally:
            with self._changed:
                self._jobs.pop(job.pk, None)
                self._changed.notify_all()

    def drain(self, seconds: float) -> list[Job]:
        """No more from here on; the jobs that are still in hand after `seconds`."""
        self.draining = True
        until = time.monotonic() + seconds
        with self._changed:
            while self._jobs and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return list(self._jobs.values())


holding = Holding()
