"""The tools that turns can call, one file each."""

from playground.tools.base import Tool, ToolCall, ToolResult
from playground.tools.python_exec import PythonExec

_TOOLS: dict[str, Tool] = {tool.name: tool for tool in (PythonExec(),)}

__all__ = ["Tool", "ToolCall", "ToolResult", "get"]


def get(name: str) -> Tool:
    """The tool of this name; KeyError for any other."""
    return _TOOLS[name]
