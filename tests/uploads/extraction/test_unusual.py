"""Documents that are unusual and legal: what programs and people really write, and a plain reader loses."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pptx
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from PIL import Image

from uploads.extraction import sniff
from uploads.extraction.ocr import engine
from uploads.extraction.sniff import TEXT

from . import documents
from .conftest import Read
from .documents import docx, paragraph

CHINESE = "人工智能正在改变我们的工作方式。中国的经济在过去几年中快速发展。\n"
needs_ocr = pytest.mark.skipif(engine("eng") is None, reason="Tesseract's English data is not installed")


# --- Texts


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_chinese_in_any_encoding(read: Read, encoding: str) -> None:
    assert read(CHINESE.encode(encoding), "x.txt").text == CHINESE


def test_one_stray_nul_makes_no_binary() -> None:
    assert sniff(b"short\x00text", "x.txt") == TEXT


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("Name;Preis;Tag\nMüller;1.234,56;31.12.2024\nÄrger;0,99;01.01.2025\n".encode("cp1252"), ";"),
        ("Name\tCity\r\nZoë\tKöln\r\n".encode("utf-16"), "\t"),
        ("Имя;Город\nИван;Москва\nПётр;Казань\n".encode("cp1251"), ";"),
        ("名前,都市\n山田,東京\n鈴木,大阪\n".encode("shift_jis"), ","),
    ],
)
def test_tables_in_the_ways_of_other_countries(read: Read, content: bytes, delimiter: str) -> None:
    extracted = read(content, "x.csv")
    assert extracted.details["delimiter"] == delimiter
    assert any(word in extracted.text for word in ("1.234,56", "Köln", "Пётр", "鈴木"))
    assert "\ufffd" not in extracted.text


def test_json_with_letters_escaped_in_pairs(read: Read) -> None:
    """Those of rare Chinese names; emoji and halves of a pair stay as they are written."""
    written = rb'{"a": "\ud842\udfb7\u91ce \ud83d\ude00 \ud842 \\ud842\udfb7"}'
    assert read(written, "x.json").text == '{"a": "𠮷野 \\ud83d\\ude00 \\ud842 \\\\ud842\\udfb7"}'


def test_html_says_what_a_reader_sees(read: Read) -> None:
    page = (
        '<meta charset="iso-8859-1"><style>/* .seen{display:none} */ .gone, #away {color:red;display: none}'
        " .back{display:none} .back{display:block} @media print{.screen{display:none}}</style>"
        "<p class=gone>unseen</p><p id=away>unseen</p><p class='back x'>returned</p><p class=screen>on screens</p>"
        "<p class=seen>Привет</p><input value=typed><input type=password value=unseen><input type=hidden value=unseen>"
        "<details><summary>More</summary>inside</details><select><option>tea<option>milk</select>"
    )
    text = read(page.encode(), "x.html").text
    assert "unseen" not in text
    assert all(
        word in text for word in ("returned", "on screens", "Привет", "typed", "More\ninside", "tea milk")
    )


# --- Office


def test_docx_of_controls_fields_and_formulas(read: Read) -> None:
    formula = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    chosen = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="zero"/><w:listEntry w:val="one"/></w:ddList>'
    text = read(
        docx(
            f"<w:p><w:ins>{_run('put in')}</w:ins><w:del><w:r><w:delText>taken out</w:delText></w:r></w:del></w:p>"
            f"<w:p><w:moveFrom>{_run('from here')}</w:moveFrom><w:moveTo>{_run('to there')}</w:moveTo></w:p>"
            f"<w:sdt><w:sdtContent>{paragraph('in a control')}</w:sdtContent></w:sdt>"
            f"<w:p><w:r><w:fldChar><w:ffData>{chosen}</w:ffData></w:fldChar></w:r></w:p>"
            f"<m:oMathPara {formula}><m:oMath><m:r><m:t>E=mc2</m:t></m:r></m:oMath></m:oMathPara>"
            f"<w:p><w:pPr><w:bidi/></w:pPr>{_run('שלום')}</w:p>"
            f"<w:p><w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>{_run(' agreed')}</w:p>"
            f"<w:p>{_run('&#xF0B7; by a bullet of Symbol')}</w:p>"
            "<w:tbl><w:sdt><w:sdtContent><w:tr><w:tc><w:p><w:r><w:t>row in a control</w:t></w:r></w:p></w:tc></w:tr>"
            "</w:sdtContent></w:sdt></w:tbl>"
        ),
        "x.docx",
    ).text
    for words in (
        "put in",
        "to there",
        "in a control",
        "one",
        "E=mc2",
        "שלום",
        "row in a control",
        "☑ agreed",
        "• by a",
    ):
        assert words in text
    for words in ("taken out", "from here", "zero"):
        assert words not in text


def _run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize("reader", ["calamine", "xlsx"])
def test_xlsx_days_and_lapses_by_either_calendar(read: Read, since_1904: bool, reader: str) -> None:
    book = openpyxl.Workbook()
    if since_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(
        [datetime.datetime(2024, 5, 17, 13, 45, 30), datetime.time(8, 30), datetime.timedelta(hours=30)]  # noqa: DTZ001
    )
    sheet.append([45000, 0.256, 1234567890123450])
    sheet["A2"].number_format, sheet["B2"].number_format = '"day" 0', "0.0%"
    if reader == "xlsx":  # an error, which calamine would leave out
        sheet["A3"] = "#REF!"
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "veryHidden"
    hidden["A1"] = "kept"
    extracted = read(_saved(book), "x.xlsx")
    assert extracted.engine == reader
    assert "| 2024-05-17 13:45:30 | 08:30:00 | 30:00:00 |" in extracted.text
    assert "| 45000 | 0.256 | 1234567890123450 |" in extracted.text
    assert "| kept |" in extracted.text
    assert ("#REF!" in extracted.text) == (reader == "xlsx")


def test_pptx_of_groups_and_formulas(read: Read) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    inner = slide.shapes.add_group_shape().shapes.add_group_shape()
    inner.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "deep in groups"
    box = slide.shapes.add_textbox(0, 0, 9, 9)
    box.text_frame.text = "עברית"
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    run = box.text_frame.paragraphs[0]._p.makeelement(f"{{{math}}}t", {})
    run.text = "x+y"
    box.text_frame.paragraphs[0]._p.append(run)
    text = read(_saved(show), "x.pptx").text
    assert all(words in text for words in ("deep in groups", "עברית", "x+y"))


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


# --- PDF and pictures


def test_pdf_fields_and_words_that_the_viewer_is_to_draw(read: Read) -> None:
    annotations = [
        b"<< /Type/Annot /Subtype/Widget /FT/Tx /T(name) /V(Filled value) /Rect[72 600 300 620] >>",
        b"<< /Type/Annot /Subtype/Widget /FT/Ch /Ff 131072 /T(pick) /Opt[(alpha)(beta)] /V(beta) /Rect[72 4 200 20] >>",
        b"<< /Type/Annot /Subtype/FreeText /Contents(free words) /Rect[72 300 300 320] >>",
        b"<< /Type/Annot /Subtype/Text /Contents(sticky words) /Rect[72 200 90 220] >>",
    ]
    content = documents.pdf(["Form"], b"", annotations)
    content = content.replace(b"/Type /Page /", b"/Annots [4 0 R 5 0 R 6 0 R 7 0 R] /Type /Page /")
    content = content.replace(b"/Type /Catalog", b"/AcroForm << /Fields [4 0 R 5 0 R] >> /Type /Catalog")
    text = read(content, "x.pdf").text
    for words in ("Form", "Filled value", "beta", "free words", "[comment] sticky words"):
        assert text.count(words) == 1
    content = content.replace(b"/AcroForm << /Fields [4 0 R 5 0 R] >>", b"")
    assert "Filled value" in read(content, "x.pdf").text


@needs_ocr
def test_white_letters_on_nothing(read: Read) -> None:
    letters = Image.open(io.BytesIO(documents.picture("Readable 42"))).convert("L")
    white = Image.new("L", letters.size, 255)
    image = Image.merge("RGBA", [white, white, white, letters.point(lambda value: 255 - value)])
    assert "Readable 42" in read(_png(image), "x.png").text


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
