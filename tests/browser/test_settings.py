"""The settings of a project: who may, limits and instructions, members."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from projects.models import Membership
from tests.browser.axe import violations
from tests.cast import Cast
from tests.fake_openai import fake_openai

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(page_as: Callable[..., Page], cast: Cast) -> Page:
    """The settings, open for their administrator."""
    opened = page_as("adam")
    opened.goto(f"/projects/{cast.project.pk}/settings")
    return opened


@pytest.mark.parametrize(("who", "status"), [("adam", 200), ("bob", 403), ("carol", 404)])
def test_who_may_see_them(page_as: Callable[..., Page], cast: Cast, who: str, status: int) -> None:
    answer = page_as(who).goto(f"/projects/{cast.project.pk}/settings")
    assert answer is not None
    assert answer.status == status


def test_settings_are_saved(page: Page, cast: Cast) -> None:
    page.get_by_label("Allow Artifact Sharing").uncheck()
    page.get_by_label("Files in a conversation").fill("20")
    page.get_by_label("Hosts that previews may load from").fill(
        "cdn.jsdelivr.net\n\nUNPKG.com\ncdn.jsdelivr.net"
    )
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast")).to_contain_text("Settings saved.")
    cast.project.refresh_from_db()
    assert cast.project.allow_artifact_sharing is False
    assert cast.project.max_files == 20
    assert cast.project.preview_hosts == ["cdn.jsdelivr.net", "unpkg.com"]


def test_what_is_wrong_is_marked_and_what_was_typed_stays(page: Page, cast: Cast) -> None:
    page.get_by_label("Files in a conversation").fill("5000")
    page.get_by_label("Hosts that previews may load from").fill("https://evil.example/x")
    page.get_by_label("What the agent is told").fill("Be brief.")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Type a whole number from 1 to 1,000.")).to_be_visible()
    expect(page.get_by_text("https://evil.example/x is not a host name")).to_be_visible()
    expect(page.get_by_label("What the agent is told")).to_have_value("Be brief.")
    cast.project.refresh_from_db()
    assert cast.project.max_files == 10


def test_the_instructions_preview_follows_the_typing(page: Page) -> None:
    mention = r"@[Q4 \[x\]](artifact:6ba04959-7a99-459f-9bbd-3ad8c472aa6d)"
    page.get_by_label("What the agent is told").fill(f"Use {mention}. Files: ")
    page.get_by_role("button", name="Insert it").click()
    preview = page.get_by_label("What it reads")
    expect(preview).to_contain_text("Use @Q4 [x]. Files: [")
    expect(preview.locator(".mention")).to_have_text("@Q4 [x]")
    expect(preview).to_contain_text('"filename": "sales-2026.xlsx"')
    expect(preview).not_to_contain_text("{{")


def test_members_come_change_and_go(page: Page, cast: Cast) -> None:
    members = page.locator("#members")
    page.get_by_label("Username or e-mail address").fill("carol@example.org")
    page.get_by_role("button", name="Add member").click()
    row = members.get_by_role("listitem").filter(has_text="carol")
    expect(row).to_contain_text("Collaborator")
    row.get_by_role("button", name="Change carol").click()
    page.get_by_role("button", name="Make administrator").click()
    expect(row).to_contain_text("Administrator")
    row.get_by_role("button", name="Change carol").click()
    page.get_by_role("button", name="Remove from the project").click()
    question = page.get_by_role("dialog", name="Remove carol from the project?")
    question.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    assert not Membership.objects.filter(project=cast.project, user=cast.carol).exists()


def test_an_unknown_member_is_refused_in_words(page: Page) -> None:
    page.get_by_label("Username or e-mail address").fill("nobody")
    page.get_by_role("button", name="Add member").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody has this username or e-mail address.")
    expect(page.get_by_label("Username or e-mail address")).to_have_value("nobody")


def test_the_last_administrator_stays(page: Page, cast: Cast) -> None:
    page.get_by_role("button", name="Change adam").click()
    expect(page.get_by_text(re.compile("A project needs an administrator"))).to_be_visible()
    expect(page.get_by_role("button", name="Make collaborator")).to_have_count(0)


def test_a_member_changed_meanwhile_is_told(page: Page, cast: Cast) -> None:
    page.get_by_role("button", name="Change bob").click()
    Membership.objects.filter(project=cast.project, user=cast.bob).delete()
    with page.expect_navigation() as navigation:
        page.get_by_role("button", name="Make administrator").click()
    answer = navigation.value
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_accessible_and_no_wider_than_the_window(
    page_as: Callable[..., Page], cast: Cast, scheme: Any, width: int
) -> None:
    page = page_as("adam", color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(f"/projects/{cast.project.pk}/settings")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- the agent and its programs ----------------------------------------------------------------------


def test_an_agents_key_is_set_replaced_and_removed_and_never_shown(
    page: Page, cast: Cast, settings: Any
) -> None:
    settings.AGENT_PROJECT_HOSTS = ["own.test"]
    page.reload()
    page.get_by_label("Address of an OpenAI-compatible server").fill("http://own.test/v1")
    page.get_by_label("Model", exact=True).fill("small")
    page.get_by_label("Key", exact=True).fill("key-4711")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast")).to_contain_text("Settings saved.")
    cast.project.refresh_from_db()
    assert (cast.project.agent_base_url, cast.project.agent_model) == ("http://own.test/v1", "small")
    assert cast.project.agent_api_key == "key-4711"
    assert "key-4711" not in page.content()
    # Saved again without a key it stays, typed it is replaced, ticked it goes.
    for fill, tick, wanted in (("", False, "key-4711"), ("key-0815", False, "key-0815"), ("", True, "")):
        page.get_by_label("Replace the key").fill(fill)
        if tick:
            page.get_by_label("Remove the key").check()
        page.get_by_role("button", name="Save settings").click()
        expect(page.locator(".toast")).to_contain_text("Settings saved.")
        cast.project.refresh_from_db()
        assert cast.project.agent_api_key == wanted
    assert violations(page) == []


def test_a_host_that_is_not_open_to_projects_is_refused_at_its_field(page: Page, cast: Cast) -> None:
    page.get_by_label("Address of an OpenAI-compatible server").fill("http://127.0.0.1:9/v1")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("#agent-address-error")).to_contain_text("AGENT_PROJECT_HOSTS")


def test_trying_the_connection_says_what_is_wrong(page: Page, cast: Cast, settings: Any) -> None:
    page.get_by_role("button", name="Try the connection").click()
    expect(page.get_by_text("No agent is connected.")).to_be_visible()
    settings.AGENT_BASE_URL, settings.AGENT_MODEL = "http://127.0.0.1:9/v1", "m"
    page.get_by_role("button", name="Try the connection").click()
    expect(page.locator("#tried-agent")).to_contain_text("can't be reached", timeout=20_000)
    with fake_openai() as endpoint:
        settings.AGENT_BASE_URL = f"{endpoint.url}/v1"
        endpoint.script("m", {"text": "ready"})
        page.get_by_role("button", name="Try the connection").click()
        expect(page.locator("#tried-agent")).to_contain_text("m answered after", timeout=20_000)


def test_what_a_program_may_use_is_saved(page: Page, cast: Cast) -> None:
    page.get_by_label("CPU seconds").fill("5")
    page.get_by_label("Memory in MB").fill("200")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast")).to_contain_text("Settings saved.")
    cast.project.refresh_from_db()
    assert (cast.project.program_cpu_seconds, cast.project.program_memory_mb) == (5, 200)
