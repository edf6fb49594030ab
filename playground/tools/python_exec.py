"""Runs a Python program in the sandbox; what it makes becomes artifacts, its files stay for the next one."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import connection
from django.http import Http404
from django.urls import reverse

from artifacts.kinds import Content
from artifacts.kinds.file import KIND as FILE
from artifacts.kinds.table import KIND as TABLE
from artifacts.kinds.text import KIND as TEXT
from artifacts.kinds.visualization import KIND as VISUALIZATION
from artifacts.services import output_name
from artifactsite.lib import blobs
from artifactsite.lib.errors import Refusal
from jobs import figures
from playground import working_folder
from playground.sandbox import (
    FetchResponse,
    InputFile,
    Limits,
    OutputFile,
    OutputValue,
    RunResult,
    run_program,
)
from playground.tools.base import ToolCall, ToolResult
from playground.tools.slots import program_slot
from projects.models import Project
from uploads.links import upload_for
from uploads.models import Upload
from uploads.sessionmeta import session_meta


class LinkFetcher:
    """The only network a program has: the signed links of its own conversation's files, read outside."""

    def __init__(self, conversation_id: UUID) -> None:
        self.conversation_id = conversation_id

    def open(self, url: str) -> FetchResponse | None:
        wanted, site = urlsplit(url), urlsplit(settings.SITE_URL)
        if wanted.netloc != site.netloc or wanted.path != reverse("api-public-file"):
            return None
        try:
            upload = upload_for(parse_qs(wanted.query).get("h", [""])[0])
        except (Http404, Refusal):
            return None
        finally:
            connection.close()
        if upload.conversation_id != self.conversation_id:
            return None
        body = blobs.read_range(upload.file, 0, upload.size - 1) if upload.size else iter(())
        headers = {"Content-Type": upload.media_type, "Content-Length": str(upload.size)}
        return FetchResponse(200, headers, body)


class PythonExec:
    name = "python_exec"
    description = (
        "Run Python in a sandbox without network. pandas, numpy, matplotlib, openpyxl and Pillow are there. "
        "The conversation's active files lie in files/. artifact(name, value) keeps a string, a list of objects or "
        "DataFrame, a figure or {'html', 'visualization_data'}, and so is the last line's value called output; every "
        "file written is kept too."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The program."}},
        "required": ["code"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        return run(call, arguments["code"])


def run(call: ToolCall, code: str) -> ToolResult:
    """Runs a program in the conversation's working folder: its files before, its files after."""
    left = Path(call.resources.enter_context(TemporaryDirectory(prefix="left-")))
    with program_slot(call):
        result = call.resources.enter_context(
            run_program(
                code,
                inputs=_inputs(call),
                memory={"sessionMeta": session_meta(call.conversation)},
                fetcher=LinkFetcher(call.conversation.pk),
                limits=limits_of(call.conversation.project),
                workdir_in=working_folder.unpacked(call.conversation, call.resources),
                workdir_out=left,
                on_output=call.on_output,
                cancelled=call.cancelled,
            )
        )
    outcome = result.error.code if result.error else "done"
    figures.add("program", outcome, amount=result.wall_seconds)
    figures.add("program_cpu", amount=result.cpu_seconds)
    outputs, dropped = contents(call, result)
    keep, sentence = working_folder.packed(call.conversation, left, call.resources)
    return ToolResult(
        content=account(result, [*dropped, sentence] if sentence else dropped),
        artifacts=outputs,
        is_error=not result.ok,
        error_code=result.error.code if result.error else "",
        usage=usage(result),
        keep=keep,
    )


def limits_of(project: Project) -> Limits:
    """What a program of a project may use: its own limits, under the ceilings as they are now."""
    return Limits(
        cpu_seconds=min(project.program_cpu_seconds, settings.CEILING_PROGRAM_CPU_SECONDS),
        wall_seconds=min(project.program_wall_seconds, settings.CEILING_PROGRAM_WALL_SECONDS),
        memory_bytes=min(project.program_memory_mb, settings.CEILING_PROGRAM_MEMORY_MB) * 1_000_000,
        output_total_bytes=min(project.program_output_mb, settings.CEILING_PROGRAM_OUTPUT_MB) * 1_000_000,
    )


def usage(result: RunResult) -> dict[str, Any]:
    return {
        "cpu_seconds": round(result.cpu_seconds, 3),
        "wall_seconds": round(result.wall_seconds, 3),
        "peak_memory": result.peak_memory,
        "output_bytes": result.output_bytes,
    }


def _inputs(call: ToolCall) -> list[InputFile]:
    """The conversation's active files, as the program may read them."""
    uploads = Upload.objects.filter(conversation=call.conversation, is_active=True).released().oldest_first()
    return [
        InputFile(call.resources.enter_context(blobs.on_disk(upload.file)), upload.filename)
        for upload in uploads
    ]


def contents(call: ToolCall, result: RunResult) -> tuple[list[Content], list[str]]:
    """What the program made, validated; what can't be kept is said instead of failing the rest."""
    contents, dropped = [], list(result.dropped)
    outputs: list[OutputValue | OutputFile] = [*result.values, *result.files]
    for output in outputs[: settings.MAX_ARTIFACTS_PER_RESULT]:
        try:
            contents.append(_content(call, output))
        except Refusal as refusal:
            dropped.append(f"{output.name} was left out: {refusal.detail}")
    if (left := len(outputs) - settings.MAX_ARTIFACTS_PER_RESULT) > 0:
        dropped.append(
            f"{left} outputs were left out: a result carries {settings.MAX_ARTIFACTS_PER_RESULT} at most."
        )
    return contents, dropped


def _content(call: ToolCall, output: OutputValue | OutputFile) -> Content:
    name = output_name(output.name)
    kind = output.type if isinstance(output, OutputValue) else "file"
    match kind:
        case "text":
            return TEXT.accept(name, output.path.read_text("utf-8", "replace"))
        case "table":
            content = TABLE.from_rows(name, _rows(output.path))
            call.resources.callback(content.file.close)
            return content
        case "visualization":
            return VISUALIZATION.accept(name, json.loads(output.path.read_bytes()))
    return FILE.from_file(name, File(call.resources.enter_context(output.path.open("rb"))))


def _rows(path: Path) -> Iterator[Any]:
    with path.open("rb") as lines:
        for line in lines:
            yield json.loads(line)


def account(result: RunResult, dropped: list[str]) -> str:
    """What the caller reads: the program's output, how it ended, what was left out."""
    parts = [result.stdout.rstrip("\n")]
    if result.truncated:
        parts.append("[The output was longer and is cut here.]")
    if result.error is not None:
        parts.append(result.error.detail)
    parts += [f"[{sentence}]" for sentence in dropped]
    return "\n".join(part for part in parts if part)
