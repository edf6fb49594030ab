"""The dropdown behind an @, and mentions as pieces of the text."""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from artifacts.services import set_visibility
from conversations.models import Message
from mentions.syntax import token
from tests.browser.axe import violations
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
    found = violations(page)
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


def test_a_mention_is_one_piece_for_the_caret_selections_and_letters_beside_it(page: Page) -> None:
    mention(page, "See @q4", "Q4 Sales Chart")
    start, end = len("See "), len("See @Q4 Sales Chart")

    def selection(wanted: tuple[int, int]) -> None:
        page.wait_for_function(
            "([start, end]) => { const field = document.getElementById('composer-body');"
            " return field.selectionStart === start && field.selectionEnd === end; }",
            arg=wanted,
        )

    steps = [("ArrowLeft", (end, end)), ("ArrowLeft", (start, start)), ("ArrowRight", (end, end)),
             ("Shift+ArrowLeft", (start, end)), ("Shift+ArrowRight", (end, end)),
             ("Control+ArrowLeft", (start, start))]  # fmt: skip
    for key, wanted in steps:
        field(page).press(key)
        selection(wanted)
    field(page).press("Delete")
    expect(field(page)).to_have_value("See  ")
    field(page).press("Control+z")
    field(page).press("End")
    field(page).press("ArrowLeft")
    selection((end, end))
    field(page).press("Control+Backspace")
    expect(field(page)).to_have_value("See  ")
    field(page).press("Control+z")
    # A part of it is dragged over: all of it is taken.
    box = page.locator(".composer-chip").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 8, steps=3)
    page.mouse.up()
    selection((start, end))
    field(page).press("ArrowRight")
    selection((end, end))
    field(page).press_sequentially("x")
    expect(field(page)).to_have_value("See @Q4 Sales Chart x ")
    expect(page.locator(".composer-chip")).to_have_text("@Q4 Sales Chart")


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("tail", " @Q3 Sales Chart tail @Q4 Sales Chart"),
        ("Q3 Sales", " @Q4 Sales Chart @Q3 Sales Chart tail"),
    ],
)
def test_a_mention_that_is_dragged_stays_one_and_tears_no_other(page: Page, target: str, value: str) -> None:
    mention(page, "@q4", "Q4 Sales Chart")
    mention(page, "@q3", "Q3 Sales Chart")
    field(page).press_sequentially("tail")
    chips = page.locator(".composer-chip")
    expect(chips).to_have_text(["@Q4 Sales Chart", "@Q3 Sales Chart"])
    first, second = chips.nth(0).bounding_box(), chips.nth(1).bounding_box()
    assert first
    assert second
    length = len("@Q4 Sales Chart")
    field(page).evaluate("(field, length) => field.setSelectionRange(0, length)", length)
    y = first["y"] + first["height"] / 2
    page.mouse.move(first["x"] + 20, y)
    page.mouse.down()
    page.mouse.move(first["x"] + 40, y, steps=4)
    page.mouse.move(
        second["x"] + (second["width"] / 3 if target != "tail" else second["width"] + 200), y, steps=8
    )
    page.mouse.up()
    expect(chips).to_have_count(2)
    expect(field(page)).to_have_value(value)
    # Mentions are one piece for the caret again.
    start, end = value.index("@Q3"), value.index("@Q3") + length
    field(page).evaluate("(field, at) => field.setSelectionRange(at, at)", start + 5)
    expect(field(page)).to_have_js_property("selectionEnd", start if target == "tail" else end)
    field(page).press("Control+z")
    field(page).press("Control+z")
    expect(chips).to_have_text(["@Q4 Sales Chart", "@Q3 Sales Chart"])


def test_a_mention_written_as_code_is_sent_as_code(page: Page) -> None:
    mention(page, "@q4", "Q4 Sales Chart")
    field(page).fill("Write `@Q4 Sales Chart` for @Q4 Sales Chart")
    expect(page.locator(".composer-chip")).to_have_count(1)
    field(page).press("Enter")
    expect(page.locator(".message code")).to_have_text("@Q4 Sales Chart")
    expect(page.locator(".message a.mention")).to_have_count(1)


def test_two_things_of_one_name_are_both_chips(page: Page, cast: Cast) -> None:
    other = cast.artifact("Q4 Sales Chart", "table", [{"a": 1}])
    mention(page, "@q4", "Q4 Sales Chart")
    field(page).press_sequentially("@q4 sales")
    # The third is nearly meant; until then the list of before may stand there, hidden.
    expect(options(page)).to_have_count(3)
    field(page).press("ArrowDown")
    expect(options(page).nth(1)).to_have_attribute("aria-selected", "true")
    field(page).press("Enter")
    expect(page.locator(".composer-chip")).to_have_text(["@Q4 Sales Chart", "@Q4 Sales Chart (2)"])
    field(page).press("Enter")
    chips = page.locator(".message a.mention")
    expect(chips).to_have_text(["@Q4 Sales Chart"] * 2)
    assert str(other.pk) in {chip.get_attribute("data-artifact") for chip in chips.all()}
    assert len({chip.get_attribute("data-artifact") for chip in chips.all()}) == 2


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


def test_inside_an_address_and_in_code_nothing_opens(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/mentions" in request.url else None)
    for text in (
        "write to bob@sales", "https://a.example/@sales", "https://a.example/?a=@sales", "a/@sales", "`@sales",
        "`code @sales", "`a` and `b @sales", "```\n@sales", "``` x\n@sales\n```\n``@sales``",
    ):  # fmt: skip
        *lines, last = text.split("\n")
        field(page).fill("".join(f"{line}\n" for line in lines))
        field(page).press_sequentially(last)
    field(page).fill("@ sales")
    page.wait_for_timeout(250)
    assert asked == []
    # What is written without spaces has a word's beginning anywhere; behind code there is text again.
    for text in ("请看@sales", "`code` @sales"):
        field(page).fill(text[:-5])
        field(page).press_sequentially(text[-5:])
        expect(options(page)).to_have_count(2)


def test_the_caret_elsewhere_closes_the_list_and_pages_go_through_it(page: Page) -> None:
    field(page).fill("First line\n")
    field(page).press_sequentially("@sales")
    expect(options(page)).to_have_count(2)
    field(page).press("PageDown")
    expect(field(page)).to_have_attribute("aria-activedescendant", "mention-option-1")
    field(page).press("PageUp")
    expect(field(page)).to_have_attribute("aria-activedescendant", "mention-option-0")
    field(page).press("Control+Home")
    expect(page.locator("#mention-list")).to_be_hidden()


def test_enter_before_the_answer_chooses_what_it_brings(page: Page) -> None:
    """Rather than send half a name, or choose from a list that answers something else."""
    held: list[Route] = []
    page.route("**/api/mentions?*", lambda route: held.append(route))
    with page.expect_request("**/api/mentions?*q=q3*"):
        field(page).press_sequentially("See @q3")
        field(page).press("Enter")
    expect(page.locator("#mention-nothing")).to_have_text("Looking…")
    # Goes on with what is held.
    page.unroute("**/api/mentions?*")
    expect(field(page)).to_have_value("See @Q3 Sales Chart ")
    # What means nothing is sent as it stands.
    field(page).fill("Write to ")
    field(page).press_sequentially("@zzzz qqqq")
    field(page).press("Enter")
    expect(page.locator(".message").last).to_contain_text("Write to @zzzz qqqq")
    expect(field(page)).to_have_value("")


def test_what_is_written_while_a_message_is_on_its_way_stays(page: Page) -> None:
    held: list[Route] = []
    page.route("**/conversations/*/messages", lambda route: held.append(route))
    field(page).fill("Hello")
    with page.expect_request("**/conversations/*/messages"):
        field(page).press("Enter")
    field(page).press_sequentially(" and more")
    page.unroute("**/conversations/*/messages")
    expect(page.locator(".message").last).to_contain_text("Hello")
    expect(field(page)).to_have_value("and more")


def test_while_composing_nothing_is_chosen_or_asked(page: Page, cast: Cast) -> None:
    cast.artifact("売上レポート", saved="private")
    asked: list[str] = []
    field(page).press_sequentially("@")
    expect(options(page)).to_have_count(6)
    page.on("request", lambda request: asked.append(request.url) if "/api/mentions" in request.url else None)
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "うり", "selectionStart": 2, "selectionEnd": 2})
    expect(field(page)).to_have_value("@うり")
    for facts in ({"isComposing": True, "key": "Enter"}, {"keyCode": 229, "key": "Enter"}):
        field(page).dispatch_event("keydown", {"bubbles": True, "cancelable": True, **facts})
    page.wait_for_timeout(150)
    expect(field(page)).to_have_value("@うり")
    assert asked == []
    keyboard.send("Input.insertText", {"text": "売上"})
    expect(options(page)).to_have_count(2)  # in the conversation, and in the library
    field(page).press("Enter")
    expect(field(page)).to_have_value("@売上レポート ")


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
    found = violations(page)
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


def test_what_nobody_may_see_is_kept_in_a_form_each_by_itself(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    gone = uuid4(), uuid4()
    described = cast.artifact("Overview", saved="private")
    described.description = " and ".join(token("Secret", pk) for pk in gone)
    described.save(update_fields=["description"])
    page = page_as("alice")
    page.goto(f"/artifacts/{described.pk}/edit")
    description = page.get_by_role("textbox", name="Description")
    expect(description).to_have_value("@unavailable and @unavailable (2)")
    expect(page.locator(".chip-copy .composer-chip")).to_have_count(2)
    description.press("Control+End")
    description.press_sequentially(" stay")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".artifact-description")).to_have_text("unavailable and unavailable stay")
    described.refresh_from_db()
    assert described.description == " and ".join(token("", pk) for pk in gone) + " stay"


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
