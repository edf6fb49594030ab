"""The Celery side of the table of work: a message only says in which queue to look."""

import os
import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.db import connection

from artifactsite.lib.processes import stand_back
from jobs import registry, services
from jobs.presence import Presence

_here: list[Presence] = []


@worker_init.connect
def start(**_: object) -> None:
    stand_back(settings.WORKER_NICE)
    registry.worker_started()


@worker_ready.connect
def ready(sender: Any, **_: object) -> None:
    queues = sorted(sender.app.amqp.queues.consume_from)
    _here.append(Presence(queues, sender.controller.concurrency).start())


@worker_shutting_down.connect
def drain(**_: object) -> None:
    """Celery waits for what runs as long as it takes; beside it, whoever takes too long is handed back."""

    def stop() -> None:
        try:
            handed_back = [presence.stop() for presence in _here]
        finally:
            connection.close()
        if any(handed_back):
            os._exit(0)

    threading.Thread(target=stop, name="drain").start()


@shared_task(name="jobs.run")
def run(queue: str) -> None:
    services.execute_next(queue)


@shared_task(name="jobs.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="jobs.forget_finished")
def forget_finished() -> None:
    services.forget_finished()
