"""Upkeep on Celery beat's schedule."""

from celery import shared_task

from artifacts import garbage


@shared_task(name="artifacts.collect_garbage")
def collect_garbage() -> None:
    garbage.collect_garbage()
