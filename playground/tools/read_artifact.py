"""Reads an artifact that the turn's owner can see, in the conversation's project."""

import json
from typing import Any
from uuid import UUID

from django.http import Http404

from artifacts import kinds
from artifacts.exports import pick_version
from artifacts.kinds.table import columns_of, rows_of
from artifacts.models import Artifact, Kind, Version
from artifactsite.lib.errors import Refusal
from playground.tools.base import ToolCall, ToolResult

LONGEST = 40_000  # characters
MOST_ROWS = 500
ABSENT = "There is no such artifact, or its owner does not share it. search_artifacts finds what there is."


class ReadArtifact:
    name = "read_artifact"
    description = (
        "Read an artifact by its id: the text of text and code, the rows of a table, the data of a visualization. "
        "offset and limit are rows of a table, else characters."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "artifact": {"type": "string", "description": "The id, as in artifact:ID."},
            "version": {"type": "integer", "minimum": 1, "description": "Without it the current one."},
            "offset": {"type": "integer", "minimum": 0},
            "limit": {"type": "integer", "minimum": 1},
        },
        "required": ["artifact"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        try:
            pk = UUID(arguments["artifact"].removeprefix("artifact:"))
            artifact = visible_artifacts(call).select_related("current").get(pk=pk)
            version = pick_version(artifact, str(arguments.get("version", "")), call.user)
        except (ValueError, Artifact.DoesNotExist, Http404):
            return ToolResult(ABSENT, is_error=True, error_code="not_found")
        try:
            text = read(artifact, version, arguments.get("offset", 0), arguments.get("limit"))
        except Refusal as refusal:
            return ToolResult(refusal.detail, is_error=True, error_code=refusal.code)
        return ToolResult(f"{artifact.name} ({artifact.kind}, version {version.number})\n{text}")


def visible_artifacts(call: ToolCall) -> Any:
    """What a tool may read: what the owner sees, in this project only, since its agent is the project's."""
    return Artifact.objects.visible_to(call.user).filter(project=call.conversation.project_id)


def read(artifact: Artifact, version: Version, offset: int = 0, limit: int | None = None) -> str:
    """The content as text, from `offset`, and where to go on."""
    offset = min(offset, version.size)  # beyond it is nothing, however large a number a model writes
    if artifact.kind == Kind.TABLE:
        return _rows(version, offset, min(limit or MOST_ROWS, MOST_ROWS))
    length = min(limit or LONGEST, LONGEST)
    text, more = kinds.get(artifact.kind).for_agent(version, offset + length)
    piece = text[offset : offset + length]
    return f"{piece}\n[There is more from offset {offset + length}.]" if more else piece


def _rows(version: Version, offset: int, limit: int) -> str:
    total = version.table_index["rows"]  # type: ignore[index]
    lines: list[str] = []
    length = 0
    for row in rows_of(version, offset, limit):
        line = json.dumps(row, ensure_ascii=False)
        if lines and length + len(line) > LONGEST:
            break
        lines.append(line[:LONGEST])
        length += len(line)
    columns = json.dumps(columns_of(version)[:200], ensure_ascii=False)
    head = f"Columns: {columns}\nRows {offset} to {offset + len(lines) - 1} of {total}:"
    if not lines:
        return f"No rows from {offset}; the table has {total}."
    rest = f"\n[There is more from offset {offset + len(lines)}.]" if offset + len(lines) < total else ""
    return "\n".join([head, *lines]) + rest
