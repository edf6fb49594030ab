"""Plain text and Markdown: decoded and passed on as they are."""

from __future__ import annotations

from . import decoding, marks
from .protocol import Extracted, ExtractionLimits, Progress, Source

_LEFT_OUT = "The file is longer than what can be read: its end is left out."

warm = decoding.warm


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The decoded text with `\\n` as the only line break."""
    data, whole = decoding.read_bounded(source.path, limits)
    text, encoding = decoding.decode(data)
    text = marks.escape(text.replace("\r\n", "\n").replace("\r", "\n"))
    truncated = not whole or len(text) > limits.max_characters
    progress(1, 1)
    return Extracted(
        text=text[: limits.max_characters],
        truncated=truncated,
        engine="text",
        warnings=[_LEFT_OUT] if truncated else [],
        details={"encoding": encoding, "lines": text.count("\n") + 1},
    )
