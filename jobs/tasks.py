"""The Celery side of the table of work: a message only says which row to look at."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_init

from jobs import registry, services


@worker_init.connect
def start(**_: object) -> None:
    registry.worker_started()


@shared_task(name="jobs.run")
def run(job_id: str) -> None:
    services.execute(UUID(job_id))


@shared_task(name="jobs.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="jobs.forget_finished")
def forget_finished() -> None:
    services.forget_finished()
