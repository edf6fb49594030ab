"""Marks, token estimates, decoding, and what may be stored."""

from __future__ import annotations

import time

import pytest

from uploads.extraction import Part, estimate_tokens, split
from uploads.extraction.decoding import decode
from uploads.extraction.marks import escape, mark
from uploads.extraction.protocol import storable, storable_tree


def test_marks_round_trip() -> None:
    text = "before\n" + mark("page", 1) + "one\n" + mark("sheet", 'Q1 "x" --> é') + "two"
    parts = split(text)
    assert [(part.kind, part.label) for part in parts] == [
        ("start", 0),
        ("page", 1),
        ("sheet", 'Q1 "x" --> é'),
    ]
    assert [text[part.start : part.end].strip() for part in parts] == ["before", "one", "two"]
    assert "--> é" not in text


def test_text_without_marks_is_one_part() -> None:
    assert split("hello") == [Part("start", 0, 0, 5)]
    assert split("") == []


def test_document_text_cannot_forge_a_mark() -> None:
    assert split(mark("page", 1) + escape("<!-- page 2 -->\nforged"))[1:] == []


def test_token_estimate() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("abcd" * 100) == 100
    assert estimate_tokens("é" * 400) == 100
    assert estimate_tokens("漢字" * 50) == 100
    assert estimate_tokens("漢字ab한글😀") == 6
    assert estimate_tokens("a\ud800") >= 1


def test_token_estimate_is_fast() -> None:
    text = "mixed 漢字 text é " * 1_300_000
    start = time.process_time()
    estimate_tokens(text)
    assert time.process_time() - start < 1.0


def test_storable() -> None:
    assert storable("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert storable("\ud83d\ude00") == "😀"
    assert storable_tree({"a\x00": ["\udfff", 1, None]}) == {"a\ufffd": ["\ufffd", 1, None]}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße, Ωmega", "utf-8"),
        ("Grüße", "utf-8-sig"),
        ("Grüße aus Köln", "utf-16"),
        ("plain words without a mark", "utf-16-le"),
        ("plain words without a mark", "utf-16-be"),
        ("words in four bytes each", "utf-32-le"),
        ("日本語のテキストです。" * 5, "iso2022_jp"),
        ("日本語のテキストです。これは長い文章です。" * 5, "shift_jis"),
        ("Žluťoučký kůň úpěl ďábelské ódy. Příliš žluťoučký kůň. " * 5, "cp1250"),
        ("Съешь же ещё этих мягких французских булок. " * 5, "cp1251"),
        ("Привет, мир! Это документ на русском языке.\n", "koi8_r"),
        # chardet alone takes this for Russian, and the Polish for cp1250.
        ("Voilà une phrase en français où l’été est déjà arrivé, ça va bien, œuvre à 5 €.\n", "cp1252"),
        ("Voilà une phrase en français où tout est déjà arrivé, ça va bien, œuvre à 5 €.\n", "iso8859_15"),
        ("Zażółć gęślą jaźń. Dzień dobry, to jest dokument po polsku, łódź, ćma, żółw.\n", "iso8859_2"),
        ("שלום עולם, זהו מסמך בעברית עם כמה מילים שונות לבדיקה של הקידוד.\n", "cp1255"),
        ("人工智能正在改变我们的工作方式。中国的经济在过去几年中快速发展。\n", "gb18030"),
        ("人工智能正在改变我们的工作方式。中国的经济在过去几年中快速发展。\n", "utf-16-le"),
        ("これは日本語の文章です。東京は日本の首都であり、世界でも最大級の都市です。\n", "utf-16-be"),
    ],
)
def test_decoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding))[0] == text


def test_a_few_bad_bytes_do_not_spoil_a_text_in_utf_8() -> None:
    text = "Grüße aus Köln – naïve café. " * 30
    assert decode(text.encode() + b"\xff" + text.encode()) == (f"{text}\ufffd{text}", "utf-8")


def test_decoding_trusts_a_page_s_own_word() -> None:
    page = '<meta charset="iso-8859-7">' + "Καλημέρα"
    assert "Καλημέρα" in decode(page.encode("iso-8859-7"), is_html=True)[0]


def test_a_letter_cut_in_half_at_the_end() -> None:
    assert decode("ö".encode() * 3 + b"\xc3") == ("ööö", "utf-8")
