"""Which module reads which media type.

A new format is one file with an `extract` function and one line here (and, for uploads, one in
`sniff.EXTENSIONS`).
"""

from __future__ import annotations

import importlib
from types import ModuleType

from .protocol import ExtractionError

_HERE = __package__

EXTRACTORS: dict[str, str] = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.ms-excel": "xls",
    "application/rtf": "rtf",
    "application/json": "json",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "text",
    "text/plain": "text",
    "image/bmp": "image",
    "image/gif": "image",
    "image/jpeg": "image",
    "image/png": "image",
}
"""Media type → name of the module in this package that reads it."""

WITH_FALLBACK = frozenset(
    {
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "text/html",
    }
)
"""Media types whose module has a `fallback` beside `extract`."""


def is_supported(media_type: str) -> bool:
    """Whether some extractor reads `media_type`."""
    return media_type in EXTRACTORS


def load(media_type: str) -> ModuleType:
    """The extractor module of `media_type`, imported at the first use.

    Raises `ExtractionError("unsupported")` for a type that nothing here reads.
    """
    name = EXTRACTORS.get(media_type)
    if name is None:
        raise ExtractionError("unsupported", f"no extractor for {media_type}")
    return importlib.import_module(f"{_HERE}.{name}")
