"""What the preview shows of each kind; that nothing of it runs in the page's own origin."""

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from pypdfium2 import PdfDocument

from artifacts import kinds
from artifacts.models import Artifact
from artifacts.types import gallery_type, is_textual, media_type_of
from artifacts.viewers.code import language_of
from tests.cast import Cast

pytestmark = pytest.mark.django_db
engines = pytest.mark.engines  # odd characters reach rows; what is drawn is the same over both
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def made(cast: Cast, name: str, data: bytes) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(data).decode())


def shown(cast: Cast, artifact: Artifact) -> str:
    answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/preview")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<script" not in page
    assert "<img src=x" not in page
    return page


def pdf(pages: int) -> bytes:
    document, buffer = PdfDocument.new(), io.BytesIO()
    for _ in range(pages):
        document.new_page(600, 800)
    document.save(buffer)
    return buffer.getvalue()


NOTEBOOK = {
    "metadata": {"kernelspec": {"language": "python"}},
    "cells": [
        {
            "cell_type": "markdown",
            "source": ["# Title\n", HOSTILE, "![a](attachment:my%20a.png) ![b](attachment:none.png)"],
            "attachments": {"my a.png": {"image/png": "aGkh"}},
        },
        {
            "cell_type": "code",
            "execution_count": 3,
            "source": "print(1)  # \ud800",
            "outputs": [
                {"output_type": "stream", "text": [HOSTILE]},
                {"output_type": "display_data", "data": {"image/png": "aGk=", "text/plain": "x"}},
                {"output_type": "display_data", "data": {"text/html": ["<b>bold</b>", HOSTILE]}},
                {
                    "output_type": "display_data",
                    "data": {"text/markdown": "*fine*", "text/plain": "<object>"},
                },
                {
                    "output_type": "display_data",
                    "data": {"application/json": {"a": [1]}, "text/plain": "<object>"},
                },
                {"output_type": "stream", "text": "\x1b]0;title\x0710 %\r50 %\r100 %\r\ndone"},
                {"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m", HOSTILE]},
            ],
        },
    ],
}


def test_json_is_a_tree_and_its_source(cast: Cast) -> None:
    page = shown(cast, made(cast, "a.json", json.dumps({"list": [1, None], HOSTILE: HOSTILE}).encode()))
    assert "<details" in page
    assert '<span class="json-key">list</span>' in page
    assert ESCAPED in page
    assert "preview-source" in page


@pytest.mark.parametrize("text", ["{broken", "[" * 5000 + "]" * 5000, "[1, " * 3])
def test_json_that_is_none_is_shown_as_it_is_written(cast: Cast, text: str) -> None:
    page = re.sub(r"</?span[^>]*>", "", shown(cast, made(cast, "a.json", text.encode())))
    assert text[:50] in page
    assert "json-tree" not in page


@engines
def test_json_stands_in_its_tree_as_it_was_written(cast: Cast) -> None:
    digits = "9" * 1900
    text = f'{{"a": 1.10, "a": 1e400, "b": {digits}, "c": "\\ud800", "d": NaN, "e": {{}}, "f": []}}'
    page = shown(cast, made(cast, "a.json", text.encode()))
    tree = re.sub(r"<[^>]+>", "", page[page.index("json-tree") :].partition("preview-source")[0])
    for part in ("a: 1.10", "a: 1e400", f"b: {digits}", "c: &quot;\\ud800&quot;", "d: NaN", "e: {}", "f: []"):
        assert part in tree, part


def test_json_of_many_nodes_is_bounded(cast: Cast) -> None:
    page = shown(cast, made(cast, "a.json", json.dumps(list(range(20_000))).encode()))
    assert "more</div>" in page


def test_a_large_json_file_has_its_tree_and_the_head_of_its_source(cast: Cast) -> None:
    rows = [{"name": HOSTILE, "number": number} for number in range(30_000)]
    page = shown(cast, made(cast, "a.json", json.dumps(rows).encode()))
    assert "[ ] 30,000 entries" in page
    assert page.count('class="json-key"') > 2_000
    assert "Only the beginning is shown" in page
    assert len(page) < 2_000_000


@engines
@pytest.mark.parametrize("name", ["a.html", "a.png", "a.mp3", "a.pdf", "a.csv", "a.ipynb"])
def test_an_empty_file_says_so(cast: Cast, name: str) -> None:
    assert "This file is empty" in shown(cast, made(cast, name, b""))


def test_a_bomb_is_not_given_to_the_browser(cast: Cast, alice: Client) -> None:
    header = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (40_000).to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    )
    artifact = made(cast, "a.png", header)
    said = "This image is too large to show: 40,000 × 40,000 pixels."
    places = f"/artifacts/{artifact.pk}", f"/conversations/{artifact.conversation_id}", "/artifacts"
    for page in (shown(cast, artifact), *(alice.get(place).content.decode() for place in places)):
        assert said in page
        assert f"{artifact.pk}/image" not in page


@engines
def test_a_notebook_shows_cells_and_keeps_its_markup_apart(cast: Cast, alice: Client) -> None:
    artifact = made(cast, "a.ipynb", json.dumps(NOTEBOOK).encode())
    page = shown(cast, artifact)
    assert "<h1>Title</h1>" in page
    assert ESCAPED in page
    assert "data:image/png;base64,aGk=" in page
    assert "\x1b" not in page
    for part in (
        'src="data:image/png;base64,aGkh"',
        "Picture: b",
        "<em>fine</em>",
        "&quot;a&quot;: [",
        ">100 %",
    ):
        assert part in page, part
    for part in ("50 %", "&lt;object&gt;"):
        assert part not in page
    assert 'sandbox="allow-scripts"' in page
    assert "output=2" in page
    frame = alice.get(f"/artifacts/{artifact.pk}/frame?output=2")
    assert b"<b>bold</b>" in frame.content
    policy = frame["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    for number in (0, 9, 10**9):
        assert alice.get(f"/artifacts/{artifact.pk}/frame?output={number}").status_code == 404
    assert alice.get(f"/artifacts/{artifact.pk}/frame").status_code == 404


@engines
@pytest.mark.parametrize(
    "cells", [5, {}, [1, None], [{"source": 5, "outputs": [{"data": 5}, 7]}], [{"cell_type": []}]]
)
def test_a_notebook_of_nonsense_is_no_error(cast: Cast, cells: Any) -> None:
    shown(cast, made(cast, "a.ipynb", json.dumps({"cells": cells, "metadata": 3}).encode()))


@engines
def test_a_documents_text_is_shown(cast: Cast) -> None:
    page = shown(cast, made(cast, "a.rtf", rb"{\rtf1 Hello \b world}"))
    assert "Hello" in page
    assert "rtf1" not in page


def test_a_pdfs_pages_are_images_with_addresses(cast: Cast, alice: Client) -> None:
    artifact = made(cast, "a.pdf", pdf(3))
    page = shown(cast, artifact)
    assert page.count('class="document-page"') == 3
    assert 'width="1050" height="1400"' in page
    picture = alice.get(f"/artifacts/{artifact.pk}/page?page=2&version=1")
    assert picture["Content-Type"] == "image/webp"
    assert picture["Cache-Control"] == "private, no-cache"
    assert "sandbox" in picture["Content-Security-Policy"]
    assert max(Image.open(io.BytesIO(picture.content)).size) == 1400
    again = alice.get(f"/artifacts/{artifact.pk}/page?page=2", headers={"If-None-Match": picture["ETag"]})
    assert again.status_code == 304
    for number in ("0", "4", "999999"):
        assert alice.get(f"/artifacts/{artifact.pk}/page?page={number}").status_code == 404
    assert alice.get(f"/artifacts/{artifact.pk}/page?page=x").status_code == 400


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.pptx"])
def test_a_damaged_document_says_so_and_offers_the_download(cast: Cast, name: str) -> None:
    page = shown(cast, made(cast, name, b"%PDF-1.7 nothing of it"))
    assert "can’t be shown" in page
    assert "download" in page


@pytest.mark.parametrize(
    ("name", "tag", "media_type"), [("a.mp3", "<audio", "audio/mpeg"), ("a.mp4", "<video", "video/mp4")]
)
def test_sound_and_film_are_played_in_ranges(
    cast: Cast, alice: Client, name: str, tag: str, media_type: str
) -> None:
    artifact = made(cast, name, b"0123456789")
    assert tag in shown(cast, artifact)
    answer = alice.get(f"/artifacts/{artifact.pk}/media", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer["Content-Type"], answer.getvalue()) == (206, media_type, b"234")
    assert answer["Content-Disposition"].startswith("inline")
    text = cast.artifact("t", "text", "x")
    assert alice.get(f"/artifacts/{text.pk}/media").status_code == 404


@engines
@pytest.mark.parametrize(("encoding", "said"), [("utf-8", ""), ("utf-16", "utf-16"), ("cp1252", "cp1252")])
def test_text_is_read_in_its_encoding(cast: Cast, encoding: str, said: str) -> None:
    words = "Füße, Übergröße und Äpfel für den schönen Tag in München. " * 5
    page = shown(cast, made(cast, "a.txt", words.encode(encoding)))
    assert words.strip()[:50] in page
    assert (said in page) if said else ("Read as" not in page)


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.py", "x = 1", "python"),
        ("Dockerfile", "FROM x", "docker"),
        ("a.h", "@interface A\n@end\n", "objective-c"),
        ("a.h", "int f(void);\n", "c"),
        ("run", "#!/usr/bin/env -S python3.11 -u\nx = 1", "python"),
        ("run", "#!/bin/sh\nls", "bash"),
        ("run", "#!/opt/nothing-known\nls", ""),
        ("a", "// -*- mode: rust -*-\n", "rust"),
        ("page", "<!DOCTYPE html><p>", "html"),
        ("change", "diff --git a/x b/x\n", "diff"),
        ("answer", '{"a": 1}', "json"),
        ("answer", "{not json", ""),
        ("notes.txt", '{"a": 1}', ""),
        ("notes", "Dear all,", ""),
    ],
)
def test_a_language_is_known_by_the_name_then_by_the_content(name: str, text: str, language: str) -> None:
    assert language_of(name, text) == language


@pytest.mark.parametrize(
    ("name", "shelf", "textual"),
    [
        ("Dockerfile", "code", True),
        ("run.bat", "code", True),
        ("main.rs", "code", True),
        ("main.nim", "code", True),
        ("Build", "file", False),
        ("notes.txt", "file", True),
        ("a.webp", "image", False),
        ("a.mp4", "file", False),
    ],
)
def test_the_table_of_types_decides_by_the_name(name: str, shelf: str, textual: bool) -> None:
    media_type = media_type_of(name) or "application/octet-stream"
    assert (gallery_type(name, media_type), is_textual(media_type)) == (shelf, textual)


def test_code_of_any_length_is_coloured_and_numbered_as_its_lines_are(cast: Cast) -> None:
    long = b"\n\nvalue = '<b>'  # note\r\n" + b"x = 1\n" * 12_000
    page = shown(cast, made(cast, "a.py", long))
    assert page.count('class="code-line"') == 10_000
    assert page.count('<span class="m">1</span>') == 9_997
    line = page[page.index('id="L3"') :].partition("\n")[0]
    assert "&lt;b&gt;" in line
    assert 'class="c"' in line
    assert "Only the beginning is shown" in page


def test_a_file_too_large_to_show_gives_its_head(cast: Cast) -> None:
    page = shown(cast, made(cast, "a.txt", b"first line\n" + b"x" * 400_000))
    assert "first line" in page
    assert "Only the beginning is shown" in page


@pytest.mark.parametrize(
    ("html", "before"),
    [
        ("<!doctype html><html><head>", "<!doctype html>"),
        ("<!-- a --><!DOCTYPE html PUBLIC 'x'><p>", "<!-- a --><!DOCTYPE html PUBLIC 'x'>"),
        ("<?xml version='1.0'?>\n<!doctype html><p>", "<?xml version='1.0'?>\n<!doctype html>"),
        ("<p>no doctype", ""),
    ],
)
def test_a_page_tells_its_errors_and_keeps_its_doctype(
    cast: Cast, alice: Client, html: str, before: str
) -> None:
    artifact = made(cast, "a.html", html.encode())
    body = alice.get(f"/artifacts/{artifact.pk}/frame").content.decode()
    assert body.startswith(before + "<script>")
    assert body.endswith(html.removeprefix(before))


@engines
def test_text_in_another_encoding_is_text_everywhere(cast: Cast, do_jobs: Callable[[], int]) -> None:
    words = "Grüße aus Köln, façade à la carte. " * 3
    artifact = made(cast, "a.txt", words.encode("latin-1"))
    do_jobs()
    api = cast.api("alice")
    assert api.get("/api/artifacts?q=koln").json()["results"][0]["preview"]["excerpt"] == words
    assert api.get(f"/api/artifacts/{artifact.pk}/data").getvalue().decode() == words
    assert artifact.current is not None
    assert kinds.get("file").for_agent(artifact.current, 1000) == (words, False)
    assert api.get(f"/api/artifacts/{artifact.pk}/download").getvalue() == words.encode("latin-1")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "shift_jis", "utf-16"])
def test_a_page_is_read_in_the_encoding_it_names(cast: Cast, alice: Client, encoding: str) -> None:
    words = "東京" if encoding == "shift_jis" else "Grüße"
    page = f"<!doctype html><meta charset={encoding}><p>{words}"
    artifact = made(cast, "a.html", page.encode(encoding))
    answer = alice.get(f"/artifacts/{artifact.pk}/frame")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert words in answer.content.decode()


@engines
def test_nobody_else_gets_any_of_it(cast: Cast) -> None:
    documents = [
        made(cast, "a.pdf", pdf(1)),
        made(cast, "a.mp3", b"x"),
        made(cast, "a.ipynb", b'{"cells": []}'),
    ]
    bob = Client()
    bob.force_login(cast.bob)
    for artifact in documents:
        for path in ("page?page=1", "media", "frame?output=0"):
            assert bob.get(f"/artifacts/{artifact.pk}/{path}").status_code == 404


def test_a_tile_shows_a_table_s_beginning_column_by_column(cast: Cast, alice: Client) -> None:
    rows = [{f"column {column}": f"{HOSTILE}\n{row}, {column}" for column in range(6)} for row in range(8)]
    tile = alice.get(f"/artifacts/{cast.artifact('Wide', 'table', rows).pk}/tile").content.decode()
    texts = [re.sub(r"</?b>", "", text).split("\n") for text in re.findall(r"<p>(.*?)</p>", tile, re.DOTALL)]
    assert [text[0] for text in texts] == ["column 0", "column 1", "column 2", "column 3", "+ 2 more"]
    # Each cell is one line, cut to what is seen of it.
    assert {len(text) for text in texts} == {1 + 5}
    assert texts[0][1] == ESCAPED[: ESCAPED.index("(1)")] + "…"
    assert "8 rows" in tile


def test_only_what_has_a_colour_is_an_element_of_code(cast: Cast, alice: Client) -> None:
    artifact = made(cast, "a.py", b"x = [y.z for z in range(3)]  # <b>\n")
    coloured = (
        'x = [y.z <span class="k">for</span> z <span class="k">in</span> <span class="nf">range</span>('
        '<span class="m">3</span>)]  <span class="c"># &lt;b&gt;</span>'
    )
    assert coloured in shown(cast, artifact)
    assert coloured in alice.get(f"/artifacts/{artifact.pk}/tile").content.decode()
