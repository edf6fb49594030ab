"""The account page: tokens, theme, password."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_token_is_shown_once_works_and_is_revoked(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice")
    page.goto("/account")
    page.get_by_label("Name of a new token").fill("report robot")
    page.get_by_role("button", name="Make a token").click()
    shown = page.locator("#new-token")
    expect(shown).to_be_visible()
    secret = shown.inner_text()
    assert violations(page) == []
    headers = {"Authorization": f"Bearer {secret}"}
    stranger = page_as(None).request
    assert stranger.get("/api/projects", headers=headers).status == 200

    page.reload()
    expect(page.get_by_role("rowheader", name="report robot")).to_be_visible()
    assert secret not in page.content()

    page.get_by_role("button", name="Revoke report robot").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("rowheader", name="report robot")).to_have_count(0)
    assert stranger.get("/api/projects", headers=headers).status == 401


def test_a_nameless_token_is_refused_in_words(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice")
    page.goto("/account")
    page.get_by_label("Name of a new token").fill("   ")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#new-token")).to_have_count(0)


def test_the_theme_is_kept(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice")
    page.goto("/account")
    page.get_by_role("main").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert violations(page) == []
    page.get_by_role("main").get_by_role("button", name="System").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_password_is_changed(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice")
    page.goto("/account/password")
    assert violations(page) == []
    page.get_by_label("Current Password").fill(PASSWORD)
    page.get_by_label("New Password", exact=True).fill("a rather new phrase 7")
    page.get_by_label("New Password (again)").fill("a rather new phrase 7")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    cast.alice.refresh_from_db()
    assert cast.alice.check_password("a rather new phrase 7")
