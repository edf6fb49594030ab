"""Previews of formats with a structure of their own, as they stand on the screen."""

import base64
import io
import json
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from PIL import Image
from playwright.sync_api import Page, expect
from pypdfium2 import PdfDocument

from artifacts import tasks
from artifacts.models import Artifact, Grid
from tests.browser.axe import violations
from tests.cast import Cast
from tests.uploads.extraction.documents import docx, paragraph, pptx_show

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = """<!doctype html><title>x</title><p id=ran>not yet</p>
<script>document.getElementById("ran").textContent = document.compatMode + " ran";
console.error("said <b>it</b>", { a: [1] }); fetch("https://example.org/"); missing.call();</script>"""
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


def picture(width: int, height: int) -> bytes:
    """Left half red, right half blue."""
    image, buffer = Image.new("RGB", (width, height), "red"), io.BytesIO()
    image.paste("blue", (width // 2, 0, width, height))
    image.save(buffer, "PNG")
    return buffer.getvalue()


def colour(page: Page, x: float, y: float) -> tuple[int, ...]:
    """What stands at a place of the window."""
    shot = Image.open(io.BytesIO(page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})))
    pixel = shot.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_an_image_is_fitted_zoomed_and_moved(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.png", picture(4000, 2000)), tmp_path)
    image, size = page.locator(".preview-stage img"), page.locator(".zoom-size")
    x, y = middle(page, ".preview-stage")
    width = "image => image.getBoundingClientRect().width"
    fitted = image.evaluate(width)
    assert fitted <= page.locator(".preview-stage").evaluate("stage => stage.clientWidth")
    assert (colour(page, x - 50, y), colour(page, x + 50, y)) == ((255, 0, 0), (0, 0, 255))
    page.get_by_text("100 %", exact=True).first.click()
    expect(size).to_have_text("100 %")
    assert (image.evaluate(width), image.evaluate("image => image.naturalWidth")) == (4000, 4000)
    # The middle stayed in the middle; dragging it away brings the other half.
    assert (colour(page, x - 50, y), colour(page, x + 50, y)) == ((255, 0, 0), (0, 0, 255))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=4)
    page.mouse.up()
    assert colour(page, x + 50, y) == (255, 0, 0)
    page.get_by_role("button", name="Zoom in").click()
    expect(size).to_have_text("125 %")
    page.locator(".preview-stage").press("-")
    expect(size).to_have_text("100 %")
    page.mouse.wheel(0, -400)
    expect(size).to_have_text("272 %")
    page.locator(".preview-stage").press("0")
    assert image.evaluate(width) == fitted
    # Without the focus the wheel is the page's; with Ctrl, as a pinch on a trackpad arrives, it zooms.
    page.locator("h1").click()
    page.mouse.move(x, y)
    page.mouse.wheel(0, -100)
    assert image.evaluate(width) == fitted
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.wait_for_function(
        f"() => document.querySelector('.preview-stage img').getBoundingClientRect().width > {fitted}"
    )
    assert violations(page) == []


def test_two_fingers_zoom_an_image(cast: Cast, page_as: Callable[..., Page]) -> None:
    artifact = made(cast, "a.png", picture(1000, 1000))
    page = page_as("alice", has_touch=True, viewport={"width": 390, "height": 800})
    page.goto(f"/artifacts/{artifact.pk}")
    x, y = middle(page, ".preview-stage")
    before = page.locator(".preview-stage img").evaluate("image => image.clientWidth")
    touch = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90)):
        points = [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function(
        f"() => Math.abs(document.querySelector('.preview-stage img').clientWidth - {before * 3}) < 3"
    )


def test_a_drawing_is_only_an_image(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    drawing = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10"
    fill="lime"/><script>document.firstElementChild.firstElementChild.setAttribute("fill", "red")</script></svg>"""
    page = opened(page_as, made(cast, "a.svg", drawing.encode()), tmp_path)
    page.wait_for_function("() => document.querySelector('.preview-stage img').complete")
    assert colour(page, *middle(page, ".preview-stage img")) == (0, 255, 0)


def test_a_page_fills_the_screen_and_comes_back(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.html", PAGE.encode()), tmp_path)
    button = page.get_by_role("button", name="Full screen")
    button.click()
    expect(page.get_by_role("button", name="Leave full screen")).to_have_attribute("aria-pressed", "true")
    screen, height = page.evaluate("[innerHeight, document.querySelector('.preview-page').clientHeight]")
    assert height > screen * 0.7
    expect(page.locator(".frame-errors")).to_be_visible()
    page.get_by_role("button", name="Leave full screen").click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("document.fullscreenElement") is None


def test_lines_of_code_have_addresses(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    source = "\n".join(f"line_{number} = {number}  # {'long ' * 60}" for number in range(1, 301))
    artifact = made(cast, "a.py", source.encode())
    page = opened(page_as, artifact, tmp_path)
    assert page.locator(".code-line").count() == 300
    page.locator("#L3 .code-number").click()
    assert page.url.endswith("#L3")
    page.locator("#L6 .code-number").click(modifiers=["Shift"])
    assert page.url.endswith("#L3-L6")
    expect(page.locator(".code-line.is-marked")).to_have_count(4)
    ground = "line => getComputedStyle(line.lastElementChild).backgroundColor"
    assert page.locator("#L4").evaluate(ground) != page.locator("#L7").evaluate(ground)
    # Opened by somebody else, or after a reload, the lines are in sight.
    page.goto("about:blank")
    page.goto(f"/artifacts/{artifact.pk}#L290-L292")
    expect(page.locator(".code-line.is-marked")).to_have_count(3)
    expect(page.locator("#L290")).to_be_in_viewport()
    page.get_by_label("Line", exact=True).fill("200")
    page.keyboard.press("Enter")
    assert page.url.endswith("#L200")
    expect(page.locator("#L200")).to_be_in_viewport()
    page.get_by_label("Line", exact=True).fill("999")
    page.keyboard.press("Enter")
    expect(page.locator("[data-code-said]")).to_contain_text("there are 300")
    # A long line breaks where that is wanted, and keeps its number.
    height = page.locator("#L200").evaluate("line => line.clientHeight")
    page.get_by_label("Wrap lines").check()
    assert page.locator("#L200").evaluate("line => line.clientHeight") > 2 * height
    expect(page.locator("#L200 .code-number")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".preview-bar").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Code copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == source + "\n"
    assert violations(page) == []


def test_a_pages_errors_stand_below_it_as_text(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.html", PAGE.encode()), tmp_path)
    frame = page.frame_locator("iframe.preview-page")
    expect(frame.locator("#ran")).to_have_text("CSS1Compat ran")
    errors = page.locator(".frame-errors li")
    expect(errors.filter(has_text='said <b>it</b> {"a":[1]}')).to_be_visible()
    expect(errors.filter(has_text="missing is not defined")).to_be_visible()
    expect(errors.filter(has_text="Blocked: https://example.org")).to_be_visible()
    assert page.locator(".frame-errors b").count() == 0
    assert violations(page) == []


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
    assert violations(page) == []


def test_a_pdfs_pages_are_drawn_as_they_come_into_view(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.pdf", pdf()), tmp_path)
    first = page.locator(".document-page").first
    expect(first).to_be_visible()
    expect(first).to_have_js_property("naturalWidth", 1050, timeout=60_000)  # a job draws it
    assert page.locator(".document-page").count() == 3
    assert violations(page) == []


def test_a_notebooks_markup_runs_in_its_own_frame(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(page_as, made(cast, "a.ipynb", json.dumps({"cells": CELLS}).encode()), tmp_path)
    expect(page.locator(".notebook h1")).to_have_text("Heading")
    expect(page.frame_locator(".notebook-frame").locator("#out")).to_have_text("made inside")
    assert violations(page) == []


def test_a_workbook_is_grids_that_are_sorted_and_filtered(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    book, buffer = Workbook(), io.BytesIO()
    book.active.title = "Cities"
    book.active.append(["city", "people"])
    for row in (["Oslo", 700_000], ["Ålesund", 9_000], ["Bergen", 290_000], ["<b>x</b>", 1.5]):
        book.active.append(row)
    book.create_sheet("Rivers").append(["river"])
    book["Rivers"].append(["Glomma"])
    book.save(buffer)
    page = opened(page_as, made(cast, "a.xlsx", buffer.getvalue()), tmp_path)
    column = page.locator(".grid tbody td:nth-child(2)")
    expect(column).to_have_text(["Oslo", "Ålesund", "Bergen", "<b>x</b>"])
    numbers = page.locator(".grid tbody td:nth-child(3)")
    assert set(numbers.evaluate_all("cells => cells.map((cell) => getComputedStyle(cell).textAlign)")) == {
        "end"
    }
    page.get_by_role("link", name="people").click()
    expect(column).to_have_text(["<b>x</b>", "Ålesund", "Bergen", "Oslo"])
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("people")
    assert "sort=people" in page.url
    page.get_by_role("link", name="people").click()
    expect(column).to_have_text(["Oslo", "Bergen", "Ålesund", "<b>x</b>"])
    page.get_by_label("Column", exact=True).select_option("people")
    page.get_by_label("Condition").select_option("to")
    page.get_by_label("Value").fill("9000")
    page.keyboard.press("Enter")
    expect(column).to_have_text(["Ålesund", "<b>x</b>"])
    expect(page.locator(".grid-foot")).to_contain_text("of 2 that match, of 4")
    # The address shows the same to whoever opens it.
    page.reload()
    expect(column).to_have_text(["Ålesund", "<b>x</b>"])
    page.get_by_role("link", name="Remove the filter: people is at most “9000”").click()
    expect(column).to_have_count(4)
    page.get_by_role("link", name="Rivers").click()
    expect(column).to_have_text(["Glomma"])
    expect(page.locator(".grid-sheets [aria-current]")).to_have_text("Rivers")
    assert violations(page) == []


def test_a_large_table_says_how_far_it_is_and_then_is_there(
    cast: Cast, page_as: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    make = tasks.making.make
    monkeypatch.setattr(tasks.making, "make", lambda pk: go.wait(60) and make(pk))
    artifact = cast.artifact("Big", "table", [{"n": (number * 7919) % 3000} for number in range(3000)])
    Grid.objects.update(percent=42)
    page = page_as("alice")
    page.goto(f"/artifacts/{artifact.pk}")
    expect(page.locator(".grid-waiting")).to_contain_text("42 %")
    # Its first rows are there already.
    expect(page.locator(".grid tbody td").nth(1)).to_have_text("1919")
    go.set()
    page.get_by_role("link", name="n", exact=True).click()
    expect(page.locator(".grid-waiting")).to_have_count(0)
    expect(page.locator(".grid tbody td").nth(1)).to_have_text("1")
    # One that was never prepared is when somebody opens it.
    Grid.objects.all().delete()
    page.goto(f"/artifacts/{artifact.pk}")
    page.get_by_role("link", name="n", exact=True).click()
    expect(page.locator(".grid tbody td").nth(1)).to_have_text("1")
    assert Grid.objects.exclude(file="").exists()


# A second of film, red, as the browser itself records it.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const context = canvas.getContext("2d");
  const draw = () => { context.fillStyle = "red"; context.fillRect(0, 0, 64, 64); };
  draw();
  const timer = setInterval(draw, 30);
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start();
  await new Promise((done) => setTimeout(done, 1000));
  recorder.stop();
  await stopped;
  clearInterval(timer);
  return Array.from(new Uint8Array(await new Blob(parts).arrayBuffer()));
}"""


def tone(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(128 + (number % 40) for number in range(int(8000 * seconds))))
    return buffer.getvalue()


def test_sound_and_film_are_played(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(page_as, made(cast, "a.wav", tone(2.5)), tmp_path)
    sound = page.locator("audio")
    page.wait_for_function("() => document.querySelector('audio').duration > 2.4")
    sound.evaluate("audio => { audio.muted = true; audio.currentTime = 2; return audio.play(); }")
    page.wait_for_function("() => document.querySelector('audio').ended")
    film = made(cast, "a.webm", bytes(page.evaluate(RECORD)))
    page.goto(f"/artifacts/{film.pk}")
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    # What is drawn, without the controls above it.
    drawn = page.locator("video").evaluate(
        """async (video) => {
          video.muted = true;
          await video.play();
          await new Promise((done) => video.requestVideoFrameCallback(done));
          const context = Object.assign(document.createElement("canvas"), { width: 64, height: 64 }).getContext("2d");
          context.drawImage(video, 0, 0);
          return Array.from(context.getImageData(32, 32, 1, 1).data);
        }"""
    )
    assert (drawn[0] > 200, drawn[1] < 60, drawn[2] < 60) == (True, True, True)
    assert violations(page) == []


def test_what_the_browser_can_not_show_says_so_and_offers_the_download(
    cast: Cast, page_as: Callable[..., Page]
) -> None:
    page = page_as("alice")
    for name in ("a.png", "a.svg", "a.mp3", "a.mp4"):
        artifact = made(cast, name, b"<p>none of it")
        page.goto(f"/artifacts/{artifact.pk}")
        expect(page.locator("[data-preview-failed]")).to_contain_text("Download it to open it elsewhere.")
        expect(page.locator(".preview :is(img, audio, video)")).to_be_hidden()
    # Over the gallery too, where it comes in later.
    page.goto("/artifacts")
    expect(page.locator(".tile", has_text="a.svg")).to_contain_text("This image can’t be shown.")
    page.get_by_role("link", name="a.png").click()
    expect(page.locator("#viewer [data-preview-failed]")).to_be_visible()
    assert violations(page) == []


def test_documents_are_their_text(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    letter = docx(paragraph("Dear &lt;b&gt;reader&lt;/b&gt;"))
    for name, document, wanted in (
        ("a.docx", letter, ["Dear <b>reader</b>"]),
        ("a.pptx", pptx_show(), ["Slide 1", "Quarterly review", "Slide 2", "North"]),
    ):
        page = opened(page_as, made(cast, name, document), tmp_path)
        for words in wanted:
            expect(page.locator(".document-text")).to_contain_text(words)
    page = opened(page_as, made(cast, "a.rtf", rb"{\rtf1 Grand {\b title} \'e9t\'e9}"), tmp_path)
    expect(page.locator(".document-text")).to_have_text("Grand title été")
    assert violations(page) == []


def test_plain_text_in_any_encoding_and_the_head_of_a_long_one(
    cast: Cast, page_as: Callable[..., Page], tmp_path: Path
) -> None:
    words = "Größenwahn und Überfluß in Žižkov"
    page = opened(page_as, made(cast, "a.txt", words.encode("utf-16")), tmp_path)
    expect(page.locator(".preview-text")).to_have_text(words)
    expect(page.locator(".preview")).to_contain_text("Read as utf-16")
    page = opened(page_as, made(cast, "b.txt", b"begin " + b"x" * 300_000 + b" end"), tmp_path)
    expect(page.locator(".preview-text")).to_contain_text("begin")
    expect(page.locator(".preview-text")).not_to_contain_text("end")
    expect(page.locator(".note")).to_contain_text("Only the beginning is shown")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it").click()
    assert download.value.path().read_bytes().endswith(b" end")
    assert violations(page) == []


def test_markdown_as_github_writes_it(cast: Cast, page_as: Callable[..., Page], tmp_path: Path) -> None:
    source = (
        "# Plan\n\n- [x] done\n- [ ] open\n\n| a | b |\n| :- | -: |\n| 1 | 2 |\n\nNoted[^1] ~~never~~\n\n"
        "```python\ndef f(): pass\n```\n\n[^1]: below\n"
    )
    page = opened(page_as, made(cast, "a.md", source.encode()), tmp_path)
    shown = page.locator(".preview-rendered")
    expect(shown.locator("input[type=checkbox]")).to_have_count(2)
    assert shown.locator("input").evaluate_all(
        "boxes => boxes.map((box) => [box.checked, box.disabled])"
    ) == [
        [True, True],
        [False, True],
    ]
    assert shown.locator("td").last.evaluate("cell => getComputedStyle(cell).textAlign") in (
        "right",
        "-webkit-right",
    )
    keyword = shown.locator("pre .k").first
    expect(keyword).to_have_text("def")
    ground = "element => getComputedStyle(element).color"
    assert keyword.evaluate(ground) != shown.locator("pre").evaluate(ground)
    expect(shown.locator(".footnotes")).to_contain_text("below")
    expect(shown.locator("s, del")).to_have_text("never")
    page.get_by_text("Source", exact=True).first.click()
    expect(page.locator("pre.preview-source")).to_have_text(source)
    expect(shown).to_be_hidden()
    assert violations(page) == []


def test_what_is_too_wide_in_a_text_is_reached_by_keyboard(cast: Cast, page_as: Callable[..., Page]) -> None:
    wide = "|".join("a" * 20 for _ in range(30))
    source = f"|{wide}|\n|{'-|' * 30}\n\n| a |\n|---|\n\n```\n{'x' * 500}\n```\n\n```\nx\n```\n"
    page = page_as("alice")
    page.goto(f"/artifacts/{made(cast, 'a.md', source.encode()).pk}")
    stops = page.locator(".prose :is(table, pre)")
    expect(stops.nth(0)).to_have_attribute("tabindex", "0")
    assert [one.get_attribute("tabindex") for one in stops.all()] == ["0", None, "0", None]
    assert violations(page) == []


def test_a_search_is_marked_in_the_gallery(cast: Cast, page_as: Callable[..., Page]) -> None:
    cast.artifact("zoo", "text", "lions and a <img src=x onerror=alert(1)> penguin")
    page = page_as("alice")
    alerts: list[Any] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.dismiss()))
    page.goto("/artifacts?q=pengu")
    expect(page.locator(".tile mark")).to_have_text("penguin")
    assert not alerts
