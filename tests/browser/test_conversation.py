"""The conversation page: writing, mentioning, running, attaching."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conversations.models import Conversation, Message
from conversations.services import add_message
from playground.readiness import sandbox_report
from tests.browser.axe import violations
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(page_as: Callable[..., Page], cast: Cast) -> Page:
    """Alice's conversation, open."""
    opened = page_as("alice")
    opened.goto(f"/conversations/{cast.conversation.pk}")
    return opened


def write(page: Page, text: str) -> None:
    # Before its scripts have come the field is a plain one, in which Enter breaks the line.
    expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    page.get_by_role("textbox", name="Message").press_sequentially(text)


def attach(page: Page, name: str, content: bytes) -> None:
    page.locator("#attach-input").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})


# --- starting, finding, deleting ------------------------------------------------------------------


def test_from_the_start_to_a_first_message(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("bob")
    page.goto("/")
    page.get_by_role("main").get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Nothing said yet")).to_be_visible()
    write(page, "Hello there\n")
    expect(page.locator(".message")).to_have_count(1)
    # The first message names the conversation: on the page, in the rail, in the tab.
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello there")
    expect(page.get_by_role("navigation").get_by_role("link", name="Hello there")).to_be_visible()
    expect(page).to_have_title("Hello there · Artifactsite")
    expect(page.get_by_text("Nothing said yet")).to_be_hidden()


def test_conversations_are_searched_in_the_rail(page: Page, cast: Cast) -> None:
    rail = page.get_by_role("navigation", name="Main")
    page.get_by_label("Search conversations").fill("nothing like it")
    expect(rail.get_by_text("No conversation has")).to_be_visible()
    page.get_by_label("Search conversations").fill("QUARTER")
    expect(rail.get_by_role("link", name="Quarterly figures")).to_be_visible()


def test_renaming_and_deleting(page: Page, cast: Cast) -> None:
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Yearly figures")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Yearly figures")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The conversation is deleted.", exact=False)).to_be_visible()
    assert not Conversation.objects.filter(pk=cast.conversation.pk).exists()


def test_somebody_elses_conversation_is_not_there(page_as: Callable[..., Page], cast: Cast) -> None:
    for name in ("bob", "adam", "carol"):
        page = page_as(name)
        answer = page.goto(f"/conversations/{cast.conversation.pk}")
        assert answer is not None
        assert answer.status == 404
        assert "Quarterly figures" not in page.content()


# --- messages ----------------------------------------------------------------------------------------


def test_shift_enter_breaks_and_enter_sends_once(page: Page, cast: Cast) -> None:
    field = page.get_by_role("textbox", name="Message")
    field.press_sequentially("first")
    field.press("Shift+Enter")
    field.press_sequentially("second")
    field.press("Enter")
    field.press("Enter")
    expect(page.locator(".message")).to_have_count(1)
    expect(field).to_have_value("")
    assert [message.body for message in Message.objects.all()] == ["first\nsecond"]


def test_a_draft_survives_a_reload_in_each_mode(page: Page) -> None:
    write(page, "half a thought")
    page.get_by_text("Program", exact=True).click()
    page.get_by_role("textbox", name="Program").fill("print(1)")
    page.reload()
    expect(page.get_by_role("textbox", name="Program")).to_have_value("print(1)")
    page.get_by_text("Message", exact=True).click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("half a thought")


def test_what_the_server_refuses_is_told_and_not_lost(page: Page) -> None:
    page.route(
        "**/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    write(page, "keep me\n")
    expect(page.locator("#composer").get_by_role("alert")).to_contain_text("can't be reached")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("keep me")


def test_messages_from_elsewhere_appear_by_themselves(page: Page, cast: Cast) -> None:
    add_message(by=cast.alice, conversation=cast.conversation, role="agent", body="From an outside agent")
    expect(page.get_by_text("From an outside agent")).to_be_visible(timeout=15_000)


def test_a_link_leads_to_an_old_message(page_as: Callable[..., Page], cast: Cast) -> None:
    messages = [
        add_message(by=cast.alice, conversation=cast.conversation, role="user", body=f"Message {number}")
        for number in range(90)
    ]
    page = page_as("alice")
    page.goto(f"/conversations/{cast.conversation.pk}")
    expect(page.get_by_text("Message 89", exact=True)).to_be_visible()
    expect(page.get_by_text("Message 3", exact=True)).to_have_count(0)
    page.goto(f"/conversations/{cast.conversation.pk}#message-{messages[3].pk}")
    expect(page.locator(f"#message-{messages[3].pk}")).to_be_in_viewport()
    page.get_by_role("button", name="Show later messages").click()
    expect(page.get_by_text("Message 89", exact=True)).to_be_visible()


def test_earlier_messages_are_fetched_on_demand(page_as: Callable[..., Page], cast: Cast) -> None:
    for number in range(70):
        add_message(by=cast.alice, conversation=cast.conversation, role="user", body=f"Message {number}")
    page = page_as("alice")
    page.goto(f"/conversations/{cast.conversation.pk}")
    page.get_by_role("button", name="Show earlier messages").click()
    expect(page.get_by_text("Message 0", exact=True)).to_be_attached()
    assert page.locator(".message").count() == 70


def test_without_scripts(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice", java_script_enabled=False)
    page.goto(f"/conversations/{cast.conversation.pk}")
    page.get_by_role("radio", name="Message").check()
    page.locator("#composer-body").fill("Sent by a plain form")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message")).to_contain_text("Sent by a plain form")
    page.get_by_label("Files to attach").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"some notes"}
    )
    page.locator("#attach-form").get_by_role("button", name="Attach", exact=True).click()
    expect(page.get_by_role("link", name="notes.txt")).to_be_visible()


# --- mentions -------------------------------------------------------------------------------------------


def test_an_artifact_is_mentioned_by_the_keyboard(page: Page, cast: Cast) -> None:
    artifact = cast.artifact("Q4 Sales", saved="private")
    cast.artifact("Sales notes")
    field = page.get_by_role("textbox", name="Message")
    write(page, "See @sal")
    options = page.get_by_role("option")
    expect(options).to_have_count(3)
    assert violations(page) == []
    first, last = options.first, options.last
    expect(first).to_have_attribute("aria-selected", "true")
    field.press("ArrowUp")
    expect(last).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    field.press_sequentially("es n")
    expect(first).to_contain_text("Sales notes")
    field.press("Backspace")
    field.press("Backspace")
    page.get_by_role("option", name="Q4 Sales").first.click()
    expect(field).to_have_value("See @Q4 Sales ")
    expect(options).to_have_count(0)
    field.press("Enter")
    chip = page.locator("a.mention")
    expect(chip).to_have_attribute("href", f"/artifacts/{artifact.pk}")


def test_escape_closes_until_the_next_at(page: Page, cast: Cast) -> None:
    cast.artifact("Q4 Sales")
    field = page.get_by_role("textbox", name="Message")
    write(page, "@q")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("Escape")
    with page.expect_response("**/api/mentions*"):
        field.press_sequentially("4 and @")
    expect(page.get_by_role("option")).to_have_count(1)


def test_an_address_opens_nothing(page: Page, cast: Cast) -> None:
    cast.artifact("Q4 Sales")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/mentions" in request.url else None)
    write(page, "write to alice@q4.example\n")
    expect(page.locator(".message-user")).to_have_count(1)
    assert asked == []


def test_a_stale_answer_never_overwrites_a_newer_one(page: Page, cast: Cast) -> None:
    cast.artifact("Alpha")
    cast.artifact("Alto")
    held = []
    page.route("**/api/mentions*q=al&*", lambda route: held.append(route))
    write(page, "@al")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("@al")
    write(page, "t")
    expect(page.get_by_role("option")).to_have_count(1)
    for route in held:
        route.continue_()
    expect(page.get_by_role("option")).to_contain_text("Alto")


# --- programs ---------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox() -> None:
    if not sandbox_report().ok:
        pytest.skip("this machine has no sandbox")


def run(page: Page, code: str) -> None:
    page.get_by_text("Program", exact=True).click()
    field = page.get_by_role("textbox", name="Program")
    field.fill(code)
    field.press("Control+Enter")


def test_a_program_streams_and_its_artifact_appears(page: Page, sandbox: None) -> None:
    run(
        page,
        "import time\nprint('step 1', flush=True)\ntime.sleep(3)\nopen('out.csv', 'w').write('a,b\\n1,2\\n')",
    )
    expect(page.locator("[data-output]")).to_contain_text("step 1", timeout=20_000)
    expect(page.locator("[data-artifact-card]")).to_have_count(1, timeout=20_000)
    expect(page.locator(".turn-state")).to_contain_text("Done")
    assert violations(page) == []


def test_a_program_is_cancelled(page: Page, sandbox: None) -> None:
    run(page, "import time\ntime.sleep(100)")
    expect(page.locator("[data-turn-status]")).to_have_text("Working", timeout=20_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".turn-state")).to_contain_text("Cancelled", timeout=20_000)


# --- attachments ---------------------------------------------------------------------------------------------


def test_a_file_is_read_shown_switched_off_and_removed(page: Page) -> None:
    attach(page, "notes.txt", b"figures of the year " * 50)
    row = page.locator(".upload")
    expect(row).to_have_attribute("data-status", "ready", timeout=30_000)
    expect(row).to_contain_text("tokens")
    assert violations(page) == []
    page.get_by_role("link", name="notes.txt").click()
    expect(page.get_by_role("dialog")).to_contain_text("figures of the year")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Active: notes.txt").uncheck()
    expect(page.locator("#uploads")).to_have_attribute("data-active", "0")
    page.get_by_role("button", name="Remove notes.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_a_file_that_is_not_accepted_is_refused_before_it_is_sent(page: Page) -> None:
    attach(page, "tool.exe", b"MZ")
    expect(page.locator("#uploading")).to_contain_text("not accepted")
    expect(page.locator(".upload")).to_have_count(0)


def test_a_broken_file_says_why_and_can_be_retried(page: Page) -> None:
    attach(page, "broken.pdf", b"%PDF-1.4 nothing else")
    row = page.locator(".upload")
    expect(row).to_have_attribute("data-status", "failed", timeout=30_000)
    row.get_by_role("button", name="Retry").click()
    expect(row).to_have_attribute("data-status", "failed", timeout=30_000)


# --- small screens, keys -----------------------------------------------------------------------------------------


def test_on_a_phone_the_rail_and_the_files_are_drawers(page_as: Callable[..., Page], cast: Cast) -> None:
    page = page_as("alice", viewport={"width": 390, "height": 844})
    page.goto(f"/conversations/{cast.conversation.pk}")
    rail = page.get_by_role("navigation", name="Main")
    expect(rail).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(rail).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(rail).to_be_hidden()
    page.get_by_role("button", name="Files").click()
    expect(page.get_by_role("complementary", name="Attachments")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_question_mark_lists_the_keys(page: Page) -> None:
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(page) == []
