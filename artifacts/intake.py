"""The `A` of docs/api.md: how a tool, an agent or a program hands over an output, turned into validated content."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files import File
from rest_framework.request import Request

from artifacts import kinds
from artifacts.kinds.base import Content
from artifacts.kinds.file import KIND as FILE
from artifacts.kinds.table import KIND as TABLE
from artifacts.models import Kind
from artifacts.services import output_name
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.names import clean_name
from artifactsite.lib.parsers import parse_json, parse_json_array

Parts = Mapping[str, "File[Any]"]


def body_and_parts(request: Request) -> tuple[Any, dict[str, Any]]:
    """The JSON of a request, and the files that came with it by the name of their part.

    A multipart request has its JSON in a part named `result`.
    """
    if not (request.content_type or "").startswith("multipart/"):
        return request.data, {}
    form: Any = request.data
    raw = form.get("result")
    if hasattr(raw, "read"):
        # A part that names a file is not held to the limit of a form's fields by Django.
        raw = raw.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        raw = raw.decode("utf-8", "replace")
    if not isinstance(raw, str):
        raise Invalid("result", "A multipart request needs a part named result with its JSON.")
    try:
        data = parse_json(raw.encode("utf-8", "replace"))
    except ValueError as error:
        raise Invalid(
            "result", f"The part result is not valid JSON: {error}.", code="malformed_json"
        ) from error
    return data, {name: request.FILES[name] for name in request.FILES if name != "result"}


def contents(items: Any, parts: Parts) -> list[Content]:
    """All outputs of a result, or `Invalid` that says which one is wrong and why.

    `parts` are the files of a multipart request by the name of their part.
    """
    if not isinstance(items, list):
        raise Invalid("artifacts", "artifacts must be a list.")
    if len(items) > settings.MAX_ARTIFACTS_PER_RESULT:
        raise Invalid(
            "artifacts", f"A result may carry at most {settings.MAX_ARTIFACTS_PER_RESULT} artifacts."
        )
    unused = set(parts)
    accepted = []
    for index, item in enumerate(items):
        try:
            accepted.append(content(item, parts))
        except Refusal as error:
            raise _within(f"artifacts[{index}]", error) from error
        if isinstance(part := item.get("part"), str):
            unused.discard(part)
    _refuse_unused(unused)
    return accepted


def only_content(item: Any, parts: Parts) -> Content:
    """The one output of a request, as `content`, which must use all of its `parts`."""
    found = content(item, parts)
    _refuse_unused(set(parts) - {item.get("part")})
    return found


def _refuse_unused(names: set[str]) -> None:
    if names:
        name = min(names)
        raise Invalid(name, f"The part {name!r} belongs to no artifact. Name it in one as part.")


def _within(path: str, error: Refusal) -> Refusal:
    """The same refusal, told from the outside: where in the request it is."""
    errors = {f"{path}.{field}": sentences for field, sentences in (error.errors or {}).items()}
    return Refusal(error.code, f"{path}: {error.detail}", status=error.status, errors=errors or None)


def content(item: Any, parts: Parts) -> Content:
    """One output."""
    if not isinstance(item, dict):
        raise Invalid("type", "An artifact must be an object with name and type.")
    name = output_name(item.get("name"))
    kind = item.get("type")
    if kind not in Kind.values:
        raise Invalid("type", f"type must be one of {', '.join(Kind.values)}.")
    if kind == Kind.FILE:
        return _file(name, item, parts)
    if kind == Kind.TABLE and "part" in item:
        return _table(name, item, parts)
    if "data" not in item:
        raise Invalid("data", f"data is missing from an artifact of type {kind}.")
    return kinds.get(kind).accept(name, item["data"])


def _file(name: str, item: dict[str, Any], parts: Parts) -> Content:
    given = item.get("media_type") or ""
    if not isinstance(given, str) or len(given) > 150:
        raise Invalid("media_type", "media_type must be a string of at most 150 characters.")
    if ("part" in item) == ("content_base64" in item):
        raise Invalid("part", "A file needs either part or content_base64.")
    if "content_base64" in item:
        content = FILE.accept(name, item["content_base64"])
        return FILE.from_file(name, content.file, clean_name(given))
    return FILE.from_file(name, _part(item, parts), clean_name(given))


def _table(name: str, item: dict[str, Any], parts: Parts) -> Content:
    """A table whose rows came as a JSON array in a part of their own, read row by row."""
    if "data" in item:
        raise Invalid("part", "A table needs either part or data.")
    return TABLE.from_rows(name, _rows(_part(item, parts)))


def _rows(file: "File[Any]") -> Iterator[Any]:
    try:
        yield from parse_json_array(file)
    except ValueError as error:
        raise Invalid(
            "part", f"The part is no JSON array of rows: {error}.", code="malformed_json"
        ) from error


def _part(item: dict[str, Any], parts: Parts) -> "File[Any]":
    part = item["part"]
    if not isinstance(part, str) or part not in parts:
        raise Invalid("part", f"The request has no part named {part!r}.")
    return parts[part]
