"""One small document of every format, through the real pipeline."""

from __future__ import annotations

import datetime
import io
import zlib
from pathlib import Path

import openpyxl
import pytest

from uploads.extraction import ExtractionError, ExtractionLimits, ExtractionPool, pptx, split
from uploads.extraction.ocr import engine
from uploads.extraction.protocol import Source
from uploads.extraction.sniff import EXTENSIONS, PPT

from . import documents
from .conftest import Read
from .documents import docx, paragraph, word

needs_ocr = pytest.mark.skipif(engine("eng") is None, reason="Tesseract's English data is not installed")


def refusal(read: Read, content: bytes, filename: str) -> ExtractionError:
    with pytest.raises(ExtractionError) as caught:
        read(content, filename)
    return caught.value


# --- PDF


def test_pdf_pages_are_marked(read: Read) -> None:
    extracted = read(documents.pdf(["First page", "Second page"]), "x.pdf")
    assert [(part.kind, part.label) for part in split(extracted.text)] == [("page", 1), ("page", 2)]
    part = split(extracted.text)[1]
    assert extracted.text[part.start : part.end].strip() == "Second page"
    assert (extracted.parts, extracted.engine, extracted.truncated) == (2, "pdfium", False)


def test_pdf_page_limit_is_said(read: Read) -> None:
    extracted = read(documents.pdf(["a", "b", "c"]), "x.pdf", ExtractionLimits(max_pages=2))
    assert extracted.truncated
    assert extracted.parts == 3
    assert "3 pages" in extracted.warnings[0]


def test_pdf_metadata_outline_and_attachments(read: Read) -> None:
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(documents.pdf(["body"])))
    writer.add_metadata({"/Title": "Annual report", "/Author": "Ada"})
    writer.add_outline_item(title="Chapter one", page_number=0)
    writer.add_attachment(filename="data.csv", data=b"a,b")
    out = io.BytesIO()
    writer.write(out)
    details = read(out.getvalue(), "x.pdf").details
    assert details["metadata"]["Title"] == "Annual report"
    assert details["outline"] == [{"title": "Chapter one", "level": 0, "page": 1}]
    assert details["attachments"] == ["data.csv"]


def test_pdf_with_a_password(read: Read) -> None:
    error = refusal(read, documents.locked_pdf("open sesame"), "x.pdf")
    assert error.code == "password_protected"
    assert not error.retry
    assert "password" in error.message


def test_pdf_cut_before_its_table_is_saved(read: Read) -> None:
    whole = documents.pdf(f"sentence {number} of many" for number in range(40))
    extracted = read(whole[: len(whole) // 2], "x.pdf")
    assert "sentence 12 of many" in extracted.text
    assert "sentence 39 of many" not in extracted.text
    assert extracted.truncated
    assert "breaks off" in extracted.warnings[0]
    # A locked one stays closed: what opens it stood at its end.
    locked = documents.locked_pdf("open sesame")
    assert refusal(read, locked[: locked.rfind(b"\nxref")], "x.pdf").code == "corrupt"


def test_pdf_cut_whose_pages_are_packed_is_saved(read: Read) -> None:
    page = b"<</Type/Page/MediaBox[0 0 612 792]/Contents 9 0 R/Resources<</Font<</F1 6 0 R>>>>>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    packed = b"5 0 6 %d " % len(page)
    first = b"/Type/ObjStm/N 2/First %d/Filter/FlateDecode" % len(packed)
    content = documents.stream(b"BT /F1 18 Tf 72 720 Td (packed words) Tj ET")
    stream = documents.stream(zlib.compress(packed + page + font), first)
    extracted = read(b"%%PDF-1.7\n9 0 obj\n%b\nendobj\n8 0 obj\n%b\nendobj\n" % (content, stream), "x.pdf")
    assert "packed words" in extracted.text
    assert extracted.truncated


def test_pdf_garbage_is_corrupt(read: Read) -> None:
    assert refusal(read, b"%PDF-1.4\n" + b"garbage " * 50, "x.pdf").code == "corrupt"


@needs_ocr
def test_pdf_of_a_scan(read: Read) -> None:
    extracted = read(documents.scanned_pdf("Invoice 2024"), "x.pdf")
    assert "Invoice 2024" in extracted.text
    assert "tesseract" in extracted.engine


# --- DOCX


def test_docx_structure(read: Read) -> None:
    styles = word(
        '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style>', "styles"
    )
    numbering = word(
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/>'
        '<w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num>',
        "numbering",
    )
    listed = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr>'
    table = (
        f"<w:tbl><w:tr><w:tc>{paragraph('Name')}</w:tc><w:tc>{paragraph('a|b')}</w:tc></w:tr>"
        f"<w:tr><w:tc>{paragraph('Ada')}</w:tc><w:tc>{paragraph('1')}</w:tc></w:tr></w:tbl>"
    )
    body = (
        paragraph("Scope", '<w:pStyle w:val="H2"/>')
        + paragraph("first", listed)
        + paragraph("second", listed)
        + table
        + "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>"
        + f"<w:sdt><w:sdtContent>{paragraph('controlled')}</w:sdtContent></w:sdt>"
    )
    text = read(docx(body, styles=styles, numbering=numbering), "x.docx").text
    assert "## Scope" in text
    assert "III. first" in text
    assert "IV. second" in text
    assert "| Name | a\\|b |\n| --- | --- |\n| Ada | 1 |" in text
    assert "new" in text
    assert "old" not in text
    assert "controlled" in text


def test_docx_surroundings(read: Read) -> None:
    note = f'<w:footnote w:id="2">{paragraph("See the annex")}</w:footnote>'
    body = '<w:p><w:r><w:t>Claim</w:t><w:footnoteReference w:id="2"/></w:r></w:p>'
    box = f"<wps:txbx><w:txbxContent>{paragraph('boxed')}</w:txbxContent></wps:txbx>"
    body += f"<w:p><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    body += "</mc:AlternateContent></w:p>"
    text = read(
        docx(
            body,
            header1=word(paragraph("Confidential"), "hdr"),
            header2=word(paragraph("Confidential"), "hdr"),
            footnotes=word(note, "footnotes"),
            comments=word(f'<w:comment w:id="0" w:author="Ada">{paragraph("Why?")}</w:comment>', "comments"),
        ),
        "x.docx",
    ).text
    assert text.count("Confidential") == 1
    assert "Claim[^2]" in text
    assert "[^2]: See the annex" in text
    assert "[comment 0] Ada: Why?" in text
    assert text.count("boxed") == 1


def test_docx_cannot_reach_files(read: Read, tmp_path: object) -> None:
    evil = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + word(
        f"<w:body>{paragraph('before &f; after')}</w:body>", "document"
    )
    text = read(documents.package({"word/document.xml": evil}), "x.docx").text
    assert "root:" not in text


def test_docx_cut_in_half_is_saved(read: Read) -> None:
    whole = docx("".join(paragraph(f"Sentence number {number} of many.") for number in range(3000)))
    extracted = read(whole[: len(whole) // 2], "x.docx")
    assert "Sentence number 100 of many." in extracted.text
    assert extracted.truncated
    assert "damaged" in extracted.warnings[0]


def test_docx_of_lies_about_sizes(read: Read) -> None:
    body = docx(paragraph("x" * 1000) * 40_000)
    extracted = read(body, "x.docx", ExtractionLimits(max_part_bytes=5_000_000))
    assert extracted.truncated
    assert len(extracted.text) < 6_000_000


# --- Presentations


def test_pptx(read: Read) -> None:
    extracted = read(documents.pptx_show(), "x.pptx")
    first, second = split(extracted.text)
    assert (first.kind, first.label, extracted.parts) == ("slide", 1, 2)
    assert "# Quarterly review\nRevenue grew" in extracted.text[first.start : first.end]
    assert "Notes:\nMention the new office" in extracted.text[first.start : first.end]
    assert "| North | 42 |" in extracted.text[second.start : second.end]


def test_the_other_reader_of_pptx(tmp_path: Path) -> None:
    path, seen = tmp_path / "x.pptx", []
    path.write_bytes(documents.pptx_show())
    source = Source(path, path.name, EXTENSIONS[".pptx"])
    extracted = pptx.fallback(source, ExtractionLimits(), lambda *progress: seen.append(progress))
    first, second = split(extracted.text)
    assert "Quarterly review\nRevenue grew\n\nNotes:\nMention the new office" in extracted.text[: first.end]
    assert "| North | 42 |" in extracted.text[second.start :]
    assert (seen, extracted.parts, extracted.truncated) == ([(1, 2), (2, 2)], 2, False)
    assert pptx.fallback(source, ExtractionLimits(max_pages=1), lambda *_: None).truncated


def test_pptx_cut_is_saved(read: Read) -> None:
    whole = documents.pptx_show()
    extracted = read(whole[:-200], "x.pptx")
    assert "Quarterly review" in extracted.text
    assert extracted.truncated


def test_ppt(read: Read) -> None:
    extracted = read(documents.ppt([("Opening", "Grüße 漢"), ("Closing", "Thanks")]), "x.ppt")
    assert "<!-- slide 1 -->\n# Opening\nGrüße 漢" in extracted.text
    assert "<!-- slide 2 -->\n# Closing\nThanks" in extracted.text


def test_ppt_refusals(read: Read, shared_pool: ExtractionPool) -> None:
    assert refusal(read, documents.ppt([("a", "b")], token=0xF3D1C4DF), "x.ppt").code == "password_protected"
    assert refusal(read, documents.ole({"PP40": b"x"}), "x.ppt").code == "unsupported"
    assert refusal(read, documents.ole({"PowerPoint Document": b"x"}), "x.ppt").code == "corrupt"


# --- Workbooks


def test_xlsx(read: Read) -> None:
    rows = [["Item", "Price", "Day"], ["Tea", 2.5, datetime.date(2024, 3, 1)], ["Milk", 3.0, True]]
    extracted = read(documents.xlsx(**{"Q1 <x>": rows, "Empty": []}), "x.xlsx")
    assert [(part.kind, part.label) for part in split(extracted.text)] == [
        ("sheet", "Q1 <x>"),
        ("sheet", "Empty"),
    ]
    assert "| Tea | 2.5 | 2024-03-01 |" in extracted.text
    assert "| Milk | 3 | TRUE |" in extracted.text
    assert extracted.engine == "calamine"


def test_a_hidden_sheet_is_said_to_be_hidden(read: Read) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "seen"
    book.create_sheet("Notes")["A1"] = "unseen"
    book["Notes"].sheet_state = "hidden"
    book.save(out := io.BytesIO())
    extracted = read(out.getvalue(), "x.xlsx")
    assert '<!-- sheet "Notes" -->\n(hidden sheet)\n| unseen |' in extracted.text
    assert extracted.text.count("(hidden sheet)") == 1


def test_xlsx_formulas_that_were_never_calculated(read: Read) -> None:
    extracted = read(documents.xlsx(Sums=[[1, 2, "=A1+B1"]]), "x.xlsx")
    assert "| 1 | 2 | =A1+B1 |" in extracted.text


def test_xlsx_of_two_far_corners(read: Read) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "first"
    book.active["XFD1048576"] = "last"
    out = io.BytesIO()
    book.save(out)
    extracted = read(out.getvalue(), "x.xlsx")
    assert "first" in extracted.text
    assert "last" in extracted.text
    assert len(extracted.text) < 1000


def test_xlsx_row_limit_is_said(read: Read) -> None:
    content = documents.xlsx(Long=[[number, number] for number in range(500)])
    extracted = read(content, "x.xlsx", ExtractionLimits(max_rows=100))
    assert extracted.truncated
    assert "'Long'" in extracted.warnings[0]
    assert "100 rows" in extracted.warnings[0]


def test_xlsx_cut_is_saved(read: Read) -> None:
    whole = documents.xlsx(Data=[[number, number * 2] for number in range(5000)])
    extracted = read(whole[: len(whole) // 2], "x.xlsx")
    assert "| 10 | 20 |" in extracted.text
    assert extracted.truncated


def test_xlsx_headers_and_footers_are_read(read: Read) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "inside"
    book.active.oddHeader.left.text = "Profit & loss, draft"
    book.active.oddHeader.left.size = 14
    book.active.oddFooter.center.text = "Page &P of &N"
    book.active.oddFooter.right.text = "Ask Ada"
    out = io.BytesIO()
    book.save(out)
    text = read(out.getvalue(), "x.xlsx").text
    assert "Headers and footers:\n- Profit & loss, draft\n- Page of Ask Ada" in text
    assert "Headers" not in read(documents.xlsx(One=[["inside"]]), "x.xlsx").text


def test_xlsx_with_a_password(read: Read) -> None:
    import msoffcrypto

    for password, opens in (("open sesame", False), ("VelvetSweatshop", True)):
        out = io.BytesIO()
        msoffcrypto.OfficeFile(io.BytesIO(documents.xlsx(One=[["hidden"]]))).encrypt(password, out)
        if opens:
            assert "hidden" in read(out.getvalue(), "x.xlsx").text
        else:
            assert refusal(read, out.getvalue(), "x.xlsx").code == "password_protected"


def test_xls(read: Read) -> None:
    extracted = read(documents.xls([["Item", "Price"], ["Tea", 2.5]]), "x.xls")
    assert "| Item | Price |\n| --- | --- |\n| Tea | 2.5 |" in extracted.text
    assert extracted.engine == "xlrd"


# --- Text formats


def test_text_and_csv(read: Read) -> None:
    assert read("Grüße\r\nzwei".encode("cp1252"), "x.txt").text == "Grüße\nzwei"
    extracted = read(b"name;age\nAda;36\n", "x.csv")
    assert extracted.text == "name;age\nAda;36\n"
    assert extracted.details["delimiter"] == ";"
    assert extracted.details["header"] == ["name", "age"]


def test_text_without_nul(read: Read) -> None:
    assert "\x00" not in read(b"a" * 2000 + b"\x00" + b"b" * 2000, "x.txt").text


def test_json(read: Read) -> None:
    compact = b'{"id":10000000000000000000001,"pi":3.10,"name":"Ren\\u00e9","list":[' + b"1," * 200 + b"2]}"
    text = read(compact, "x.json").text
    assert '"id": 10000000000000000000001,\n' in text
    assert '"pi": 3.10' in text
    assert "René" in text
    broken = read(b'{"a": [1, 2', "x.json")
    assert broken.text == '{"a": [1, 2'
    assert broken.details["valid"] is False


def test_json_nested_a_million_deep(read: Read) -> None:
    assert len(read(b"[" * 1_000_000, "x.json").text) == 1_000_000


def test_html(read: Read) -> None:
    page = (
        "<html><head><title>Tea</title><style>p{}</style><script>steal()</script></head><body><h2>Kinds</h2>"
        '<p>Green &amp; black</p><p hidden>secret</p><p style="display:none">invisible</p>'
        "<ul><li>one</li></ul><!-- page 9 --></body></html>"
    )
    extracted = read(page.encode(), "x.html")
    assert "# Tea" in extracted.text
    assert "## Kinds" in extracted.text
    assert "Green & black" in extracted.text
    assert "one" in extracted.text
    for unwanted in ("steal", "secret", "invisible", "p{}"):
        assert unwanted not in extracted.text
    assert [part.kind for part in split(extracted.text)] == ["start"]


def test_rtf(read: Read) -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset2 Symbol;}}"
        rb"{\info{\title Plan}}{\header Top\par}Gr\'fc\'dfe {\f1\'cf\'f0\'e8\'e2\'e5\'f2} \u28450?{\*\secret no}\par "
        rb"{\f2 \'b7}\par "
        rb"{\pict 0102030405060708}Done{\footnote Mind this}\par"
        rb"\trowd\cellx1\cellx2 A\cell B\cell\row\trowd 1\cell 2\cell\row}"
    )
    extracted = read(content, "x.rtf")
    assert "Grüße Привет 漢\n•\n" in extracted.text
    assert extracted.text.startswith("Top")
    assert "Done[^1]" in extracted.text
    assert "[^1]: Mind this" in extracted.text
    assert "| A | B |\n| --- | --- |\n| 1 | 2 |" in extracted.text
    assert "no" not in extracted.text.split()
    assert "0102" not in extracted.text
    assert extracted.details["metadata"] == {"title": "Plan"}


# --- Pictures


@needs_ocr
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_picture(read: Read, kind: str) -> None:
    extracted = read(documents.picture("Hello World 42", kind), f"x.{kind.lower()}")
    assert "Hello World 42" in extracted.text
    assert (extracted.details["width"], extracted.details["height"]) == (1000, 200)


@needs_ocr
def test_picture_without_text_is_no_error(read: Read) -> None:
    extracted = read(documents.picture(""), "x.png")
    assert extracted.text == ""
    assert extracted.warnings == ["No text was found in this picture."]


def test_picture_too_large_is_not_decoded(read: Read) -> None:
    with pytest.raises(ExtractionError) as caught:
        read(documents.picture("x"), "x.png", ExtractionLimits(max_pixels=1000))
    assert caught.value.code == "too_large"


def test_picture_cut_short(read: Read) -> None:
    extracted = read(documents.picture("Hello", "BMP")[:120_000], "x.bmp")
    assert extracted.truncated


# --- All of them


@pytest.mark.parametrize("filename", ["x.txt", "x.csv", "x.json", "x.html", "x.rtf", "x.xlsx", "x.pdf"])
def test_nothing_in_it(read: Read, filename: str) -> None:
    with pytest.raises(ExtractionError) as caught:
        read(b"", filename)
    assert caught.value.code in ("empty", "unsupported")


def test_what_nobody_reads(shared_pool: ExtractionPool, tmp_path: object) -> None:
    from pathlib import Path

    with pytest.raises(ExtractionError) as caught:
        shared_pool.extract(Path("/nonexistent"), filename="x.ppt", media_type=PPT)
    assert caught.value.code in ("missing", "corrupt")
    with pytest.raises(ExtractionError) as caught:
        shared_pool.extract(Path("/nonexistent"), filename="x.doc", media_type="application/msword")
    assert caught.value.code == "unsupported"
