"""Signing in and out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Username or e-mail address").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_by_username_and_by_address(page_as: Callable[..., Page], cast: Cast) -> None:
    for name in ("alice", "alice@example.org"):
        page = page_as(None)
        page.goto("/sign-in")
        assert violations(page) == []
        sign_in(page, name, PASSWORD)
        expect(page.get_by_role("navigation", name="Main").get_by_text("alice", exact=True)).to_be_visible()


def test_a_wrong_password_is_told_and_the_name_stays(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as(None)
    page.goto("/sign-in")
    sign_in(page, "alice", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Username or e-mail address")).to_have_value("alice")


def test_nobody_signs_up(page_as: Callable[..., Page]) -> None:
    page = page_as(None)
    for path in ("/sign-up", "/signup", "/accounts/signup/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404


def test_signing_out(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice")
    page.goto("/account")
    page.get_by_role("button", name="alice").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_without_scripts(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as(None, java_script_enabled=False)
    page.goto("/account")
    sign_in(page, "alice", PASSWORD)
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
