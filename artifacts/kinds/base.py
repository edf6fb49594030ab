"""What every kind of artifact can do."""

import codecs
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from django.core.files import File

from artifacts.models import Version
from artifactsite.lib import blobs

EXCERPT = 600  # characters
# Above this a definition refuses to carry the data.
LARGEST_DEFINITION = 64 * 1024 * 1024


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
    """The stored file as text; at most `longest` bytes of it. What is not UTF-8 becomes U+FFFD."""
    with blobs.open_blob(version.file) as file:
        raw = file.read() if longest is None else file.read(longest)
    return raw.decode("utf-8-sig", "replace")


def stored_bytes(version: Version) -> Iterator[bytes]:
    """The stored file in pieces."""
    return blobs.read_range(version.file, 0, version.size - 1) if version.size else iter(())


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


def excerpt(text: str) -> str:
    """The first lines, for cards and rows."""
    return storable(text[:EXCERPT])
