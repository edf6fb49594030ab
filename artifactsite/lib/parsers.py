"""Request bodies, read strictly: what Python's parser lets through but JSON or a database does not is refused."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from artifactsite.lib.multipart import ReadableHeaders

__all__ = ["MultiPartParser", "StrictJSONParser", "parse_json", "parse_json_array"]

_PIECE = 64 * 1024  # bytes
_LONGEST_VALUE = 16 * 1024 * 1024  # characters
_SPACE = re.compile(r"[ \t\n\r]*")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8. ValueError says what is wrong with it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from error
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if "\\ud" in text.lower():
        # An unpaired surrogate escape is syntax that no encoder can write back.
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError("an unpaired surrogate in a string") from error
    return value


class _Window:
    """A file's text from where one has got to, read on as it is asked for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._scan = json.JSONDecoder(parse_constant=_no_constant).raw_decode
        self._text, self._at, self._ended = "", 0, False

    def _read_on(self) -> None:
        left = self._text[self._at :]
        # As much again as is there: what is parsed anew because it was cut is parsed in linear time altogether.
        piece = self._file.read(max(_PIECE, len(left)))
        self._ended = not piece
        try:
            self._text, self._at = left + self._decode(piece, final=self._ended), 0
        except UnicodeDecodeError as error:
            raise ValueError("not UTF-8") from error

    def sign(self) -> str:
        """The next character that is no white space, without passing it; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def past(self) -> None:
        """Passes the sign."""
        self._at += 1

    def value(self) -> Any:
        """The value that begins here. ValueError where it is none, or too long to be held."""
        while True:
            try:
                found, end = self._scan(self._text, self._at)
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
            except json.JSONDecodeError as error:
                if self._ended:
                    raise ValueError(error.msg) from error
                if len(self._text) - self._at > _LONGEST_VALUE:
                    raise ValueError(
                        f"no value, or one of more than {_LONGEST_VALUE:,} characters"
                    ) from error
            else:
                # A number may be cut behind its point or exponent, where its beginning is one as well.
                if end + 2 < len(self._text) or self._ended:
                    self._at = end
                    return found
            self._read_on()


def parse_json_array(file: IO[bytes]) -> Iterator[Any]:
    """The values of a JSON array in UTF-8, each parsed when it is asked for: memory holds one, not all.

    ValueError says what is wrong, and in which value.
    """
    window = _Window(file)
    if window.sign() != "[":
        raise ValueError("it does not begin with [")
    window.past()
    number = 0
    while number or window.sign() != "]":
        window.sign()
        try:
            value = window.value()
        except ValueError as error:
            raise ValueError(f"[{number}]: {error}") from error
        yield value
        number += 1
        if (sign := window.sign()) == "]":
            break
        if sign != ",":
            raise ValueError(f"[{number - 1}]: neither , nor ] follows")
        window.past()
    window.past()
    if window.sign():
        raise ValueError("something follows the closing ]")


class StrictJSONParser(BaseParser):
    """JSON bodies up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        try:
            return parse_json(raw)
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}.", code="malformed_json") from error


class MultiPartParser(parsers.MultiPartParser):
    """Forms with files, none of which is passed over for its name."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _, params = parse_header_parameters(media_type or "")
        body = ReadableHeaders(stream, params.get("boundary", "").encode())
        return super().parse(cast(IO[bytes], body), media_type, parser_context)
