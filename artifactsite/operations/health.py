"""Is it alive, is it ready, and how is it doing."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from jobs.models import Job, JobState
from playground.readiness import sandbox_state

log = structlog.get_logger(__name__)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process lives; asks nobody else."""
    return JsonResponse({"status": "ok"})


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.vendor


def _broker() -> str:
    if not settings.REDIS_URL:
        return "none needed: the worker reads the rows"
    from redis import Redis

    Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    return "redis"


def _storage() -> str:
    name = default_storage.save(".ready", ContentFile(b"ready"))
    default_storage.delete(name)
    return "bucket" if settings.S3_BUCKET else "disk"


def _queue() -> str:
    return f"{Job.objects.filter(state=JobState.QUEUED).count()} waiting"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "storage": _storage,
    "sandbox": sandbox_state,
    "queue": _queue,
}
# Without a sandbox programs are refused, and all else works.
OPTIONAL = {"sandbox"}


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Every part with its state; 503 where one that the site needs is missing."""
    parts, ready = {}, True
    for name, check in CHECKS.items():
        try:
            parts[name] = {"ok": True, "detail": check()}
        except Exception as error:  # noqa: BLE001 - whatever a part raises, it is not ready
            log.warning("not ready", part=name, error=str(error))
            # The type alone: its words may carry a host, a path or a password.
            parts[name] = {"ok": False, "detail": type(error).__name__}
            ready = ready and name in OPTIONAL
    return JsonResponse(
        {"status": "ready" if ready else "not ready", "parts": parts}, status=200 if ready else 503
    )
