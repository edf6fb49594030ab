"""Bodies of multipart forms, with headers that Django understands.

Django passes over a part, and so a whole file, without a word where its header is not UTF-8, where its name is in a
charset that Python doesn't know, or where nothing is left of the name; and it refuses the whole body for a header of
more than 1,024 bytes, which a long name in Japanese takes, percent-encoded. Such headers are written anew here.
"""

import re
from typing import IO

from django.utils.http import parse_header_parameters

from artifactsite.lib.names import clean_name

_PIECE = 64 * 1024  # bytes
_LONGEST_HEADER = 16 * 1024  # bytes; longer ones are left to Django, which refuses them
_CERTAINLY_SHORT = 512  # bytes
_LONGEST_NAME = 200  # characters, so that any 200 of them fit into a header
_END = b"\r\n\r\n"
_CHARSET = re.compile(r"(?i)(filename\*(?:0\*)?=)[^';]*'")
# A name in an encoding of its own, or one of which nothing is left without its folders.
_UNSURE = re.compile(r'(?i)filename\*|filename="?(?:[^";\r\n]*[/\\])?\s*\.{0,2}\s*"?[ \t]*(?:;|\r\n)')


class ReadableHeaders:
    """A body to read from, as `body` is, but for the headers of its parts."""

    def __init__(self, body: IO[bytes], boundary: bytes) -> None:
        self._body = body
        self._mark = b"--" + boundary
        self._ready = b""
        self._left = b""  # not looked through yet
        self._is_header = self._ended = False

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        while len(self._ready) < size and not self._ended:
            self._look_on()
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece

    def _look_on(self) -> None:
        more = self._body.read(_PIECE)
        self._ended = not more
        data, at, ready = self._left + more, 0, [self._ready]
        while (found := data.find(_END if self._is_header else self._mark, at)) >= 0:
            end = found + len(_END if self._is_header else self._mark)
            ready.append(_mended(data[at:end]) if self._is_header else data[at:end])
            self._is_header, at = not self._is_header, end
        # What may be the beginning of a mark or a header waits for the rest.
        waits = len(data) - at if self._is_header else min(len(data) - at, len(self._mark) - 1)
        if self._ended or waits > _LONGEST_HEADER:
            self._is_header, waits = False, 0
        split = len(data) - waits
        self._left = data[split:]
        self._ready = b"".join([*ready, data[at:split]])


def _mended(header: bytes) -> bytes:
    text = _decoded(header)
    if len(header) > _CERTAINLY_SHORT or _UNSURE.search(text):
        text = "\r\n".join(map(_plain, text.split("\r\n")))
    return text.encode()


def _decoded(header: bytes) -> str:
    """UTF-8, or else what programs of Western Europe write."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return header.decode(encoding)
        except UnicodeDecodeError:
            continue
    return header.decode("latin-1")


def _plain(line: str) -> str:
    """The line of a header; the one that names a file with the name as it is, without folders, not too long."""
    if not line.lower().startswith("content-disposition:"):
        return line
    try:
        _, params = parse_header_parameters(line)
    except ValueError:
        # An unknown charset: most likely the name is in ASCII, or else in UTF-8.
        _, params = parse_header_parameters(_CHARSET.sub(r"\1utf-8'", line))
    if "filename" not in params:
        return line
    name = clean_name(re.split(r"[/\\]", params["filename"])[-1], longest=_LONGEST_NAME)
    # A blank survives Django, and is refused as no name.
    shown = " " if name.strip(".") == "" else name
    return (
        f"Content-Disposition: form-data; name={_quoted(params.get('name', ''))}; filename={_quoted(shown)}"
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
