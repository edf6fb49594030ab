"""Bytes of unknown encoding → text. Shared by the plain formats (text, CSV, JSON, HTML)."""

from __future__ import annotations

import codecs
import itertools
import re
from pathlib import Path

import chardet

from .protocol import ExtractionError, ExtractionLimits
from .wide import wide_encoding

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
_ASCII = re.compile("[\x00-\x7f]")
_SINGLE_BYTE = re.compile(r"cp(?:125\d|4\d\d|8\d\d|7\d\d)|iso8859-\d+|koi8-\w+|mac-?_?\w+|ptcp154|hp-roman8")
# Tried where the encoding that was found gives odd words, the likeliest first.
_ALTERNATIVES = (
    "cp1252",
    "cp1250",
    "iso8859-2",
    "cp1254",
    "iso8859-15",
    "cp1257",
    "cp1251",
    "koi8-r",
    "cp1253",
)
_ODD_BYTES = 20_000
_ODD_SHARE = 0.15
_WORD = re.compile(r"[^\s\x00-\x26\x28-\x40\x5b-\x60\x7b-\x7f]+")
_SIGN_IN_WORD = re.compile(
    "[^\\W\\d_][\x80-\x9f\u00a1-\u00a6\u00a8\u00a9\u00ac\u00ae-\u00b6\u00b8\u00b9\u00bb-\u00bf\u00d7\u00f7\u02d8-\u02dd\u2020-\u2022\u2500-\u25ff\ufffd]"
    "|[\u00b1-\u00b3\u00b6\u00b9\u00bc-\u00be\u00d7\u00f7\u02d8-\u02dd\u2500-\u25ff\ufffd][^\\W\\d_]"
)
_LATIN = re.compile("[A-Za-z]")
_OTHER_SCRIPT = re.compile("[\u0370-\u1cff]")
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
        if _is_damaged_utf8(data):
            return data.decode("utf-8", "replace"), "utf-8"
    declared = _declared(data) if is_html else None
    if declared:
        return _decoded(data, declared)
    return _decoded(data, _detected(data))


def _by_structure(data: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark show by their NUL bytes, ISO-2022 by its escapes."""
    sample = data[:_SAMPLE_BYTES]
    if wide := wide_encoding(sample):
        return wide
    escape = _ESCAPES.search(sample)
    if escape and sample.isascii():
        return "iso2022_kr" if escape[1] == b"$)C" else "iso2022_jp_2"
    return None


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 but for a few: in no other encoding do letters form its sequences by chance."""
    text = data[:_SAMPLE_BYTES].decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return 10 * bad <= len(text) - bad - len(_ASCII.findall(text))


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

    An encoding of the web of today is preferred to an older one that fits only a little better. What has one byte a
    character must also give words as people write them: chardet takes French for Russian, and ISO 8859-2 for cp1250.
    """
    sample = data[:_SAMPLE_BYTES]
    found = chardet.detect(sample, encoding_era=chardet.EncodingEra.MODERN_WEB)
    if found["confidence"] * _CLEARLY_BETTER < 1:  # else nothing can be clearly better
        older = chardet.detect(sample, encoding_era=_OLDER_ERAS, exclude_encodings=_NEVER_MEANT)
        if older["confidence"] > found["confidence"] * _CLEARLY_BETTER:
            found = older
    name = found.get("encoding") or "cp1252"
    try:
        name = _SUPERSETS.get(name.lower()) or codecs.lookup(name).name
    except LookupError:
        name = "cp1252"
    return _likelier(sample, name) if _SINGLE_BYTE.fullmatch(name) else name


def _likelier(sample: bytes, name: str) -> str:
    """The encoding, or another of one byte a character that gives clearly fewer odd words."""
    start = sample[:_ODD_BYTES]
    odd, words = _odd_words(start, name)
    if odd <= _ODD_SHARE * words:
        return name
    scores = {other: _odd_words(start, other)[0] for other in _ALTERNATIVES if other != name}
    best = min(scores, key=scores.__getitem__)
    return best if scores[best] * 2 <= odd else name


def _odd_words(sample: bytes, name: str) -> tuple[int, int]:
    """How many words nobody writes so, of how many with any letter beyond ASCII.

    Odd are words of two scripts, with a sign between their letters, or with a capital behind a small letter.
    """
    words = [word for word in _WORD.findall(sample.decode(name, "replace")) if not word.isascii()]
    return sum(map(_is_odd, words)), len(words)


def _is_odd(word: str) -> bool:
    if _SIGN_IN_WORD.search(word) or (_LATIN.search(word) and _OTHER_SCRIPT.search(word)):
        return True
    return any(first.islower() and second.isupper() for first, second in itertools.pairwise(word))


def _decoded(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding, "replace"), encoding
    except (LookupError, ValueError):  # a codec that is no text encoding, or that gives up
        return data.decode("cp1252", "replace"), "cp1252"
