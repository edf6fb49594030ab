"""The client, against a running site with a scripted agent."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "client"))

from artifactsite_client import Artifactsite

from tests.fake_openai import Endpoint, fake_openai
from tests.site import Person, Site, let_programs_in, running_site


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    with fake_openai() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def site(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    let_programs_in(folder)
    connected = {"AGENT_BASE_URL": f"{endpoint.url}/v1", "AGENT_MODEL": "m"}
    with running_site(folder, from_nothing=True, **connected) as site:
        yield site


@pytest.fixture(scope="session")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture
def client(alice: Person) -> Iterator[Artifactsite]:
    with Artifactsite(alice.site.url, alice.token) as client:
        yield client


@pytest.fixture
def conversation(alice: Person) -> str:
    return alice.conversation()
