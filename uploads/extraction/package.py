"""ZIP packages of Office Open XML (DOCX, PPTX, XLSX), read so that lies and damage do little harm.

What a member says about its size is not believed: output is counted while it is inflated. A package whose
directory is missing, because the file was cut, is read by the headers in front of each member, and a member
that ends early gives what there is of it. XML is parsed without entities, DTDs or network, and forgivingly.
"""

from __future__ import annotations

import datetime
import io
import mmap
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from .protocol import ExtractionError, ExtractionLimits

_CHUNK_BYTES = 65_536
_PIECE_BYTES = 1_000_000  # inflated at once
_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAG = 1
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_CORE_PROPERTIES = "docprops/core.xml"
_METADATA_NAMES = {
    "title",
    "subject",
    "creator",
    "keywords",
    "description",
    "lastModifiedBy",
    "created",
    "modified",
}
# The strict variant of the standard is the transitional one under other names.
_STRICT = re.compile(
    rb"http://purl\.oclc\.org/ooxml/"
    rb"(officeDocument|wordprocessingml|spreadsheetml|presentationml|drawingml)/(\w+)"
)

# Office locks files that are only "recommended read-only" with this password and opens them without asking.
KNOWN_PASSWORD = "VelvetSweatshop"  # noqa: S105 - published by Microsoft, protects nothing

# No entities, no DTD, no network, as far as it goes.
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "recover": True,
    "remove_comments": True,
    "remove_pis": True,
}

SALVAGED = "The file is damaged or cut short: this is the text that could be saved from it."
OVERSIZED = "A part of the file is larger than what can be read: its end is left out."


@dataclass(frozen=True, slots=True)
class _Member:
    """Where a member's packed bytes lie: `packed` is 0 where the length is not known beforehand."""

    start: int
    packed: int
    method: int


class Package:
    """The members of one package by name, in lower case and without a leading slash."""

    def __init__(self, path: Path, limits: ExtractionLimits) -> None:
        """Raises `ExtractionError`: `password_protected`, `empty`, `corrupt` or `too_large`."""
        self._limits = limits
        self._room = limits.max_inflated_bytes
        self.salvaged = False
        self.oversized = False
        with path.open("rb") as file:
            head = file.read(8)
            if not head:
                raise ExtractionError("empty")
            self._data: bytes | mmap.mmap = (
                _unlocked(path)
                if head == _OLE_SIGNATURE
                else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            )
        try:
            self._members = self._by_directory()
        except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError):
            self.salvaged = True
            self._members = self._by_headers()
        if not self._members:
            raise ExtractionError("corrupt", "no member can be found")

    def _by_directory(self) -> dict[str, _Member]:
        members = {}
        entries = zipfile.ZipFile(_View(self._data)).infolist()
        self._check_count(len(entries))
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED_FLAG:
                raise ExtractionError("password_protected", "the package's members are encrypted")
            header = self._data[entry.header_offset : entry.header_offset + 30]
            if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
                raise zipfile.BadZipFile("a member is not where the directory says")
            start = entry.header_offset + 30 + sum(struct.unpack_from("<HH", header, 26))
            members[_normal(entry.filename)] = _Member(start, entry.compress_size, entry.compress_type)
        return members

    def _by_headers(self) -> dict[str, _Member]:
        members: dict[str, _Member] = {}
        offset = self._data.find(b"PK\x03\x04")
        while offset >= 0 and offset + 30 <= len(self._data):
            flags, method = struct.unpack_from("<HH", self._data, offset + 6)
            packed, _, name_length, extra_length = struct.unpack_from("<IIHH", self._data, offset + 18)
            start = offset + 30 + name_length + extra_length
            name = _normal(self._data[offset + 30 : offset + 30 + name_length].decode("utf-8", "replace"))
            if flags & _ENCRYPTED_FLAG:
                raise ExtractionError("password_protected", "the package's members are encrypted")
            known = packed if packed != 0xFFFFFFFF else 0
            if method in (_STORED, _DEFLATED) and name and not name.endswith("/"):
                members.setdefault(name, _Member(start, known, method))
            self._check_count(len(members))
            offset = self._data.find(b"PK\x03\x04", start + known)
        return members

    def _check_count(self, count: int) -> None:
        if count > self._limits.max_members:
            raise ExtractionError("too_large", f"{count} members")

    def names(self, prefix: str = "", suffix: str = "") -> list[str]:
        """Names that begin with `prefix` and end with `suffix`, numbers in them sorted as numbers."""
        found = [name for name in self._members if name.startswith(prefix) and name.endswith(suffix)]
        return sorted(found, key=_by_numbers)

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._members

    def read(self, name: str) -> bytes:
        """A member's content: empty where there is none, its beginning where it is damaged or too long."""
        member = self._members.get(_normal(name))
        if member is None:
            return b""
        bound = min(self._limits.max_part_bytes, self._room)
        content, complete = self._inflated(member, bound)
        self._room -= len(content)
        if len(content) >= bound and not complete:
            self.oversized = True
        elif not complete:
            self.salvaged = True
        return content

    def packed(self, name: str) -> int:
        """Bytes that a member takes in the file, by its own account."""
        member = self._members.get(_normal(name))
        return member.packed if member else 0

    def pieces(self, name: str, told: Callable[[int], None] = lambda done: None) -> Iterator[bytes]:
        """As `read`, piece by piece, and `told` how many of the packed bytes are done: nothing is kept in memory."""
        member = self._members.get(_normal(name))
        if member is None:
            return
        end = min(member.start + member.packed, len(self._data)) if member.packed else len(self._data)
        if member.method != _DEFLATED:
            yield self.read(name)
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        position = member.start
        try:
            while position < end and not inflater.eof:
                if self._room <= 0:
                    self.oversized = True
                    return
                piece = inflater.decompress(
                    self._data[position : min(position + _CHUNK_BYTES, end)], _PIECE_BYTES
                )
                position += _CHUNK_BYTES - len(inflater.unconsumed_tail)
                self._room -= len(piece)
                told(position - member.start)
                if piece:
                    yield piece
        except zlib.error:
            self.salvaged = True
        if not inflater.eof:
            self.salvaged = True

    def _inflated(self, member: _Member, bound: int) -> tuple[bytes, bool]:
        """At most `bound` bytes of a member, and whether it is all of it."""
        end = min(member.start + member.packed, len(self._data)) if member.packed else len(self._data)
        if member.method == _STORED:
            if not member.packed:  # nothing in it, or a length that only follows the data
                return b"", True
            stop = min(end, member.start + bound)
            return self._data[member.start : stop], stop == member.start + member.packed
        if member.method != _DEFLATED:
            return b"", False
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        pieces: list[bytes] = []
        room = bound
        position = member.start
        try:
            while position < end and room > 0 and not inflater.eof:
                piece = inflater.decompress(self._data[position : min(position + _CHUNK_BYTES, end)], room)
                position += _CHUNK_BYTES - len(inflater.unconsumed_tail)
                pieces.append(piece)
                room -= len(piece)
        except zlib.error:
            return b"".join(pieces), False
        return b"".join(pieces), inflater.eof

    def xml(self, name: str) -> Any | None:
        """The root element of a member, or None where there is none or nothing of it can be parsed."""
        content = self.read(name)
        if not content.strip():
            return None
        return self.parsed(content)

    def parsed(self, content: bytes) -> Any | None:
        """The root element of XML bytes, parsed as far as they go."""
        parser = etree.XMLParser(**_SAFE)
        try:
            root = etree.fromstring(_transitional(content), parser)
        except etree.XMLSyntaxError as error:
            self._note_damage(error)
            return None
        if root is None or any(entry.level_name == "FATAL" for entry in parser.error_log):
            self.salvaged = True
        return root

    def children(self, name: str, parent: str) -> Iterator[Any]:
        """The child elements of the element `parent` in a member, one at a time, to save memory.

        Each is valid until the next one is asked for. The XML is fed in pieces, and after each piece every
        child but the last is whole. (Events for each child would be simpler and quadratic: lxml looks through
        the tree whenever it forgets an element of a tree that is still growing.)
        """
        content = _transitional(self.read(name))
        parser = etree.XMLPullParser(events=("start",), tag=parent, **_SAFE)
        holder: Any = None
        try:
            for start in range(0, len(content), _CHUNK_BYTES):
                parser.feed(content[start : start + _CHUNK_BYTES])
                if holder is None:
                    holder = next((element for _, element in parser.read_events()), None)
                while holder is not None and len(holder) > 1:
                    yield holder[0]
                    del holder[0]
            parser.close()
        except etree.XMLSyntaxError as error:
            self._note_damage(error)
        yield from holder if holder is not None else ()
        if any(entry.level_name == "FATAL" for entry in parser.feed_error_log):
            self.salvaged = True

    def _note_damage(self, error: Exception) -> None:
        """Count the XML as damaged, unless it was memory that ended."""
        if "memory" in str(error).lower():
            raise MemoryError from error
        self.salvaged = True

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Relationships of the member `name` ("" for the package): id → (kind, member's name).

        The kind is the last word of the relationship's type, for example `notesSlide`. Links to outside are
        left out.
        """
        folder, base = posixpath.split(name)
        root = self.xml(posixpath.join(folder, "_rels", base + ".rels"))
        found: dict[str, tuple[str, str]] = {}
        for link in root.iter(_RELATIONSHIPS + "Relationship") if root is not None else ():
            if link.get("TargetMode") != "External":
                target = _normal(posixpath.normpath(posixpath.join("/" + folder, link.get("Target") or "")))
                found[link.get("Id") or ""] = ((link.get("Type") or "").rpartition("/")[2], target)
        return found

    def main_part(self, usual: str) -> str:
        """The name of the main document, by the package's relationships; `usual` where those don't say."""
        for kind, target in self.related("").values():
            if kind == "officeDocument" and target in self:
                return target
        return usual

    def metadata(self) -> dict[str, str]:
        """Title, author, dates and the like, those that are filled in."""
        root = self.xml(_CORE_PROPERTIES) if _CORE_PROPERTIES in self else None
        found: dict[str, str] = {}
        for item in elements(root) if root is not None else ():
            name = etree.QName(item).localname
            if name in _METADATA_NAMES and (item.text or "").strip():
                found[name] = item.text.strip()[:500]
        return found

    def warnings(self) -> list[str]:
        """What is to be said about damage and size, after everything was read."""
        return [SALVAGED] * self.salvaged + [OVERSIZED] * self.oversized


def elements(parent: Any) -> Iterator[Any]:
    """The child elements; entities that were not resolved are none."""
    return (child for child in parent if isinstance(child.tag, str))


def table_lines(rows: list[list[str]]) -> list[str]:
    """Rows of cells as the lines of a Markdown table whose first row is the head."""
    if not rows:
        return []
    width = max(map(len, rows))
    lines = ["| " + " | ".join(map(_cell, row)) + " |" + " |" * (width - len(row)) for row in rows]
    lines.insert(1, "| --- " * width + "|")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def as_text(value: object) -> str:
    """A cell's value as people write it: whole numbers without a fraction, dates in ISO 8601, hours and minutes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(abs(value.total_seconds())), 60)
        sign = "-" if value < datetime.timedelta() else ""
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _by_numbers(name: str) -> tuple[str, list[int]]:
    """Sorts `slide2` before `slide10`."""
    return re.sub(r"\d+", "", name), [int(number) for number in re.findall(r"\d{1,9}", name)]


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _transitional(content: bytes) -> bytes:
    """XML of the strict variant under the names of the transitional one."""
    if b"purl.oclc.org" not in content[:_CHUNK_BYTES]:
        return content
    return _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", content)


def _unlocked(path: Path) -> bytes:
    """The package inside an OLE file that is encrypted with the password that Office itself fills in.

    Raises `ExtractionError`: `password_protected` for any other password, `corrupt` where nothing is locked.
    """
    import msoffcrypto

    content = path.read_bytes()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(content))
        locked = office.is_encrypted()
    except Exception as error:
        raise ExtractionError("corrupt", "an OLE file, not a package") from error
    if not locked:
        raise ExtractionError("corrupt", "an OLE file, not a package")
    try:
        office.load_key(password=KNOWN_PASSWORD)
        plain = io.BytesIO()
        office.decrypt(plain)
    except Exception as error:
        raise ExtractionError("password_protected") from error
    return plain.getvalue()


class _View(io.RawIOBase):
    """A file over bytes or a memory map that copies nothing, for zipfile to read the directory from."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._position = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._position + size
        piece = self._data[self._position : end]
        self._position += len(piece)
        return piece
