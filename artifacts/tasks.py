"""Indexing and drawing, later: id in, function called. And upkeep on Celery beat's schedule."""

from uuid import UUID

from celery import shared_task

from artifacts import garbage, thumbnails
from artifacts.search import index as search_index
from jobs.models import Queue
from jobs.registry import task


@task(search_index.INDEX, queue=Queue.EXTRACTION, gave_up=search_index.gave_up)
def index(artifact_id: UUID) -> None:
    search_index.index(artifact_id)


@task(thumbnails.THUMBNAIL, queue=Queue.EXTRACTION, gave_up=thumbnails.gave_up)
def make_thumbnail(version_id: UUID) -> None:
    thumbnails.make(version_id)


@shared_task(name="artifacts.collect_garbage")
def collect_garbage() -> None:
    garbage.collect_garbage()
