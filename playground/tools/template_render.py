"""Fills a Jinja template, a shipped one or the caller's own, and keeps the page as an artifact.

The template is untrusted: Jinja's own sandbox keeps it from Python, and it runs in ours besides, with limits on
time and memory that Jinja has not.
"""

from functools import cache
from pathlib import Path
from typing import Any

from artifacts.services import output_name
from artifactsite.lib.errors import Refusal
from playground.sandbox import Limits, run_program
from playground.tools.base import ToolCall, ToolResult
from playground.tools.python_exec import account, contents, usage
from playground.tools.slots import program_slot

TEMPLATES = Path(__file__).parent / "report_templates"
_LIMITS = Limits(wall_seconds=15, cpu_seconds=10, memory_bytes=512_000_000, disk_bytes=64_000_000)
# What a template sees, and no more.
ENVIRONMENT = """
import sys
from jinja2 import DictLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

given = memory.get_content("template")
options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
options["loader"] = DictLoader(given["shared"])
environment = ImmutableSandboxedEnvironment(autoescape=True, **options)
"""
_PROGRAM = f"""{ENVIRONMENT}
try:
    page = environment.from_string(given["source"]).render(given["data"])
except (TemplateError, TypeError, ValueError, OverflowError) as error:
    sys.exit(f"The template could not be filled: {{type(error).__name__}}: {{error}}")
with open(given["file"], "w", encoding="utf-8") as file:
    file.write(page)
"""


@cache
def _shared() -> dict[str, str]:
    """What every template may extend or import, by file name."""
    return {path.name: path.read_text() for path in (TEMPLATES / "shared").glob("*.html")}


@cache
def shipped() -> dict[str, str]:
    """The templates that come with the site, by name."""
    return {path.stem: path.read_text() for path in sorted(TEMPLATES.glob("*.html"))}


class TemplateRender:
    name = "template_render"
    description = (
        "Make an HTML page from a Jinja2 template and data; it becomes an artifact. Shipped templates: "
        "report {title, subtitle?, summary?, sections: [{heading, text?, points?: [str], table?: [object]}], footer?}; "
        "dashboard {title, subtitle?, figures: [{label, value, change?}], bars?: [{label, value}], table?: [object]}; "
        "comparison {title, subtitle?, options: [str], criteria: [{name, values: [str]}], verdict?}."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "maxLength": 200,
                "description": "The artifact's name, ending in .html.",
            },
            "template": {"type": "string", "maxLength": 100, "description": "A shipped template."},
            "source": {
                "type": "string",
                "maxLength": 500_000,
                "description": "A template of your own instead.",
            },
            "data": {"type": "object", "description": "The template's variables."},
        },
        "required": ["name", "data"],
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        source = arguments.get("source") or shipped().get(arguments.get("template", ""))
        if source is None:
            return _fault(f"Give source, or one of these as template: {', '.join(shipped())}.")
        try:
            name = output_name(arguments["name"])
        except Refusal as refusal:
            return _fault(refusal.detail)
        file = f"{name.removesuffix('.html').replace('/', '-')}.html"
        given = {"source": source, "shared": _shared(), "data": arguments["data"], "file": file}
        with program_slot(call):
            result = call.resources.enter_context(
                run_program(
                    _PROGRAM,
                    memory={"template": given},
                    limits=_LIMITS,
                    on_output=call.on_output,
                    cancelled=call.cancelled,
                )
            )
        made, dropped = contents(call, result)
        return ToolResult(
            content=account(result, dropped) or f"Made {file}.",
            artifacts=made,
            is_error=not result.ok,
            error_code=result.error.code if result.error else "",
            usage=usage(result),
        )


def _fault(sentence: str) -> ToolResult:
    return ToolResult(sentence, is_error=True, error_code="invalid")
