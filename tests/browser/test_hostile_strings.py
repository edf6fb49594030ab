"""Hostile markup wherever somebody's text is shown: nothing runs in our origin (docs/security.md 10, 13, 19, 22).

Every page is looked at twice: as it is, where the policy must not even have had anything to stop; and with the policy
switched off in the browser, so that the pages themselves have to be harmless.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import User
from artifacts.intake import contents
from artifacts.models import Artifact, Grid, Kind, Visibility
from artifacts.services import record_tool_result
from artifactsite.lib.names import clean_name
from conversations.models import Conversation
from projects.models import Membership
from tests.cast import Cast
from tests.test_admin import pages_of_the_admin
from tests.uploads.received import uploads_of
from uploads.models import Extraction, Upload, UploadStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# In every frame: what runs in the application's origin is written down. A frame of an artifact has none.
WATCH = """
if (self.origin !== "null" && location.protocol !== "about:") {
  const ran = (self.__ran = []);
  for (const name of ["alert", "confirm", "prompt", "print"])
    self[name] = (...said) => { ran.push(name + said); };
  document.addEventListener("securitypolicyviolation", (e) => {
    ran.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`);
  });
}
"""
# Put into the page as htmx would, only less careful: scripts and handlers are live.
INSERT = """
async (fragments) => {
  const place = document.createElement("div");
  document.body.append(place);
  for (const html of fragments) place.append(document.createRange().createContextualFragment(html));
  await new Promise((done) => setTimeout(done, 100));
}
"""
LIVE_LINKS = """
() => [...document.querySelectorAll("[href], [action], [formaction], [src], [data]")]
  .flatMap((e) => [e.href, e.action, e.formAction, e.src, e.data])
  .filter((a) => typeof a === "string" && /^(javascript|vbscript|data:text|data:image\\/svg)/i.test(a.trim()))
"""
# Each address in a frame of ours that itself restricts nothing, or as a picture or an object.
SHOW = """
([tag, addresses]) => Promise.all(addresses.map((address) => new Promise((done) => {
  const shown = document.createElement(tag);
  shown.onload = shown.onerror = () => setTimeout(() => { shown.remove(); done(); }, 20);
  setTimeout(done, 5000);
  shown[tag === "object" ? "data" : "src"] = address;
  document.body.append(shown);
})))
"""


@pytest.fixture
def payloads(shared: Path) -> list[str]:
    found: list[str] = json.loads((shared / "hostile" / "xss-dompurify.json").read_text())
    assert len(found) > 200
    return [text for text in found if text.strip()]


@pytest.fixture
def naughty(shared: Path) -> list[str]:
    found: list[str] = json.loads((shared / "hostile" / "naughty-strings.json").read_text())
    return [text for text in found if text.strip()]


class Watch:
    """Pages of one person, in which whatever runs is noticed and nothing leads outside."""

    def __init__(self, page_as: Callable[..., Page], person: User | str) -> None:
        self.outside: list[str] = []
        self.dialogs: list[str] = []
        self.pages = [page_as(person, bypass_csp=bypass) for bypass in (False, True)]
        for page in self.pages:
            page.context.route(lambda url: "127.0.0.1" not in url, self._refuse)
            page.add_init_script(WATCH)
            page.on("dialog", self._dismiss)

    def _refuse(self, route: Any) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, *paths: str) -> None:
        for path in paths:
            for page in self.pages:
                answer = page.goto(path)
                assert answer is not None
                assert answer.status == 200, path
                page.wait_for_load_state("networkidle")
            self.nothing_ran(path)

    def insert(self, fragments: list[str]) -> None:
        """As htmx would bring them into the page that is open."""
        for page in self.pages:
            page.evaluate(INSERT, fragments)
        self.nothing_ran("fragments")

    def nothing_ran(self, where: str) -> None:
        for page in self.pages:
            assert page.evaluate("self.__ran") == [], where
            assert page.evaluate(LIVE_LINKS) == [], where
        assert (self.dialogs, self.outside) == ([], []), where


@pytest.fixture
def watch(page_as: Callable[..., Page]) -> Watch:
    return Watch(page_as, "alice")


def outputs(cast: Cast, items: list[dict[str, Any]]) -> list[Artifact]:
    """Many artifacts of Alice's at once."""
    made: list[Artifact] = []
    for some in in_parts(items, 200):
        message, _ = record_tool_result(
            by=cast.alice, conversation=cast.conversation, tool="t", outputs=contents(some, {})
        )
        made += [output.version.artifact for output in message.outputs.all()]
    return made


def file(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "type": "file", "content_base64": base64.b64encode(text.encode()).decode()}


def in_parts(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def nameable(texts: list[str], longest: int) -> list[str]:
    """What is left of each as a name, each once."""
    names = (clean_name(text)[:longest].strip() for text in texts)
    return list(dict.fromkeys(name for name in names if name))


def test_the_watch_notices_what_runs(page_as: Callable[..., Page], cast: Cast) -> None:
    strict, loose = Watch(page_as, "alice").pages
    for page in (strict, loose):
        page.goto("/artifacts")
        page.evaluate(INSERT, ["<img src=x onerror=alert(1)><a href='javascript:alert(2)'>x</a>"])
        page.wait_for_function("self.__ran.length")
        assert page.evaluate(LIVE_LINKS) == ["javascript:alert(2)"]
    assert loose.evaluate("self.__ran") == ["alert1"]
    assert strict.evaluate("self.__ran")[0].startswith("script-src-attr inline")


def test_messages_and_mentions(watch: Watch, cast: Cast, payloads: list[str]) -> None:
    path = f"/api/conversations/{cast.conversation.pk}"
    client, artifact = cast.api("alice"), cast.artifact(saved="private")
    labels = [clean_name(text).replace("\\", "\\\\").replace("]", "\\]")[:200] for text in payloads]
    bodies = [f"{text}\n\n[{text}](javascript:{text})" for text in payloads]
    bodies += ["\n\n".join(payloads), *(f"```html\n{text}\n```" for text in payloads[:20])]
    bodies += [
        "\n\n".join(f"@[{label}](artifact:{artifact.pk})" for label in some) for some in in_parts(labels, 20)
    ]
    said = []
    for body in bodies:
        answer = client.post(f"{path}/messages", {"body": body})
        assert answer.status_code == 201, answer.content
        said.append(answer.json()["html"])
    for kind in ("text", "markdown", "html", "json"):
        result = {"tool": "t", "content": "\n".join(payloads), "content_type": kind}
        said.append(client.post(f"{path}/tool-results", result).json()["html"])
    watch.open(f"/conversations/{cast.conversation.pk}")
    watch.insert(said)


def test_names_titles_and_excerpts(watch: Watch, cast: Cast, payloads: list[str]) -> None:
    names = nameable(payloads, 200)
    made = outputs(cast, [{"name": name, "type": "text", "data": f"needle {name}"} for name in names])
    for artifact, name in zip(made, names, strict=True):
        artifact.description, artifact.visibility, artifact.saved_at = (
            name,
            Visibility.PROJECT,
            timezone.now(),
        )
    Artifact.objects.bulk_update(made, ["description", "visibility", "saved_at"])
    Conversation.objects.bulk_create(
        Conversation(project=cast.project, owner=cast.alice, title=name) for name in names
    )
    session = Client()
    session.force_login(cast.alice)
    tiles = [session.get(f"/artifacts/{artifact.pk}/tile").content.decode() for artifact in made]
    assert all("needle" in tile for tile in tiles)
    watch.open(*(f"/conversations?page={number}" for number in range(1, 6)), "/artifacts?scope=all&view=list")
    watch.open("/artifacts?q=needle", f"/artifacts/{made[0].pk}")
    watch.insert(tiles)
    # The dropdown comes as JSON and is made into elements by our own script.
    watch.open(f"/conversations/{cast.conversation.pk}")
    for page in watch.pages:
        field = page.get_by_role("textbox", name="Message", exact=False).first
        for letter in "siamf":
            with page.expect_response(lambda answer: "/api/mentions" in answer.url):
                field.press_sequentially(f" @{letter}")
            page.locator("#mention-options [role=option]").first.wait_for()
    watch.nothing_ran("dropdown")


def test_code_tables_and_previews(watch: Watch, cast: Cast, payloads: list[str]) -> None:
    whole = "\n".join(payloads)
    cells: list[dict[str, Any]] = [
        {"cell_type": kind, "metadata": {}, "source": text, "outputs": []}
        for text in payloads[:60]
        for kind in ("markdown", "code")
    ]
    cells[1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": whole}]
    extensions = ("js", "py", "xml", "md", "txt", "css", "sql", "yaml")
    quoted = ['"' + text.replace('"', '""') + '"' for text in payloads]
    items = [
        *(file(f"a.{extension}", whole) for extension in extensions),
        *(file(f"{number}.md", text) for number, text in enumerate(payloads)),
        file("a.csv", "\n".join(quoted)),
        file("a.json", json.dumps({text: text for text in payloads})),
        file("a.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})),
        {"name": "markdown", "type": "text", "data": whole},
        {"name": "columns", "type": "table", "data": [{text[:90]: text} for text in payloads[:90]]},
    ]
    items += [
        {
            "name": f"cells {number}",
            "type": "table",
            "data": [{"cell": text, "more": [text]} for text in some],
        }
        for number, some in enumerate(in_parts(payloads, 90))
    ]
    # Columns whose names are hostile, sorted and filtered by, in a table that a job prepares and in a file.
    names = [text[:90] for text in payloads[:60]]
    items.append({"name": "many", "type": "table", "data": [dict.fromkeys(names, "x")] * 1001})
    made = outputs(cast, items)
    grids = [artifact for artifact in made if artifact.kind == Kind.TABLE or artifact.name == "a.csv"]
    for _ in range(600):
        if not Grid.objects.filter(file="", reason="").exists():
            break
        watch.pages[0].wait_for_timeout(100)
    assert not Grid.objects.filter(file="").exists()
    client = cast.api("alice")
    shown = [client.get(f"/api/artifacts/{artifact.pk}/preview").content.decode() for artifact in made]
    watch.open(f"/artifacts/{made[0].pk}", *(f"/artifacts/{artifact.pk}" for artifact in made[-8:]))
    watch.insert(shown)
    session = Client()
    session.force_login(cast.alice)
    sorted_and_filtered = []
    for artifact in (grids[0], grids[-1]):
        columns = client.get(f"/api/artifacts/{artifact.pk}/rows").json()["columns"]
        for number, some in enumerate(in_parts(payloads, 18)):
            column = columns[number % len(columns)]
            asked = {
                "sort": column,
                "filter": json.dumps(
                    [{"column": column, "op": "is_not", "value": text[:900]} for text in some]
                ),
            }
            answer = session.get(f"/artifacts/{artifact.pk}/rows", asked)
            assert answer.status_code == 200
            sorted_and_filtered.append(answer.content.decode())
        watch.open(f"/artifacts/{artifact.pk}?{urlencode(asked)}")
    assert sum("Remove the filter" in page for page in sorted_and_filtered) == len(sorted_and_filtered)
    watch.insert(sorted_and_filtered)


def test_files_and_their_text(watch: Watch, cast: Cast, payloads: list[str]) -> None:
    names = nameable(payloads, 180)
    uploads = Upload.objects.bulk_create(
        Upload(
            conversation=cast.conversation, owner=cast.alice, filename=f"{name}.txt", media_type="text/plain",
            size=1, sha256="0" * 64, file=f"x/{number}", status=UploadStatus.FAILED, error_code="corrupt",
            error_message=name,
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    uploads[0].status = UploadStatus.READY
    uploads[0].save()
    text = "\n".join(payloads)
    Extraction.objects.create(
        upload=uploads[0], text=text, characters=len(text), tokens=1, engine="", seconds=0
    )
    assert cast.api("alice").get(uploads_of(cast)).json()["count"] == len(names)
    conversation = f"/conversations/{cast.conversation.pk}"
    watch.open(conversation, f"{conversation}/uploads/{uploads[0].file_id}/text")


def test_pages_and_drawings_run_apart_if_at_all(watch: Watch, cast: Cast, payloads: list[str]) -> None:
    """HTML may run, but in an origin of its own, whatever frame asks for it."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{}</svg>'
    polyglots = [
        "GIF89a/*<svg onload=alert(1)>*/=1;alert(1)//",
        "\x89PNG\r\n<script>alert(1)</script>",
        "%PDF-1.4 <script>alert(1)</script>",
        '<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
        drawing.format("<script>alert(1)</script>"),
    ]
    lies = ("png", "gif", "jpg", "webp", "txt", "mp4", "bin")
    alive = "<script>document.title = 'alive'</script>"
    pages = outputs(cast, [file(f"{n}.html", text) for n, text in enumerate([alive, *payloads])])
    drawings = outputs(cast, [file(f"{n}.svg", drawing.format(text)) for n, text in enumerate(payloads)])
    mislabelled = outputs(
        cast, [file(f"{n}.{lie}", text) for n, text in enumerate(polyglots) for lie in lies]
    )
    page = watch.pages[0]
    page.goto("/artifacts")
    for tag, addresses in (
        ("iframe", [f"/artifacts/{artifact.pk}/frame" for artifact in pages]),
        ("img", [f"/artifacts/{artifact.pk}/image" for artifact in [*drawings, *mislabelled]]),
        (
            "iframe",
            [f"/artifacts/{artifact.pk}/{way}" for artifact in mislabelled for way in ("image", "media")],
        ),
    ):
        for some in in_parts(addresses, 40):
            page.evaluate(SHOW, [tag, some])
    assert page.evaluate("self.__ran.filter((line) => !/^frame-src/.test(line))") == []
    for tag in ("object", "embed"):
        page.evaluate(SHOW, [tag, [f"/artifacts/{drawings[0].pk}/image", f"/artifacts/{pages[1].pk}/frame"]])
    assert [line for line in page.evaluate("self.__ran") if "inline" in line or "alert" in line] == []
    assert page.url.endswith("/artifacts")
    assert watch.dialogs == []


def test_the_admin(page_as: Callable[..., Page], cast: Cast, payloads: list[str], naughty: list[str]) -> None:
    names = nameable([*payloads, *naughty], 130)
    User.objects.bulk_create(
        User(username=f"{name}{number}", email=f"{number}@example.org", first_name=name)
        for number, name in enumerate(names)
    )
    project = cast.project
    project.name, project.agent_instructions = names[0], "\n".join(payloads)
    project.save()
    Membership.objects.bulk_create(
        Membership(project=project, user=user) for user in User.objects.filter(email__startswith="1")
    )
    made = outputs(cast, [{"name": name, "type": "text", "data": name} for name in names])
    for artifact in made:
        artifact.visibility, artifact.saved_at, artifact.description = Visibility.PROJECT, timezone.now(), "x"
    Artifact.objects.bulk_update(made, ["description", "visibility", "saved_at"])
    root = User.objects.create_superuser(
        "<img src=x onerror=alert(1)>", "r@example.org", "correct horse battery"
    )
    watch = Watch(page_as, root)
    every = pages_of_the_admin()
    lists = [path for path in every if path.count("/") <= 4]
    rows = [path for path in every if path.count("/") > 4]
    lists += [
        f"/admin/{model}/?p={number}"
        for model in ("accounts/user", "artifacts/artifact")
        for number in range(1, 6)
    ]
    session = Client()
    session.force_login(root)
    shown = [session.get(path).content.decode() for path in [*lists, *rows[::3]]]
    assert sum("&lt;script" in html for html in shown) > 5
    watch.open(
        "/admin/", "/admin/accounts/user/?q=%3Cscript%3E", f"/admin/artifacts/artifact/{made[3].pk}/change/"
    )
    for some in in_parts(shown, 20):
        watch.insert(some)
