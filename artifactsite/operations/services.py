"""What the people who run the site do to its work. Each act is in the audit log with who did it."""

from auditlog.models import LogEntry
from django.db import transaction
from django.db.models import Sum
from django.http import Http404

from accounts.models import User
from artifacts.models import Version
from jobs import figures
from jobs import services as jobs
from jobs.models import Job, JobState
from uploads.models import Upload


def require_staff(by: object) -> None:
    """Operations are the staff's; to everybody else there is no such thing."""
    if not getattr(by, "is_staff", False):
        raise Http404


def requeue(*, by: User, job: Job) -> None:
    """Does work once more that failed or was cancelled. `Conflict` where there is nothing to do."""
    require_staff(by)
    with transaction.atomic():
        jobs.requeue(job)
        _note(by, job, JobState.QUEUED)


def cancel(*, by: User, job: Job) -> None:
    """Ends work that waits or runs; its owner reads that an administrator did. `Conflict` where it is over."""
    require_staff(by)
    with transaction.atomic():
        jobs.cancel(job)
        _note(by, job, JobState.CANCELLED)


def _note(by: User, job: Job, state: str) -> None:
    LogEntry.objects.log_create(
        job, action=LogEntry.Action.UPDATE, changes={"state": [job.state, state]}, actor=by
    )


def measure_storage() -> None:
    """Adds up what is stored. Seconds for millions of rows, so now and then and never when somebody asks."""
    for what, rows in (("uploads", Upload.objects), ("artifacts", Version.objects)):
        figures.put("storage", what, amount=rows.aggregate(bytes=Sum("size"))["bytes"] or 0)
