"""Periodic work on the index over names."""

from celery import shared_task

from mentions import upkeep


@shared_task(name="mentions.merge_index")
def merge_index() -> None:
    upkeep.merge_index()
