"""What is left of a PDF whose end is missing: its table of objects and its list of pages stood there.

Pages are known by their own words. They get a new list, which goes behind the bytes that are there, for pdfium to
find its way by.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice

from .protocol import ExtractionLimits

_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,9})[ \t\r\n]{1,9}[0-9]{1,5}[ \t\r\n]{1,9}obj\b")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_PACKED = re.compile(rb"/Type\s*/ObjStm\b")
_ENCRYPTION = re.compile(rb"/Filter\s*/Standard\b")
_COUNT, _FIRST = re.compile(rb"/N\s+(\d+)"), re.compile(rb"/First\s+(\d+)")
_STREAM = re.compile(rb"\bstream\r?\n")
_MAX_DICTIONARY = 20_000  # bytes of an object in which its kind is looked for
_MAX_OBJECTS = 500_000
_MAX_PACKED = 10_000  # objects in one stream; writers put in 100 to 200
_MAX_STREAMS = 1_000  # of packed objects
_MAX_STREAM = 1_000_000  # bytes of one


def mended(data: bytes, limits: ExtractionLimits) -> bytes | None:
    """The file with a list of the pages that are found in it, in their order there; None where there are none.

    Nor is anything made of an encrypted one: what was needed to decrypt it stood at its end.
    """
    matches = list(islice(_OBJECT.finditer(data), _MAX_OBJECTS))
    ends = [*(match.start() for match in matches[1:]), len(data)]
    found = [(int(match[1]), match.end(), end) for match, end in zip(matches, ends, strict=True)]
    pages: list[int] = []
    unpacked: list[bytes] = []
    room, streams = limits.max_inflated_bytes // 4, 0
    for number, start, end in found:
        head = _dictionary(data[start : min(end, start + _MAX_DICTIONARY)])
        if _ENCRYPTION.search(head):
            return None
        if _PAGE.search(head):
            pages.append(number)
        elif streams < _MAX_STREAMS and _PACKED.search(head):
            streams += 1
            for inner, body in _objects_in(data, start, head, room):
                room -= len(body)
                unpacked.append(b"%d 0 obj\n%s\nendobj\n" % (inner, body))
                if _PAGE.search(body):
                    pages.append(inner)
    if not pages:
        return None
    kids = b" ".join(b"%d 0 R" % page for page in dict.fromkeys(pages))
    new = 1 + max(number for number, _, _ in found)
    return b"".join(
        [
            data,
            _end_of_last_object(data),
            *unpacked,
            b"%d 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (new, len(set(pages)), kids),
            b"%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (new + 1, new),
            b"trailer\n<</Root %d 0 R/Size %d>>\n%%%%EOF\n" % (new + 1, new + 2),
        ]
    )


def _dictionary(head: bytes) -> bytes:
    """An object's bytes up to its end or its stream."""
    ends = [place for word in (b"endobj", b"stream") if (place := head.find(word)) >= 0]
    return head[: min(ends)] if ends else head


def _end_of_last_object(data: bytes) -> bytes:
    """What ends the object in which the file breaks off, as far as it is one."""
    last = data.rfind(b" obj")
    if data.find(b"endobj", last) >= 0:
        return b"\n"
    is_stream = _STREAM.search(data, last) and data.find(b"endstream", last) < 0
    return b"\nendstream\nendobj\n" if is_stream else b"\nendobj\n"


def _objects_in(data: bytes, start: int, head: bytes, room: int) -> Iterator[tuple[int, bytes]]:
    """The objects that are packed into one stream: their numbers and bytes, `room` at most; none if it is damaged."""
    count, first, stream = _COUNT.search(head), _FIRST.search(head), _STREAM.match(data, start + len(head))
    if not (count and first and stream) or b"/FlateDecode" not in head or room <= 0:
        return
    last = stream.end() + _MAX_STREAM
    end = data.find(b"endstream", stream.end(), last)
    try:
        content = zlib.decompressobj().decompress(data[stream.end() : end if end >= 0 else last], room)
    except zlib.error:
        return
    numbers = content[: int(first[1])].split()[: 2 * min(int(count[1]), _MAX_PACKED)]
    well_formed = all(number.isdigit() and len(number) < 10 for number in numbers)
    if not numbers or len(numbers) % 2 or not well_formed:
        return
    places = [int(first[1]) + int(place) for place in numbers[1::2]]
    for number, place, end in zip(numbers[::2], places, [*places[1:], len(content)], strict=True):
        yield int(number), content[place:end]
