"""The frame of every page, and what no page may do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_visitor_is_led_to_sign_in_and_on_to_where_they_went(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    page = page_as(None)
    page.goto("/artifacts")
    page.get_by_label("Username", exact=False).fill("alice")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{page.url.split('/artifacts')[0]}/artifacts")
    expect(page.get_by_role("heading", name="Artifacts", exact=True)).to_be_visible()


def test_pages_break_no_rule_of_their_own_policy(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact()
    page = page_as("alice")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in (
        "/",
        f"/conversations/{cast.conversation.pk}",
        "/artifacts",
        f"/artifacts/{artifact.pk}",
        "/account",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
    assert complaints == []
