"""Periodic work of the roof."""

from celery import shared_task

from artifactsite.operations import services


@shared_task(name="artifactsite.measure_storage")
def measure_storage() -> None:
    services.measure_storage()
