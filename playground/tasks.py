"""Turns, later: id in, service called."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from jobs.models import Queue
from jobs.registry import at_worker_start, task
from playground import services, working_folder
from playground.sandbox import remove_leftovers


@task(
    services.RUN_TURN,
    queue=Queue.TURNS,
    gave_up=services.turn_given_up,
    cancelled=services.turn_cancelled,
    again=services.run_again,
    seconds=settings.AGENT_TURN_SECONDS + 15 * 60,  # a turn ends itself; this is for one that can't
)
def run_turn(turn_id: UUID) -> None:
    services.run_turn(turn_id)


@shared_task(name="playground.collect_garbage")
def collect_garbage() -> None:
    """Files of working folders that no row names."""
    working_folder.collect_garbage(timezone.now() - settings.GARBAGE_GRACE)


# Folders and control groups of runs whose worker was killed.
at_worker_start(remove_leftovers)
