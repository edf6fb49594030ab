"""Bytes of unknown encoding → text. Shared by the plain formats (text, CSV, JSON, HTML)."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import chardet

from .protocol import ExtractionError, ExtractionLimits

_SAMPLE_BYTES = 200_000
_MAX_BYTES_PER_CHARACTER = 4

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ESCAPES = re.compile(rb"\x1b(\$\)C|\$[@B]|\([JI]|\$\(D)")
_HTML_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,500}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_HTML_CHARSET_WITHIN = 4_096
# Text of mainframes doesn't reach a web site, and these two are taken for Czech and Hebrew.
_OLDER_ERAS = chardet.EncodingEra.ALL & ~(chardet.EncodingEra.MAINFRAME | chardet.EncodingEra.MODERN_WEB)
_NEVER_MEANT = ("cp1006", "kz1048")
_CLEARLY_BETTER = 1.3
# What the web calls these encodings is decoded with their larger relatives.
_SUPERSETS = {
    "iso-8859-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "shift_jis": "cp932", "x-sjis": "cp932",
    "iso-8859-9": "cp1254", "tis-620": "cp874", "iso-8859-11": "cp874",
}  # fmt: skip


def warm() -> None:
    """Have chardet load its tables, which takes 0.1 s, once in the server and not in each child."""
    _detected("déjà vu".encode("cp1252") * 20)


def read_bounded(path: Path, limits: ExtractionLimits) -> tuple[bytes, bool]:
    """The file's bytes, as many as could ever become `max_characters`, and whether that is all of them.

    Raises `ExtractionError("empty")` for a file without content.
    """
    bound = min(limits.max_characters * _MAX_BYTES_PER_CHARACTER, limits.max_part_bytes)
    with path.open("rb") as file:
        data = file.read(bound + 1)
    if not data.strip():
        raise ExtractionError("empty")
    return data[:bound], len(data) <= bound


def decode(data: bytes, *, is_html: bool = False) -> tuple[str, str]:
    """`data` as text and the name of the encoding. Never fails: what can't be decoded becomes U+FFFD."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    if structural := _by_structure(data):
        return _decoded(data, structural)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        # One character cut by our own bound is no reason to doubt the rest.
        if error.reason == "unexpected end of data" and error.start > 0:
            return data[: error.start].decode("utf-8"), "utf-8"
    declared = _declared(data) if is_html else None
    if declared:
        return _decoded(data, declared)
    return _decoded(data, _detected(data))


def _by_structure(data: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark show by their NUL bytes, ISO-2022 by its escapes."""
    sample = data[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        quarter = max(1, len(sample) // 4)
        empty = [sample[start::4].count(0) / quarter for start in range(4)]
        if min(empty[1:]) > 0.6 and empty[0] < 0.4:
            return "utf-32-le"
        if min(empty[:3]) > 0.6 and empty[3] < 0.4:
            return "utf-32-be"
        even, odd = (empty[0] + empty[2]) / 2, (empty[1] + empty[3]) / 2
        if odd > 0.2 and even < 0.1:
            return "utf-16-le"
        if even > 0.2 and odd < 0.1:
            return "utf-16-be"
    escape = _ESCAPES.search(sample)
    if escape and sample.isascii():
        return "iso2022_kr" if escape[1] == b"$)C" else "iso2022_jp_2"
    return None


def _declared(data: bytes) -> str | None:
    """The encoding that an HTML page names in its head, where Python knows it and the bytes agree."""
    found = _HTML_CHARSET.search(data[:_HTML_CHARSET_WITHIN])
    if not found:
        return None
    name = found[1].decode("ascii", "replace").lower()
    if name.startswith(("utf-8", "utf8", "utf-16")):
        return None  # the bytes were already seen not to be that
    try:
        return _SUPERSETS.get(name) or codecs.lookup(name).name
    except LookupError:
        return None


def _detected(data: bytes) -> str:
    """The encoding by chardet's statistics over the first part of the file.

    An encoding of the web of today is preferred to an older one that fits only a little better.
    """
    sample = data[:_SAMPLE_BYTES]
    found = chardet.detect(sample, encoding_era=chardet.EncodingEra.MODERN_WEB)
    older = chardet.detect(sample, encoding_era=_OLDER_ERAS, exclude_encodings=_NEVER_MEANT)
    if older["confidence"] > found["confidence"] * _CLEARLY_BETTER:
        found = older
    name = found.get("encoding") or "cp1252"
    try:
        return _SUPERSETS.get(name.lower()) or codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def _decoded(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding, "replace"), encoding
    except (LookupError, ValueError):  # a codec that is no text encoding, or that gives up
        return data.decode("cp1252", "replace"), "cp1252"
