"""Extraction, later: id in, service called."""

from uuid import UUID

from jobs.models import Queue
from jobs.registry import task
from uploads import services


@task(
    services.EXTRACT,
    queue=Queue.EXTRACTION,
    gave_up=services.extraction_given_up,
    cancelled=services.extraction_cancelled,
    again=services.extract_again,
)
def extract(upload_id: UUID) -> None:
    services.extract(upload_id)
