"""The whole loop on a running site: real web, real worker, real sandbox, a scripted endpoint."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_openai import Endpoint, fake_openai
from tests.site import Person, Site, let_programs_in, running_site, wait_for

CHART = """
import matplotlib.pyplot as plt
plt.bar(["West", "East"], [4, 2])
plt.savefig("chart.png")
print("drawn")
"""
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
    b"/Resources<</Font<</F 5 0 R>>>>>>endobj\n"
    b"4 0 obj<</Length 66>>stream\nBT /F 12 Tf 20 100 Td (Sales in the west rose by 4 percent) Tj ET \n"
    b"endstream endobj\n"
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with fake_openai() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def site(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    let_programs_in(folder)
    connected = {
        "AGENT_BASE_URL": f"{endpoint.url}/v1",
        "AGENT_MODEL": "m",
        "AGENT_API_KEY": "secret-canary-key",
        "EXTRA_APPS": "tests.weather_app",
        "PLAYGROUND_TOOLS": "tests.weather_app.tools.Weather",
    }
    with running_site(folder, JOB_LEASE_SECONDS="3", **connected) as site:
        yield site
        assert "secret-canary-key" not in site.log.read_text()


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


def ask(person: Person, conversation: str, body: str) -> str:
    answer = person.post(f"conversations/{conversation}/messages", json={"body": body, "respond": True})
    assert answer.status_code == 201, answer.text
    turn: str = answer.json()["turn"]
    return turn


def events(person: Person, turn: str, last: int = 0) -> Iterator[tuple[str, Any]]:
    stream = person.get(f"turns/{turn}/events", stream=True, headers={"Last-Event-ID": str(last)})
    kind = ""
    for line in stream.iter_lines():
        if line.startswith(b"event: "):
            kind = line[7:].decode()
        elif line.startswith(b"data: "):
            yield kind, json.loads(line[6:])


def test_from_a_pdf_to_a_mention_in_another_conversation(
    site: Site, alice: Person, endpoint: Endpoint
) -> None:
    conversation = alice.conversation()
    file_id = alice.upload(conversation, "sales.pdf", PDF)["fileId"]
    assert alice.finished_upload(conversation, file_id)["status"] == "ready"
    endpoint.script(
        "m",
        {"calls": [{"name": "read_upload", "arguments": {"file": file_id, "page": 1}}]},
        {"text": "I draw it.", "calls": [{"name": "python_exec", "arguments": {"code": CHART}}]},
        {"text": "The west rose, see {{mention}}."},
    )
    turn = ask(alice, conversation, "How did sales do?")
    seen = list(events(alice, turn))
    kinds = [kind for kind, _ in seen]
    assert kinds.count("tool_call") == kinds.count("tool_result") == 2, seen
    assert (kinds.count("artifact"), kinds[-1]) == (1, "done")
    ended = alice.get(f"turns/{turn}").json()
    assert ended["status"] == "done", ended
    assert ended["receipt"]["uploads"][0]["included"]
    (chart,) = ended["artifacts"]
    assert (chart["name"], chart["type"]) == ("chart.png", "image")
    sent = endpoint.requests("m")[-1]["body"]["messages"]
    assert "rose by 4 percent" in json.dumps(sent)
    messages = alice.get(f"conversations/{conversation}/messages").json()["results"]
    final = max(messages, key=lambda message: message["created_at"])
    assert final["role"] == "agent"
    assert final["mentions"][0]["artifact"] == chart["id"]
    assert alice.post(f"artifacts/{chart['id']}/save", json={}).status_code in (200, 201)
    endpoint.script("m", {"text": "I see it."})
    other = alice.conversation()
    again = alice.finished_turn(ask(alice, other, f"What is in @[chart](artifact:{chart['id']})?"))
    assert again["receipt"]["mentions"][0]["included"]


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel shares by niceness alone")
def test_the_worker_stands_back_from_the_pages(site: Site) -> None:
    """By its session's niceness: that of a process counts for nothing against another session."""
    (web,), (worker,) = site.children("site-web"), site.children("site-worker")
    told = [int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1]) for pid in (web, worker)]
    assert told[1] - told[0] == 10


def test_another_apps_tool_needs_no_more_than_its_settings(
    site: Site, alice: Person, endpoint: Endpoint
) -> None:
    conversation = alice.conversation()
    calls = [{"name": "weather", "arguments": {"place": "Bern", "days": days}} for days in (3, 9)]
    endpoint.script("m", {"calls": calls}, {"text": "Fair, see {{mention}}."})
    ended = alice.finished_turn(ask(alice, conversation, "How is the weather?"))
    assert ended["status"] == "done", ended
    (artifact,) = ended["artifacts"]
    assert (artifact["name"], artifact["kind"], artifact["preview"]["rows"]) == (
        "Weather in Bern",
        "table",
        3,
    )
    first, second = (request["body"] for request in endpoint.requests("m")[-2:])
    assert "weather" in [tool["function"]["name"] for tool in first["tools"]]
    told = [message["content"] for message in second["messages"] if message["role"] == "tool"]
    assert "Fair in Bern for alice." in told[0]
    assert "Wrong arguments for weather: days: 9 is greater than the maximum of 5" in told[1]


def test_a_killed_worker_in_the_middle_of_a_turn(site: Site, alice: Person, endpoint: Endpoint) -> None:
    """Killed while the second answer streams: the first tool's result is there once, and the browser sees it end."""
    conversation = alice.conversation()
    endpoint.script(
        "m",
        {"calls": [{"name": "save_text", "arguments": {"name": "a.md", "text": "once"}}]},
        {"text": "Half an answer", "wait": 2},
        {"text": "The whole answer"},
    )
    turn = ask(alice, conversation, "Keep it")
    stream = events(alice, turn)
    for kind, data in stream:
        if kind == "delta" and data.get("step") == 1:
            break
    (worker,) = site.children("site-worker")
    os.kill(worker, signal.SIGKILL)
    rest = list(stream)
    endpoint.release()
    assert rest[-1] == ("done", {"status": "done"}), rest
    assert ("status", {"status": "running", "resumed": True}) in rest
    ended = alice.get(f"turns/{turn}").json()
    assert (ended["status"], ended["output"]) == ("done", "The whole answer")
    messages = alice.get(f"conversations/{conversation}/messages").json()["results"]
    assert sorted(message["role"] for message in messages) == ["agent", "tool", "user"]
    (artifact,) = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
    assert artifact["version"] == 1


def test_a_killed_worker_in_the_middle_of_a_tool(site: Site, alice: Person, endpoint: Endpoint) -> None:
    conversation = alice.conversation()
    code = "import time\nprint('begun', flush=True)\ntime.sleep(2)\nartifact('made', 'once')"
    endpoint.script("m", {"calls": [{"name": "python_exec", "arguments": {"code": code}}]}, {"text": "Made."})
    turn = ask(alice, conversation, "Make it")
    assert any(kind == "delta" and "begun" in data["text"] for kind, data in events(alice, turn))
    (worker,) = wait_for(lambda: site.children("site-worker"))
    os.kill(worker, signal.SIGKILL)
    ended = alice.finished_turn(turn, seconds=90)
    assert (ended["status"], ended["output"]) == ("done", "Made.")
    assert len(ended["artifacts"]) == 1
    calls = [data for kind, data in events(alice, turn) if kind == "tool_call"]
    assert len(calls) == 1


def test_cancelled_in_the_middle(site: Site, alice: Person, endpoint: Endpoint) -> None:
    conversation = alice.conversation()
    endpoint.script("m", {"text": "Never to be heard", "wait": 0})
    turn = ask(alice, conversation, "Hello")
    assert any(data == {"status": "running", "step": 0, "attempt": 1} for _, data in events(alice, turn))
    assert alice.post(f"turns/{turn}/cancel").status_code == 200
    ended = alice.finished_turn(turn)
    endpoint.release()
    assert (ended["status"], ended["error"]["code"]) == ("cancelled", "cancelled")


def test_a_project_with_an_endpoint_of_its_own(site: Site, alice: Person, endpoint: Endpoint) -> None:
    project = alice.get(f"projects/{alice.project}").json()
    if project["role"] != "administrator":
        project = alice.post("projects", json={"name": "Own agent"}).json()
    address = f"projects/{project['id']}/agent"
    refused = alice.call("PATCH", address, json={"agent_base_url": "http://169.254.169.254/latest"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["agent_base_url"])
    own = {"agent_base_url": f"{endpoint.url}/v1", "agent_model": "own", "agent_api_key": "own-key"}
    changed = alice.call("PATCH", address, json=own).json()
    assert changed["agent_api_key_set"]
    assert "own-key" not in json.dumps(changed)
    endpoint.script("own", {"text": "Mine"})
    conversation = alice.post("conversations", json={"project": project["id"]}).json()["id"]
    assert alice.finished_turn(ask(alice, conversation, "Whose?"))["output"] == "Mine"
    assert endpoint.requests("own")[-1]["key"] == "Bearer own-key"
    # The key does not follow to another address.
    changed = alice.call("PATCH", address, json={"agent_base_url": ""}).json()
    assert not changed["agent_api_key_set"]
