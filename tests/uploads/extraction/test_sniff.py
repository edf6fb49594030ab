"""What a file is, by its bytes."""

from __future__ import annotations

import io
import random

import pytest

from uploads.extraction import EXTENSIONS, is_acceptable, sniff
from uploads.extraction.sniff import (
    BINARY,
    CSV,
    DOC,
    DOCX,
    EMPTY,
    HTML,
    JSON,
    PDF,
    PPT,
    PPTX,
    RTF,
    TEXT,
    XLS,
    XLSX,
    ZIP,
)

from . import documents

DOCUMENTS = {
    PDF: documents.pdf(["hello"]),
    DOCX: documents.docx(documents.paragraph("hello")),
    PPTX: documents.package({"[Content_Types].xml": "", "ppt/presentation.xml": ""}),
    XLSX: documents.xlsx(One=[["a"]]),
    PPT: documents.ppt([("Title", "Text")]),
    XLS: documents.xls([["a"]]),
    RTF: rb"{\rtf1 hello}",
    "image/png": documents.picture("hello"),
    "image/jpeg": documents.picture("hello", "JPEG"),
    "image/gif": documents.picture("hello", "GIF"),
    "image/bmp": documents.picture("hello", "BMP"),
}


@pytest.mark.parametrize("media_type", DOCUMENTS)
def test_bytes_decide_whatever_the_name(media_type: str) -> None:
    for name in ("x", "x.txt", "x.pdf", "x.exe"):
        assert sniff(DOCUMENTS[media_type], name) == media_type


@pytest.mark.parametrize(
    ("content", "filename", "media_type"),
    [
        (b"", "x.pdf", EMPTY),
        (b"a,b\n1,2\n", "x.csv", CSV),
        (b"a,b\n1,2\n", "x.txt", TEXT),
        (b"a\tb\n", "export.xls", CSV),
        (b'{"a": 1}', "x.json", JSON),
        (b'{"a": 1}', "x.txt", TEXT),
        (b'{"a": 1}', "x.pdf", JSON),
        (b"<!DOCTYPE html><p>x", "x.html", HTML),
        (b"<html><table>", "export.xls", HTML),
        (b"<!doctype html><p>x", "x.json", HTML),
        (b"# Title", "x.md", "text/markdown"),
        ("größer".encode("utf-16"), "x.txt", TEXT),
        ("plain words".encode("utf-16-le"), "x.txt", TEXT),
        (b"\x1b$)C\x0eABCD\x0f \x0eEF\x0f", "x.txt", TEXT),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "x.pdf", "application/x-executable"),
        (b"MZ" + bytes(60), "x.docx", "application/x-executable"),
        (bytes(range(256)) * 20, "x.txt", BINARY),
        (documents.package({"a.txt": "b"}), "x.docx", ZIP),
        (documents.ole({"WordDocument": b"x"}), "x.doc", DOC),
        (documents.ole({"EncryptedPackage": b"x"}), "x.xlsx", XLSX),
        (documents.ole({"Workbook": b"x"}), "x.ppt", XLS),
    ],
)
def test_known_cases(content: bytes, filename: str, media_type: str) -> None:
    assert sniff(content, filename) == media_type


@pytest.mark.parametrize("media_type", [DOCX, XLSX])
def test_a_package_is_known_by_its_first_half(media_type: str) -> None:
    whole = documents.docx(documents.paragraph("x" * 9000)) if media_type == DOCX else DOCUMENTS[XLSX]
    assert sniff(whole[: len(whole) * 3 // 4], "x") == media_type


def test_position_of_the_file_stays() -> None:
    file = io.BytesIO(DOCUMENTS[DOCX])
    file.seek(5)
    sniff(file, "x")
    assert file.tell() == 5


def test_only_accepted_names_with_accepted_bytes() -> None:
    assert is_acceptable(PDF, "x.PDF")
    assert is_acceptable(PDF, "mislabelled.docx")
    assert not is_acceptable("application/x-executable", "x.pdf")
    assert not is_acceptable(PDF, "x.exe")
    assert not is_acceptable(PDF, "noextension")
    assert not is_acceptable(TEXT, "page.png")
    assert is_acceptable("image/jpeg", "really-a-jpeg.png")
    assert not is_acceptable(EMPTY, "x.txt")


def test_every_accepted_extension_has_a_reader() -> None:
    from uploads.extraction.registry import EXTRACTORS, load

    assert set(EXTENSIONS.values()) <= set(EXTRACTORS)
    for media_type in EXTRACTORS:
        assert callable(load(media_type).extract)


def test_damaged_bytes_never_raise_and_read_little() -> None:
    chance = random.Random(7)
    for content in DOCUMENTS.values():
        for _ in range(60):
            broken = bytearray(content)
            for _ in range(8):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            assert isinstance(sniff(bytes(broken[: chance.randrange(1, len(broken))]), "x.bin"), str)


def test_a_large_file_is_not_read_whole() -> None:
    class Counting(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Counting.total += len(data)
            return data

    sniff(Counting(b"PK\x03\x04" + bytes(20_000_000)), "x.docx")
    assert Counting.total < 1_000_000
