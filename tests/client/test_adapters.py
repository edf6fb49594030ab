"""The programs of docs/agents/, as they stand, against the real packages and a running site.

They run in an environment of their own, .adapters-venv: `scripts/setup dev` makes it, once for each
client/requirements-adapters.lock. ADAPTERS_PYTHON names another one.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_openai import Endpoint
from tests.site import Person

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("ADAPTERS_PYTHON", ROOT / ".adapters-venv" / "bin" / "python"))


def program(document: str) -> str:
    text = (ROOT / "docs" / "agents" / document).read_text()
    return "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def run(document: str, python: Path, person: Person, conversation: str, endpoint: Endpoint) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        "PYTHONPATH": str(ROOT / "client"),
        "ARTIFACTSITE_URL": person.site.url,
        "ARTIFACTSITE_TOKEN": person.token,
        "ARTIFACTSITE_CONVERSATION": conversation,
        "OPENAI_BASE_URL": f"{endpoint.url}/v1",
        "OPENAI_API_KEY": "k",
        "OPENAI_MODEL": "adapter",
        "LANGSMITH_TRACING": "false",
    }
    done = subprocess.run(
        [str(python), "-c", program(document)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("document", ["openai-sdk.md", "langchain.md", "pydantic-ai.md", "google-adk.md"])
def test_an_adapter(document: str, alice: Person, conversation: str, endpoint: Endpoint) -> None:
    answer = "West leads." if document == "google-adk.md" else "West leads, see {{mention}}."
    calls = [{"name": "sales_by_region", "arguments": {"quarter": "Q4"}}]
    endpoint.script("adapter", {"calls": calls}, {"text": answer})
    run(document, PYTHON, alice, conversation, endpoint)
    (artifact,) = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
    assert artifact["name"] in ("Sales by region", "sales.json")
    data = alice.get(f"artifacts/{artifact['id']}/data").json()
    assert [row["region"] for row in data] == ["West", "East"]
    newest = alice.get(f"conversations/{conversation}/messages").json()["results"][0]
    assert (newest["role"], newest["mentions"][0]["artifact"]) == ("agent", artifact["id"])
    assert "West leads" in newest["body"]


def test_mcp_by_the_official_sdk(alice: Person, conversation: str, endpoint: Endpoint) -> None:
    assert "notes.md" in run("mcp.md", Path(sys.executable), alice, conversation, endpoint)
