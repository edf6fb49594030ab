"""What goes into an extractor and what comes out: limits, source, result, errors.

Every other module of the package builds on this one; it imports only the standard library.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[int, int], None]
"""`progress(done, total)`: how many of the document's parts (pages, slides, sheets, bytes) are read."""

MESSAGES: dict[str, str] = {
    "password_protected": "This file is protected by a password. Remove the password and upload it again.",
    "empty": "This file is empty. Check the original and upload it again.",
    "corrupt": "This file is damaged and could not be read. Open it in its own program, save it again"
    " and upload the new copy.",
    "unsupported": "This kind of file can't be read. Save it in a supported format, for example PDF or DOCX,"
    " and upload that.",
    "too_large": "This file holds more than can be read. Split it into smaller files and upload those.",
    "timed_out": "Reading this file took too long and was stopped. Split it into smaller files, or save it"
    " again in a simpler form, and upload that.",
    "out_of_memory": "Reading this file needed too much memory and was stopped. Split it into smaller files,"
    " or save it again in a simpler form, and upload that.",
    "crashed": "The program that reads this kind of file failed on it. Open the file in its own program,"
    " save it again and upload the new copy.",
    "missing": "The stored file could not be opened. Upload it again.",
    "unavailable": "Reading files is not possible at the moment. Try again in a minute.",
}
"""Code of an `ExtractionError` → the sentence for the user: what was wrong and what to do."""

_RETRYABLE = {"unavailable", "timed_out", "crashed", "out_of_memory", "missing"}

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class ExtractionError(Exception):
    """A document that gives no text, with a stable `code` and a sentence that tells the user what to do.

    `code` is a key of `MESSAGES`. `detail` says more for a log or an expert and may be empty.
    `retry` tells whether trying the same bytes again could end differently. The pool fills in what the attempt
    cost: `cpu_seconds`, `peak_bytes`.
    """

    def __init__(self, code: str, detail: str = "", retry: bool | None = None) -> None:
        super().__init__(code, detail, retry)
        self.code = code
        self.detail = detail
        self.retry = code in _RETRYABLE if retry is None else retry
        self.cpu_seconds = 0.0
        self.peak_bytes = 0

    @property
    def message(self) -> str:
        """The sentence for the user; `detail` stays out of it."""
        return MESSAGES.get(self.code, MESSAGES["corrupt"])

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """How much one document may cost. Sizes in bytes, times in seconds.

    `memory_bytes` bounds the child's address space (libraries included) and `data_bytes` what it may
    allocate on top of the warm parent; the kernel enforces both. Past `cpu_seconds` the kernel kills the
    child, past `wall_seconds` the server does; extractors that go page by page stop by themselves at
    `soft_share` of either and hand over what they have.
    """

    memory_bytes: int = 1_250_000_000
    data_bytes: int = 420_000_000
    cpu_seconds: int = 30
    wall_seconds: float = 45.0
    soft_share: float = 0.7
    max_characters: int = 20_000_000
    max_pages: int = 5_000
    max_ocr_pages: int = 20
    max_pixels: int = 25_000_000
    max_rows: int = 100_000
    max_cells: int = 1_000_000
    max_members: int = 20_000
    max_part_bytes: int = 64_000_000
    max_inflated_bytes: int = 256_000_000
    ocr_languages: str = "eng"

    def to_json(self) -> dict[str, Any]:
        """The limits as a JSON object, for the way to the server."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ExtractionLimits:
        """The limits that `to_json` wrote; names that this version doesn't know are left out."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


@dataclass(frozen=True, slots=True)
class Source:
    """The document: where its bytes lie, the name the user gave it, its sniffed media type."""

    path: Path
    filename: str
    media_type: str


@dataclass(slots=True)
class Extracted:
    """The text of one document as Markdown with marks (see `marks`), safe to store in PostgreSQL.

    `parts`: number of pages, slides, sheets or frames; 1 where the format has none.
    `truncated`: the document holds more than `text` does; `warnings` then says what is missing.
    `details`: what else was found, in JSON types: `metadata`, `width`, `height`, `attachments`, `outline` …
    `seconds` (wall clock), `cpu_seconds` and `peak_bytes` (memory, with the warm parent's share) are filled in
    by the pool.
    """

    text: str
    parts: int = 1
    truncated: bool = False
    engine: str = ""
    warnings: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a document as a WebP file, its size in pixels, and how many pages the document has."""

    data: bytes
    width: int
    height: int
    pages: int


class Extractor(Protocol):
    """A module with this function is an extractor.

    It may also have `fallback`, of the same shape, tried in a fresh process after `extract` crashed, ran out
    of memory or raised `corrupt` (list the type in `registry.WITH_FALLBACK`), and `warm()`, which the server
    calls before each fork to prepare what every document needs.
    """

    def extract(self, source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
        """The document's text. Raises `ExtractionError`; anything else counts as `corrupt`."""
        ...


_LOOK_EVERY_SECONDS = 0.05


class Budget:
    """Tells an extractor when to stop by itself, before the kernel or the server stops it."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._cpu_end = time.process_time() + limits.cpu_seconds * limits.soft_share
        self._wall_end = time.monotonic() + limits.wall_seconds * limits.soft_share
        self._look_again = 0.0
        self._spent = False

    def spent(self) -> bool:
        """Whether the soft share of CPU or wall-clock time is used up; cheap enough to ask for each row."""
        now = time.monotonic()
        if now >= self._look_again and not self._spent:
            # The kernel is asked for the CPU time, which costs more than reading a row.
            self._look_again = now + _LOOK_EVERY_SECONDS
            self._spent = now > self._wall_end or time.process_time() > self._cpu_end
        return self._spent


class TextBuilder:
    """Collects pieces of text up to `limits.max_characters`, then remembers that something was left out."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._pieces: list[str] = []
        self._room = limits.max_characters
        self.full = False

    def add(self, piece: str) -> bool:
        """Append `piece`; False when it did not fit whole, so that the caller can stop."""
        if len(piece) > self._room:
            piece = piece[: self._room]
            self.full = True
        self._pieces.append(piece)
        self._room -= len(piece)
        return not self.full

    def text(self) -> str:
        """Everything added so far."""
        return "".join(self._pieces)


def storable(text: str) -> str:
    """`text` without what PostgreSQL refuses: NUL and lone surrogates become U+FFFD, pairs are joined."""
    if _UNSTORABLE.search(text) is None:
        return text
    joined = _SURROGATE_PAIR.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    return _UNSTORABLE.sub("\ufffd", joined)


def storable_tree(value: Any) -> Any:
    """A JSON value with every string in it made `storable`."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): storable_tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_tree(item) for item in value]
    return value
