"""An artifact's page: previews of every kind, versions, saving, sharing."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from artifacts.models import Artifact
from conversations.models import Conversation
from mentions.services import post_message
from mentions.syntax import token
from projects.services import update_project
from tests.browser.axe import violations
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def open_page(page_as: Callable[..., Page], artifact: Artifact, who: str = "alice", **options: Any) -> Page:
    page = page_as(who, **options)
    answer = page.goto(f"/artifacts/{artifact.pk}")
    assert answer is not None
    assert answer.status == 200
    return page


# --- previews -----------------------------------------------------------------------------------------


def test_a_table_is_paged(page_as: Callable[..., Page], cast: Cast) -> None:
    rows = [{"id": number, "city": "Oslo", "tags": ["a"]} for number in range(1250)]
    page = open_page(page_as, cast.artifact("Customers", "table", rows))
    status = page.locator(".grid-foot [role=status]")
    expect(status).to_contain_text("Rows 1 to 100 of 1,250")
    page.get_by_role("link", name="Next").click()
    expect(status).to_contain_text("Rows 101 to 200 of 1,250")
    expect(page.locator(".grid tbody tr").nth(99)).to_have_text(re.compile(r"200\s+199\s*Oslo"))
    expect(page.locator("#grid-next")).to_be_focused()
    page.get_by_role("link", name="Last").click()
    expect(page.locator(".grid tbody tr")).to_have_count(50)
    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    page.get_by_label("Go to row").fill("950")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Rows 901 to 1,000 of 1,250")
    # The address leads back to the very rows.
    page.reload()
    expect(status).to_contain_text("Rows 901 to 1,000 of 1,250")


def test_a_table_is_paged_sorted_and_filtered_without_javascript(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    artifact = cast.artifact("Customers", "table", [{"id": number} for number in range(250)])
    page = open_page(page_as, artifact, java_script_enabled=False)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tbody tr").first).to_have_text(re.compile(r"101\s+100"))
    page.get_by_role("link", name="id", exact=True).click()
    page.get_by_role("link", name="id", exact=True).click()
    expect(page.locator("tbody tr").first).to_have_text(re.compile(r"250\s+249"))
    page.get_by_label("Value").fill("17")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(13)
    expect(page.locator("tbody tr").first).to_have_text(re.compile(r"218\s+217"))


def test_a_chart_runs_in_an_opaque_origin(page_as: Callable[..., Page], cast: Cast) -> None:
    html = "<p id=p>drawing</p><script>p.textContent = 'origin ' + self.origin</script>"
    page = open_page(
        page_as, cast.artifact("Chart", "visualization", {"html": html, "visualization_data": 1})
    )
    expect(page.frame_locator("iframe").locator("#p")).to_have_text("origin null")
    expect(page.locator("iframe")).to_have_attribute("sandbox", "allow-scripts")


def test_markdown_is_rendered_with_its_source_at_hand(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_page(
        page_as, cast.artifact("report.md", data="# Title\n\n<script>alert(1)</script> **bold**")
    )
    expect(page.get_by_role("main").get_by_role("heading", name="Title")).to_be_visible()
    page.get_by_text("Source", exact=True).click()
    expect(page.locator(".preview-source")).to_contain_text("**bold**")
    expect(page.locator(".preview-rendered")).to_be_hidden()


def test_code_is_highlighted_with_line_numbers(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_page(
        page_as, cast.artifact("a.py", "file", encoded("\n\ndef f():\n    return '''x\n<b>'''\n\n"))
    )
    expect(page.locator(".preview-bar")).to_contain_text("python")
    expect(page.locator("#L3 .k").first).to_have_text("def")
    expect(page.locator("#L5")).to_have_text("<b>'''")
    assert page.locator(".code-line").count() == 6


def test_delimited_text_is_a_table_and_other_files_say_what_they_are(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    page = open_page(page_as, cast.artifact("a.csv", "file", encoded('name;sum\n"A;B";1\nC;2\n')))
    expect(page.locator(".grid tbody tr").first).to_have_text(re.compile(r"1\s+A;B\s*1"))
    page = open_page(page_as, cast.artifact("a.bin", "file", encoded("\0\1\2")))
    expect(page.get_by_role("heading", name="No preview for this type")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("link", name="Download").last.click()
    assert download.value.suggested_filename == "a.bin"


# --- exports -------------------------------------------------------------------------------------------


def test_copy_download_and_definition(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_page(
        page_as,
        cast.artifact("Sales", "table", [{"a": 1}]),
        permissions=["clipboard-read", "clipboard-write"],
    )
    page.get_by_role("button", name="Copy data").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").split() == ["[", '{"a":1}', "]"]
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "Sales.csv"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download definition").click()
    assert download.value.suggested_filename == "Sales.definition.json"


def test_share_to_a_new_conversation(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Sales", saved="project")
    page = open_page(page_as, artifact, "bob")
    page.get_by_role("button", name="Share to a new conversation").click()
    expect(page).to_have_url(re.compile(r"/conversations/[0-9a-f-]{36}$"))
    assert Conversation.objects.get(owner=cast.bob).started_from == artifact.pk


# --- saving and sharing ------------------------------------------------------------------------------------


def test_save_then_share_then_make_private(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Draft")
    page = open_page(page_as, artifact)
    page.get_by_role("link", name="Save").click()
    dialog = page.get_by_role("dialog", name="Save artifact")
    dialog.get_by_label("Name").fill("Final")
    dialog.get_by_label("Description").fill("What we agreed on")
    dialog.get_by_role("button", name="Save Artifact").click()
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", name="Final", exact=True)).to_be_visible()
    expect(main).to_contain_text("What we agreed on")
    expect(main.get_by_text("Private", exact=True)).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Share with project collaborators").click()
    dialog = page.get_by_role("dialog", name="Share with project collaborators?")
    expect(dialog).to_contain_text("All collaborators of Research can see it")
    dialog.get_by_role("button", name="Share").click()
    expect(main.get_by_title("Everybody in the project can see it.")).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Make it private").click()
    page.get_by_role("dialog").get_by_role("button", name="Make private").click()
    expect(main.get_by_text("Private", exact=True)).to_be_visible()
    artifact.refresh_from_db()
    assert (artifact.name, artifact.visibility) == ("Final", "private")


def test_saving_and_sharing_by_keyboard_alone(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Draft")
    page = open_page(page_as, artifact)
    main = page.get_by_role("main")

    def reach(wanted: Locator) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        pytest.fail("out of the keyboard's reach")

    reach(main.get_by_role("link", name="Save"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Save artifact")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(main.get_by_role("link", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" of ours")
    reach(dialog.get_by_role("radio", name=re.compile("Private")))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(main.get_by_role("heading", name="Draft of ours", exact=True)).to_be_visible()
    # The button is gone, its neighbour goes on.
    expect(main.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Enter")
    expect(main.get_by_role("link", name="Make it private")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Make private")).to_be_focused()
    page.keyboard.press("Enter")
    expect(main.get_by_text("Private", exact=True)).to_be_visible()
    expect(main.get_by_role("button", name="More")).to_be_focused()
    artifact.refresh_from_db()
    assert (artifact.name, artifact.visibility) == ("Draft of ours", "private")


def test_where_sharing_is_off_the_choice_says_why(page_as: Callable[..., Page], cast: Cast) -> None:
    update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=False)
    page = open_page(page_as, cast.artifact("Draft"))
    page.get_by_role("link", name="Save").click()
    dialog = page.get_by_role("dialog", name="Save artifact")
    expect(dialog.get_by_role("radio", name=re.compile("Project"))).to_be_disabled()
    expect(dialog).to_contain_text("Sharing is turned off for this project.")
    dialog.get_by_role("button", name="Save Artifact").click()
    expect(page.get_by_role("main").get_by_text("Private", exact=True)).to_be_visible()
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("button", name=re.compile("Share with project collaborators"))).to_contain_text(
        "turned off"
    )


def test_a_refusal_is_said_in_the_dialog_and_nothing_typed_is_lost(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    page = open_page(page_as, cast.artifact("Draft"))
    page.get_by_role("link", name="Save").click()
    dialog = page.get_by_role("dialog", name="Save artifact")
    dialog.get_by_label("Description").fill("Typed with care")
    dialog.get_by_role("radio", name=re.compile("Project")).check()
    update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=False)
    dialog.get_by_role("button", name="Save Artifact").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Sharing is turned off")
    expect(dialog.get_by_label("Description")).to_have_value("Typed with care")


def test_without_javascript_the_forms_are_pages(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_page(page_as, cast.artifact("Draft"), java_script_enabled=False)
    page.get_by_role("link", name="Save").click()
    page.get_by_label("Name").fill(" ")
    page.get_by_label("Description").fill("kept")
    page.get_by_role("button", name="Save Artifact").click()
    expect(page.get_by_label("Description")).to_have_value("kept")
    page.get_by_label("Name").fill("Final")
    page.get_by_role("button", name="Save Artifact").click()
    expect(page.get_by_role("heading", name="Final")).to_be_visible()


def test_rename_and_delete(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_page(page_as, cast.artifact("Draft"))
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Rename or describe").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Better name")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", name="Better name")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/artifacts$"))
    assert not Artifact.objects.exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile-name")).to_have_text(["Better name"])


def test_deleting_what_is_shared_is_asked_about_and_can_be_undone(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    page = open_page(page_as, cast.artifact("Draft", saved="project"))
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete this artifact?")
    expect(dialog).to_contain_text("collaborators of Research lose it too")
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/artifacts$"))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile-name")).to_have_text(["Draft"])
    assert Artifact.objects.exists()


def test_a_collaborator_reads_and_changes_nothing(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Shared", saved="project")
    page = open_page(page_as, artifact, "bob")
    main = page.get_by_role("main")
    expect(main).to_contain_text("by alice")
    expect(main.get_by_role("button", name="More")).to_have_count(0)
    expect(main.get_by_role("link", name="Save")).to_have_count(0)
    assert "Quarterly figures" not in page.content()
    answer = page.goto(f"/artifacts/{artifact.pk}/delete")
    assert answer is not None
    assert answer.status == 403
    answer = page_as("carol").goto(f"/artifacts/{artifact.pk}")
    assert answer is not None
    assert answer.status == 404


# --- versions and mentions -----------------------------------------------------------------------------------


def test_versions_are_picked_compared_and_restored(page_as: Callable[..., Page], cast: Cast) -> None:
    for text in ("first\nsame", "second\nsame"):
        artifact = cast.artifact("Draft", data=text)
    page = open_page(page_as, artifact)
    page.get_by_role("link", name="Compare version 1").click()
    comparison = page.get_by_role("region", name="Comparison of versions")
    expect(comparison.get_by_role("cell", name="first", exact=True)).to_be_visible()
    expect(comparison.get_by_role("cell", name="second", exact=True)).to_be_visible()
    page.get_by_role("button", name="Version 2 of 2").click()
    page.locator("#versions-menu").get_by_role("link", name="Version 1").click()
    expect(page).to_have_url(re.compile(r"\?version=1$"))
    expect(page.get_by_role("main")).to_contain_text("This is version 1. Readers get version 2.")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("button", name="Version 3 of 3")).to_be_visible()
    expect(page.locator(".preview-text")).to_have_text("first\nsame")


def test_a_newer_version_is_told_of_wherever_its_owner_sees_it(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    artifact = cast.artifact("notes.md", data="# One", saved="project")
    cast.artifact("notes.md", data="# Two")
    page = page_as("alice")
    page.goto(f"/conversations/{cast.conversation.pk}")
    old, new = page.locator(".artifact-card").all()
    expect(old.get_by_role("link", name="newer version available")).to_be_visible()
    expect(new.get_by_role("link", name="not in use yet")).to_be_visible()
    page.goto("/artifacts?scope=saved")
    page.get_by_role("link", name="notes.md").first.click()
    viewer = page.locator("#viewer")
    expect(viewer.get_by_text("Newer version available")).to_be_visible()
    expect(viewer.get_by_role("heading", name="One")).to_be_visible()
    assert violations(page) == []
    viewer.get_by_role("link", name="see what its conversation has made").click()
    expect(page.get_by_text("Newer version available")).to_contain_text("Your collaborators keep version 1")
    page.get_by_role("button", name="Use version 2").click()
    expect(page.get_by_role("main").get_by_role("heading", name="Two")).to_be_visible()
    expect(page.get_by_text("Newer version available")).to_have_count(0)
    page.goto(f"/conversations/{cast.conversation.pk}")
    expect(page.locator(".artifact-card")).to_have_count(2)
    expect(page.get_by_text("not in use yet")).to_have_count(0)
    reader = open_page(page_as, artifact, "bob")
    expect(reader.get_by_role("main").get_by_role("heading", name="Two")).to_be_visible()


def test_it_says_where_the_reader_mentioned_it(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Draft", saved="project")
    body = f"Look at {token(artifact.name, artifact.pk)}"
    post_message(by=cast.alice, conversation=cast.conversation, role="user", body=body)
    side = open_page(page_as, artifact).get_by_label("About this artifact")
    expect(side.get_by_role("listitem").get_by_role("link", name="Quarterly figures")).to_be_visible()
    side = open_page(page_as, artifact, "bob").get_by_label("About this artifact")
    expect(side).to_contain_text("None of your conversations mention it yet")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_accessible_and_no_wider_than_the_window(
    page_as: Callable[..., Page], cast: Cast, scheme: str, width: int
) -> None:
    shown = [
        cast.artifact("n" * 200, saved="private"),
        cast.artifact("wide", "table", [{f"column {n}": "x" * 50 for n in range(60)}]),
        cast.artifact("a.py", "file", encoded("x = 1  # " + "long " * 80)),
        cast.artifact("nothing", "table", []),
        cast.artifact("a.bin", "file", encoded("\0\1\2")),
    ]
    for artifact in shown:
        page = open_page(page_as, artifact, color_scheme=scheme, viewport={"width": width, "height": 900})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), artifact.name
