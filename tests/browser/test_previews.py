"""Previews of formats with a structure of their own, as they stand on the screen."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect
from pypdfium2 import PdfDocument

from artifacts.models import Artifact
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = """<!doctype html><title>x</title><p id=ran>not yet</p>
<script>document.getElementById("ran").textContent = document.compatMode + " ran";
console.error("said <b>it</b>"); fetch("https://example.org/"); missing.call();</script>"""
CELLS = [
    {"cell_type": "markdown", "source": "# Heading"},
    {
        "cell_type": "code",
        "source": "1 + 1",
        "outputs": [
            {"data": {"text/html": "<p id=out>old</p><script>out.textContent = 'made inside'</script>"}}
        ],
    },
]


def made(cast: Cast, name: str, data: bytes) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(data).decode())


def opened(page_as: Callable[..., Page], artifact: Artifact, tmp: Path) -> Page:
    page = page_as("alice")
    page.goto(f"/artifacts/{artifact.pk}")
    page.screenshot(path=tmp / "preview.png")
    return page


def pdf() -> bytes:
    document, buffer = PdfDocument.new(), io.BytesIO()
    for _ in range(3):
        document.new_page(600, 800)
    document.save(buffer)
    return buffer.getvalue()


def test_a_pages_errors_stand_below_it_as_text(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.html", PAGE.encode()), tmp_path)
    frame = page.frame_locator("iframe.preview-page")
    expect(frame.locator("#ran")).to_have_text("CSS1Compat ran")
    errors = page.locator(".frame-errors li")
    expect(errors.filter(has_text="said <b>it</b>")).to_be_visible()
    expect(errors.filter(has_text="missing is not defined")).to_be_visible()
    expect(errors.filter(has_text="Blocked: https://example.org")).to_be_visible()
    assert page.locator(".frame-errors b").count() == 0


def test_nobody_but_the_frame_itself_writes_below_it(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.html", b"<p>quiet"), tmp_path)
    page.evaluate("postMessage({ type: 'frame-error', text: 'forged' }, '*')")
    page.evaluate(
        """() => { const other = document.createElement("iframe"); other.sandbox = "allow-scripts";
        other.srcdoc = "<script nonce=x>parent.postMessage({type:'frame-error',text:'forged'},'*')</" + "script>";
        document.body.append(other); }"""
    )
    page.wait_for_timeout(300)
    expect(page.locator(".frame-errors")).to_be_hidden()


def test_json_opens_and_closes_and_has_its_source(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(
        page_as, made(cast, "a.json", json.dumps({"list": [1, {"deep": "leaf"}]}).encode()), tmp_path
    )
    leaf = page.locator(".json-string", has_text="leaf")
    expect(leaf).to_be_hidden()
    page.locator("summary", has_text="{ } 1 entry").last.click()
    expect(leaf).to_be_visible()
    page.get_by_text("Source", exact=True).first.click()
    expect(page.locator("pre.preview-source")).to_be_visible()
    expect(page.locator(".json-tree")).to_be_hidden()


def test_a_pdfs_pages_are_drawn_as_they_come_into_view(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.pdf", pdf()), tmp_path)
    first = page.locator(".document-page").first
    expect(first).to_be_visible()
    for _ in range(100):
        if first.evaluate("image => image.naturalWidth") == 1050:
            break
        page.wait_for_timeout(100)
    page.screenshot(path=tmp_path / "preview.png")
    assert first.evaluate("image => image.naturalWidth") == 1050
    assert page.locator(".document-page").count() == 3


def test_a_notebooks_markup_runs_in_its_own_frame(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.ipynb", json.dumps({"cells": CELLS}).encode()), tmp_path)
    expect(page.locator(".notebook h1")).to_have_text("Heading")
    expect(page.frame_locator(".notebook-frame").locator("#out")).to_have_text("made inside")


def test_a_workbook_is_a_grid(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    book, buffer = Workbook(), io.BytesIO()
    book.active.append(["city", "people"])
    book.active.append(["Oslo", 700_000])
    book.save(buffer)
    page = opened(page_as, made(cast, "a.xlsx", buffer.getvalue()), tmp_path)
    expect(page.get_by_role("cell", name="Oslo")).to_be_visible()


def test_a_search_is_marked_in_the_gallery(cast: Cast, page_as: Callable[..., Page]) -> None:
    cast.artifact("zoo", "text", "lions and a <img src=x onerror=alert(1)> penguin")
    page = page_as("alice")
    alerts: list[Any] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.dismiss()))
    page.goto("/artifacts?q=pengu")
    expect(page.locator(".tile mark")).to_have_text("penguin")
    assert not alerts
