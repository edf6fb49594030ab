"""Attaching files: chosen, dragged and pasted, many at once, with progress, cancelled, refused, sent again."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import violations
from tests.cast import Cast
from uploads.models import Upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Files of the page's own making, handed to it as the browser would: by `drop` or `paste`.
HAND_OVER = """([how, names]) => {
    const carried = new DataTransfer();
    for (const name of names)
        carried.items.add(new File([`words of ${name}`], name, {type: name.endsWith(".png") ? "image/png" : ""}));
    const at = document.querySelector("main");
    if (how === "paste")
        at.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carried, bubbles: true, cancelable: true}));
    else
        at.dispatchEvent(new DragEvent(how, {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""
SENDING = re.compile("/api/conversations/[^/]+/uploads$")


@pytest.fixture
def page(page_as: Callable[..., Page], cast: Cast) -> Page:
    opened = page_as("alice")
    opened.goto(f"/conversations/{cast.conversation.pk}")
    expect(opened.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    return opened


def choose(page: Page, *names: str, content: bytes = b"some words") -> None:
    files = [{"name": name, "mimeType": "", "buffer": content} for name in names]
    page.locator("#attach-input").set_input_files(files)  # type: ignore[arg-type]


def test_dragging_shows_where_to_drop_and_dropping_attaches(page: Page) -> None:
    zone = page.locator("#drop-zone")
    expect(zone).to_be_hidden()
    page.evaluate(HAND_OVER, ["dragover", ["one.txt"]])
    expect(zone).to_be_visible()
    page.evaluate(HAND_OVER, ["drop", ["one.txt", "two.csv"]])
    expect(zone).to_be_hidden()
    expect(page.locator(".upload")).to_have_count(2)
    assert set(page.locator(".upload-name").all_inner_texts()) == {"one.txt", "two.csv"}
    expect(page.locator(".upload[data-status=ready]")).to_have_count(2, timeout=30_000)


def test_pasting_attaches_and_names_a_picture_that_has_no_name(page: Page) -> None:
    page.evaluate(HAND_OVER, ["paste", ["notes.txt"]])
    expect(page.locator(".upload-name")).to_have_text(["notes.txt"])
    page.route(SENDING, lambda route: route.abort())
    page.evaluate(HAND_OVER, ["paste", ["image.png"]])
    expect(page.locator("#uploading")).to_contain_text(re.compile(r"pasted \d{4}-\d\d-\d\d.*\.png"))


def test_many_are_sent_at_once_and_those_beyond_the_limit_are_told_apart(page: Page, cast: Cast) -> None:
    assert cast.project.max_files == 10
    choose(page, *[f"{number}.txt" for number in range(12)])
    expect(page.locator(".upload")).to_have_count(10, timeout=30_000)
    refused = page.locator("#uploading li")
    expect(refused).to_have_count(2)
    expect(refused.first).to_contain_text("at most 10 files")
    refused.first.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(1)
    assert Upload.objects.count() == 10


def test_what_is_too_large_or_of_another_type_is_refused_before_it_is_sent(page: Page, cast: Cast) -> None:
    cast.project.max_file_size_mb = 1
    cast.project.save()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    choose(page, "large.txt", content=b"x" * (1024**2 + 1))
    expect(page.locator("#uploading")).to_contain_text("larger than 1 MB")
    choose(page, "tool.exe")
    expect(page.locator("#uploading")).to_contain_text("not accepted")
    assert not sent


def test_progress_is_shown_and_a_file_on_its_way_can_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route(SENDING, lambda route: held.append(route))
    choose(page, "slow.txt", "other.txt")
    rows = page.locator("#uploading li")
    expect(rows).to_have_count(2)
    expect(page.get_by_role("progressbar", name="Uploading slow.txt")).to_be_visible()
    assert violations(page) == []
    rows.filter(has_text="slow.txt").get_by_role("button", name="Cancel").click()
    expect(rows).to_have_count(1)
    for route in held:
        if "other.txt" in (route.request.post_data or ""):
            route.continue_()
    expect(page.locator(".upload-name")).to_have_text(["other.txt"])
    assert Upload.objects.count() == 1


def test_what_could_not_be_sent_is_sent_again_by_hand_or_when_the_network_is_back(page: Page) -> None:
    page.route(SENDING, lambda route: route.abort())
    choose(page, "one.txt", "two.txt", "three.txt")
    rows = page.locator("#uploading li")
    expect(rows.get_by_role("alert")).to_have_count(3)
    expect(rows.first).to_contain_text("can't be reached")
    page.unroute(SENDING)
    rows.filter(has_text="two.txt").get_by_role("button", name="Retry").click()
    expect(page.locator(".upload-name")).to_have_text(["two.txt"])
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".upload")).to_have_count(3)
    expect(rows).to_have_count(0)
    assert Upload.objects.count() == 3


def test_pages_done_are_shown_as_they_come(page: Page) -> None:
    choose(page, "report.txt")
    row = page.locator(".upload")
    expect(row).to_have_attribute("data-status", "ready", timeout=30_000)
    Upload.objects.update(status="extracting", parts_done=3, parts_total=9)
    page.reload()
    expect(row).to_contain_text("Extracting 3 of 9")
    Upload.objects.update(parts_done=7)
    expect(row).to_contain_text("Extracting 7 of 9")
    expect(page.get_by_role("progressbar", name="Extracting report.txt")).to_have_attribute("value", "7")
    assert violations(page) == []
    Upload.objects.update(status="ready")
    expect(row).to_have_attribute("data-status", "ready")


def test_all_that_failed_is_read_again_at_one_press(page: Page, cast: Cast) -> None:
    choose(page, "one.txt", "two.txt", "three.txt")
    expect(page.locator(".upload[data-status=ready]")).to_have_count(3, timeout=30_000)
    again = page.get_by_role("button", name="Retry all failed")
    expect(again).to_have_count(0)
    Upload.objects.exclude(filename="one.txt").update(
        status="failed", error_code="crashed", error_message="The program that reads it failed."
    )
    page.reload()
    expect(page.locator(".upload[data-status=failed]")).to_have_count(2)
    assert violations(page) == []
    again.click()
    expect(page.get_by_text("2 files will be read again.")).to_be_visible()
    expect(page.locator(".upload[data-status=ready]")).to_have_count(3, timeout=30_000)
    expect(again).to_have_count(0)


def test_the_meter_counts_the_tokens_of_active_files(page: Page, cast: Cast) -> None:
    cast.project.max_tokens = 60
    cast.project.save()
    choose(page, "notes.txt", content=b"word " * 40)
    expect(page.locator(".upload")).to_contain_text("50 tokens", timeout=30_000)
    meter = page.locator("#token-meter")
    expect(meter).to_have_attribute("value", "50")
    choose(page, "more.txt", content=b"more " * 40)
    expect(meter).to_have_attribute("value", "100", timeout=30_000)
    expect(page.locator("#uploads")).to_contain_text("More than an agent takes")
    page.get_by_role("checkbox", name="Active: more.txt").uncheck()
    expect(meter).to_have_attribute("value", "50")
    expect(page.locator("#uploads")).not_to_contain_text("More than an agent takes")
