"""A tool with an artifact as its side effect."""

from typing import Any

from django.apps import apps

from artifacts.kinds.table import KIND as TABLE
from playground.tools import ToolCall, ToolResult


class Weather:
    name = "weather"
    description = "The weather of a place on some days."
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {"place": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["place"],
        "additionalProperties": False,
    }

    def is_offered(self) -> bool:
        return apps.is_installed("tests.weather_app")

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        rows = [{"day": day, "degrees": 20 + day} for day in range(arguments.get("days", 1))]
        asked = f"{arguments['place']} for {call.user.username}"
        return ToolResult(
            f"Fair in {asked}.", artifacts=[TABLE.accept(f"Weather in {arguments['place']}", rows)]
        )
