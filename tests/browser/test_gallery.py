"""The gallery: filters in the address, the viewer over it, selection."""

import base64
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.models import F
from playwright.sync_api import Page, expect

from artifacts.intake import content
from artifacts.models import Artifact
from artifacts.services import delete_artifact, record_tool_result
from conversations.services import create_conversation
from tests.browser.axe import violations
from tests.browser.test_sign_in import sign_in
from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CABzGMSjNgCQAwZgFqv5HcFwAAAABJRU5ErkJggg=="
)


def fill(cast: Cast, number: int) -> None:
    """Many notes at once, Note 0 the oldest."""
    items = [{"name": f"Note {index}", "type": "text", "data": f"text {index}"} for index in range(number)]
    for start in range(0, number, 100):
        outputs = [content(item, {}) for item in items[start : start + 100]]
        record_tool_result(by=cast.alice, conversation=cast.conversation, tool="test", outputs=outputs)


def some(cast: Cast) -> dict[str, Artifact]:
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    return {
        "table": cast.artifact(
            "Customers", "table", [{"id": n, "city": "Oslo"} for n in range(250)], saved="project"
        ),
        "chart": cast.artifact("Chart", "visualization", {"html": "<b>bars</b>", "visualization_data": [1]}),
        "image": cast.artifact("dot.png", "file", PNG),
        "code": cast.artifact("clean.py", "file", encoded("import os\n")),
        "text": cast.artifact("Summary", "text", "All is well", saved="private"),
    }


def open_gallery(page_as: Callable[..., Page], who: str = "alice", query: str = "", **options: Any) -> Page:
    page = page_as(who, **options)
    page.goto(f"/artifacts{query}")
    return page


def tile(page: Page, name: str) -> Any:
    return page.locator(".tile").filter(has_text=name)


def all_of_them(page: Page) -> Any:
    """The tab with the count of everything."""
    return page.get_by_role("navigation", name="Type").get_by_role("link", name="All")


def names(page: Page) -> list[str]:
    return [name.strip() for name in page.locator(".tile-name").all_text_contents()]


def test_an_empty_gallery_says_what_will_appear(page_as: Callable[..., Page], cast: Cast) -> None:
    page = open_gallery(page_as)
    expect(page.get_by_role("heading", name="Your artifacts will be here")).to_be_visible()
    page.goto("/artifacts?q=nothing+has+this")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_tabs_count_what_is_in_the_scope_and_filter(page_as: Callable[..., Page], cast: Cast) -> None:
    some(cast)
    page = open_gallery(page_as)
    tabs = page.get_by_role("navigation", name="Type")
    expect(tabs).to_have_text(re.compile(r"All\s*5\s*Images\s*1\s*HTML\s*1\s*Code\s*1\s*Files\s*2"))
    tabs.get_by_role("link", name="Images").click()
    expect(page).to_have_url(re.compile(r"/artifacts\?type=images$"))
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("navigation", name="Whose").get_by_role("link", name="Saved").click()
    expect(tabs).to_have_text(re.compile(r"All\s*2\s*Images\s*0"))
    page.go_back()
    expect(page.locator(".tile-name")).to_have_text(["dot.png"])


def test_search_follows_the_typing_and_stays_in_the_address(page_as: Callable[..., Page], cast: Cast) -> None:
    some(cast)
    page = open_gallery(page_as)
    search = page.get_by_role("searchbox", name="Search names")
    search.press_sequentially("well")
    expect(page.locator(".tile-name")).to_have_text(["Summary"])
    expect(page).to_have_url(re.compile(r"\?q=well$"))
    expect(search).to_be_focused()
    page.reload()
    expect(page.locator(".tile-name")).to_have_text(["Summary"])
    expect(search).to_have_value("well")


def test_others_see_what_is_shared_and_whose_it_is_but_not_where_it_was_made(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    some(cast)
    page = open_gallery(page_as, "bob", "?scope=shared")
    expect(page.locator(".tile")).to_have_count(1)
    expect(tile(page, "Customers")).to_contain_text("by alice")
    assert "Quarterly figures" not in page.content()
    # Somebody else's can be downloaded with the rest, and stay.
    page.get_by_role("checkbox", name="Select Customers").check()
    page.locator(".selection-bar").get_by_role("button", name="Delete").click()
    expect(page.locator(".selection-bar [role=alert]")).to_contain_text("yours")
    assert Artifact.objects.filter(name="Customers").exists()


def test_a_tile_links_to_the_very_message(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = some(cast)["code"]
    page = open_gallery(page_as)
    assert artifact.current is not None
    link = tile(page, "clean.py").get_by_role("link", name="Quarterly figures")
    expect(link).to_have_attribute(
        "href", f"/conversations/{cast.conversation.pk}#message-{artifact.current.message_id}"
    )


def test_scrolling_loads_more_until_the_end(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 120)
    page = open_gallery(page_as)
    expect(page.locator(".tile")).to_have_count(48)
    # The next piece is there before one comes to its place.
    page.mouse.wheel(0, 100)
    expect(page.locator(".tile")).to_have_count(96)
    expect(page.locator("#gallery-more")).not_to_be_in_viewport()
    page.locator(".tile").last.scroll_into_view_if_needed()
    expect(page.locator(".tile")).to_have_count(120)
    expect(page.locator("#gallery-more")).to_have_count(0)
    expect(page.locator(".gallery-day")).to_have_count(1)
    assert len(set(names(page))) == 120


TO_THE_END = """async () => {
  while (document.querySelector("#gallery-more")) {
    await new Promise(requestAnimationFrame);
    scrollBy(0, 600);
  }
}"""


def test_a_thousand_scrolled_to_the_end_and_back_never_jump(page_as: Callable[..., Page], cast: Cast) -> None:
    some(cast)
    cast.artifact("n" * 200)
    fill(cast, 994)
    page = page_as("alice", viewport={"width": 1440, "height": 900})
    page.add_init_script(
        "window.jumped = []; new PerformanceObserver((list) => jumped.push(...list.getEntries().map((e) => e.value)))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto("/artifacts")
    page.evaluate(TO_THE_END)
    expect(page.locator(".tile")).to_have_count(1000)
    page.locator(".tile").last.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.jumped") == []
    heights = page.evaluate(
        "[...new Set([...document.querySelectorAll('.tile')].map((tile) => tile.offsetHeight))]"
    )
    assert len(heights) == 1


# Of each group: how high it says it will be, how high it is, and how many tiles stand beside one another in each line.
GROUPS = """() => [...document.querySelectorAll('.gallery-group')].map((group) => {
  group.style.contentVisibility = 'hidden';
  const told = group.getBoundingClientRect().height;
  group.style.contentVisibility = 'visible';
  const lines = new Map();
  for (const tile of group.querySelectorAll('.tile:not([hidden])')) {
    const top = tile.getBoundingClientRect().top;
    lines.set(top, (lines.get(top) ?? 0) + 1);
  }
  const height = group.getBoundingClientRect().height;
  group.style.contentVisibility = '';
  return [Math.round(told), Math.round(height), [...lines.values()]];
})"""


@pytest.mark.parametrize("view", ["grid", "list"])
def test_groups_are_as_high_as_they_say_and_leave_no_hole(
    page_as: Callable[..., Page], cast: Cast, view: str
) -> None:
    fill(cast, 120)
    older = Artifact.objects.order_by("created_at").values_list("pk", flat=True)[:52]
    Artifact.objects.filter(pk__in=list(older)).update(created_at=F("created_at") - timedelta(days=3))
    page = open_gallery(page_as, query=f"?view={view}", viewport={"width": 1000, "height": 800})
    page.evaluate(TO_THE_END)
    wanted = [f"Note {number}" for number in reversed(range(120))]

    def check() -> None:
        """Nothing is out of order, and but the last line of a day every line is full."""
        groups = page.evaluate(GROUPS)
        assert len(groups) > 3
        assert [told for told, _, _ in groups] == [height for _, height, _ in groups]
        lines = [tiles for _, _, tiles_of_lines in groups for tiles in tiles_of_lines]
        assert len([tiles for tiles in lines if tiles < max(lines)]) <= 2
        assert names(page) == wanted

    check()
    page.set_viewport_size({"width": 600, "height": 800})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    check()
    page.get_by_role("checkbox", name="Select Note 110", exact=True).check()
    page.locator(".selection-bar").get_by_role("button", name="Delete").click()
    expect(page.locator(".tile:not([hidden])")).to_have_count(119)
    check()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile:not([hidden])")).to_have_count(120)
    check()


def test_without_javascript_everything_can_be_reached(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 60)
    page = open_gallery(page_as, java_script_enabled=False)
    page.get_by_role("link", name="More", exact=True).click()
    expect(page.locator(".tile")).to_have_count(12)
    page.get_by_role("link", name="Note 0", exact=True).click()
    expect(page.get_by_role("heading", name="Note 0")).to_be_visible()
    page.goto("/artifacts")
    page.get_by_role("checkbox", name="Select Note 59").check()
    page.get_by_role("button", name="Delete").click()
    expect(tile(page, "Note 59")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Brought back 1 artifact.")).to_be_visible()
    expect(tile(page, "Note 59")).to_have_count(1)


def test_the_viewer_walks_the_whole_list_and_gives_the_focus_back(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    fill(cast, 60)
    page = open_gallery(page_as, query="?ordering=-updated_at")
    fiftieth = page.locator(".tile-open").nth(46)
    fiftieth.press("Enter")
    viewer = page.get_by_role("dialog", name="Note 13")
    expect(viewer).to_be_visible()
    expect(page).to_have_url(re.compile(r"/artifacts/[0-9a-f-]{36}\?ordering=-updated_at$"))
    # Beyond what the page has loaded.
    for number in (12, 11, 10):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("dialog", name=f"Note {number}")).to_be_visible()
    for number in (11, 12, 13, 14):
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("dialog", name=f"Note {number}")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/artifacts\?ordering=-updated_at$"))
    expect(tile(page, "Note 14").locator(".tile-open")).to_be_focused()


def test_the_back_button_closes_the_viewer_and_forward_opens_it_again(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    some(cast)
    page = open_gallery(page_as)
    tile(page, "Summary").locator(".tile-open").click()
    expect(page.get_by_role("dialog", name="Summary")).to_be_visible()
    page.go_back()
    expect(page.locator("#viewer")).to_be_hidden()
    page.go_forward()
    expect(page.get_by_role("dialog", name="Summary")).to_contain_text("All is well")


def test_a_double_click_is_one_step_of_the_history(page_as: Callable[..., Page], cast: Cast) -> None:
    some(cast)
    page = open_gallery(page_as)
    tile(page, "Summary").locator(".tile-open").dblclick()
    expect(page.get_by_role("dialog", name="Summary")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/artifacts$"))
    expect(page.locator("#viewer")).to_be_hidden()


def test_what_was_deleted_since_it_was_read_ahead_is_passed_over(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    fill(cast, 3)
    page = page_as("alice")
    page.clock.install()
    page.goto("/artifacts")
    gone = Artifact.objects.get(name="Note 1")
    with page.expect_response(re.compile(str(gone.pk))):
        tile(page, "Note 2").locator(".tile-open").click()
    delete_artifact(by=cast.alice, artifact=gone)
    page.clock.fast_forward(20_001)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".toast-bad")).to_contain_text("It may have been deleted")
    expect(page.get_by_role("dialog", name="Note 2")).to_be_visible()
    expect(page.get_by_role("link", name="Next")).not_to_have_attribute("href", re.compile(str(gone.pk)))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Note 0")).to_be_visible()


def test_what_changes_in_the_viewer_shows_on_the_tile(page_as: Callable[..., Page], cast: Cast) -> None:
    some(cast)
    page = open_gallery(page_as)
    tile(page, "clean.py").locator(".tile-open").click()
    page.locator("#viewer").get_by_role("link", name="Save").click()
    dialog = page.get_by_role("dialog", name="Save artifact")
    dialog.get_by_label("Name").fill("Cleaning script.py")
    dialog.get_by_role("button", name="Save Artifact").click()
    expect(page.locator("#viewer-title")).to_have_text("Cleaning script.py")
    page.keyboard.press("Escape")
    expect(tile(page, "Cleaning script.py").get_by_role("img", name="Private")).to_be_visible()


def test_a_selection_is_deleted_and_brought_back(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 8)
    page = open_gallery(page_as)
    page.get_by_role("checkbox", name="Select Note 6").check()
    page.get_by_role("checkbox", name="Select Note 3").click(modifiers=["Shift"])
    bar = page.locator(".selection-bar")
    expect(bar).to_contain_text("4 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(page.locator(".tile:visible .tile-name")).to_have_text(["Note 7", "Note 2", "Note 1", "Note 0"])
    expect(all_of_them(page)).to_have_text(re.compile(r"4$"))
    assert Artifact.objects.count() == 4
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile:visible")).to_have_count(8)
    expect(all_of_them(page)).to_have_text(re.compile(r"8$"))
    assert Artifact.objects.count() == 8
    # One alone, in the viewer: the next one shows, and Undo is there too.
    tile(page, "Note 5").locator(".tile-open").click()
    viewer = page.get_by_role("dialog", name="Note 5")
    viewer.get_by_role("button", name="More").click()
    viewer.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog", name="Note 4")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile:visible")).to_have_count(7)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile:visible")).to_have_count(8)


def test_who_is_signed_out_meanwhile_is_told_and_loses_nothing(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    fill(cast, 3)
    page = open_gallery(page_as, query="?view=list")
    acts = (
        lambda: tile(page, "Note 0").locator(".tile-open").click(),
        lambda: page.get_by_role("button", name="Download").click(),
        lambda: page.get_by_role("button", name="Delete").click(),
    )
    page.get_by_role("checkbox", name="Select Note 1").check()
    for act in acts:
        expect(page.locator(".selection-bar")).to_contain_text("1 selected")
        page.context.clear_cookies(name=django_settings.SESSION_COOKIE_NAME)
        act()
        expect(page.get_by_text("You are signed out. Sign in to go on where you were.")).to_be_visible()
        sign_in(page, "alice", PASSWORD)
        expect(page).to_have_url(re.compile(r"/artifacts\?view=list$"))
        expect(page.get_by_role("checkbox", name="Select Note 1")).to_be_checked()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".tile:visible .tile-name")).to_have_text(["Note 2", "Note 0"])
    page.reload()
    expect(page.locator(".selection-bar")).to_be_hidden()


def test_all_that_match_are_selected_beyond_what_is_loaded(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 60)
    cast.artifact("Kept", data="kept", saved="private")
    page = open_gallery(page_as, query="?q=note")
    # More than 48, of which 48 are loaded.
    page.locator(".tile-open").first.focus()
    page.keyboard.press("x")
    bar = page.locator(".selection-bar")
    bar.get_by_role("button", name="Select all 60").click()
    expect(bar).to_contain_text("All 60 selected")
    gone = names(page)[0]
    page.locator(".tile-tick input").first.uncheck()
    expect(bar).to_contain_text("59 selected")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 59
        assert f"{gone}.txt" not in archive.namelist()
    bar.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved 59 artifacts.")).to_be_visible()
    assert Artifact.objects.saved().count() == 60
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("48 selected")
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("All 60 selected")
    # What nobody has looked at is asked about first.
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Delete 60 artifacts?")
    expect(dialog).to_contain_text("and 40 more")
    assert violations(page) == []
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    assert list(Artifact.objects.values_list("name", flat=True)) == ["Kept"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile")).to_have_count(48)
    assert Artifact.objects.count() == 61


def test_the_gallery_by_keyboard(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 30)
    page = open_gallery(page_as, viewport={"width": 1000, "height": 800})

    def focused() -> str:
        text: str = page.evaluate(
            "document.activeElement.closest('.tile')?.querySelector('.tile-name').textContent ?? ''"
        )
        return text.strip()

    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.gallery-grid')).gridTemplateColumns.split(' ').length"
    )
    page.locator(".tile-open").first.focus()
    for key, wanted in [
        ("ArrowRight", 28), ("ArrowDown", 28 - columns), ("ArrowUp", 28), ("ArrowLeft", 29), ("End", 0), ("Home", 29),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert focused() == f"Note {wanted}", key
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    bar = page.locator(".selection-bar")
    expect(bar).to_contain_text("3 selected")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    # One stop of the Tab key: from the tile's own controls on, out of the list.
    for _ in range(3):
        page.keyboard.press("Tab")
    assert focused() != "Note 26"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Select the artifact")


def test_a_download_can_be_cancelled(page_as: Callable[..., Page], cast: Cast) -> None:
    fill(cast, 3)
    page = open_gallery(page_as)
    page.get_by_role("checkbox", name="Select Note 1").check()
    held: list[Any] = []
    page.route("**/artifacts/zip", lambda route: held.append(route))
    bar = page.locator(".selection-bar")
    bar.get_by_role("button", name="Download").click()
    expect(bar.get_by_role("progressbar", name="Download")).to_be_visible()
    assert violations(page) == []
    bar.get_by_role("button", name="Cancel").click()
    expect(bar.get_by_role("progressbar", name="Download")).to_be_hidden()
    expect(bar.locator("[role=alert]")).to_have_count(0)
    assert len(held) == 1


def test_filters_by_day_and_conversation_say_so_and_can_be_removed(
    page_as: Callable[..., Page], cast: Cast
) -> None:
    old = cast.artifact("Old")
    Artifact.objects.filter(pk=old.pk).update(created_at="2026-03-05T12:00:00Z")
    other = create_conversation(by=cast.alice, project=cast.project, title="Another")
    cast.artifact("Elsewhere", conversation=other)
    page = open_gallery(page_as)
    page.get_by_role("button", name="Filters").click()
    assert violations(page) == []
    page.get_by_label("Conversation", exact=True).select_option(label="Quarterly figures")
    expect(page.locator(".tile-name")).to_have_text(["Old"])
    page.get_by_label("Made from").fill("2026-03-05")
    page.get_by_label("until").fill("2026-03-05")
    expect(page).to_have_url(re.compile("created_after=2026-03-05&created_before=2026-03-05"))
    expect(page.locator(".tile-name")).to_have_text(["Old"])
    expect(all_of_them(page)).to_have_text(re.compile(r"1$"))
    page.get_by_label("until").fill("2026-03-04")
    page.get_by_label("Made from").fill("2026-03-04")
    expect(page.get_by_role("heading", name="Nothing from these days")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Show any time").click()
    expect(page.locator(".tile-name")).to_have_text(["Old"])
    page.get_by_role("link", name="Made in: Quarterly figures").click()
    expect(page.locator(".tile-name")).to_have_text(["Elsewhere", "Old"])


@pytest.mark.parametrize("query", ["", "?view=list&scope=all&ordering=name", "?q=nothing"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_accessible_and_no_wider_than_the_window(
    page_as: Callable[..., Page], cast: Cast, query: str, scheme: str, width: int
) -> None:
    some(cast)
    cast.artifact("n" * 200)
    page = open_gallery(page_as, query=query, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
