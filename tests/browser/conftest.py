"""A site for the browser: the real ASGI application and a worker, in threads beside the test."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page

from accounts.models import User
from artifactsite.protocol import Protocol
from jobs import services as jobs
from jobs.models import Queue
from tests.cast import Cast
from tests.parallel import shared_database as shared_database
from tests.servers import chromium_launch

# Playwright's loop runs in the test's thread; Django would take every query there for a blunder.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**browser_type_launch_args, **chromium_launch(shell=True)}
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def application() -> Iterator[Any]:
    """The ASGI application; static files come from their sources, without a build."""
    with override_settings(WHITENOISE_USE_FINDERS=True):
        from artifactsite import asgi

        # Another test may have loaded it with the settings as they stood then.
        asgi.threaded.app = get_wsgi_application()
        yield asgi.application


def _work(stopping: threading.Event) -> None:
    """What `manage.py worker` does, without its pool."""
    while not stopping.wait(0.05):
        close_old_connections()
        for job in jobs.waiting(list(Queue.values), 5):
            jobs.execute(job.pk)
    connection.close()


@pytest.fixture
def site_url(shared_database: None, application: Any, settings: Any) -> Iterator[str]:
    """The address of a running site with a worker, on the test's database."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings.SITE_URL = url
    config = uvicorn.Config(application, http=Protocol, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    stopping = threading.Event()
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="site", daemon=True),
        threading.Thread(target=_work, args=(stopping,), name="worker", daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield url
    server.should_exit = True
    stopping.set()
    for thread in threads:
        thread.join(timeout=20)
    listener.close()


@pytest.fixture
def page_as(site_url: str, browser: Browser, cast: Cast) -> Iterator[Callable[..., Page]]:
    """`page_as("alice")`: a page of a browser in which that person is signed in. None: nobody."""
    contexts = []

    def open_page(user: User | str | None, **options: Any) -> Page:
        context = browser.new_context(base_url=site_url, **options)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(getattr(cast, user) if isinstance(user, str) else user)
            session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site_url}]
            )
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
