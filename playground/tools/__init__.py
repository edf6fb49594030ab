"""The tools that turns can call, one file each; settings.PLAYGROUND_TOOLS names them, other apps' too."""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from playground.tools.base import Tool, ToolCall, ToolResult

__all__ = ["Tool", "ToolCall", "ToolResult", "definitions", "get", "names", "problem_of"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@lru_cache(maxsize=8)
def _registry(paths: tuple[str, ...]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for path in paths:
        try:
            tool = import_string(path)()
        except ImportError as error:
            raise ImproperlyConfigured(
                f"PLAYGROUND_TOOLS names {path}, which can't be imported: {error}"
            ) from error
        if not _NAME.fullmatch(tool.name) or tool.name in found:
            raise ImproperlyConfigured(
                f"The tool {path} needs a name of its own, of letters, digits, _ and -."
            )
        found[tool.name] = tool
    return found


def names() -> list[str]:
    """Every tool of the registry, in its order."""
    return list(_registry(tuple(settings.PLAYGROUND_TOOLS)))


def get(name: str) -> Tool:
    """The tool of this name; KeyError for any other."""
    return _registry(tuple(settings.PLAYGROUND_TOOLS))[name]


def definitions() -> list[dict[str, Any]]:
    """What a model is told of the tools that it may call, in the form of OpenAI's protocol."""
    offered = [tool for tool in map(get, names()) if tool.is_offered()]
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in offered
    ]


def problem_of(tool: Tool, arguments: Any) -> str | None:
    """What is wrong with a model's arguments, as a sentence for the model; None if nothing."""
    from jsonschema import Draft202012Validator  # only workers need it

    error = next(iter(Draft202012Validator(tool.parameters).iter_errors(arguments)), None)
    if error is None:
        return None
    where = ".".join(str(part) for part in error.absolute_path)
    return f"Wrong arguments for {tool.name}: {where + ': ' if where else ''}{error.message[:500]}"
