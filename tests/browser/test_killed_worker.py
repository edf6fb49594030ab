"""kill -9 of the worker in the middle of an agent's turn: the page tells it and shows the end, without a reload."""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.fake_openai import fake_openai
from tests.site import let_programs_in, running_site

pytestmark = pytest.mark.browser

# Waits in the sandbox for long enough to be killed there; what it makes is made once.
PROGRAM = "import time\nprint('begun', flush=True)\ntime.sleep(4)\nartifact('made', 'once')"


def test_the_page_goes_on_after_the_worker_was_killed(tmp_path: Path, browser: Browser) -> None:
    let_programs_in(tmp_path)
    with fake_openai() as endpoint:
        environment = {"AGENT_BASE_URL": f"{endpoint.url}/v1", "AGENT_MODEL": "m", "JOB_LEASE_SECONDS": "3"}
        with running_site(tmp_path, **environment) as site:
            alice = site.person("alice")
            context = browser.new_context(base_url=site.url)
            page = context.new_page()
            page.goto("/sign-in")
            page.get_by_label("Username", exact=False).fill("alice")
            page.get_by_label("Password").fill("correct horse battery")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
            page.goto(f"/conversations/{alice.conversation()}")
            call = {"name": "python_exec", "arguments": {"code": PROGRAM}}
            endpoint.script("m", {"text": "I make it.", "calls": [call]}, {"text": "It is made."})
            expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
            page.get_by_role("textbox", name="Message").fill("Make it")
            page.keyboard.press("Enter")
            page.evaluate("window.sameWindow = true")
            expect(page.locator("[data-output]")).to_contain_text("begun", timeout=60_000)
            (worker,) = site.children("site-worker")
            os.kill(worker, signal.SIGKILL)
            expect(page.locator("[data-turn-status]")).to_have_text(
                "Going on after an interruption", timeout=60_000
            )
            expect(page.locator(".turn-state")).to_contain_text("Done", timeout=60_000)
            expect(page.locator("[data-artifact-card]")).to_have_count(1)
            roles = page.locator(".message").evaluate_all(
                "all => all.map(one => one.className.split(' ')[1])"
            )
            assert roles == ["message-user", "message-agent", "message-tool", "message-agent"]
            assert page.evaluate("window.sameWindow")
            context.close()
