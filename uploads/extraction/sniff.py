"""What a file is, by its bytes: a bounded look that is safe in the web process.

Only the standard library, no inflating, no recursion; at most about 0.5 MB is read, whatever the file's size.
ZIP packages are told apart by their member names, OLE files by their stream names, the rest by signatures;
what is left is text if it looks like text. The file's extension decides only between formats that are all
text (CSV, JSON, HTML, Markdown, plain).
"""

from __future__ import annotations

import codecs
import io
import os
import re
import struct
from pathlib import PurePath
from typing import BinaryIO

from .wide import wide_encoding

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPT = "application/vnd.ms-powerpoint"
XLS = "application/vnd.ms-excel"
DOC = "application/msword"
RTF = "application/rtf"
JSON = "application/json"
CSV = "text/csv"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
EMPTY = "application/x-empty"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
BINARY = "application/octet-stream"

EXTENSIONS: dict[str, str] = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".txt": TEXT,
    ".json": JSON,
    ".csv": CSV,
    ".xls": XLS,
    ".xlsx": XLSX,
    ".ppt": PPT,
    ".pptx": PPTX,
    ".htm": HTML,
    ".html": HTML,
    ".rtf": RTF,
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".bmp": "image/bmp",
}
"""The extensions that an upload may have → their media type."""

_HEAD_BYTES = 65_536
_TAIL_BYTES = 65_557  # an end-of-central-directory record with the longest comment that it may have
_DIRECTORY_BYTES = 262_144
_MAX_MEMBERS = 2_000
_MAX_OLE_SECTORS = 64

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-executable"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"%!PS", "application/postscript"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    # Excel before OLE: a bare stream that opens with a beginning-of-file record of BIFF 2, 3, 4, 5 or 8.
    (b"\x09\x00\x04\x00", XLS),
    (b"\x09\x02\x06\x00", XLS),
    (b"\x09\x04\x06\x00", XLS),
    (b"\x09\x08\x08\x00", XLS),
    (b"\x09\x08\x10\x00", XLS),
)
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BITMAP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}

_HTML_OPENING = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*){0,5}"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|table|div)\b",
    re.IGNORECASE | re.DOTALL,
)
_JSON_OPENING = re.compile(rb'\s*[\[{]\s*(?:["\[{\]}\d-]|true\b|false\b|null\b)')
_PLAIN_EXTENSIONS = {".txt", ".md", ".markdown", ".csv", ".tsv"}
_CONTROLS = bytes(code for code in range(32) if code not in (7, 8, 9, 10, 11, 12, 13, 27))
_MAX_CONTROL_SHARE = 0.05
_STRAY_NULS = 2  # forgiven in any text


def extension_of(filename: str) -> str:
    """The extension of `filename` in lower case with its dot, or an empty string."""
    return PurePath(filename.rstrip(". ")).suffix.lower()


def sniff(file: BinaryIO | bytes, filename: str = "") -> str:
    """The media type of a seekable binary file (or of bytes), whatever its name says.

    Of a file that is nothing known: `application/octet-stream`; of none at all: `application/x-empty`.
    The file's position is the same afterwards. Raises nothing but what reading the file raises.
    """
    if isinstance(file, (bytes, bytearray, memoryview)):
        file = io.BytesIO(file)
    position = file.tell()
    try:
        return _sniff(file, extension_of(filename))
    finally:
        file.seek(position)


def is_acceptable(media_type: str, filename: str) -> bool:
    """Whether a file that `sniff` found to be of `media_type` may be uploaded under `filename`.

    The extension must be an accepted one and the bytes must be of some accepted type; they need not be the
    same, since the bytes decide how the file is read. Only a picture's name promises a picture.
    """
    promised = EXTENSIONS.get(extension_of(filename))
    if promised is None or media_type not in _ACCEPTED:
        return False
    return media_type.startswith("image/") or not promised.startswith("image/")


_ACCEPTED = frozenset(EXTENSIONS.values()) | {MARKDOWN}


def _sniff(file: BinaryIO, extension: str) -> str:
    size = file.seek(0, os.SEEK_END)
    head = _read_at(file, 0, _HEAD_BYTES)
    if not head:
        return EMPTY
    if head.startswith(_OLE_SIGNATURE):
        return _sniff_ole(file, head, size, extension)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")):
        return _sniff_zip(file, head, size)
    if b"%PDF-" in head[:1024]:
        return PDF
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if _is_bitmap(head):
        return "image/bmp"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"{\\rt"):
        return RTF
    return _sniff_text(head, extension)


def _read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Up to `count` bytes from `offset`; fewer or none where the file ends."""
    if offset < 0:
        return b""
    file.seek(offset)
    return file.read(count)


def _is_bitmap(head: bytes) -> bool:
    """Whether `head` opens a Windows bitmap: `BM` alone also opens many a text."""
    return (
        head.startswith(b"BM")
        and len(head) >= 26
        and struct.unpack_from("<I", head, 14)[0] in _BITMAP_HEADER_SIZES
    )


# --- ZIP packages


def _sniff_zip(file: BinaryIO, head: bytes, size: int) -> str:
    names = _central_names(file, size) or _local_names(file, head, size)
    for folder, media_type in (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX)):
        if any(name.startswith(folder) for name in names):
            return media_type
    return ZIP


def _central_names(file: BinaryIO, size: int) -> list[str]:
    """Member names by the central directory, or none where it is missing or damaged."""
    tail_start = max(0, size - _TAIL_BYTES)
    tail = _read_at(file, tail_start, _TAIL_BYTES)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        return []
    length = struct.unpack_from("<I", tail, end + 12)[0]
    # Counted back from its end, the directory is also found behind bytes put before the archive.
    directory = _read_at(file, tail_start + end - length, min(length, _DIRECTORY_BYTES))
    names: list[str] = []
    offset = 0
    while len(names) < _MAX_MEMBERS and directory[offset : offset + 4] == b"PK\x01\x02":
        if offset + 46 > len(directory):
            break
        name, extra, comment = struct.unpack_from("<HHH", directory, offset + 28)
        names.append(_member_name(directory[offset + 46 : offset + 46 + name]))
        offset += 46 + name + extra + comment
    return names


def _local_names(file: BinaryIO, head: bytes, size: int) -> list[str]:
    """Member names by the headers before each member: what is left of an archive that was cut."""
    names = [_local_name(head, found.start()) for found in re.finditer(rb"PK\x03\x04", head)]
    offset = 0
    while len(names) < _MAX_MEMBERS and offset < size:
        header = _read_at(file, offset, 330)
        if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
            break
        names.append(_local_name(header, 0))
        packed, _, name, extra = struct.unpack_from("<IIHH", header, 18)
        if not packed:  # the size stands behind the data: nothing to jump by
            break
        offset += 30 + name + extra + packed
    return names


def _local_name(data: bytes, offset: int) -> str:
    """The name in the local header at `offset`, or an empty string where it is cut off."""
    if offset + 30 > len(data):
        return ""
    length = struct.unpack_from("<H", data, offset + 26)[0]
    return _member_name(data[offset + 30 : offset + 30 + length])


def _member_name(raw: bytes) -> str:
    return raw[:260].decode("utf-8", "replace").replace("\\", "/").lstrip("/").lower()


# --- OLE files


def _sniff_ole(file: BinaryIO, head: bytes, size: int, extension: str) -> str:
    names = _ole_names(file, head) or _ole_names_anywhere(file, size)
    if "encryptedpackage" in names:
        # A locked Office file of the newer kind: what is inside can't be seen, so its name may say.
        promised = EXTENSIONS.get(extension)
        return promised if promised in (DOCX, PPTX, XLSX) else DOCX
    for wanted, media_type in (
        ({"powerpoint document", "pp97_dualstorage", "pp40"}, PPT),
        ({"worddocument"}, DOC),
        ({"workbook", "book"}, XLS),
    ):
        if names & wanted:
            return media_type
    return OLE


def _ole_names(file: BinaryIO, head: bytes) -> set[str]:
    """Names at the top level of the file, read along the directory's chain of sectors.

    What lies deeper belongs to documents that are embedded in this one.
    """
    if len(head) < 512:
        return set()
    shift = struct.unpack_from("<H", head, 30)[0]
    if shift not in (9, 12):
        return set()
    sector_size = 1 << shift
    table = struct.unpack_from("<109I", head, 76)
    directory = b""
    sector = struct.unpack_from("<I", head, 48)[0]
    for _ in range(_MAX_OLE_SECTORS):
        if sector >= 0xFFFFFFFA:
            break
        directory += _read_at(file, (sector + 1) * sector_size, sector_size)
        index, slot = divmod(sector, sector_size // 4)
        if index >= len(table) or table[index] >= 0xFFFFFFFA:
            break
        following = _read_at(file, (table[index] + 1) * sector_size + slot * 4, 4)
        if len(following) < 4:
            break
        sector = struct.unpack("<I", following)[0]
    return _top_level_names(directory)


def _top_level_names(directory: bytes) -> set[str]:
    """The names of the root's children: a binary tree whose nodes are entries of 128 bytes."""
    count = len(directory) // 128
    if not count:
        return set()
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [struct.unpack_from("<I", directory, 76)[0]]
    while waiting:
        number = waiting.pop()
        if number >= count or number in seen:
            continue
        seen.add(number)
        entry = directory[number * 128 : number * 128 + 128]
        names.add(_ole_entry_name(entry))
        waiting += struct.unpack_from("<II", entry, 68)
    return names - {""}


def _ole_entry_name(entry: bytes) -> str:
    length = struct.unpack_from("<H", entry, 64)[0]
    if not 2 <= length <= 64 or entry[66] not in (1, 2):
        return ""
    return entry[: length - 2].decode("utf-16-le", "replace").lower()


def _ole_names_anywhere(file: BinaryIO, size: int) -> set[str]:
    """The telling names found by plain search near both ends: for a file whose directory is unreadable."""
    data = _read_at(file, 0, _DIRECTORY_BYTES) + _read_at(
        file, max(0, size - _DIRECTORY_BYTES), _DIRECTORY_BYTES
    )
    telling = ("PowerPoint Document", "WordDocument", "Workbook", "EncryptedPackage")
    return {name.lower() for name in telling if name.encode("utf-16-le") in data}


# --- Text


def _sniff_text(head: bytes, extension: str) -> str:
    plain = _as_single_bytes(head)
    if plain is None:
        return BINARY
    promised = EXTENSIONS.get(extension)
    if promised in (JSON, HTML):
        is_other = promised == JSON and _HTML_OPENING.match(plain)
        return HTML if is_other else promised
    if extension == ".csv":
        return CSV
    if extension in (".md", ".markdown"):
        return MARKDOWN
    if promised is not None and extension not in _PLAIN_EXTENSIONS:
        return _guess_text(plain, promised)
    return TEXT


def _guess_text(plain: bytes, promised: str) -> str:
    """The format of a text whose name promises something that is no text at all."""
    if _HTML_OPENING.match(plain):
        return HTML
    if _JSON_OPENING.match(plain):
        return JSON
    # Exports of tables are often plain text under Excel's extension.
    return CSV if promised in (XLS, XLSX) else TEXT


def _as_single_bytes(head: bytes) -> bytes | None:
    """`head` with one byte a character where it is text, None where it is not.

    Text in UTF-16 or UTF-32 loses its NUL bytes or becomes UTF-8; other text loses only its byte-order mark.
    """
    for bom in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if head.startswith(bom):
            return head[len(bom) :].replace(b"\x00", b"")
    if head.startswith(codecs.BOM_UTF8):
        head = head[3:]
    if b"\x00" in head:
        wide = wide_encoding(head)
        if wide is None and head.count(0) > max(_STRAY_NULS, 0.002 * len(head)):
            return None
        head = head.decode(wide, "replace").encode() if wide else head
        head = head.replace(b"\x00", b"")
    # ISO-2022-KR announces itself and then shifts with two control characters.
    controls = _CONTROLS if b"\x1b$)C" not in head[:512] else _CONTROLS.translate(None, b"\x0e\x0f")
    if len(head.translate(None, controls)) < len(head) * (1 - _MAX_CONTROL_SHARE):
        return None
    return head
