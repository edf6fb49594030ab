"""A real small model streams an answer into the page: `make model-smoke`.

The model is SmolLM2 with 135 million parameters, served on this machine over OpenAI's protocol; the site is
`manage.py run`, the page is Chromium. The model is too small to call tools, so the site offers it none.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.servers import chromium_launch
from tests.site import ROOT, running_site

QUESTION = "What is the capital of France? Answer in one sentence."
SECONDS = 180.0


@contextmanager
def model_server(log: Path) -> Iterator[str]:
    """The address of the model's server, which is ready once it says so."""
    command = [str(ROOT / ".model-venv" / "bin" / "python"), str(ROOT / "tests" / "model_server.py")]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            address = next((line.strip() for line in process.stdout if line.startswith("http")), None)
            assert address, log.read_text()[-3000:]
            yield address
        finally:
            process.kill()


def main(scratch: Path) -> None:
    began = time.monotonic()
    with model_server(scratch / "model.log") as address:
        print(f"The model is ready after {time.monotonic() - began:.1f} s at {address}")
        settings = {"AGENT_BASE_URL": f"{address}/v1", "AGENT_MODEL": "smollm2", "AGENT_USE_TOOLS": "false"}
        with (
            running_site(scratch, **settings, AGENT_CONTEXT_TOKENS="3000") as site,
            sync_playwright() as playwright,
        ):
            person = site.person("alice")
            tried = person.post(f"projects/{person.project}/agent/try").json()
            assert tried["ok"], tried
            print(f"The connection was tried: an answer began after {tried['seconds']} s")
            browser = playwright.chromium.launch(**chromium_launch())  # type: ignore[arg-type]
            page = browser.new_page(base_url=site.url)
            page.goto("/sign-in")
            page.get_by_label("Username", exact=False).fill("alice")
            page.get_by_label("Password").fill("correct horse battery")
            page.get_by_role("button", name="Sign in").click()
            page.goto(f"/conversations/{person.conversation()}")
            expect(page.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
            page.get_by_role("textbox", name="Message").fill(QUESTION)
            # Every state of the answer that the page showed, for as long as it was still coming in.
            page.evaluate(
                """() => {
                  window.seen = [];
                  new MutationObserver(() => {
                    const text = document.querySelector("[data-blocks]")?.textContent.trim();
                    if (text && text !== window.seen.at(-1)) window.seen.push(text);
                  }).observe(document.getElementById("messages"), { subtree: true, childList: true });
                }"""
            )
            asked = time.monotonic()
            page.keyboard.press("Enter")
            expect(page.locator(".turn-state")).to_contain_text("Done", timeout=SECONDS * 1000)
            took = time.monotonic() - asked
            answer = page.locator(".message-agent .prose").inner_text()
            seen = page.evaluate("window.seen")
            browser.close()
    print(f"The answer after {took:.1f} s, {len(seen)} states of it seen while it came in:\n  {answer}")
    assert len(seen) > 1, "the answer came in one piece"
    assert all(len(one) <= len(two) for one, two in pairwise(seen)), seen
    # What so small a model says is now true and now not; that it said it, and all of it, is what counts.
    assert len(answer.split()) > 2
    assert answer.startswith(seen[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
