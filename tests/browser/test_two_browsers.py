"""Two browsers at once: what one makes private the other loses with its next act, and is told so kindly."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from artifacts.models import Artifact
from artifacts.services import set_visibility
from mentions.services import post_message
from mentions.syntax import token
from playground.services import share_to_new_conversation
from projects.services import update_project
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CANARY = "canary-of-alice"
GONE = "It may have been deleted or made private"

FETCHED = """
async (paths) => Promise.all(paths.map(async (path) => {
  const answer = await fetch(path, { headers: { "HX-Request": "true" } });
  return [path, answer.status, await answer.text()];
}))
"""


def test_what_became_private_is_gone_with_the_next_act(page_as: Callable[..., Page], cast: Cast) -> None:
    rows = [{"number": number, "word": f"{CANARY} {number}"} for number in range(250)]
    artifact = cast.artifact(f"{CANARY} table", "table", rows, saved="project")
    cast.artifact("Stays shared", saved="project")
    conversation = share_to_new_conversation(by=cast.bob, artifact=artifact)
    post_message(
        by=cast.bob, conversation=conversation, role="user", body=f"see {token(artifact.name, artifact.pk)}"
    )
    page = page_as("bob")
    page.goto(f"/artifacts/{artifact.pk}")
    expect(page.locator(".grid tbody tr")).to_have_count(100)
    over = page.context.new_page()
    over.goto("/artifacts?scope=shared")
    over.get_by_role("link", name=f"{CANARY} table").first.click()
    expect(over.locator("#viewer-title")).to_have_text(f"{CANARY} table")
    talk = page.context.new_page()
    talk.goto(f"/conversations/{conversation.pk}")
    expect(talk.get_by_text("Started from")).to_contain_text(CANARY)
    expect(talk.get_by_role("textbox", name="Message")).to_have_value("")

    # In the other browser its owner takes it back, at the page's own menu.
    owner = page_as("alice")
    owner.goto(f"/artifacts/{artifact.pk}")
    owner.get_by_role("button", name="More").click()
    owner.get_by_role("link", name="Make it private").click()
    owner.get_by_role("dialog").get_by_role("button", name="Make private").click()
    expect(owner.get_by_role("main").get_by_text("Private", exact=True)).to_be_visible()

    page.get_by_role("link", name="Next").first.click()
    expect(page.get_by_text(GONE).first).to_be_visible()
    assert f"{CANARY} 150" not in page.content()
    page.goto(f"/artifacts/{artifact.pk}?version=1")
    expect(page.get_by_text(GONE)).to_be_visible()
    assert CANARY not in page.content()

    over.get_by_role("button", name="Share to a new conversation").click()
    expect(over.get_by_text(GONE).first).to_be_visible()
    for name in ("Copy data", "Download definition"):
        for said in over.locator(".toast").all():
            said.evaluate("toast => toast.remove()")
        over.locator(f"#viewer [aria-label='{name}']").click()
        expect(over.locator(".toast")).to_contain_text(GONE)
    base, api = f"/artifacts/{artifact.pk}", f"/api/artifacts/{artifact.pk}"
    paths = [
        base, f"{base}/rows?offset=100", f"{base}/card", f"{base}/tile", f"{base}/diff", api,
        f"{api}/rows?offset=100", f"{api}/preview", f"{api}/versions", f"{api}/data", f"{api}/download?format=csv",
        f"{api}/download?format=xlsx", f"{api}/definition?version=1", f"{api}/mentions",
    ]  # fmt: skip
    for path, status, text in over.evaluate(FETCHED, paths):
        assert (status, CANARY in text) == (404, False), path
    over.reload()
    assert CANARY not in over.content()

    talk.reload()
    expect(talk.get_by_text("Started from an artifact that you can't see any more")).to_be_visible()
    assert CANARY not in talk.content()


def test_sharing_that_is_turned_off_while_a_question_is_open(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    private = cast.artifact("Draft", saved="private")
    shared = cast.artifact("Agreed", saved="project")
    page = page_as("alice")

    def ask(artifact: Artifact, item: str) -> Locator:
        update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=True)
        page.goto(f"/artifacts/{artifact.pk}")
        page.get_by_role("button", name="More").click()
        page.get_by_role("link", name=item).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_be_visible()
        update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=False)
        return dialog

    dialog = ask(private, "Share with project collaborators")
    dialog.get_by_role("button", name="Share").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Sharing is turned off for this project.")
    private.refresh_from_db()
    assert not private.is_shared

    # What can't be undone now is asked about again, in words that say so.
    dialog = ask(shared, "Make it private")
    expect(dialog).not_to_contain_text("you will not be able to share it again")
    dialog.get_by_role("button", name="Make private").click()
    expect(dialog.get_by_role("alert")).to_contain_text("turned off for this project meanwhile")
    expect(dialog).to_contain_text("you will not be able to share it again")
    shared.refresh_from_db()
    assert shared.is_shared
    dialog.get_by_role("button", name="Make private").click()
    expect(page.get_by_role("main").get_by_text("Private", exact=True)).to_be_visible()
    shared.refresh_from_db()
    assert not shared.is_shared


def test_a_new_conversation_begins_with_the_mention(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Sales of 2026", saved="project")
    page = page_as("bob")
    page.goto(f"/artifacts/{artifact.pk}")
    page.get_by_role("button", name="Share to a new conversation").click()
    page.wait_for_url("**/conversations/*")
    expect(page.get_by_text("Started from").get_by_role("link")).to_have_attribute(
        "href", f"/artifacts/{artifact.pk}"
    )
    expect(page.get_by_role("textbox", name="Message")).to_have_value(f"{token(artifact.name, artifact.pk)} ")
    page.goto(f"/artifacts/{artifact.pk}")
    uses = page.locator("[data-mentions-of]")
    expect(uses).to_contain_text("started from it")
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    page.go_back()
    page.reload()
    expect(page.get_by_text("Started from an artifact that you can't see any more")).to_be_visible()
