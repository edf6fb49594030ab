"""File artifacts: any bytes, as they came."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import IO, Any, BinaryIO, cast

import imagesize
from django.core.files import File
from django.core.files.base import ContentFile

from artifacts.kinds.base import (
    Content,
    Download,
    excerpt,
    is_utf8,
    json_string,
    read_text,
    stored_bytes,
    text_in,
)
from artifacts.models import Kind as KindName
from artifacts.models import Version
from artifacts.types import is_textual, media_type_of
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.names import extension_of
from uploads.extraction.sniff import sniff

UNKNOWN = "application/octet-stream"
LARGEST_DECODED = 32 * 1024 * 1024  # bytes of a text that is given in UTF-8, whatever it is in
_MEASURED = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


def _preview(file: IO[bytes], media_type: str) -> dict[str, Any]:
    """Dimensions of an image out of its header; the first lines of text."""
    file.seek(0)
    if media_type in _MEASURED:
        try:
            width, height = imagesize.get(file)
        except Exception:  # noqa: BLE001 - a broken header of any format: simply no dimensions
            width = height = -1
        file.seek(0)
        return {"width": width, "height": height} if 0 < width < 2**31 and 0 < height < 2**31 else {}
    if is_textual(media_type):
        head = file.read(4096)
        file.seek(0)
        return {"excerpt": excerpt(text_in(head, media_type))}
    return {}


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces together as base64, which takes three bytes at a time."""
    left = b""
    for piece in pieces:
        whole = left + piece
        cut = len(whole) - len(whole) % 3
        yield base64.b64encode(whole[:cut])
        left = whole[cut:]
    yield base64.b64encode(left)


class FileKind:
    name: str = KindName.FILE

    def accept(self, name: str, data: Any) -> Content:
        """`data` is a base64 string."""
        if not isinstance(data, str):
            raise Invalid("content_base64", "content_base64 must be a string.")
        try:
            raw = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("content_base64", "content_base64 is not valid base64.") from error
        return self.from_file(name, ContentFile(raw))

    def from_file(self, name: str, file: "File[Any]", media_type: str = "") -> Content:
        """From an open file. A tool's own `media_type` counts only where name and bytes say nothing."""
        known = media_type_of(name)
        if known is None:
            sniffed = sniff(cast(BinaryIO, file), name)
            file.seek(0)
            known = sniffed
        if known == UNKNOWN:
            known = media_type or UNKNOWN
        return Content(self.name, name, file, extension_of(name), known, _preview(file, known))

    def downloads(self, version: Version) -> list[Download]:
        return [Download("file", version.media_type)]

    def data(self, version: Version) -> tuple[str, Iterator[bytes]]:
        if not is_textual(version.media_type):
            raise Refusal("not_textual", "This file is not text. Download it instead.", status=400)
        stored = stored_bytes(version)
        if version.size <= LARGEST_DECODED and not is_utf8(stored_bytes(version)):
            stored = iter((read_text(version).encode("utf-8", "replace"),))
        return "text/plain; charset=utf-8", stored

    def definition(self, version: Version) -> Iterator[bytes]:
        """Text as it is, all else as base64."""
        if is_textual(version.media_type) and is_utf8(stored_bytes(version)):
            yield from json_string(stored_bytes(version))
            return
        raw = stored_bytes(version)  # opened before anything has left
        yield b'{"encoding": "base64", "content": "'
        yield from _base64(raw)
        yield b'"}'

    def for_agent(self, version: Version, longest: int) -> tuple[str, bool]:
        if is_textual(version.media_type):
            text = read_text(version, longest * 4)
            return text[:longest], version.size > longest * 4 or len(text) > longest
        facts = f"A file of type {version.media_type}, {version.size} bytes."
        if "width" in version.preview:
            facts += f" An image of {version.preview['width']} × {version.preview['height']} pixels."
        return facts, False


KIND = FileKind()
