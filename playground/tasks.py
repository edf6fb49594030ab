"""Turns, later: id in, service called."""

from uuid import UUID

from jobs.models import Queue
from jobs.registry import task
from playground import services


@task(services.RUN_TURN, queue=Queue.TURNS, gave_up=services.turn_given_up)
def run_turn(turn_id: UUID) -> None:
    services.run_turn(turn_id)
