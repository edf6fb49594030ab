"""Indexing and drawing, later: id in, function called. And upkeep on Celery beat's schedule."""

from uuid import UUID

from celery import shared_task

from artifacts import garbage, services, tally, thumbnails
from artifacts.grids import making
from artifacts.models import Version
from artifacts.search import index as search_index
from jobs.models import Queue
from jobs.registry import task


@task(search_index.INDEX, queue=Queue.EXTRACTION, gave_up=search_index.gave_up)
def index(artifact_id: UUID) -> None:
    search_index.index(artifact_id)


@task(thumbnails.THUMBNAIL, queue=Queue.EXTRACTION, gave_up=thumbnails.gave_up)
def make_thumbnail(version_id: UUID) -> None:
    thumbnails.make(version_id)


@task(services.FINISH_DELETION, queue=Queue.EXTRACTION, gave_up=services.finishing_gave_up)
def finish_deletion(deletion_id: UUID) -> None:
    services.finish_deletion(deletion_id)


def _grid_again(version_id: UUID) -> bool:
    version = Version.objects.filter(pk=version_id).first()
    return version is not None and making.order_again(version)


@task(making.GRID, queue=Queue.EXTRACTION, gave_up=making.gave_up, again=_grid_again, seconds=making.SECONDS)
def make_grid(version_id: UUID) -> None:
    making.make(version_id)


@shared_task(name="artifacts.collect_garbage")
def collect_garbage() -> None:
    services.finish_overdue_deletions()
    garbage.collect_garbage()


@shared_task(name="artifacts.compact_tally")
def compact_tally() -> None:
    tally.compact()
