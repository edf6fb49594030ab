"""A worker's life: it says that it is there, and when it is asked to stop it finishes or hands back what it has."""

import os
import socket
import threading

import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from jobs import services
from jobs.holding import holding
from jobs.models import Worker

log = structlog.get_logger(__name__)

SEEN_EVERY = 5.0  # seconds
GONE_AFTER = 30.0  # seconds without a word


class Presence:
    """Writes this process's row of `jobs.Worker` every few seconds, in a thread of its own."""

    def __init__(self, queues: list[str], threads: int) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.facts = {"queues": ",".join(queues), "threads": threads}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="presence", daemon=True)

    def start(self) -> "Presence":
        self.thread.start()
        return self

    def say(self) -> None:
        """One sign of life."""
        now = {"seen_at": timezone.now(), "running": len(holding), "draining": holding.draining}
        Worker.objects.update_or_create(name=self.name, defaults={**self.facts, **now})

    def _beat(self) -> None:
        while True:
            try:
                close_old_connections()
                self.say()
            except Exception:
                log.exception("no sign of life could be given")
            if self.stopping.wait(SEEN_EVERY):
                break
        connection.close()

    def stop(self) -> bool:
        """Drains this worker. True: work was handed back, so the process must end at once, writing nothing more."""
        handed_back = services.drain(settings.DRAIN_SECONDS)
        self.stopping.set()
        self.thread.join(timeout=2)
        Worker.objects.filter(name=self.name).delete()
        return handed_back > 0
