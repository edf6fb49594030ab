"""Which endpoint answers, who may change it, and that nobody reads its key."""

import json
from typing import Any

import pytest
from auditlog.models import LogEntry

from playground.agent.endpoint import endpoint_of
from projects.models import Project
from tests.cast import Cast
from tests.playground.agent.conftest import MODEL, Asked
from tests.servers import free_port


@pytest.fixture
def address(cast: Cast, settings: Any) -> str:
    settings.AGENT_BASE_URL, settings.AGENT_MODEL, settings.AGENT_API_KEY = (
        "http://site.test/v1",
        "site-m",
        "site-k",
    )
    settings.AGENT_PROJECT_HOSTS = ["own.test", "site.test"]
    return f"/api/projects/{cast.project.pk}/agent"


OWN = {"agent_base_url": "http://own.test/v1/", "agent_model": "own-m", "agent_api_key": "own-key-4711"}


def chosen(cast: Cast) -> tuple[str, str, str]:
    endpoint = endpoint_of(Project.objects.get(pk=cast.project.pk))
    assert endpoint is not None
    assert (endpoint.api_key or "no key") not in repr(endpoint)
    return endpoint.base_url, endpoint.model, endpoint.api_key


def test_an_administrator_chooses_and_nobody_reads_the_key(cast: Cast, address: str) -> None:
    assert chosen(cast) == ("http://site.test/v1", "site-m", "site-k")
    changed = cast.api("adam").patch(address, OWN)
    assert (changed.status_code, changed.json()["agent_api_key_set"]) == (200, True)
    assert chosen(cast) == ("http://own.test/v1", "own-m", "own-key-4711")
    row = json.dumps(list(Project.objects.filter(pk=cast.project.pk).values()), default=str)
    answers = [
        changed,
        cast.api("adam").get(address),
        cast.api("adam").get(f"/api/projects/{cast.project.pk}"),
    ]
    told = [answer.content.decode() for answer in answers]
    audited = json.dumps([entry.changes for entry in LogEntry.objects.all()])
    assert not [text for text in (row, audited, *told) if "own-key-4711" in text]
    assert "own.test" in told[1]
    assert "own.test" not in told[2]


def test_a_collaborator_chooses_nothing(cast: Cast, address: str) -> None:
    for method in ("get", "patch"):
        assert getattr(cast.api("bob"), method)(address, OWN).status_code == 403
        assert getattr(cast.api("carol"), method)(address, OWN).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://127.0.0.1:6379",
        "file:///etc/passwd",
        "own.test",
        "http://own.test@evil/",
    ],
)
def test_only_hosts_that_the_site_allows(cast: Cast, address: str, url: str) -> None:
    answer = cast.api("adam").patch(address, {"agent_base_url": url})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["agent_base_url"])
    created = cast.api("carol").post("/api/projects", {"name": "New", "agent_base_url": url})
    assert not Project.objects.get(pk=created.json()["id"]).agent_base_url


def test_neither_key_goes_where_it_was_not_meant_to(cast: Cast, address: str) -> None:
    cast.api("adam").patch(address, {"agent_base_url": "http://own.test/v1"})
    assert chosen(cast) == ("http://own.test/v1", "site-m", "")
    cast.api("adam").patch(address, {"agent_api_key": "own-key-4711"})
    cast.api("adam").patch(address, {"agent_base_url": "http://site.test/other"})
    assert chosen(cast)[2] == ""


def test_a_changed_secret_key_means_typing_it_again(cast: Cast, address: str, settings: Any) -> None:
    cast.api("adam").patch(address, OWN)
    settings.SECRET_KEY = "x" * 50
    assert chosen(cast)[2] == ""


# --- trying it --------------------------------------------------------------------------------------


def tried(cast: Cast, by: str = "adam") -> Any:
    return cast.api(by).post(f"/api/projects/{cast.project.pk}/agent/try")


def test_an_endpoint_that_answers(asked: Asked, cast: Cast) -> None:
    asked.endpoint.script(MODEL, {"text": "ready"})
    answer = tried(cast)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["ok"], told["model"], told["error"]) == (True, MODEL, None)
    # It is only the administrators' to try, since it may cost money.
    assert tried(cast, "bob").status_code == 403
    assert tried(cast, "carol").status_code == 404
    assert len(asked.requests()) == 1


def test_an_endpoint_that_refuses_says_why_without_the_key(asked: Asked, cast: Cast) -> None:
    asked.endpoint.script(MODEL, {"status": 401, "error": "no such key: site-secret-key"})
    told = tried(cast).json()
    assert (told["ok"], told["error"]["code"]) == (False, "agent_key_refused")
    assert "site-secret-key" not in json.dumps(told)


def test_nobody_there(cast: Cast, settings: Any) -> None:
    settings.AGENT_BASE_URL, settings.AGENT_MODEL = f"http://127.0.0.1:{free_port()}/v1", "m"
    assert tried(cast).json()["error"]["code"] == "agent_unreachable"
    settings.AGENT_BASE_URL = ""
    answer = tried(cast)
    assert (answer.status_code, answer.json()["code"]) == (409, "agent_not_configured")
