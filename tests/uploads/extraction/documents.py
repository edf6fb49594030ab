"""Small documents of every format, made by real libraries or, where none writes the format, byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

import openpyxl
import pptx
import pypdf
from PIL import Image, ImageDraw, ImageFont

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def pdf(pages: Iterable[str], resources: bytes = b"", objects: Iterable[bytes] = ()) -> bytes:
    """A PDF with one line of Helvetica a page. `objects` come first: they are numbered from 4."""
    extra = list(objects)
    contents = [f"BT /F1 18 Tf 72 720 Td ({text}) Tj ET".encode("latin-1") for text in pages]
    return pdf_of_contents(contents, resources, extra)


def pdf_of_contents(contents: list[bytes], resources: bytes = b"", extra: Iterable[bytes] = ()) -> bytes:
    """A PDF whose pages have these content streams."""
    extra = list(extra)
    first = 4 + len(extra)
    kids = b" ".join(b"%d 0 R" % (first + 2 * index) for index in range(len(contents)))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(contents)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *extra,
    ]
    for index, content in enumerate(contents):
        bodies.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> %b >> >>" % (first + 2 * index + 1, resources)
        )
        bodies.append(stream(content))
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table)
    return bytes(out)


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    """A PDF stream object's body."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), dictionary, content)


def locked_pdf(password: str) -> bytes:
    """A PDF that opens only with its password."""
    writer = pypdf.PdfWriter(io.BytesIO(pdf(["secret"])))
    writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned_pdf(text: str) -> bytes:
    """A PDF whose only content is a picture of `text`."""
    picture = _picture(text)
    data = zlib.compress(picture.tobytes())
    image = stream(
        data,
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Filter /FlateDecode" % picture.size,
    )
    return pdf_of_contents([b"q 500 0 0 100 56 600 cm /Im1 Do Q"], b"/XObject << /Im1 4 0 R >>", [image])


def package(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(body: str, **parts: str) -> bytes:
    """A DOCX with this XML inside its body; each of `parts` becomes `word/NAME.xml`, related by its name."""
    links = "".join(
        f'<Relationship Id="r{name}" Type="{_RELATIONSHIPS}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for name in parts
    )
    return package(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
            f' Type="{_RELATIONSHIPS}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
            "word/document.xml": word(f"<w:body>{body}</w:body>", "document"),
            **{f"word/{name}.xml": content for name, content in parts.items()},
        }
    )


def word(inner: str, root: str) -> str:
    """WordprocessingML with its namespaces."""
    names = (
        f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    return f"<w:{root} {names}>{inner}</w:{root}>"


def paragraph(text: str, properties: str = "") -> str:
    """One paragraph with one run."""
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def pptx_show() -> bytes:
    """Two slides: title and text with notes, then a table."""
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Quarterly review"
    first.placeholders[1].text = "Revenue grew"
    first.notes_slide.notes_text_frame.text = "Mention the new office"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Numbers"
    table = second.shapes.add_table(2, 2, 0, 0, 4_000_000, 1_000_000).table
    for index, text in enumerate(("Region", "Sales", "North", "42")):
        table.cell(index // 2, index % 2).text = text
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def xlsx(**sheets: list[list[object]]) -> bytes:
    """A workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: list[list[str | float]]) -> bytes:
    """A workbook in the oldest format, BIFF 2: a bare stream of records."""
    out = bytearray(struct.pack("<HHHH", 0x0009, 4, 2, 0x10))
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            place = struct.pack("<HH3s", row, column, b"\0\0\0")
            if isinstance(value, str):
                text = value.encode("latin-1")
                out += struct.pack("<HH", 0x0004, 8 + len(text)) + place + bytes([len(text)]) + text
            else:
                out += struct.pack("<HH", 0x0003, 15) + place + struct.pack("<d", value)
    return bytes(out + struct.pack("<HH", 0x000A, 0))


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE file with these streams at its top level, each padded to the size that needs no mini stream."""
    sector = 512
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    chains, cursor = {}, 2  # sector 0 is the allocation table, 1 the directory
    for name, data in padded.items():
        chains[name] = (cursor, -(-len(data) // sector))
        cursor += chains[name][1]
    table = [0xFFFFFFFF] * 128
    table[0], table[1] = 0xFFFFFFFD, 0xFFFFFFFE
    for start, count in chains.values():
        table[start : start + count] = [*range(start + 1, start + count), 0xFFFFFFFE]

    def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2, kind, 1)
        return head + struct.pack("<III16xI8x8xIQ", 0xFFFFFFFF, right, child, 0, start, size)

    entries = [entry("Root Entry", 5, 0xFFFFFFFF, 1, 0xFFFFFFFE, 0)]
    for index, (name, data) in enumerate(padded.items(), start=1):
        right = index + 1 if index < len(padded) else 0xFFFFFFFF
        entries.append(entry(name, 2, right, 0xFFFFFFFF, chains[name][0], len(data)))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0
    )
    header += struct.pack("<108I", *[0xFFFFFFFF] * 108)
    body = b"".join(data.ljust(chains[name][1] * sector, b"\0") for name, data in padded.items())
    return header[:512] + struct.pack("<128I", *table) + b"".join(entries).ljust(sector, b"\0") + body


def ppt(slides: list[tuple[str, str]], token: int = 0xE391C05F) -> bytes:
    """A PowerPoint 97 show: title and text of each slide, kept in the document's outline."""
    data = bytearray()
    offsets: dict[int, int] = {}

    def record(kind: int, content: bytes, instance: int = 0, *, container: bool = False) -> bytes:
        return struct.pack("<HHI", instance << 4 | (0xF if container else 0), kind, len(content)) + content

    outline = b""
    for number, (title, text) in enumerate(slides, start=2):
        offsets[number] = len(data)
        data += record(0x03EE, record(0x03EF, bytes(24)), container=True)
        outline += record(0x03F3, struct.pack("<IIIII", number, 0, 2, 254 + number, 0))
        outline += record(0x0F9F, struct.pack("<I", 0)) + record(0x0FA8, title.encode("latin-1"))
        outline += record(0x0F9F, struct.pack("<I", 1)) + record(0x0FA0, text.encode("utf-16-le"))
    offsets[1] = len(data)
    data += record(0x03E8, record(0x0FF0, outline, container=True), container=True)
    directory = len(data)
    numbers = sorted(offsets)
    run = struct.pack("<I", len(numbers) << 20 | numbers[0])
    data += record(0x1772, run + b"".join(struct.pack("<I", offsets[number]) for number in numbers))
    edit = len(data)
    data += record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, 0, directory, 1, len(numbers), 0, 0))
    user = record(0x0FF6, struct.pack("<III", 20, token, edit) + bytes(8))
    return ole({"Current User": user, "PowerPoint Document": bytes(data)})


def picture(text: str, kind: str = "PNG", turn: int = 0) -> bytes:
    """A picture of black letters on white, turned by `turn` degrees."""
    out = io.BytesIO()
    _picture(text).rotate(turn, expand=True, fillcolor=255).save(out, kind)
    return out.getvalue()


def _picture(text: str) -> Image.Image:
    image = Image.new("L", (1000, 200), 255)
    ImageDraw.Draw(image).text((40, 60), text, fill=0, font=ImageFont.load_default(size=60))
    return image
