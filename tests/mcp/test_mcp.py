"""The official MCP client against a running site: every tool, every resource, every refusal."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
import pytest
import requests
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.site import Person, Site, let_programs_in, running_site, wait_for

T = TypeVar("T")
CSV = "region,total\nWest,2\nEast,3\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    let_programs_in(folder)
    with running_site(folder) as site:
        yield site


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture(scope="module")
def carol(site: Site) -> Person:
    return site.person("carol", "Elsewhere")


def with_client(person: Person, work: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        headers = {"Authorization": f"Bearer {person.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{person.site.url}/mcp", http_client=http)
            async with Client(transport) as client:
                return await work(client)

    return asyncio.run(run())


class Tools:
    """Each tool as a method: its answer, or the sentence with which it failed."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def __getattr__(self, tool: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            async def work(client: Client) -> Any:
                return await client.call_tool(
                    tool, {k: str(v) if k == "artifact" else v for k, v in arguments.items()}
                )

            answer = with_client(self.person, work)
            if answer.is_error:
                return answer.content[0].text
            found = answer.structured_content
            return found["result"] if isinstance(found, dict) and set(found) == {"result"} else found

        return call


@pytest.fixture(scope="module")
def tools(alice: Person) -> Tools:
    return Tools(alice)


def test_what_is_offered(alice: Person) -> None:
    async def work(client: Client) -> Any:
        return await client.list_tools(), await client.list_resource_templates()

    offered, templates = with_client(alice, work)
    assert len(offered.tools) == 22
    assert all(tool.description for tool in offered.tools)
    reading = {tool.name for tool in offered.tools if tool.annotations and tool.annotations.read_only_hint}
    assert {"read_artifact", "search_artifacts"} <= reading
    assert "post_message" not in reading
    assert templates.resource_templates[0].uri_template == "artifact://{id}"


def test_a_result_becomes_artifacts_that_are_read_saved_versioned_and_exported(
    alice: Person, tools: Tools
) -> None:
    conversation = tools.create_conversation(project=alice.project, title="By MCP")["id"]
    made = [
        {
            "name": "Sales",
            "type": "table",
            "data": [{"region": "West", "total": 2}, {"region": "East", "total": 3}],
        },
        {"name": "dot.bin", "type": "file", "content_base64": base64.b64encode(b"\0\1").decode()},
        {"name": "notes.md", "type": "text", "data": "Canary words here"},
    ]
    delivered = tools.deliver_result(
        conversation=conversation, tool="t", artifacts=made, idempotency_key="once"
    )
    again = tools.deliver_result(conversation=conversation, tool="t", artifacts=made, idempotency_key="once")
    assert again["message"] == delivered["message"]
    table, binary, notes = delivered["artifacts"]
    assert '{"region": "East", "total": 3}' in tools.read_artifact(artifact=table["id"], offset=1)["content"]
    assert {one["name"] for one in tools.list_artifacts(conversation=conversation)} == {
        "Sales",
        "dot.bin",
        "notes.md",
    }
    assert (
        tools.export_artifact(artifact=table["id"], format="csv")["text"]
        == "region,total\r\nWest,2\r\nEast,3\r\n"
    )
    assert base64.b64decode(tools.export_artifact(artifact=binary["id"])["content_base64"]) == b"\0\1"
    definition = tools.export_artifact(artifact=table["id"], format="definition")
    assert (definition["conversation"], len(definition["data"])) == (conversation, 2)
    assert "format must be" in tools.export_artifact(artifact=table["id"], format="nonsense")
    assert tools.add_version(artifact=notes["id"], data="Second")["version"] == 2
    assert [row["number"] for row in tools.list_versions(artifact=notes["id"])] == [2, 1]
    assert tools.read_artifact(artifact=notes["id"], version=1)["content"] == "Canary words here"
    saved = tools.save_artifact(artifact=notes["id"], name="Notes", visibility="project")
    assert (saved["saved"], saved["name"], saved["visibility"]) == (True, "Notes", "project")
    assert "already_saved" in tools.save_artifact(artifact=notes["id"])
    assert tools.update_artifact(artifact=notes["id"], visibility="private")["visibility"] == "private"
    wait_for(lambda: [one["name"] for one in tools.search_artifacts(query="sales")] == ["Sales"])
    suggested = tools.suggest_mentions(query="Not", conversation=conversation)
    assert suggested["saved_artifacts"][0]["id"] == notes["id"]
    message = tools.post_message(conversation=conversation, body=f"See {saved['mention']} and @Sales")
    assert [mention["artifact"] for mention in message["mentions"]] == [notes["id"], table["id"]]
    assert tools.list_messages(conversation=conversation)[-1]["id"] == message["id"]
    assert {one["name"] for one in tools.get_context(conversation=conversation)["mentions"]} == {
        "Notes",
        "Sales",
    }
    refused = tools.deliver_result(
        conversation=conversation, tool="t", artifacts=[{"name": "x", "type": "song"}]
    )
    assert "artifacts[0]" in refused


def test_files(alice: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project)["id"]
    uploaded = tools.upload_file(conversation=conversation, filename="sales.csv", text=CSV)
    place = {"conversation": conversation, "file_id": uploaded["fileId"]}
    wait_for(lambda: tools.list_uploads(conversation=conversation)[0]["status"] == "ready")
    assert "East,3" in tools.read_upload(**place)["text"]
    assert tools.read_upload(**place, rows="2")["text"].endswith("rows 2\nWest,2")
    assert "no pages" in tools.read_upload(**place, page="1")
    assert "type_not_accepted" in tools.upload_file(conversation=conversation, filename="x.exe", text="MZ")
    assert "either text or" in tools.upload_file(conversation=conversation, filename="x.txt")


def test_programs(alice: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project)["id"]
    turn = tools.run_program(conversation=conversation, code="artifact('made', 'x')")["id"]
    ended = wait_for(lambda: (found := tools.get_turn(turn=turn))["status"] in ("done", "failed") and found)
    assert (ended["status"], ended["artifacts"][0]["name"]) == ("done", "made"), ended
    assert tools.cancel_turn(turn=turn)["status"] == "done"
    refused = tools.post_message(conversation=conversation, body="Hi", role="user", respond=True)
    assert "agent_not_configured" in refused


def test_projects_and_conversations(alice: Person, tools: Tools) -> None:
    assert alice.project in [one["id"] for one in tools.list_projects()]
    conversation = tools.create_conversation(project=alice.project, title="Newest")["id"]
    assert tools.list_conversations(project=alice.project, limit=1)[0]["id"] == conversation


def test_resources(alice: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project)["id"]
    items = [
        {"name": "r.md", "type": "text", "data": "# Read me"},
        {"name": "r.bin", "type": "file", "content_base64": base64.b64encode(b"\0\xff").decode()},
    ]
    text, binary = tools.deliver_result(conversation=conversation, tool="t", artifacts=items)["artifacts"]

    async def work(client: Client) -> Any:
        listed = await client.list_resources()
        read = [await client.read_resource(f"artifact://{one['id']}") for one in (text, binary)]
        return listed.resources, [answer.contents[0] for answer in read]

    listed, (first, second) = with_client(alice, work)
    assert {f"artifact://{one['id']}" for one in (text, binary)} <= {str(one.uri) for one in listed}
    assert (first.text, first.mime_type) == ("# Read me", "text/markdown")
    assert base64.b64decode(second.blob) == b"\0\xff"


def test_a_stranger_sees_nothing(alice: Person, carol: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project, title="canary-91")["id"]
    item = {"name": "canary-92", "type": "text", "data": "canary-93"}
    artifact = tools.deliver_result(conversation=conversation, tool="t", artifacts=[item])["artifacts"][0][
        "id"
    ]
    turn = tools.run_program(conversation=conversation, code="print('canary-94')")["id"]
    file_id = tools.upload_file(conversation=conversation, filename="canary-95.txt", text="canary-96")[
        "fileId"
    ]
    hers = Tools(carol)
    absent = hers.read_artifact(artifact=uuid4())
    here, one = {"conversation": conversation}, {"artifact": artifact}
    answers = [
        hers.read_artifact(**one), hers.list_versions(**one), hers.export_artifact(**one), hers.save_artifact(**one),
        hers.update_artifact(**one, name="x"), hers.add_version(**one, data="x"), hers.list_messages(**here),
        hers.list_uploads(**here), hers.get_context(**here), hers.read_upload(**here, file_id=file_id),
        hers.list_artifacts(**here), hers.suggest_mentions(**here, query="canary"), hers.get_turn(turn=turn),
        hers.cancel_turn(turn=turn), hers.post_message(**here, body="x"), hers.run_program(**here, code="1"),
        hers.upload_file(**here, filename="x.txt", text="x"), hers.create_conversation(project=alice.project),
        hers.deliver_result(**here, tool="t", artifacts=[]), hers.list_artifacts(project=alice.project),
    ]  # fmt: skip
    sentences = {answer.partition(": ")[2] for answer in [absent, *answers]}
    assert sentences == {
        "not_found: There is nothing here that you can see. It may have been deleted or made private."
    }
    empty = [
        hers.list_projects(),
        hers.list_conversations(),
        hers.list_artifacts(),
        hers.search_artifacts(query="canary"),
    ]
    assert "canary" not in json.dumps(empty)

    async def work(client: Client) -> Any:
        assert "canary" not in (await client.list_resources()).model_dump_json()
        with pytest.raises(MCPError) as error:
            await client.read_resource(f"artifact://{artifact}")
        with pytest.raises(MCPError) as nothing:
            await client.read_resource(f"artifact://{uuid4()}")
        return str(error.value), str(nothing.value)

    refused, nothing = with_client(carol, work)
    assert refused == nothing


def test_a_token_for_reading_changes_nothing(site: Site, alice: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project)["id"]
    item = {"name": "kept", "type": "text", "data": "x"}
    artifact = tools.deliver_result(conversation=conversation, tool="t", artifacts=[item])["artifacts"][0][
        "id"
    ]
    script = (
        "from accounts.models import User\nfrom accounts.services import create_token\n"
        "print(create_token(by=User.objects.get(username='alice'), name='r', scope='read')[1])"
    )
    token = site.manage("shell", "--no-imports", "-c", script).strip().splitlines()[-1]
    reader = Tools(Person(site, alice.project, token))
    here, one = {"conversation": conversation}, {"artifact": artifact}
    assert reader.read_artifact(**one)["content"] == "x"
    answers = [
        reader.create_conversation(project=alice.project), reader.post_message(**here, body="x"),
        reader.deliver_result(**here, tool="t", artifacts=[]), reader.save_artifact(**one),
        reader.update_artifact(**one, name="y"), reader.add_version(**one, data="y"),
        reader.upload_file(**here, filename="x.txt", text="x"), reader.run_program(**here, code="1"),
        reader.cancel_turn(turn=str(uuid4())),
    ]  # fmt: skip
    assert all("token_scope" in answer for answer in answers), answers
    assert tools.read_artifact(**one)["name"] == "kept"


VALUES: list[Any] = [
    "",
    "\0",
    "a\0b",
    "x" * 300_000,
    "../../etc/passwd",
    -1,
    10**30,
    1.5,
    True,
    None,
    [],
    {},
    [[]],
]


def test_no_argument_is_a_fault(site: Site, alice: Person, tools: Tools) -> None:
    """Each argument of each tool with each value, the others as they should be: refused by name, or done."""
    conversation = tools.create_conversation(project=alice.project)["id"]
    item = {"name": "t", "type": "text", "data": "x"}
    artifact = tools.deliver_result(conversation=conversation, tool="t", artifacts=[item])["artifacts"][0][
        "id"
    ]
    file_id = tools.upload_file(conversation=conversation, filename="a.txt", text="x")["fileId"]
    right = {
        "project": alice.project, "conversation": conversation, "artifact": artifact, "file_id": file_id,
        "turn": str(uuid4()), "artifacts": [item], "tool": "t", "body": "x", "code": "", "query": "x",
        "filename": "b.txt",
    }  # fmt: skip
    before = len(site.log.read_text())

    async def work(client: Client) -> list[tuple[str, str, Any, str]]:
        told = []
        for tool in (await client.list_tools()).tools:
            for wrong in tool.input_schema["properties"]:
                given = {name: right[name] for name in tool.input_schema.get("required", [])}
                for value in VALUES:
                    answer = await client.call_tool(tool.name, {**given, wrong: value})
                    told.append((tool.name, wrong, value, answer.content[0].text if answer.is_error else ""))
        return told

    told = with_client(alice, work)
    assert len(told) > 500
    for tool, wrong, value, sentence in told:
        assert "Traceback" not in sentence, (tool, wrong, value)
        assert str(Path.cwd()) not in sentence, (tool, wrong, value)
        assert not sentence or ":" in sentence, (tool, wrong, value)
    assert "Traceback" not in site.log.read_text()[before:]


def test_who_acted_is_in_the_audit_log(site: Site, alice: Person, tools: Tools) -> None:
    conversation = tools.create_conversation(project=alice.project)["id"]
    item = {"name": "audited", "type": "text", "data": "x"}
    artifact = tools.deliver_result(conversation=conversation, tool="t", artifacts=[item])["artifacts"][0][
        "id"
    ]
    tools.save_artifact(artifact=artifact, visibility="project")
    script = (
        "from auditlog.models import LogEntry\n"
        f"print({{entry.actor.username for entry in LogEntry.objects.filter(object_pk='{artifact}')}})"
    )
    assert site.manage("shell", "--no-imports", "-c", script).strip().splitlines()[-1] == "{'alice'}"


def test_without_a_token(site: Site) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer ats_" + "0" * 60}):
        answer = requests.post(f"{site.url}/mcp", json={}, headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.json()["code"]
    assert requests.get(f"{site.url}/mcp", timeout=10).status_code == 405
    assert requests.post(f"{site.url}/mcp", headers={"Host": "evil.example"}, timeout=10).status_code == 400


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"jsonrpc": "2.0"}', b"[" * 100_000])
def test_malformed_messages(alice: Person, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {alice.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    answer = requests.post(f"{alice.site.url}/mcp", data=body, headers=headers, timeout=30)
    assert 400 <= answer.status_code < 500
    assert str(Path.cwd()) not in answer.text
