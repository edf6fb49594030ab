"""Whatever a model writes as a call: it is told what was wrong, and the turn goes on."""

from typing import Any
from uuid import uuid4

import pytest

from conversations.models import Message
from playground import tools
from tests.playground.agent.conftest import Asked

pytestmark = pytest.mark.engines

VALUES = ["", "\0", "a\0b", "\ud800", "x" * 1000, -1, 10**30, 1.5, True, None, [], {}, str(uuid4())]
BROKEN = [
    '{"a": ',
    "[1]",
    "null",
    '"x"',
    "[" * 5000,
    '{"text": "\\ud800", "name": "n"}',
    "\0",
    "{}{}",
    '{"name": 1e999}',
]
NAMES = ["\0", "x" * 500, "../python_exec", "python_exec ", "\ud800"]
AT_ONCE = 50


def test_no_call_is_a_fault(asked: Asked) -> None:
    in_sandbox = (
        "python_exec",
        "shell_exec",
        "template_render",
    )  # whose values are programs, tried elsewhere
    calls: list[dict[str, Any]] = [
        {"name": name, "arguments": dict.fromkeys(tools.get(name).parameters["properties"], value)}
        for name in tools.names()
        if name not in in_sandbox
        for value in VALUES
    ]
    calls += [{"name": "save_text", "arguments": raw} for raw in BROKEN]
    calls += [{"name": name, "arguments": {}} for name in NAMES]
    for start in range(0, len(calls), AT_ONCE):
        turn = asked("Try", {"calls": calls[start : start + AT_ONCE]}, {"text": "Done."})
        assert (turn.status, turn.output) == ("done", "Done."), turn.error_detail
    told = Message.objects.filter(role="tool", turn__isnull=False)
    assert told.count() == len(calls)
    assert all(body.strip() and "\0" not in body for body in told.values_list("body", flat=True))
