"""Keeps a text as an artifact."""

from typing import Any

from artifacts.kinds.text import KIND as TEXT
from artifacts.services import output_name
from artifactsite.lib.errors import Refusal
from playground.tools.base import ToolCall, ToolResult


class SaveText:
    name = "save_text"
    description = "Keep a text, Markdown or code as an artifact. The same name again makes its next version."
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "maxLength": 255,
                "description": "With an extension where it has one.",
            },
            "text": {"type": "string", "maxLength": 2_000_000},
        },
        "required": ["name", "text"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        try:
            content = TEXT.accept(output_name(arguments["name"]), arguments["text"])
        except Refusal as refusal:
            return ToolResult(refusal.detail, is_error=True, error_code=refusal.code)
        return ToolResult(f"Kept {content.name}.", artifacts=[content])
