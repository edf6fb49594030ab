"""Periodic work of the roof."""

from celery import shared_task

from artifactsite.lib import full_text
from artifactsite.operations import services


@shared_task(name="artifactsite.measure_storage")
def measure_storage() -> None:
    services.measure_storage()


@shared_task(name="artifactsite.merge_indexes")
def merge_indexes() -> None:
    full_text.merge_indexes()
