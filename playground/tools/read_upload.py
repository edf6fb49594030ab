"""Reads the extracted text of a file of the conversation: by page, slide, sheet, rows or characters."""

import re
from typing import Any

from playground.tools.base import ToolCall, ToolResult
from uploads.extraction.marks import Part, split
from uploads.models import Extraction, Upload, UploadStatus

LONGEST = 40_000  # characters
_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")


class ReadUpload:
    name = "read_upload"
    description = (
        "Read a file that the person attached to this conversation: its extracted text, by page, slide or sheet. "
        "Without a choice it starts at the beginning and says which parts there are."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "description": "The fileId (f-...) or the file's name."},
            "page": {"type": ["string", "integer"], "description": 'A page or a range such as "2-4".'},
            "slide": {"type": ["string", "integer"], "description": "A slide or a range."},
            "sheet": {
                "type": ["string", "integer"],
                "description": "A sheet by its name or its number from 1.",
            },
            "rows": {"type": "string", "description": 'Lines of the chosen part, such as "1-50".'},
            "offset": {"type": "integer", "minimum": 0, "description": "Characters into what was chosen."},
            "limit": {"type": "integer", "minimum": 1, "maximum": LONGEST},
        },
        "required": ["file"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        upload = _find(call, arguments["file"])
        if upload is None:
            return _fault(f"No file of this conversation is called that. There are: {_names(call)}.")
        if not upload.is_active:
            return _fault("The person has switched this file off. Ask them to switch it on.")
        extraction = Extraction.objects.filter(upload=upload).first()
        if upload.status != UploadStatus.READY or extraction is None:
            return _fault(upload.error_message or "Its text is still being extracted. Try again in a moment.")
        try:
            return ToolResult(read(upload.filename, extraction.text, arguments))
        except ValueError as error:
            return _fault(str(error))


def _fault(sentence: str) -> ToolResult:
    return ToolResult(sentence, is_error=True, error_code="not_readable")


def _find(call: ToolCall, wanted: str) -> Upload | None:
    own = Upload.objects.visible_to(call.user).filter(conversation=call.conversation)
    by_id = own.with_file_id(wanted).first()
    return by_id or own.filter(filename__iexact=wanted.removeprefix("files/")).order_by("-created_at").first()


def _names(call: ToolCall) -> str:
    own = Upload.objects.visible_to(call.user).filter(conversation=call.conversation).oldest_first()
    return ", ".join(upload.filename for upload in own[:100]) or "none"


def read(name: str, text: str, wanted: dict[str, Any]) -> str:
    """The chosen part of a text; ValueError says which parts there are."""
    parts = split(text)
    label, chosen = "", text
    for kind in ("page", "slide", "sheet"):
        if kind in wanted:
            label, chosen = _chosen(text, parts, kind, wanted[kind])
    if "rows" in wanted:
        label, chosen = f"{label}, rows {wanted['rows']}".lstrip(", "), _rows(chosen, wanted["rows"])
    offset, limit = wanted.get("offset", 0), wanted.get("limit", LONGEST)
    piece = chosen[offset : offset + limit]
    head = f"{name}{': ' + label if label else ''}"
    if offset or offset + limit < len(chosen):
        head += f" (characters {offset} to {offset + len(piece)} of {len(chosen)})"
    return f"{head}\n{_outline(parts) if not label and not offset else ''}{piece}"


def _outline(parts: list[Part]) -> str:
    marked = [part for part in parts if part.kind != "start"]
    if len(marked) < 2:
        return ""
    if isinstance(marked[0].label, int):
        return f"It has {len(marked)} {marked[0].kind}s.\n"
    return "Its sheets: " + ", ".join(str(part.label) for part in marked[:100]) + ".\n"


def _chosen(text: str, parts: list[Part], kind: str, wanted: str | int) -> tuple[str, str]:
    of_kind = [part for part in parts if part.kind == kind]
    if not of_kind:
        raise ValueError(f"This file has no {kind}s. Read it by offset and limit.")
    found = [part for part in of_kind if str(part.label).casefold() == str(wanted).strip().casefold()]
    if not found:
        found = _in_range(of_kind, str(wanted), kind)
    label = f"{kind} {found[0].label}" + (f" to {found[-1].label}" if len(found) > 1 else "")
    return label, "\n".join(text[part.start : part.end].strip("\n") for part in found)


def _in_range(parts: list[Part], wanted: str, kind: str) -> list[Part]:
    """By number: what the part is labelled, or its place where parts have names."""
    match = _RANGE.fullmatch(wanted)
    numbers = [
        part.label if isinstance(part.label, int) else place for place, part in enumerate(parts, start=1)
    ]
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        found = [part for part, number in zip(parts, numbers, strict=True) if first <= number <= last]
        if found:
            return found
    known = (
        f"{numbers[0]} to {numbers[-1]}"
        if isinstance(parts[0].label, int)
        else ", ".join(str(part.label) for part in parts[:100])
    )
    raise ValueError(f"There is no {kind} {wanted}. There are {known}.")


def _rows(text: str, wanted: str) -> str:
    match = _RANGE.fullmatch(wanted)
    if not match:
        raise ValueError('rows must be a number or a range such as "1-50".')
    first, last = int(match[1]), int(match[2] or match[1])
    lines = [line for line in text.splitlines() if line.strip()]
    if first > len(lines):
        raise ValueError(f"There are only {len(lines)} rows.")
    return "\n".join(lines[max(0, first - 1) : last])
