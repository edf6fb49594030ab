"""The extracted text of a file: finding words in it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.cast import Cast
from tests.uploads.received import received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_words_are_found_and_stepped_through(page_as: Callable[..., Page], cast: Cast) -> None:
    lines = [f"line {number} of (a+b)\n" for number in range(200)]
    received(cast, "notes.txt", "".join(lines).encode())
    page = page_as("alice")
    page.goto(f"/conversations/{cast.conversation.pk}")
    expect(page.locator(".upload")).to_have_attribute("data-status", "ready", timeout=30_000)
    page.get_by_role("link", name="notes.txt").click()
    field = page.get_by_role("searchbox", name="Find in the text")
    field.fill("LINE 19")
    said = page.locator("[data-find] output")
    expect(said).to_have_text("1 of 11")
    field.press("Enter")
    expect(said).to_have_text("2 of 11")
    assert page.locator("#extracted-text").evaluate("text => text.scrollTop") > 0
    field.press("Shift+Enter")
    field.press("Shift+Enter")
    expect(said).to_have_text("11 of 11")
    assert page.evaluate("CSS.highlights.get('upload-found').size") == 11
    field.fill("(a+b)")
    expect(said).to_have_text("1 of 200")
    assert violations(page) == []
    field.fill("nowhere")
    expect(said).to_have_text("Not found")
