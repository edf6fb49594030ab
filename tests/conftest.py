"""What every test stands on: the fixed cast, files of their own, work done on demand."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from accounts.audit import acts
from jobs import services as jobs
from jobs.models import Queue
from tests.cast import Cast, make_cast
from tests.servers import own_redis_database
from tests.site import let_programs_in

SHARED = Path(os.environ.get("ARTIFACTSITE_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))


@pytest.fixture(scope="session", autouse=True)
def _own_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Files of this run only, and static files without a manifest."""
    root = tmp_path_factory.mktemp("data")
    incoming = root / "incoming"
    incoming.mkdir()
    let_programs_in(root)
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    if not settings.S3_BUCKET:
        storages["default"] = {**settings.STORAGES["default"], "OPTIONS": {"location": str(root / "files")}}
    cache_settings = {}
    if settings.REDIS_URL:
        # Emptying the cache must not empty another worker's, and nobody else rings its doorbells.
        url = own_redis_database(settings.REDIS_URL)
        current_app.conf.broker_url = url
        cache_settings = {
            "REDIS_URL": url,
            "CACHES": {"default": {**settings.CACHES["default"], "LOCATION": url}},
        }
    with override_settings(
        **cache_settings,
        STORAGES=storages,
        FILES_ROOT=root / "files",
        FILE_UPLOAD_TEMP_DIR=str(incoming),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # A test's client makes the middleware anew, which would look at every static file each time.
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _fresh_start() -> None:
    """No throttle and no actor of the test before, which ran in the same thread."""
    cache.clear()
    acts(None)


@pytest.fixture
def cast(db: None) -> Cast:
    """Alice owns, Bob collaborates, Adam administers, Carol is a stranger, Dora is deactivated."""
    return make_cast()


@pytest.fixture
def do_jobs(db: None) -> Callable[[], int]:
    """Does all queued work now, as a worker would; returns how many jobs."""

    def do() -> int:
        done = 0
        while waiting := jobs.waiting(list(Queue.values), 50):
            done += sum(jobs.execute(job.pk) for job in waiting)
        return done

    return do


@pytest.fixture
def shared() -> Path:
    """The folder of real and hostile documents, where this machine has it."""
    if not SHARED.is_dir():
        pytest.skip(f"no documents at {SHARED} (ARTIFACTSITE_SHARED names another place)")
    return SHARED
