"""What a tool delivers, one function for each kind of artifact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Output:
    """An artifact on its way: what travels as JSON, and the file or bytes that travel beside it."""

    item: dict[str, Any]
    content: Path | bytes | None = field(default=None, repr=False)


def text(name: str, data: str) -> Output:
    return Output({"name": name, "type": "text", "data": data})


def table(name: str, rows: Sequence[dict[str, Any]]) -> Output:
    return Output({"name": name, "type": "table", "data": list(rows)})


def visualization(name: str, html: str, data: Any = None) -> Output:
    return Output({"name": name, "type": "visualization", "data": {"html": html, "visualization_data": data}})


def file(content: str | Path | bytes, name: str = "", media_type: str = "") -> Output:
    """A file by its path, streamed from there, or by its bytes with a name."""
    source = content if isinstance(content, bytes) else Path(content)
    label = name or (source.name if isinstance(source, Path) else "")
    if not label:
        raise ValueError("bytes need a name")
    item: dict[str, Any] = {"name": label, "type": "file"}
    return Output(item | ({"media_type": media_type} if media_type else {}), source)
