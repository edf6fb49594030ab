"""Each tool, called as a turn calls it; programs run in the real sandbox."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.db import transaction

from artifacts.models import Artifact
from artifacts.services import record_tool_result
from playground import tools
from playground.models import WorkingFolder
from playground.sandbox import run_program
from playground.services import delete_conversation, start_program
from playground.tools import ToolCall, ToolResult
from playground.tools.template_render import ENVIRONMENT
from tests.cast import Cast
from tests.fake_openai import Endpoint
from uploads.models import Extraction, Upload

needs_sandbox = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


class Echo:
    """A tool of another app."""

    name = "echo"
    description = "Says it back."
    parameters: dict[str, Any] = {"type": "object"}

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        return ToolResult(str(arguments))


class Called:
    """Calls a tool as Alice, and records its result."""

    def __init__(self, cast: Cast, resources: ExitStack) -> None:
        self.cast, self.resources = cast, resources

    def __call__(self, name: str, /, **arguments: Any) -> ToolResult:
        tool = tools.get(name)
        assert tools.problem_of(tool, arguments) is None
        conversation = self.cast.conversation
        call = ToolCall(self.cast.alice, conversation, self.resources, lambda _: None, lambda: False)
        result = tool.call(call, arguments)
        with transaction.atomic():
            record_tool_result(
                by=self.cast.alice,
                conversation=conversation,
                tool=name,
                content=result.content,
                outputs=result.artifacts,
            )
            if result.keep:
                result.keep()
        return result


@pytest.fixture
def called(cast: Cast) -> Iterator[Called]:
    with ExitStack() as resources:
        yield Called(cast, resources)


def upload(cast: Cast, name: str, text: str, **facts: Any) -> Upload:
    made = Upload.objects.create(
        conversation=cast.conversation, owner=cast.alice, filename=name, file=name, media_type="text/plain",
        size=1, sha256="0", status="ready", **facts,
    )  # fmt: skip
    Extraction.objects.create(
        upload=made, text=text, characters=len(text), tokens=len(text) // 4, engine="test", seconds=0
    )
    return made


def test_the_registry_takes_tools_of_other_apps(settings: Any) -> None:
    settings.PLAYGROUND_TOOLS = [*settings.PLAYGROUND_TOOLS, f"{__name__}.Echo"]
    assert tools.get("echo").description == "Says it back."
    assert "echo" in [definition["function"]["name"] for definition in tools.definitions()]
    settings.PLAYGROUND_TOOLS = ["no.such.Tool"]
    with pytest.raises(ImproperlyConfigured, match=r"no\.such\.Tool"):
        tools.names()


def test_read_upload_by_part(called: Called, cast: Cast) -> None:
    pages = "".join(f"<!-- page {n} -->\nText of page {n}\n\n" for n in range(1, 6))
    sheets = '<!-- sheet "North" -->\na | b\n1 | 2\n3 | 4\n\n<!-- sheet "South" -->\nc\n5\n'
    book, paper = upload(cast, "book.xlsx", sheets), upload(cast, "paper.pdf", pages)
    assert "It has 5 pages." in called("read_upload", file=paper.file_id).content
    assert called("read_upload", file="paper.pdf", page=3).content == "paper.pdf: page 3\nText of page 3"
    assert "Text of page 4\nText of page 5" in called("read_upload", file="paper.pdf", page="4-9").content
    assert called("read_upload", file="book.xlsx", sheet="south").content == "book.xlsx: sheet South\nc\n5"
    assert called("read_upload", file="book.xlsx", sheet=1, rows="2-3").content.endswith("1 | 2\n3 | 4")
    assert called("read_upload", file=book.file_id, offset=1, limit=3).content.startswith(
        "book.xlsx (characters 1 to 4"
    )
    for wrong in ({"page": 9}, {"slide": 1}, {"rows": "x"}, {"rows": "1000"}):
        assert called("read_upload", file="paper.pdf", **wrong).is_error
    assert "paper.pdf" in called("read_upload", file="missing").content


def test_read_upload_leaves_alone_what_is_off(called: Called, cast: Cast) -> None:
    upload(cast, "off.txt", "canary", is_active=False)
    result = called("read_upload", file="off.txt")
    assert result.is_error
    assert "canary" not in result.content


def test_read_artifact_by_rows_and_characters(called: Called, cast: Cast) -> None:
    table = cast.artifact("t", "table", [{"n": n} for n in range(30)])
    text = cast.artifact("x.txt", data="0123456789" * 9)
    assert '{"n": 29}' in called("read_artifact", artifact=str(table.pk)).content
    part = called("read_artifact", artifact=f"artifact:{table.pk}", offset=10, limit=2).content
    assert part.endswith('{"n": 10}\n{"n": 11}\n[There is more from offset 12.]')
    assert (
        "56\n[There is more from offset 7.]"
        in called("read_artifact", artifact=str(text.pk), offset=5, limit=2).content
    )
    assert called("read_artifact", artifact=str(text.pk), version=9).is_error
    beyond = [called("read_artifact", artifact=str(one.pk), offset=10**30).content for one in (table, text)]
    assert "the table has 30." in beyond[0]
    assert "0" not in beyond[1].partition("\n")[2]


def test_save_text_makes_versions(called: Called, cast: Cast) -> None:
    called("save_text", name="notes.md", text="# One")
    called("save_text", name="notes.md", text="# Two")
    assert Artifact.objects.get(name="notes.md").latest_number == 2
    assert called("save_text", name=" ", text="x").is_error


def test_search_artifacts(called: Called, cast: Cast, do_jobs: Any) -> None:
    wanted = cast.artifact("Sales of the west", data="Up")
    cast.artifact("Other", data="Down")
    do_jobs()
    found = called("search_artifacts", query="west").content
    assert f"@[Sales of the west](artifact:{wanted.pk})" in found
    assert "Other" not in found
    assert "Other" in called("search_artifacts", scope="conversation", limit=5).content


def test_pictures(called: Called, endpoint: Endpoint, settings: Any) -> None:
    settings.IMAGES_BASE_URL, settings.IMAGES_API_KEY = f"{endpoint.url}/v1", "picture-key"
    for model in ("gpt-image-1", "dall-e"):
        settings.IMAGES_MODEL = model
        assert not called("image_generate", prompt="A red dot", name="dot.png", count=2).is_error
    asked = endpoint.requests("gpt-image-1")
    assert asked[-1]["key"] == "Bearer picture-key"
    assert Artifact.objects.get(name="dot-1.png").gallery_type == "image"
    settings.IMAGES_BASE_URL = "http://127.0.0.1:9"
    assert "can't be reached" in called("image_generate", prompt="x").content


def test_a_cancelled_picture_is_not_waited_for(cast: Cast, endpoint: Endpoint, settings: Any) -> None:
    settings.IMAGES_BASE_URL, settings.IMAGES_MODEL = f"{endpoint.url}/v1", "slow"
    endpoint.script("slow")
    with ExitStack() as resources:
        call = ToolCall(
            cast.alice, cast.conversation, resources, lambda _: None, lambda: bool(endpoint.requests("slow"))
        )
        result = tools.get("image_generate").call(call, {"prompt": "hold"})
    endpoint.release()
    assert (result.error_code, result.artifacts) == ("cancelled", [])


def test_pictures_are_offered_only_where_they_can_be_made(settings: Any) -> None:
    settings.IMAGES_BASE_URL = ""
    assert "image_generate" not in [entry["function"]["name"] for entry in tools.definitions()]


REPORT = {
    "title": "Q4 <b>",
    "sections": [{"heading": "West", "text": "Up", "table": [{"a": 1}], "points": ["x"]}],
}
DASHBOARD = {"title": "D", "figures": [{"label": "l", "value": 1}], "bars": [{"label": "b", "value": 3}]}
COMPARISON = {"title": "C", "options": ["A", "B"], "criteria": [{"name": "price", "values": ["1", "2"]}]}


@needs_sandbox
@pytest.mark.parametrize(
    ("template", "data"), [("report", REPORT), ("dashboard", DASHBOARD), ("comparison", COMPARISON)]
)
def test_shipped_templates(called: Called, template: str, data: dict[str, Any]) -> None:
    result = called("template_render", name="Page", template=template, data=data)
    assert not result.is_error, result.content
    artifact = Artifact.objects.get(name="Page.html")
    assert artifact.gallery_type == "html"
    assert artifact.current is not None
    page = default_storage.open(artifact.current.file).read().decode()
    assert "<!doctype html>" in page
    assert "Q4 <b>" not in page


@needs_sandbox
@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    ],
)
def test_hostile_templates_make_nothing(called: Called, source: str) -> None:
    assert called("template_render", name="x.html", source=source, data={}).is_error
    assert not Artifact.objects.exists()


# Ways from a template to Python: attributes, by name, by subscript, by filters, by formats; what Jinja hands out; what
# got through earlier versions of its sandbox; what changes the data; files; and plain excess.
INJECTIONS = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''|attr(['__cla', 'ss__']|join) }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ [data]|map(attribute='__class__')|join }}",
    "{{ [data]|map('attr', '__class__')|join }}",
    "{{ [data]|sum(attribute='__class__') }}",
    "{{ ([data]|groupby('__class__')|first).grouper }}",
    "{{ [data, data]|sort(attribute='__class__') }}",
    "{{ [data]|selectattr('__class__.__init__')|list }}",
    "{{ '{0.__class__}'.format(data) }}",
    "{{ '{a.__class__}'.format_map({'a': data}) }}",
    "{% set form = '{0.__class__}'.format %}{{ form(data) }}",
    "{{ ('{0.__class__}'|attr('format'))(data) }}",
    "{{ ['{0.__class__}'.format]|map('attr', '__call__')|join }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ request.application }}",
    "{{ config.items() }}",
    "{{ given }}",
    "{{ environment }}",
    "{{ data.update(a=1) }}",
    "{{ data.clear() }}",
    "{{ [1].append(2) }}",
    "{{ '%s' % ''.__class__ }}",
    "{{ '%c' * 'x' }}",
    "{% include '/etc/passwd' %}",
    "{% include '../program.py' %}",
    "{% import 'os' as os %}",
    "{% extends '/sandbox/values/error.json' %}",
    "{{ range(10 ** 9)|list }}",
]


@needs_sandbox
def test_no_template_reaches_python() -> None:
    """In one run: each is refused where it stands."""
    program = f"""{ENVIRONMENT}
for source in given["sources"]:
    try:
        page = environment.from_string(source).render({{"data": {{"a": 1}}}})
    except (TemplateError, TypeError, ValueError, OverflowError):
        continue
    print(source, "gave", page)
"""
    with run_program(program, memory={"template": {"shared": {}, "sources": INJECTIONS}}) as result:
        assert (result.exit, result.stdout) == ("done", ""), result.error


@needs_sandbox
def test_shell_and_python_share_the_working_folder(called: Called, cast: Cast) -> None:
    assert called("python_exec", code="open('n.txt', 'w').write('7')").is_error is False
    result = called(
        "shell_exec", script="echo $(( $(cat n.txt) + 1 )) | tee m.txt; ls files 2>/dev/null; exit 3"
    )
    assert result.content.startswith("8")
    assert result.is_error
    assert called("python_exec", code="print(open('m.txt').read())").content.strip() == "8"
    assert {artifact.name for artifact in Artifact.objects.all()} == {"n.txt", "m.txt"}


@needs_sandbox
def test_the_working_folder_is_bounded_and_goes_with_its_conversation(
    called: Called, cast: Cast, settings: Any, do_jobs: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        called("python_exec", code="open('a.txt', 'w').write('kept')")
    kept = WorkingFolder.objects.get()
    assert default_storage.exists(kept.file)
    settings.PROGRAM_STATE_MB = 0
    assert "will not find its files" in called("python_exec", code="open('b.txt', 'w').write('x')").content
    settings.PROGRAM_STATE_MB = 100
    turn = start_program(
        by=cast.alice, conversation=cast.conversation, code="import os; print(os.path.exists('b.txt'))"
    )
    do_jobs()
    turn.refresh_from_db()
    assert turn.output.strip() == "False"
    kept = WorkingFolder.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        delete_conversation(by=cast.alice, conversation=cast.conversation)
    assert not WorkingFolder.objects.exists()
    assert not default_storage.exists(kept.file)
