"""Turns, later: id in, service called."""

from uuid import UUID

from jobs.models import Queue
from jobs.registry import at_worker_start, task
from playground import services
from playground.sandbox import remove_leftovers


@task(services.RUN_TURN, queue=Queue.TURNS, gave_up=services.turn_given_up)
def run_turn(turn_id: UUID) -> None:
    services.run_turn(turn_id)


# Folders and control groups of runs whose worker was killed.
at_worker_start(remove_leftovers)
