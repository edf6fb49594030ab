"""Jupyter notebooks: cells in their order; what a cell put out as markup runs only in a frame of its own."""

import base64
import binascii
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from django.utils.safestring import SafeString, mark_safe

from artifactsite.lib import markdown
from uploads.extraction.protocol import storable

LARGEST = 16 * 1024 * 1024  # bytes
MOST_CELLS, MOST_OUTPUTS = 200, 300
LONGEST_OUTPUT = 20_000  # characters
LARGEST_PICTURE = 8 * 1024 * 1024  # characters of base64
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_MARKUP = ("text/html", "image/svg+xml")
# What a terminal takes for itself: colours, movements of its cursor, its window's title.
_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
# What it has written over: all of a progress bar but the last.
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_PLACE = "data:image/png;base64,attachment"
_PLACED = re.compile(rf'src="{_PLACE}(\d{{1,6}})"')
_ATTACHED = re.compile(r"\]\(attachment:([^)\s]+)\)")


@dataclass(frozen=True)
class Output:
    """What a cell put out. `view` is text, error, picture, markdown or frame; `number` counts all of the notebook."""

    view: str
    text: str = ""
    html: SafeString = field(default_factory=SafeString)
    number: int = 0


@dataclass
class Cell:
    """`view` is markdown, code or raw."""

    view: str
    source: str
    html: SafeString = field(default_factory=SafeString)
    count: str = ""
    outputs: list[Output] = field(default_factory=list)


@dataclass
class Notebook:
    cells: list[Cell]
    left_out: int


def read(text: str) -> Notebook | None:
    """The notebook as a page shows it; None where the text is none."""
    data = _parsed(text)
    if data is None:
        return None
    language = _language(data)
    frames = 0
    cells = []
    for raw in data["cells"][:MOST_CELLS]:
        if isinstance(raw, dict):
            cell = _cell(raw, language)
            cell.outputs = [_output(bundle, frames + place) for place, bundle in enumerate(_outputs(raw))]
            frames += len(cell.outputs)
            cells.append(cell)
    return Notebook(cells, max(0, len(data["cells"]) - MOST_CELLS))


def markup(text: str, number: int) -> str | None:
    """The markup of the output with this number, for its frame; None where there is none."""
    data = _parsed(text)
    if data is None:
        return None
    bundles = [
        bundle for raw in data["cells"][:MOST_CELLS] if isinstance(raw, dict) for bundle in _outputs(raw)
    ]
    if not 0 <= number < len(bundles):
        return None
    found = bundles[number].get("data")
    data_of = found if isinstance(found, dict) else {}
    return next((_joined(data_of[kind]) for kind in _MARKUP if kind in data_of), None)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("cells"), list) else None


def _language(data: dict[str, Any]) -> str:
    try:
        return str(data["metadata"]["kernelspec"]["language"])
    except (KeyError, TypeError):
        return "python"


def _joined(lines: Any) -> str:
    # Half of a pair of surrogates is valid JSON, and can't be sent.
    return storable("".join(map(str, lines)) if isinstance(lines, list) else str(lines))


def _cell(raw: dict[str, Any], language: str) -> Cell:
    source = _joined(raw.get("source", ""))
    match raw.get("cell_type"):
        case "markdown":
            return Cell("markdown", source, _with_attachments(source, raw.get("attachments")))
        case "code":
            html = mark_safe(markdown.highlighted(source, language))  # noqa: S308 - the highlighter escapes
            return Cell("code", source, html, str(raw.get("execution_count") or ""))
    return Cell("raw", source)


def _outputs(raw: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = raw.get("outputs")
    return (
        [one for one in outputs[:MOST_OUTPUTS] if isinstance(one, dict)] if isinstance(outputs, list) else []
    )


def _output(raw: dict[str, Any], number: int) -> Output:
    if raw.get("output_type") == "error":
        lines = raw.get("traceback")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) else str(raw.get("evalue", ""))
        return Output("error", _plain(text))
    data = raw.get("data")
    if not isinstance(data, dict):
        return Output("text", _plain(_joined(raw.get("text", ""))))
    for kind in _PICTURES:
        if kind in data and (picture := _picture(kind, _joined(data[kind]))):
            return Output("picture", picture)
    if any(kind in data for kind in _MARKUP):
        return Output("frame", number=number)
    if "text/markdown" in data:
        return Output("markdown", html=_rendered(_joined(data["text/markdown"])))
    if "application/json" in data:
        with suppress(RecursionError):
            return Output("text", _plain(json.dumps(data["application/json"], ensure_ascii=False, indent=2)))
    return Output("text", _plain(_joined(data.get("text/plain", ""))))


def _rendered(source: str) -> SafeString:
    return mark_safe(markdown.render(source))  # noqa: S308 - sanitised


def _with_attachments(source: str, attachments: Any) -> SafeString:
    """A cell's Markdown, with the pictures that are kept beside it in their places."""
    pictures: list[str] = []

    def place(found: re.Match[str]) -> str:
        bundle = attachments.get(unquote(found[1])) if isinstance(attachments, dict) else None
        held = bundle if isinstance(bundle, dict) else {}
        address = next((_picture(kind, _joined(held[kind])) for kind in _PICTURES if kind in held), "")
        if not address:
            return found[0]
        pictures.append(address)
        return f"]({_PLACE}{len(pictures) - 1})"

    html = _rendered(_ATTACHED.sub(place, source))
    if not pictures:
        return html
    # Put in afterwards: a picture may be longer than what is rendered of a Markdown text.
    filled = _PLACED.sub(lambda found: f'src="{"".join(pictures[int(found[1]) :][:1])}"', html)
    return mark_safe(filled)  # noqa: S308 - the pictures' addresses are base64, made here


def _picture(kind: str, encoded: str) -> str:
    """The picture as a data: address; empty where it isn't base64 or is too large."""
    if len(encoded) > LARGEST_PICTURE:
        return ""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (ValueError, binascii.Error):
        return ""
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def _plain(text: str) -> str:
    """Text as it stood in a terminal at the end, without colours."""
    text = _OVERWRITTEN.sub("", _CONTROLS.sub("", storable(text)))
    return text if len(text) <= LONGEST_OUTPUT else text[:LONGEST_OUTPUT] + "…"
