"""Runs a shell script in the same sandbox and the same working folder as python_exec."""

from typing import Any

from playground.tools.base import ToolCall, ToolResult
from playground.tools.python_exec import run

# The script is data of a program, so one engine confines and collects both.
_PROGRAM = """import subprocess, sys
sys.exit(subprocess.run(["/bin/sh", "-c", {script!r}], stderr=subprocess.STDOUT).returncode)
"""


class ShellExec:
    name = "shell_exec"
    description = (
        "Run a POSIX shell script in the sandbox of python_exec, without network, in the same working folder. "
        "The conversation's active files lie in files/; every file written is kept as an artifact."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {"script": {"type": "string", "description": "The script.", "maxLength": 200_000}},
        "required": ["script"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        return run(call, _PROGRAM.format(script=arguments["script"]))
