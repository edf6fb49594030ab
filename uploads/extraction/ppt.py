"""PPT (PowerPoint 97 to 2003): an own reader of the binary records over olefile.

A file holds its whole history: objects are found through the newest edit's directory of offsets, so that
deleted slides stay deleted. Text stands either in a slide's drawing or, for title and body, in the outline
list of the document, to which the drawing refers by number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import olefile

from . import marks
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

_STREAM = "PowerPoint Document"
_USER = "Current User"
_DUAL_STORAGE = "PP97_DUALSTORAGE"
_ENCRYPTED_TOKEN = 0xF3D1C4DF

_DOCUMENT, _SLIDE_LIST = 0x03E8, 0x0FF0
_SLIDE_ATOM, _SLIDE_PERSIST, _USER_EDIT, _PERSIST_DIRECTORY = 0x03EF, 0x03F3, 0x0FF5, 0x1772
_TEXT_HEADER, _TEXT_CHARS, _TEXT_BYTES = 0x0F9F, 0x0FA0, 0x0FA8
_CSTRING, _COMMENT, _TAG_DATA = 0x0FBA, 0x2EE0, 0x138B
_SLIDES_INSTANCE, _NOTES_INSTANCE, _COMMENT_TEXT_INSTANCE = 0, 2, 1
_TITLE_KINDS = {0, 6}
_MAX_DEPTH = 40
_MAX_EDITS = 1_000
_MAX_STREAM_BYTES = 64_000_000

_UNORDERED = "The file is damaged: this is the text that could be saved from it, perhaps out of order."
_CUT = "The time for one file was used up: the last slides are left out."


class _Record(NamedTuple):
    """One record of the stream: its type and instance, where its content lies, whether it holds records."""

    kind: int
    instance: int
    start: int
    end: int
    is_container: bool


@dataclass(slots=True)
class _Entry:
    """A slide or a notes page in the outline: its object, its id, its outline texts (title?, text)."""

    persist: int
    identity: int
    texts: list[tuple[bool, str]] = field(default_factory=list)


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The show as Markdown, one part a slide; notes and comments follow their slide."""
    data, user, metadata = _streams(source)
    show = _Show(data, user)
    builder, budget = TextBuilder(limits), Budget(limits)
    warnings: list[str] = []
    slides = show.slides()
    for number, slide in enumerate(slides, start=1):
        if number > limits.max_pages or budget.spent():
            warnings.append(_CUT)
            break
        builder.add(marks.mark("slide", number) + marks.escape("\n".join(show.slide_lines(slide))) + "\n\n")
        progress(number, len(slides))
    if not slides:
        lines = [text for _, text in _texts(data, _Record(0, 0, 0, len(data), True))]
        if not lines:
            raise ExtractionError("corrupt", "no slide can be found")
        builder.add(marks.escape("\n".join(dict.fromkeys(lines))))
        warnings.append(_UNORDERED)
    return Extracted(
        text=builder.text(),
        parts=max(1, len(slides)),
        truncated=builder.full or bool(warnings),
        engine="ppt",
        warnings=warnings,
        details={"metadata": metadata},
    )


def _streams(source: Source) -> tuple[bytes, bytes, dict[str, str]]:
    """(document stream, current user stream, metadata)."""
    try:
        ole = olefile.OleFileIO(source.path)
    except OSError as error:
        raise ExtractionError("corrupt", str(error)) from error
    with ole:
        # A file for two versions of PowerPoint keeps the newer one's document in a storage of its own.
        prefix = [_DUAL_STORAGE] if ole.exists([_DUAL_STORAGE, _STREAM]) else []
        if not ole.exists([*prefix, _STREAM]):
            if ole.exists("EncryptedPackage"):
                raise ExtractionError("password_protected")
            old = ole.exists("PP40") or ole.exists("PP4")
            if old:
                raise ExtractionError("unsupported", "PowerPoint 4")
            raise ExtractionError("corrupt", "no presentation inside")
        data = ole.openstream([*prefix, _STREAM]).read(_MAX_STREAM_BYTES)
        user = ole.openstream([*prefix, _USER]).read(4096) if ole.exists([*prefix, _USER]) else b""
        if len(user) >= 16 and struct.unpack_from("<I", user, 12)[0] == _ENCRYPTED_TOKEN:
            raise ExtractionError("password_protected")
        return data, user, _metadata(ole)


def _metadata(ole: olefile.OleFileIO) -> dict[str, str]:
    """Title and author, where the summary can be read."""
    try:
        summary = ole.get_metadata()
    except Exception:  # noqa: BLE001 - damage in the summary must not cost the slides
        return {}
    found = {}
    for name in ("title", "author", "subject", "create_time"):
        value = getattr(summary, name, None)
        if isinstance(value, bytes):
            value = value.decode("cp1252", "replace")
        if value:
            found[name] = str(value)[:500]
    return found


class _Show:
    """A presentation's objects by number, and its outline."""

    def __init__(self, data: bytes, user: bytes) -> None:
        self._data = data
        self._offsets: dict[int, int] = {}
        self._slides: list[_Entry] = []
        self._notes: dict[int, _Entry] = {}
        document = self._follow_edits(user)
        if document is not None:
            self._read_outline(document)

    def slides(self) -> list[_Entry]:
        """The slides in the order of the show."""
        return self._slides

    def slide_lines(self, slide: _Entry) -> list[str]:
        """A slide's title and text, its comments, then its notes."""
        record = self._object(slide.persist)
        lines = _as_lines(self._entry_texts(slide, record))
        comments = list(_comments(self._data, record)) if record else []
        lines += [f"Comment: {text}" for text in comments]
        notes = self._notes.get(self._notes_id(record)) if record else None
        if notes:
            spoken = _as_lines(self._entry_texts(notes, self._object(notes.persist)))
            lines += ["", "Notes:", *spoken] if spoken else []
        return lines

    def _entry_texts(self, entry: _Entry, record: _Record | None) -> list[tuple[bool, str]]:
        """The outline's texts, which are title and body, then those that stand in the drawing itself."""
        return [*entry.texts, *(_texts(self._data, record) if record else ())]

    def _follow_edits(self, user: bytes) -> int | None:
        """Collect the objects' offsets from the newest edit back; the number of the document object."""
        offset = struct.unpack_from("<I", user, 16)[0] if len(user) >= 20 else len(self._data)
        edit = self._record(offset)
        if edit is None or edit.kind != _USER_EDIT:
            edits = [
                record for record in _records(self._data, 0, len(self._data)) if record.kind == _USER_EDIT
            ]
            if not edits:
                return None
            edit = edits[-1]
        document: int | None = None
        seen: set[int] = set()
        while edit and edit.kind == _USER_EDIT and edit.end - edit.start >= 20 and len(seen) < _MAX_EDITS:
            if edit.end - edit.start >= 32:
                raise ExtractionError("password_protected")
            previous, directory, number = struct.unpack_from("<III", self._data, edit.start + 8)
            document = number if document is None else document
            self._read_directory(directory)
            if previous in seen or not previous:
                break
            seen.add(previous)
            edit = self._record(previous)
        return document

    def _read_directory(self, offset: int) -> None:
        """Runs of (first number and count in one word, then as many offsets); what is known is newer."""
        record = self._record(offset)
        if record is None or record.kind != _PERSIST_DIRECTORY:
            return
        position = record.start
        while position + 4 <= record.end:
            word = struct.unpack_from("<I", self._data, position)[0]
            first, count = word & 0xFFFFF, min(word >> 20, (record.end - position - 4) // 4)
            for index, target in enumerate(struct.unpack_from(f"<{count}I", self._data, position + 4)):
                self._offsets.setdefault(first + index, target)
            position += 4 + (word >> 20) * 4

    def _read_outline(self, document: int) -> None:
        record = self._object(document)
        if record is None or record.kind != _DOCUMENT:
            return
        for child in _records(self._data, record.start, record.end):
            if child.kind == _SLIDE_LIST and child.instance == _SLIDES_INSTANCE:
                self._slides += self._entries(child)
            elif child.kind == _SLIDE_LIST and child.instance == _NOTES_INSTANCE:
                self._notes |= {entry.identity: entry for entry in self._entries(child)}

    def _entries(self, outline: _Record) -> list[_Entry]:
        entries: list[_Entry] = []
        is_title = False
        for record in _records(self._data, outline.start, outline.end):
            if record.kind == _SLIDE_PERSIST and record.end - record.start >= 16:
                persist, _, _, identity = struct.unpack_from("<IIII", self._data, record.start)
                entries.append(_Entry(persist, identity))
            elif record.kind == _TEXT_HEADER:
                is_title = _is_title(self._data, record)
            elif entries and (text := _text(self._data, record)):
                entries[-1].texts.append((is_title, text))
        return entries

    def _notes_id(self, slide: _Record) -> int:
        for record in _records(self._data, slide.start, slide.end):
            if record.kind == _SLIDE_ATOM and record.end - record.start >= 20:
                return int(struct.unpack_from("<I", self._data, record.start + 16)[0])
        return 0

    def _object(self, number: int) -> _Record | None:
        return self._record(self._offsets.get(number, len(self._data)))

    def _record(self, offset: int) -> _Record | None:
        return next(_records(self._data, offset, len(self._data)), None)


def _records(data: bytes, start: int, end: int) -> Iterator[_Record]:
    """The records one after the other between two offsets; the last one is cut at `end`."""
    while start >= 0 and start + 8 <= end:
        head, kind, length = struct.unpack_from("<HHI", data, start)
        start += 8
        yield _Record(kind, head >> 4, start, min(start + length, end), head & 0xF == 0xF)
        start += length


def _inside(data: bytes, record: _Record, depth: int = 0) -> Iterator[_Record]:
    """All records inside one, at any depth, in their order."""
    for child in _records(data, record.start, record.end):
        yield child
        if child.is_container and depth < _MAX_DEPTH:
            yield from _inside(data, child, depth + 1)


def _texts(data: bytes, record: _Record) -> Iterator[tuple[bool, str]]:
    """The texts in a drawing, each with whether it is a title."""
    is_title = False
    for inner in _inside(data, record):
        if inner.kind == _TEXT_HEADER:
            is_title = _is_title(data, inner)
        elif text := _text(data, inner):
            yield is_title, text
            is_title = False


def _comments(data: bytes, slide: _Record) -> Iterator[str]:
    """The reviewers' comments, which lie among the tags of newer versions."""
    for record in _inside(data, slide):
        if record.kind != _TAG_DATA:
            continue
        for comment in _records(data, record.start, record.end):
            if comment.kind == _COMMENT:
                for part in _records(data, comment.start, comment.end):
                    if part.kind == _CSTRING and part.instance == _COMMENT_TEXT_INSTANCE:
                        yield _clean(data[part.start : part.end].decode("utf-16-le", "replace"))


def _is_title(data: bytes, header: _Record) -> bool:
    if header.end - header.start < 4:
        return False
    return int(struct.unpack_from("<I", data, header.start)[0]) in _TITLE_KINDS


def _text(data: bytes, record: _Record) -> str:
    """The words in a text record; "" for any other kind of record."""
    if record.kind == _TEXT_CHARS:
        return _clean(data[record.start : record.end].decode("utf-16-le", "replace"))
    if record.kind == _TEXT_BYTES:
        return _clean(data[record.start : record.end].decode("latin-1"))
    return ""


def _clean(text: str) -> str:
    """Line breaks as `\\n`, without the lone star that stands for a slide's number or date."""
    text = text.replace("\r", "\n").replace("\x0b", "\n").strip()
    return "" if text == "*" else text


def _as_lines(texts: list[tuple[bool, str]]) -> list[str]:
    """Titles as headings, the rest as it is."""
    return [f"# {' '.join(text.split())}" if is_title else text for is_title, text in texts]
