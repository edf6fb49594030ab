"""Text artifacts: a string."""

from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile

from artifacts.kinds.base import Content, Download, excerpt, json_string, read_text, stored_bytes
from artifacts.models import Kind as KindName
from artifacts.models import Version
from artifacts.types import is_textual, media_type_of
from artifactsite.lib.errors import Invalid
from artifactsite.lib.names import extension_of


class TextKind:
    name: str = KindName.TEXT

    def accept(self, name: str, data: Any) -> Content:
        if not isinstance(data, str):
            raise Invalid("data", "data must be a string for an artifact of type text.")
        try:
            raw = data.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Invalid("data", f"data has an unpaired surrogate at character {error.start}.") from error
        extension = extension_of(name)
        media_type = media_type_of(name) or "text/plain"
        if not is_textual(media_type):
            extension, media_type = "txt", "text/plain"
        return Content(
            self.name, name, ContentFile(raw), extension or "txt", media_type, {"excerpt": excerpt(data)}
        )

    def downloads(self, version: Version) -> list[Download]:
        return [Download("txt", "text/plain; charset=utf-8"), Download("md", "text/markdown; charset=utf-8")]

    def data(self, version: Version) -> tuple[str, Iterator[bytes]]:
        return "text/plain; charset=utf-8", stored_bytes(version)

    def definition(self, version: Version) -> Iterator[bytes]:
        # All of it, a byte order mark too: what goes back through tool-results is the same text.
        return json_string(stored_bytes(version))

    def for_agent(self, version: Version, longest: int) -> tuple[str, bool]:
        text = read_text(version, longest * 4)
        return text[:longest], version.size > longest * 4 or len(text) > longest


KIND = TextKind()
