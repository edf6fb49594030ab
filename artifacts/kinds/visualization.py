"""Visualization artifacts: rendered markup and the data that was visualized."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.files import File

from artifacts.kinds.base import (
    Content,
    Download,
    excerpt,
    json_bytes,
    path_to,
    read_text,
    spooled,
    stored_bytes,
)
from artifacts.models import Kind as KindName
from artifacts.models import Version
from artifactsite.lib.errors import Invalid

FIELDS = {"html", "visualization_data"}


def html_of(version: Version) -> str:
    """The markup. It is untrusted: it leaves only under the sandbox policy."""
    html: str = json.loads(read_text(version))["html"]
    return html


def _html_bytes(version: Version) -> Iterator[bytes]:
    yield html_of(version).encode("utf-8", "replace")


class VisualizationKind:
    name: str = KindName.VISUALIZATION

    def accept(self, name: str, data: Any) -> Content:
        if not isinstance(data, dict):
            raise Invalid("data", "data must be an object with html and visualization_data.")
        if missing := FIELDS - set(data):
            path = path_to(min(missing), "data")
            raise Invalid(path, f"{path} is missing.")
        if unknown := set(data) - FIELDS:
            path = path_to(min(unknown), "data")
            raise Invalid(path, f"{path} is not a field of a visualization.")
        if not isinstance(data["html"], str):
            raise Invalid("data.html", "data.html must be a string.")
        raw = json_bytes(data, "data")
        file = spooled()
        file.write(raw)
        file.seek(0)
        return Content(
            self.name, name, File(file), "json", "application/json", {"excerpt": excerpt(data["html"])}
        )

    def downloads(self, version: Version) -> list[Download]:
        return [
            Download("html", "text/html; charset=utf-8", _html_bytes),
            Download("json", "application/json"),
        ]

    def data(self, version: Version) -> tuple[str, Iterator[bytes]]:
        return "application/json", stored_bytes(version)

    def definition(self, version: Version) -> Iterator[bytes]:
        return stored_bytes(version)

    def for_agent(self, version: Version, longest: int) -> tuple[str, bool]:
        """The data, which says what the picture shows; the markup only if it fits besides."""
        value = json.loads(read_text(version))
        data = "Visualized data: " + json.dumps(
            value["visualization_data"], ensure_ascii=False, separators=(",", ":")
        )
        whole = f"{data}\nHTML: {value['html']}"
        if len(whole) <= longest:
            return whole, False
        return data[:longest], True


KIND = VisualizationKind()
