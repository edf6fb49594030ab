"""The scripted endpoint, connected."""

from collections.abc import Iterator
from typing import Any

import pytest

from playground.models import Turn
from playground.services import post
from tests.cast import Cast
from tests.fake_openai import Endpoint, fake_openai

MODEL = "scripted"


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[Endpoint]:
    with fake_openai() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_endpoint: Endpoint, settings: Any) -> Endpoint:
    settings.AGENT_BASE_URL = f"{_endpoint.url}/v1"
    settings.AGENT_MODEL = MODEL
    settings.AGENT_API_KEY = "site-secret-key"
    settings.AGENT_PROJECT_HOSTS = [_endpoint.url.removeprefix("http://")]
    return _endpoint


class Asked:
    """Posts messages as Alice and lets the agent's turn run to its end."""

    def __init__(self, cast: Cast, endpoint: Endpoint, do_jobs: Any) -> None:
        self.cast, self.endpoint, self.do_jobs = cast, endpoint, do_jobs

    def queued(self, body: str, *replies: dict[str, Any], model: str = MODEL) -> Turn:
        self.endpoint.script(model, *replies)
        conversation = self.cast.conversation
        message = post(by=self.cast.alice, conversation=conversation, role="user", body=body, respond=True)
        return Turn.objects.get(pk=message.turn)

    def __call__(self, body: str, *replies: dict[str, Any], **options: Any) -> Turn:
        turn = self.queued(body, *replies, **options)
        self.do_jobs()
        turn.refresh_from_db()
        return turn

    def requests(self) -> list[dict[str, Any]]:
        return [request["body"] for request in self.endpoint.requests(MODEL)]


@pytest.fixture
def asked(cast: Cast, endpoint: Endpoint, do_jobs: Any) -> Asked:
    return Asked(cast, endpoint, do_jobs)
