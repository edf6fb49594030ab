"""What every kind of artifact can do."""

import codecs
import json
import math
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from django.core.files import File

from artifacts.models import Version
from artifacts.types import HTML
from artifactsite.lib import blobs
from artifactsite.lib.errors import Invalid
from uploads.extraction.decoding import decode

EXCERPT = 600  # characters
DEEPEST = 200  # values within values
LONGEST_PATH = 200  # characters of one that is told
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


@dataclass
class Content:
    """Validated content on its way into storage; `file` is rewound and closed by whoever stores it."""

    kind: str
    name: str
    file: "File[Any]"
    extension: str
    media_type: str
    preview: dict[str, Any] = field(default_factory=dict)
    table_index: dict[str, Any] | None = None


@dataclass(frozen=True)
class Download:
    """One way of downloading a kind. `body` None: the file as it is stored."""

    format: str
    media_type: str
    body: Callable[[Version], Iterator[bytes]] | None = None


class Kind(Protocol):
    """A kind of artifact."""

    name: str

    def accept(self, name: str, data: Any) -> Content:
        """Validates data from a tool or program. `Invalid` names the path of what is wrong."""

    def downloads(self, version: Version) -> list[Download]:
        """The formats on offer; the first is the default."""

    def data(self, version: Version) -> tuple[str, Iterator[bytes]]:
        """The raw data as (media type, pieces): what Copy copies. Refusal where there is none."""

    def definition(self, version: Version) -> Iterator[bytes]:
        """The data as it stands in the definition, which `accept` takes back: JSON text in pieces, of which memory
        holds one."""

    def for_agent(self, version: Version, longest: int) -> tuple[str, bool]:
        """What a mention gives an agent, at most `longest` characters, and whether that cut anything."""


def spooled() -> IO[bytes]:
    """A temporary file that stays in memory while small."""
    return tempfile.SpooledTemporaryFile(max_size=1024 * 1024)


def read_text(version: Version, longest: int | None = None) -> str:
    """The stored file as text, in whatever encoding it is; at most `longest` bytes of it."""
    with blobs.open_blob(version.file) as file:
        raw = file.read() if longest is None else file.read(longest)
    return text_in(raw, version.media_type)


def text_in(raw: bytes, media_type: str) -> str:
    """Bytes as text. Most are UTF-8; of others it is found out, and what can't be decoded becomes U+FFFD."""
    if b"\0" not in raw:
        with suppress(UnicodeDecodeError):
            return raw.decode("utf-8-sig")
    return decode(raw, is_html=media_type in HTML.values())[0]


def stored_bytes(version: Version) -> Iterator[bytes]:
    """The stored file in pieces."""
    return blobs.read_range(version.file, 0, version.size - 1) if version.size else iter(())


def json_bytes(value: Any, path: str) -> bytes:
    """`value` as JSON in UTF-8. `Invalid` says where in it something is that JSON does not have; `path` is its own."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        where, why = _wrong_in(value, path)
        raise Invalid(where, f"{where} {why}.") from error


def path_to(name: Any, path: str) -> str:
    """The path of a member: `data[3].price`, or `data[3]["unit price"]` where the name is no word."""
    is_plain = isinstance(name, str) and _PLAIN_NAME.fullmatch(name)
    return f"{path}.{name}" if is_plain else f"{path}[{json.dumps(str(name))}]"


def _wrong_in(value: Any, path: str) -> tuple[str, str]:
    """The path of the first value that can't be written as JSON, and why it can't."""
    left = [(value, path, 0)]
    while left:
        value, path, depth = left.pop()
        if why := _why_no_json(value, depth):
            return path[:LONGEST_PATH], why
        inside: list[tuple[Any, str, int]] = []
        if isinstance(value, dict):
            for name, each in value.items():
                if isinstance(name, str) and (why := _why_no_json(name, 0)):
                    return path_to(name, path)[:LONGEST_PATH], f"has a name that {why}"
                inside.append((each, path_to(name, path), depth + 1))
        elif isinstance(value, list | tuple):
            inside = [(each, f"{path}[{number}]", depth + 1) for number, each in enumerate(value)]
        left += reversed(inside)
    return path, "can't be written as JSON"


def _why_no_json(value: Any, depth: int) -> str:
    """Why this value by itself can't be written; empty where it can."""
    if depth > DEEPEST:
        return "is nested too deeply"
    if isinstance(value, str):
        half = next((at for at, sign in enumerate(value) if "\ud800" <= sign <= "\udfff"), None)
        return "" if half is None else f"has an unpaired surrogate at character {half}"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number, which JSON can't say. Send null instead"
    if value is None or isinstance(value, bool | int | float | list | tuple | dict):
        return ""
    return f"is of type {type(value).__name__}, which JSON does not have"


def json_string(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-8 in pieces as one JSON string in pieces. What is not UTF-8 becomes U+FFFD."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    yield b'"'
    for piece in pieces:
        yield json.dumps(decode(piece), ensure_ascii=False)[1:-1].encode()
    yield decode(b"", final=True).encode() + b'"'


def storable(text: str) -> str:
    """Text that a database takes: no NUL, no unpaired surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def is_utf8(pieces: Iterable[bytes]) -> bool:
    """Whether the pieces are UTF-8 text together."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        for piece in pieces:
            decode(piece)
        decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def excerpt(text: str) -> str:
    """The first lines, for cards and rows."""
    return storable(text[:EXCERPT])
