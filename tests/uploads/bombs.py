"""Documents made to exhaust whoever reads them. Each is small; what it holds, or seems to hold, is not."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.uploads.extraction import documents

Bomb = Callable[[], bytes]
_WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
MB = 1024 * 1024


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _zeros(size: int) -> bytes:
    """`size` zero bytes, compressed in pieces."""
    packer = zlib.compressobj(9)
    out = b"".join(packer.compress(bytes(min(MB, size - start))) for start in range(0, size, MB))
    return out + packer.flush()


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def pixels() -> bytes:
    return _png(30_000, 30_000, _zeros(30_000 * 3751))


def gif_of_pixels() -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x16" + b"\x8c" * 22 + b"\x00"
    return (
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame + b";"
    )


def bitmap_of_pixels() -> bytes:
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 200, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(146)
    )


def zip_of_a_thousand_to_one() -> bytes:
    text = "<w:p><w:r><w:t>" + "A" * (400 * MB) + "</w:t></w:r></w:p></w:body></w:document>"
    return documents.package({"[Content_Types].xml": "<Types/>", "word/document.xml": _WORD + text})


def zip_of_many_paragraphs() -> bytes:
    text = "<w:p><w:r><w:t>bomb</w:t></w:r></w:p>" * 5_000_000
    return documents.package({"word/document.xml": _WORD + text + "</w:body></w:document>"})


def zip_in_zips() -> bytes:
    content = _zip({"word/document.xml": bytes(20 * MB)})
    for _ in range(5):
        content = _zip({f"word/{number}.docx": content for number in range(10)})
    return _zip({"word/document.xml": content, "word/embeddings/inner.docx": content})


def zip_of_overlaps() -> bytes:
    """Twenty thousand members that are all the same bytes."""
    single = _zip({"xl/worksheets/sheet1.xml": _SHEET.encode() + b" " * (10 * MB)})
    start = single.index(b"PK\x01\x02")
    local, entry = single[:start], single[start : single.index(b"PK\x05\x06")]
    count = 20_000
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), len(local), 0)
    return local + entry * count + end


def sheet_of_a_million_rows() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1_000_001))
    return _workbook(_SHEET + rows + "</sheetData></worksheet>")


def sheet_of_two_corners() -> bytes:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    return _workbook(_SHEET + rows + "</sheetData></worksheet>")


def sheet_of_entities() -> bytes:
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a11;</t></is></c></row></sheetData></worksheet>'
    return _workbook(f"<?xml version='1.0'?><!DOCTYPE x [{entities}]>{_SHEET}{rows}")


def _workbook(sheet: str) -> bytes:
    """A workbook whose one sheet is this XML."""
    schemas = "http://schemas.openxmlformats.org"
    main, office = f"{schemas}/spreadsheetml/2006/main", f"{schemas}/officeDocument/2006/relationships"
    related, types = f"{schemas}/package/2006/relationships", f"{schemas}/package/2006/content-types"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def relation(name: str, target: str) -> str:
        link = f'<Relationship Id="r1" Type="{office}/{name}" Target="{target}"/>'
        return f'<Relationships xmlns="{related}">{link}</Relationships>'

    return documents.package(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
            "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
            '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


def pdf_of_ten_thousand_pages() -> bytes:
    return documents.pdf(f"page {number} of very many" for number in range(10_000))


def pdf_in_a_circle() -> bytes:
    """A page tree whose only child is its root."""
    body = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Count 1000000/Kids[3 0 R 2 0 R]>>endobj\n"
        b"3 0 obj<</Type/Pages/Parent 2 0 R/Count 1000000/Kids[2 0 R 3 0 R]>>endobj\n"
    )
    return body + b"trailer<</Root 1 0 R/Size 4>>\n%%EOF"


def pdf_that_calls_itself() -> bytes:
    facts = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>"
    form = documents.stream(b"/X Do /X Do", facts)
    return documents.pdf_of_contents([b"/X Do"], b"/XObject<</X 4 0 R>>", [form])


def pdf_of_operators() -> bytes:
    return documents.pdf_of_contents([b"BT /F1 1 Tf " + b"1 0 0 1 5 5 Tm (x) Tj " * 300_000 + b"ET"])


def pdf_of_flate() -> bytes:
    content = zlib.compress(b"BT (boom) Tj ET " * (40 * MB), 9)
    return documents.pdf_of_contents([b""], b"", []).replace(
        b"<< /Length 0  >>\nstream\n\nendstream",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(content), content),
    )


def html_of_attributes() -> bytes:
    attributes = b" ".join(b"a%d=1" % number for number in range(400_000))
    return b"<p>before</p><div " + attributes + b">within</div><p>after</p>"


def html_of_attributes_in_quotes() -> bytes:
    """The same, with what would end a tag inside the values."""
    return b"<div " + b" ".join(b'a%d=">"' % number for number in range(400_000)) + b">within</div>"


def html_of_many_wide_tags() -> bytes:
    tag = b"<i " + b" ".join(b"a%d" % number for number in range(20_000)) + b">x</i>"
    return b"<body>" + tag * 60


def html_of_divs() -> bytes:
    return b"<body>" + b"<div>" * 1_000_000 + b"deep"


def json_of_brackets() -> bytes:
    return b"[" * 1_000_000 + b"]" * 1_000_000


def json_of_objects() -> bytes:
    return b'{"a":' * 500_000 + b"1" + b"}" * 500_000


def json_of_a_long_number() -> bytes:
    return b"[" + b"9" * 5_000_000 + b"]"


def rtf_of_groups() -> bytes:
    return b"{\\rtf1 " + b"{" * 2_000_000 + b"deep" + b"}" * 2_000_000 + b"}"


def rtf_of_a_picture() -> bytes:
    return b"{\\rtf1 before {\\pict\\pngblip " + b"00ff" * (5 * MB) + b"} after}"


def csv_of_one_line() -> bytes:
    return b"a," * (10 * MB)


def csv_of_quotes() -> bytes:
    return b'"' + b'"",' * (6 * MB)


def text_of_marks() -> bytes:
    return b"<!-- page 1 -->\n" * 1_000_000


def xls_of_nothing() -> bytes:
    """A workbook stream of records without end."""
    return struct.pack("<HHHH", 0x0009, 4, 2, 0x10) + struct.pack("<HH", 0xEC, 0) * 2_000_000


def ppt_of_containers() -> bytes:
    record = struct.pack("<HHI", 0xF, 0x03E8, 0x7FFFFFFF)
    return documents.ole({"Current User": bytes(40), "PowerPoint Document": record * 7000})


def xml_in_a_package(content: bytes, folder: str) -> bytes:
    """Somebody's XML where a package's main part belongs."""
    main = {"word": "word/document.xml", "xl": "xl/workbook.xml", "ppt": "ppt/presentation.xml"}[folder]
    return _zip({"[Content_Types].xml": b"<Types/>", main: content, f"{folder}/other.xml": content})


BOMBS: dict[str, Bomb] = {
    "pixels.png": pixels, "pixels.gif": gif_of_pixels, "pixels.bmp": bitmap_of_pixels,
    "thousand.docx": zip_of_a_thousand_to_one, "paragraphs.docx": zip_of_many_paragraphs,
    "nested.docx": zip_in_zips, "overlaps.xlsx": zip_of_overlaps, "million.xlsx": sheet_of_a_million_rows,
    "corners.xlsx": sheet_of_two_corners, "entities.xlsx": sheet_of_entities,
    "pages.pdf": pdf_of_ten_thousand_pages, "circle.pdf": pdf_in_a_circle, "itself.pdf": pdf_that_calls_itself,
    "operators.pdf": pdf_of_operators, "flate.pdf": pdf_of_flate,
    "attributes.html": html_of_attributes, "quoted.html": html_of_attributes_in_quotes,
    "wide.html": html_of_many_wide_tags, "divs.html": html_of_divs,
    "brackets.json": json_of_brackets, "objects.json": json_of_objects, "number.json": json_of_a_long_number,
    "groups.rtf": rtf_of_groups, "picture.rtf": rtf_of_a_picture,
    "line.csv": csv_of_one_line, "quotes.csv": csv_of_quotes, "marks.txt": text_of_marks,
    "records.xls": xls_of_nothing, "containers.ppt": ppt_of_containers,
}  # fmt: skip

# Cheap enough for every run of the tests; `python -m benchmarks.uploads hostile` takes all.
QUICK = (
    "pixels.png", "pixels.gif", "nested.docx", "overlaps.xlsx", "corners.xlsx", "entities.xlsx", "circle.pdf",
    "quoted.html", "brackets.json", "groups.rtf", "containers.ppt",
)  # fmt: skip
