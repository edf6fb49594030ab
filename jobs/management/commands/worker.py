"""The embedded worker: no broker; it looks at the rows and does what a Celery worker would do."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import structlog
from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection

from artifactsite.lib.processes import call_myself, stand_back
from jobs import registry, services
from jobs.models import Queue
from jobs.presence import Presence

log = structlog.get_logger(__name__)

BUSY_POLL, IDLE_POLL = 0.1, 0.5  # seconds


class Upkeep:
    """Celery beat's schedule, kept without Celery beat: the same tasks at the same intervals."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self.due = dict.fromkeys(settings.CELERY_BEAT_SCHEDULE, 0.0)
        current_app.loader.import_default_modules()

    def run_due(self) -> None:
        now = time.monotonic()
        for name, at in self.due.items():
            if now >= at:
                entry = settings.CELERY_BEAT_SCHEDULE[name]
                self.due[name] = now + cast(float, entry["schedule"])
                self.pool.submit(_logged, current_app.tasks[entry["task"]].run)


class Command(BaseCommand):
    help = "Runs queued work (extraction, programs, agent turns) until stopped. Needs no broker."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=settings.WORKER_THREADS)
        parser.add_argument("--queues", default=",".join(Queue.values), help="comma-separated")

    def handle(self, *, threads: int, queues: str, **options: object) -> None:
        call_myself("site-worker")
        stand_back(settings.WORKER_NICE)
        self.stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        names = queues.split(",")
        # Threads of its own for either queue: a pile of uploads must not hold up a person's turn.
        shares = {name: max(1, threads // len(names)) for name in names}
        if Queue.TURNS in shares:
            shares[Queue.TURNS] = settings.TURN_THREADS
        pools = {name: ThreadPoolExecutor(count, thread_name_prefix=name) for name, count in shares.items()}
        self.running: dict[str, list[Future[None]]] = {name: [] for name in names}
        upkeep = Upkeep()
        registry.worker_started()
        presence = Presence(names, sum(shares.values())).start()
        log.info("worker started", queues=names, threads=threads)
        while not self.stopping.is_set():
            try:
                close_old_connections()
                upkeep.run_due()
                seen = _writes()
                started = sum(self._start(name, pools[name], shares[name]) for name in names)
            except Exception:
                # The database is away or restarting: say so and go on looking.
                log.exception("worker could not look for work")
                started, seen = 0, None
            busy = started or any(self.running.values())
            self._pause(BUSY_POLL if busy else IDLE_POLL, seen)
        log.info("worker stopping; finishing what runs")
        if presence.stop():
            os._exit(0)
        for pool in [*pools.values(), upkeep.pool]:
            pool.shutdown(wait=True, cancel_futures=True)

    def _pause(self, seconds: float, seen: int | None) -> None:
        """Until the next look; an idle worker looks sooner where somebody has written since `seen`: it may be work."""
        if seen is None:  # nobody tells
            self.stopping.wait(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.stopping.wait(min(left, BUSY_POLL)):
            if _writes() != seen:
                return

    def _start(self, queue: str, pool: ThreadPoolExecutor, threads: int) -> int:
        """Has idle threads work for as long as anything waits; returns how many it set to work."""
        running = self.running[queue] = [future for future in self.running[queue] if not future.done()]
        free = threads - len(running)
        wanted = len(services.waiting([queue], free)) if free > 0 else 0
        running += [pool.submit(_logged, _work_off, queue) for _ in range(wanted)]
        return wanted


def _writes() -> int | None:
    """A number that changes once anybody else has written to the database: SQLite tells it for next to nothing."""
    if connection.vendor != "sqlite":
        return None
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])
    return None


def _work_off(queue: str) -> None:
    """Job after job until none waits: between two, a thread neither sleeps nor gives its connection back."""
    while services.execute_next(queue):
        """The next one."""


def _logged(work: Callable[..., object], *arguments: object) -> None:
    """Does work in a pool's thread; what it raises is logged, and the thread's connection is given back."""
    close_old_connections()
    try:
        work(*arguments)
    except Exception:
        log.exception("work could not be done", arguments=[str(argument) for argument in arguments])
    finally:
        connection.close()
