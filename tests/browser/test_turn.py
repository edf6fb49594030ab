"""A turn of the agent's while it works, in the browser: streamed, seen twice, broken off, answered again."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.cast import Cast
from tests.fake_openai import Endpoint, fake_openai

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANSWER = """## What the figures say

Sales **rose** by 4 %:

- West: 2.1
- East: 1.9

```python
total = 4.0
```

The end."""
CALL = {"name": "save_text", "arguments": {"name": "plan.md", "text": "# The plan"}}


@pytest.fixture(scope="module")
def _endpoint() -> Iterator[Endpoint]:
    with fake_openai() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_endpoint: Endpoint, settings: Any) -> Endpoint:
    settings.AGENT_BASE_URL, settings.AGENT_MODEL = f"{_endpoint.url}/v1", "m"
    return _endpoint


@pytest.fixture
def page(endpoint: Endpoint, page_as: Callable[..., Page], cast: Cast) -> Page:
    opened = page_as("alice")
    opened.goto(f"/conversations/{cast.conversation.pk}")
    return opened


def say(page: Page, text: str) -> None:
    expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    field = page.get_by_role("textbox", name="Message")
    field.fill(text)
    field.press("Enter")


def test_an_answer_streams_as_markdown_and_stays_put(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    # Held still in the middle of the list's second item.
    endpoint.script("m", {"text": ANSWER, "piece": 1, "wait": ANSWER.index("1.9") + 2})
    say(page, "How are sales?")
    answer = page.locator(".message-agent .prose")
    expect(answer.locator("h2")).to_have_text("What the figures say", timeout=20_000)
    expect(answer.locator("li")).to_have_count(2)
    expect(answer.locator("strong")).to_have_text("rose")
    assert violations(page) == []
    # The blocks that are complete are not touched again: a mark that was put on one is still there at the end.
    answer.locator("h2").evaluate("element => (element.dataset.mine = 'yes')")
    top = answer.locator("h2").bounding_box()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator(".message-agent li")).to_have_count(2)
    endpoint.release()
    expect(answer.locator("h2[data-mine]")).to_have_count(1)
    for window in (page, second):
        expect(window.locator(".turn-state")).to_contain_text("Done", timeout=20_000)
        expect(window.locator(".message-agent .copyable .button")).to_have_count(1)
        expect(window.locator("[data-part]")).to_have_count(0)
    assert answer.locator("h2").bounding_box() == top
    # What another window calls it, or its first message, is told to those that are open.
    cast.conversation.title = "Sales at last"
    cast.conversation.save()
    for window in (page, second):
        expect(window.get_by_role("heading", name="Sales at last", level=1)).to_be_visible(timeout=20_000)
        expect(window).to_have_title("Sales at last · Artifactsite")


def test_tool_steps_and_cards_appear_before_the_end(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    endpoint.script("m", {"text": "I keep it.", "calls": [CALL]}, {"text": "Kept.", "wait": 1})
    say(page, "Keep the plan")
    expect(page.locator("[data-artifact-card]")).to_have_count(1, timeout=20_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    step = page.locator(".message-tool details.step")
    expect(step.locator("summary")).to_have_text("Input and output")
    expect(step.get_by_label("Input")).to_be_hidden()
    step.locator("summary").click()
    expect(step.get_by_label("Input")).to_contain_text("plan.md")
    page.reload()
    expect(page.locator("[data-artifact-card]")).to_have_count(1)
    expect(page.locator("[data-turn-elapsed]")).to_contain_text(" s")
    endpoint.release()
    expect(page.locator(".turn-state")).to_contain_text("Done", timeout=20_000)
    assert page.locator(".message").evaluate_all("all => all.map(one => one.className.split(' ')[1])") == [
        "message-user", "message-agent", "message-tool", "message-agent",
    ]  # fmt: skip
    assert violations(page) == []


def test_a_page_that_lost_the_server_finds_it_again(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    endpoint.script("m", {"text": "Half an answer", "piece": 1, "wait": 6})
    say(page, "Go on")
    expect(page.locator(".message-agent .prose")).to_have_text("Half", timeout=20_000)
    away = re.compile(r"/turns/")
    page.route(away, lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.reload()
    page.evaluate("window.sameWindow = true")
    with page.expect_response(re.compile(r"/turns/[0-9a-f-]+$"), timeout=20_000):
        pass
    expect(page.locator("[data-turn-status]")).to_have_text("The connection is lost. Trying again")
    endpoint.release()
    page.unroute(away)
    expect(page.locator(".turn-state")).to_contain_text("Done", timeout=20_000)
    expect(page.locator(".message-agent .prose")).to_have_text("Half an answer")
    expect(page.locator(".turn .note-bad")).to_have_count(0)
    assert page.evaluate("window.sameWindow")


def test_a_cancelled_answer_keeps_what_had_come(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    endpoint.script("m", {"text": "Half an answer", "piece": 1, "wait": 6})
    say(page, "Go on")
    expect(page.locator(".message-agent .prose")).to_have_text("Half", timeout=20_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".turn-state")).to_contain_text("Cancelled", timeout=20_000)
    expect(page.locator(".message-agent .prose")).to_contain_text("Half")
    endpoint.release()


def test_a_message_is_answered_again(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    endpoint.script("m", {"text": "One"}, {"text": "Two"})
    say(page, "Guess")
    expect(page.get_by_text("One", exact=True)).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Two", exact=True)).to_be_visible(timeout=20_000)
    expect(page.get_by_text("One", exact=True)).to_be_hidden()
    expect(page.locator(".message-user")).to_have_count(1)
    page.reload()
    page.get_by_text("Earlier answer").click()
    expect(page.get_by_text("One", exact=True)).to_be_visible()
    assert violations(page) == []


def test_what_the_model_refuses_is_told(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    endpoint.script("m", {"status": 401, "error": "bad key"})
    say(page, "Hello")
    expect(page.locator(".turn .note-bad")).to_contain_text("refuses the key", timeout=20_000)


def test_a_conversation_is_copied_as_markdown(page: Page, endpoint: Endpoint, cast: Cast) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    endpoint.script("m", {"text": "It is **4**.", "calls": [CALL]}, {"text": "See {{mention}}."})
    say(page, "What is 2 + 2?")
    expect(page.locator(".turn-state")).to_contain_text("Done", timeout=20_000)
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("button", name="Copy as Markdown").first.click()
    expect(page.locator(".toast")).to_contain_text("copied as Markdown")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("# Quarterly figures\n\n**alice** · ")
    assert "**Agent** · " in text
    assert "\n\nIt is **4**.\n\n**save_text** · " in text
    assert "- @[plan.md](artifact:" in text
