"""The whole loop on screen: from a question about a PDF to its chart, saved and mentioned in another conversation."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from playground.readiness import sandbox_report
from tests.cast import Cast
from tests.fake_openai import fake_openai
from tests.playground.agent.test_site import CHART, PDF

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def say(page: Page, text: str) -> None:
    expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    page.get_by_role("textbox", name="Message").press_sequentially(text)


def test_from_a_pdf_to_a_chart_that_another_conversation_mentions(
    page_as: Callable[..., Page], cast: Cast, settings: Any
) -> None:
    if not sandbox_report().ok:
        pytest.skip("this machine has no sandbox")
    with fake_openai() as endpoint:
        settings.AGENT_BASE_URL, settings.AGENT_MODEL = f"{endpoint.url}/v1", "m"
        page = page_as("alice")
        page.goto(f"/conversations/{cast.conversation.pk}")
        page.locator("#attach-input").set_input_files(
            {"name": "sales.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        expect(page.locator(".upload")).to_have_attribute("data-status", "ready", timeout=30_000)
        endpoint.script(
            "m",
            {"calls": [{"name": "read_upload", "arguments": {"file": "sales.pdf", "page": 1}}]},
            {"text": "I draw it.", "calls": [{"name": "python_exec", "arguments": {"code": CHART}}]},
            {"text": "The west rose, see {{mention}}."},
        )
        say(page, "How did sales do?\n")
        turn = page.locator(".turn")
        expect(turn.locator(".turn-state")).to_contain_text("Done", timeout=60_000)
        assert "rose by 4 percent" in json.dumps(endpoint.requests("m")[1]["body"]["messages"])
        read, drew = turn.locator(".message-tool").all()
        expect(read.locator(".message-header")).to_contain_text("read_upload")
        # What the program used stands beside its name.
        expect(drew.locator(".message-header")).to_contain_text("of CPU")
        expect(drew.locator(".message-header")).to_contain_text("of output")
        card = drew.locator("[data-artifact-card]")
        expect(card).to_contain_text("chart.png")
        chart = card.get_by_role("img").first
        expect(chart).to_be_visible()
        assert chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        expect(turn.locator(".message-agent a.mention")).to_have_text("@chart.png")

        card.get_by_role("link", name="Save", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Save Artifact").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("navigation", name="Main").get_by_role("button", name="New conversation").click()
        expect(page.get_by_text("Nothing said yet")).to_be_visible()
        endpoint.script("m", {"text": "A bar chart of the two regions."})
        say(page, "What is in @chart")
        option = page.get_by_role("option", name="chart.png")
        expect(option).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        expect(option).to_have_count(0)
        page.keyboard.press("Enter")
        expect(page.locator(".message-user a.mention")).to_have_text("@chart.png")
        expect(page.locator(".turn-state")).to_contain_text("Done", timeout=60_000)
        page.get_by_role("button", name="What the agent saw").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 message with")
        row = page.get_by_role("dialog").get_by_role("row", name="chart.png")
        expect(row).to_contain_text("Yes")
        assert "chart.png" in json.dumps(endpoint.requests("m")[-1]["body"]["messages"])
