"""Many turns at once: all end, none is doubled, and pages go on answering."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fake_openai import Endpoint, fake_openai
from tests.playground.agent.test_site import ask
from tests.site import Person, running_site

TURNS, LOOKS = 20, 60


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with fake_openai() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def alice(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, AGENT_BASE_URL=f"{endpoint.url}/v1", AGENT_MODEL="m") as site:
        yield site.person("alice")


def p95_of_the_gallery(alice: Person) -> float:
    seconds = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        assert alice.get("artifacts").status_code == 200
        seconds.append(time.perf_counter() - began)
    return statistics.quantiles(seconds, n=20)[-1]


def test_twenty_turns_at_once(alice: Person, endpoint: Endpoint) -> None:
    p95_of_the_gallery(alice)
    quiet = p95_of_the_gallery(alice)
    call = {"calls": [{"name": "save_text", "arguments": {"name": "a.md", "text": "x"}}]}
    # Answers stream for a while, as a model's do; which turn gets which is all the same.
    endpoint.script("m", *[call] * TURNS, *[{"text": "word " * 400, "piece": 5}] * TURNS)
    conversations = [alice.conversation() for _ in range(TURNS)]
    turns = [ask(alice, conversation, "Go") for conversation in conversations]
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(p95_of_the_gallery, alice)
        ended = [alice.finished_turn(turn, seconds=180) for turn in turns]
        busy = looking.result()
    assert {turn["status"] for turn in ended} == {"done"}, [turn["error"] for turn in ended]
    made = [artifact for turn in ended for artifact in turn["artifacts"]]
    assert len(made) == TURNS
    print(f"gallery p95: {quiet * 1000:.0f} ms quiet, {busy * 1000:.0f} ms with {TURNS} turns")
    assert busy < max(2 * quiet, 0.5)
