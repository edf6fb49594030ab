"""The dropdown behind an @, and mentions as pieces of the text."""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Locator, Page, Route, expect

from artifacts.services import set_visibility
from conversations.models import Message
from mentions.syntax import token
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(page_as: Callable[..., Page], cast: Cast) -> Page:
    """Alice's conversation with two artifacts in it and one in the library, open."""
    cast.artifact("Q4 Sales Chart")
    cast.artifact("Q3 Sales Chart", "table", [{"a": 1}])
    cast.artifact("Customer Segmentation Query", saved="private")
    opened = page_as("alice")
    opened.goto(f"/conversations/{cast.conversation.pk}")
    expect(opened.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    return opened


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def options(page: Page) -> Locator:
    return page.locator("#mention-options [role=option]")


def mention(page: Page, typed: str, name: str) -> None:
    """Types and chooses."""
    field(page).press_sequentially(typed)
    expect(options(page).first).to_contain_text(name)
    field(page).press("Enter")
    expect(page.locator("#mention-list")).to_be_hidden()


def test_keys_go_through_the_list_with_wrap_and_screen_readers_hear_it(page: Page) -> None:
    field(page).press_sequentially("@sales")
    expect(options(page)).to_have_count(2)
    expect(page.locator("#mention-count")).to_have_text("2 artifacts")
    first, second = options(page).nth(0), options(page).nth(1)
    expect(first).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute("aria-activedescendant", "mention-option-0")
    field(page).press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    field(page).press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    field(page).press("ArrowUp")
    expect(field(page)).to_have_attribute("aria-activedescendant", "mention-option-1")
    expect(first.locator("mark")).to_have_text("Sales")
    found = Axe().run(page).response["violations"]
    assert [rule for rule in found if rule["impact"] in ("serious", "critical")] == []
    field(page).press("Escape")
    expect(page.locator("#mention-list")).to_be_hidden()
    # Settled until the next @.
    field(page).press_sequentially(" ch")
    page.wait_for_timeout(200)
    expect(page.locator("#mention-list")).to_be_hidden()


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_choice_is_sent_as_a_mention_of_exactly_that(page: Page, cast: Cast, key: str) -> None:
    field(page).press_sequentially("See @csq")
    expect(options(page).first).to_contain_text("Customer Segmentation Query")
    field(page).press(key)
    expect(field(page)).to_have_value("See @Customer Segmentation Query ")
    expect(page.locator(".composer-chip")).to_have_text("@Customer Segmentation Query")
    field(page).press("Enter")
    expect(page.locator(".message a.mention")).to_have_text("@Customer Segmentation Query")
    assert Message.objects.get(role="user").mentions.count() == 1


def test_a_mention_is_removed_by_one_key_and_comes_back_by_undo(page: Page) -> None:
    mention(page, "See @q4", "Q4 Sales Chart")
    expect(field(page)).to_have_value("See @Q4 Sales Chart ")
    field(page).press("Backspace")
    expect(field(page)).to_have_value("See ")
    field(page).press("Control+z")
    expect(field(page)).to_have_value("See @Q4 Sales Chart ")
    expect(page.locator(".composer-chip")).to_have_count(1)
    # From inside as well as from its end.
    field(page).press("End")
    for _ in range(3):
        field(page).press("ArrowLeft")
    field(page).press("Backspace")
    expect(field(page)).to_have_value("See  ")


def test_copy_and_paste_keep_what_it_stands_for_and_a_reload_too(page: Page, cast: Cast) -> None:
    mention(page, "@q4", "Q4 Sales Chart")
    field(page).press("Control+a")
    field(page).press("Control+x")
    expect(field(page)).to_have_value("")
    page.reload()
    expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    field(page).press("Control+v")
    expect(field(page)).to_have_value("@Q4 Sales Chart ")
    page.reload()
    expect(field(page)).to_have_value("@Q4 Sales Chart ")
    expect(page.locator(".composer-chip")).to_have_class("composer-chip mention-text")
    field(page).press("Enter")
    expect(page.locator(".message a.mention")).to_have_text("@Q4 Sales Chart")


@pytest.mark.parametrize("text", ["write to bob@sales", "https://a.example/@sales", "a/@sales", "@ sales"])
def test_inside_an_address_nothing_opens(page: Page, text: str) -> None:
    field(page).press_sequentially(text)
    page.wait_for_timeout(250)
    expect(page.locator("#mention-list")).to_be_hidden()


def test_enter_while_composing_chooses_nothing(page: Page) -> None:
    field(page).press_sequentially("@sales")
    expect(options(page)).to_have_count(2)
    for facts in ({"isComposing": True, "key": "Enter"}, {"keyCode": 229, "key": "Enter"}):
        field(page).dispatch_event("keydown", {"bubbles": True, "cancelable": True, **facts})
    expect(field(page)).to_have_value("@sales")
    expect(options(page)).to_have_count(2)


def test_a_late_answer_never_replaces_a_newer_one(page: Page) -> None:
    held: list[Route] = []

    def answer(route: Route) -> None:
        if "q=sa&" in route.request.url or route.request.url.endswith("q=sa"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/mentions?*", answer)
    field(page).press_sequentially("@sa", delay=80)
    page.wait_for_timeout(150)
    field(page).press_sequentially("les ch", delay=20)
    expect(options(page)).to_have_count(2)
    late: dict[str, Any] = {"current_conversation": [], "saved_artifacts": []}
    for route in held:
        # The page may have given this question up already, as it should.
        with contextlib.suppress(Error):
            route.fulfill(status=200, content_type="application/json", body=json.dumps(late))
    page.wait_for_timeout(200)
    expect(options(page)).to_have_count(2)


def test_files_of_the_conversation_have_a_section_and_long_names_fit_a_phone(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    from tests.uploads.received import received

    received(cast, "meeting notes.txt")
    cast.artifact("Meeting " + "x" * 192)
    page = page_as("alice", viewport={"width": 390, "height": 800})
    page.goto(f"/conversations/{cast.conversation.pk}")
    expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    field(page).press_sequentially("@meeting")
    expect(page.get_by_role("group", name="Files of this conversation")).to_contain_text("meeting notes.txt")
    expect(options(page)).to_have_count(2)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    options(page).nth(1).click()
    expect(field(page)).to_have_value("@meeting notes.txt ")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message a.mention-upload")).to_have_text("@meeting notes.txt")


def test_a_description_is_written_with_the_same_dropdown_and_shows_chips(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    cast.artifact("Q4 Sales Chart", "table", [{"a": 1}], saved="private")
    described = cast.artifact("Overview", saved="private")
    page = page_as("alice", viewport={"width": 390, "height": 800})
    page.goto(f"/artifacts/{described.pk}/edit")
    description = page.get_by_role("textbox", name="Description")
    description.press_sequentially("See @q4")
    offered = page.locator("#artifact-description-mention-options [role=option]")
    expect(offered).to_contain_text("Q4 Sales Chart")
    found = Axe().run(page).response["violations"]
    assert [rule for rule in found if rule["impact"] in ("serious", "critical")] == []
    description.press("Enter")
    chip = page.locator(".chip-copy .composer-chip")
    expect(description).to_have_value("See @Q4 Sales Chart ")
    expect(chip).to_have_text("@Q4 Sales Chart")
    description.press("Backspace")
    expect(description).to_have_value("See ")
    description.press("Control+z")
    expect(chip).to_have_text("@Q4 Sales Chart")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".artifact-description a.mention")).to_have_text("@Q4 Sales Chart")
    # What was chosen earlier is a chip again, and stays what it is.
    page.goto(f"/artifacts/{described.pk}/edit")
    expect(chip).to_have_text("@Q4 Sales Chart")
    expect(chip).to_have_class("composer-chip mention-table")
    description.press("Control+End")
    description.press_sequentially(" for all")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".artifact-description")).to_contain_text("for all")
    expect(page.locator(".artifact-description a.mention")).to_have_text("@Q4 Sales Chart")


def test_the_card_over_a_chip_is_gone_with_the_right_to_see_it(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    """Over a chip that stands in an open page, and that has shown its card before."""
    shared = cast.artifact("Zebrafinch ledger", data="kingfisher figures", saved="project")
    made = cast.api("bob").post("/api/conversations", {"project": str(cast.project.pk)}).json()
    body = {"body": token("Zebrafinch ledger", shared.pk)}
    cast.api("bob").post(f"/api/conversations/{made['id']}/messages", body)
    page = page_as("bob")
    page.goto(f"/conversations/{made['id']}")
    chip, card = page.locator(".message a.mention"), page.locator(".hover-card")
    chip.hover()
    expect(card).to_contain_text("kingfisher figures")
    page.mouse.move(0, 0)
    expect(card).to_be_hidden()
    set_visibility(by=cast.alice, artifact=shared, visibility="private")
    with page.expect_response(f"**/api/artifacts/{shared.pk}") as answer:
        chip.hover()
    assert answer.value.status == 404
    expect(card).to_be_hidden()
    page.reload()
    expect(page.locator(".message .mention-unavailable")).to_be_visible()
    assert not re.search("zebrafinch|kingfisher", page.content(), re.IGNORECASE)
