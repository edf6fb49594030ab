"""GET …/data, …/download?format=, …/definition: what leaves comes back the same."""

import base64
import csv
import hashlib
import io
import json
import math
import re
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from itertools import zip_longest
from typing import Any

import pytest
import python_calamine
from django.core.files.storage import default_storage
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from artifacts import pages
from artifacts.kinds import workbook
from artifacts.kinds.base import stored_bytes
from artifacts.kinds.table import KIND as TABLE
from artifacts.models import Artifact
from artifacts.services import record_tool_result
from artifactsite.lib import blobs
from tests.cast import Cast

pytestmark = pytest.mark.django_db
engines = pytest.mark.engines  # odd characters reach rows; formats are the same over either database

# Each example finds the fixed cast and its own artifacts; nothing has to be set up anew.
many = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

text = st.text(max_size=30)
cell = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
    | st.lists(st.integers(), max_size=2)
)
nested = st.recursive(
    cell,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=6,
)
tables = st.lists(st.dictionaries(text, cell, max_size=4), max_size=5)
WORST = [
    {"=1+1": "=cmd|'/c calc'!A1", "a,b": 'say "hi"', "": "\r\n", "tab\t": "\x00\x0b\x1f"},
    {"=1+1": "+1", "a,b": "\ufffe\uffff", "": "  spaces  ", "é": "日本語😀"},
    {"=1+1": 10**30, "a,b": -0.0, "": 1.7e308, "é": {"nested": [1, None]}},
]


def artifact_of(cast: Cast, kind: str, data: Any, name: str = "export") -> Artifact:
    item = {"name": name, "type": kind, **({"content_base64": data} if kind == "file" else {"data": data})}
    answer = cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/tool-results", {"tool": "t", "artifacts": [item]}
    )
    assert answer.status_code == 201, answer.content
    return Artifact.objects.get(pk=answer.json()["artifacts"][0]["id"])


def export(cast: Cast, artifact: Artifact, tail: str) -> tuple[bytes, Any]:
    answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/{tail}")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].startswith("attachment")
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content), answer


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_sheet(value: Any) -> Any:
    """What Excel can hold of a cell: no control characters, 15 digits."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < (1e307 if isinstance(value, float) else 10**15):
        return value
    kept = (
        c if (c >= " " or c in "\t\n\r") and c not in "\ufffe\uffff" else "\ufffd" for c in as_text(value)
    )
    return "".join(kept)


def same_cell(wanted: Any, seen: Any) -> bool:
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        # Some readers make one character of a carriage return and a line feed, as XML does.
        ends = [
            v.replace("\r\n", "\n").replace("\r", "\n") if isinstance(v, str) else v for v in (wanted, seen)
        ]
        return type(ends[0]) is type(ends[1]) and ends[0] == ends[1]
    return isinstance(seen, int | float) and math.isclose(wanted, seen, rel_tol=1e-14)


def same_rows(wanted: list[list[Any]], seen: list[list[Any]]) -> bool:
    """Cell for cell; empty rows and cells at the end are there for one reader and not for the other."""
    width = max(map(len, wanted + seen), default=0)
    pairs = zip_longest(wanted, seen, fillvalue=[])
    padded = [[row + [None] * (width - len(row)) for row in pair] for pair in pairs]
    return all(same_cell(*cells) for pair in padded for cells in zip(*pair, strict=True))


@engines
@many
@example(rows=WORST)
@example(rows=[])
@example(rows=[{}])
@given(rows=tables)
def test_a_tables_data_is_its_rows(cast: Cast, rows: list[dict[str, Any]]) -> None:
    artifact = artifact_of(cast, "table", rows)
    for tail in ("data", "download?format=json"):
        body, answer = export(cast, artifact, tail)
        assert json.loads(body) == rows
        assert answer["Content-Type"] == "application/json"


@many
@example(rows=WORST)
@example(rows=[{"": ""}])
@given(rows=tables)
def test_a_table_as_csv_reads_back(cast: Cast, rows: list[dict[str, Any]]) -> None:
    body, answer = export(cast, artifact_of(cast, "table", rows), "download")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    columns = columns_of(rows)
    read = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    assert read == [columns, *([as_text(row.get(column)) for column in columns] for row in rows)]


@many
@example(rows=WORST)
@example(rows=[{"_x0041_": "_x000D_"}])
@given(rows=tables)
def test_a_table_as_xlsx_reads_back_in_two_readers(cast: Cast, rows: list[dict[str, Any]]) -> None:
    body, answer = export(cast, artifact_of(cast, "table", rows), "download?format=xlsx")
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    columns = columns_of(rows)
    wanted = [
        [as_sheet(name) for name in columns],
        *([as_sheet(row.get(name)) for name in columns] for row in rows),
    ]
    sheet = load_workbook(io.BytesIO(body)).worksheets[0]
    # This reader leaves the escapes of Excel's own notation (_x005F_) to its caller.
    seen = [
        [unescape(cell.value) if isinstance(cell.value, str) else cell.value for cell in row][: len(columns)]
        for row in sheet.iter_rows()
    ]
    assert same_rows(wanted, seen)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), "no formula"
    other = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)

    def filled(rows: list[list[Any]]) -> list[list[Any]]:
        """As this reader tells them, to which nothing and an empty text are one."""
        return [[None if value == "" else value for value in row] for row in rows]

    assert same_rows(filled(wanted), filled(other.to_python(skip_empty_area=False)))


@engines
@many
@example(value="\ufeffwith a byte order mark")
@example(value="")
@example(value="\r\n\0")
@given(value=st.text(max_size=200))
def test_a_text_leaves_and_comes_back_as_it_was(cast: Cast, value: str) -> None:
    artifact = artifact_of(cast, "text", value)
    for tail in ("data", "download", "download?format=txt", "download?format=md"):
        assert export(cast, artifact, tail)[0].decode("utf-8") == value
    body, _ = export(cast, artifact, "definition")
    assert json.loads(body)["data"] == value


@engines
@many
@given(html=text, data=nested)
def test_a_visualization_leaves_as_markup_and_data(cast: Cast, html: str, data: Any) -> None:
    value = {"html": html, "visualization_data": data}
    artifact = artifact_of(cast, "visualization", value)
    assert json.loads(export(cast, artifact, "data")[0]) == value
    assert json.loads(export(cast, artifact, "download?format=json")[0]) == value
    body, answer = export(cast, artifact, "download")
    assert (body.decode("utf-8"), answer["Content-Type"]) == (html, "text/html; charset=utf-8")
    assert "sandbox" in answer["Content-Security-Policy"]


@many
@example(raw=b"\xef\xbb\xbfprint(1)")
@given(raw=st.binary(max_size=100))
@pytest.mark.parametrize("name", ["x.bin", "x.py"])
def test_a_file_leaves_byte_for_byte(cast: Cast, raw: bytes, name: str) -> None:
    artifact = artifact_of(cast, "file", base64.b64encode(raw).decode(), name)
    assert export(cast, artifact, "download")[0] == raw
    data = json.loads(export(cast, artifact, "definition")[0])["data"]
    assert (data.encode() if isinstance(data, str) else base64.b64decode(data["content"])) == raw


outputs = st.one_of(
    st.tuples(st.just("text"), st.text(max_size=200)),
    st.tuples(st.just("table"), tables),
    st.tuples(st.just("visualization"), st.fixed_dictionaries({"html": text, "visualization_data": nested})),
    st.tuples(st.just("file"), st.binary(max_size=100) | text.map(str.encode)),
)


@engines
@many
@example(output=("text", "\ufeffwords"), name="it")
@example(output=("table", WORST), name="it")
@example(output=("table", [{}, {"a": None}]), name="it")
@example(output=("file", b"\x00\xff"), name="it.txt")
@example(output=("file", "\ufeffgrüße".encode()), name="it.txt")
@given(output=outputs, name=st.sampled_from(["it", "it.txt", "it.py"]))
def test_a_definition_goes_back_through_tool_results_unchanged(
    cast: Cast, output: tuple[str, Any], name: str
) -> None:
    kind, data = output
    if kind == "file":
        data = base64.b64encode(data).decode()
    first = artifact_of(cast, kind, data, name)
    definition = json.loads(export(cast, first, "definition")[0])
    content = definition["data"]
    if kind == "file":
        content = (
            base64.b64encode(content.encode()).decode() if isinstance(content, str) else content["content"]
        )
    second = artifact_of(cast, definition["artifact_type"], content, f"again {definition['title']}")
    assert second.pk != first.pk
    again = json.loads(export(cast, second, "definition")[0])
    same = ("artifact_type", "data", "media_type", "size", "sha256")
    assert {field: again[field] for field in same} == {field: definition[field] for field in same}
    for tail in ("data", "download"):
        if kind != "file" or tail == "download":
            assert export(cast, second, tail)[0] == export(cast, first, tail)[0]


@engines
def test_a_definition_has_the_promised_fields(cast: Cast) -> None:
    artifact = cast.artifact("Q4 Sales", saved="project")
    body, answer = export(cast, artifact, "definition")
    definition = json.loads(body)
    created = definition.pop("created_at")
    assert created.endswith("Z")
    assert datetime.fromisoformat(created) == artifact.current.created_at
    assert definition == {
        "identifier": str(artifact.pk),
        "title": "Q4 Sales",
        "artifact_type": "text",
        "description": "",
        "version": 1,
        "media_type": "text/plain",
        "size": 6,
        "sha256": artifact.current.sha256,
        "visibility": "project",
        "owner": "alice",
        "conversation": str(cast.conversation.pk),
        "data": "Up 4 %",
    }
    assert "Q4%20Sales.definition.json" in answer["Content-Disposition"]
    seen = cast.api("bob").get(f"/api/artifacts/{artifact.pk}/definition")
    for_bob = b"".join(seen.streaming_content)
    assert json.loads(for_bob)["conversation"] is None
    assert str(cast.conversation.pk).encode() not in for_bob


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text", 'é"\n😀\u2028' * 100_000),
        ("table", [{"a": "é" * 500}] * 3000),
        ("file", base64.b64encode(bytes(range(256)) * 4000).decode()),
        ("file", base64.b64encode("grüße".encode() * 200_000).decode()),
    ],
)
def test_a_definition_of_what_is_large_comes_in_pieces(cast: Cast, kind: str, data: Any) -> None:
    artifact = artifact_of(cast, kind, data, "it.txt")
    pieces = list(cast.api("alice").get(f"/api/artifacts/{artifact.pk}/definition").streaming_content)
    assert max(map(len, pieces)) < 1.5 * blobs.CHUNK < sum(map(len, pieces))
    found = json.loads(b"".join(pieces))["data"]
    if kind == "file":
        found = found["content"] if isinstance(found, dict) else base64.b64encode(found.encode()).decode()
    assert found == data


@engines
@pytest.mark.parametrize(("kind", "data"), [("file", "AP8="), ("text", "words"), ("table", [{"a": 1}])])
def test_what_storage_has_lost_is_refused_before_anything_leaves(cast: Cast, kind: str, data: Any) -> None:
    artifact = artifact_of(cast, kind, data, "it")
    default_storage.delete(artifact.current.file)
    for tail in ("definition", "data", "download"):
        answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/{tail}")
        if kind != "file" or tail != "data":
            assert (answer.status_code, answer.json()["code"]) == (503, "content_unavailable"), tail


def test_binary_data_in_a_definition_is_base64(cast: Cast) -> None:
    artifact = artifact_of(cast, "file", "AP8=", "x.bin")
    assert json.loads(export(cast, artifact, "definition")[0])["data"] == {
        "encoding": "base64",
        "content": "AP8=",
    }
    refused = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/data")
    assert (refused.status_code, refused.json()["code"]) == (400, "not_textual")


@pytest.mark.parametrize(
    ("kind", "data", "name", "tail", "filename"),
    [
        ("text", "x", "notes", "download", "notes.txt"),
        ("text", "x", "notes.md", "download", "notes.md"),
        ("text", "x", "notes", "download?format=md", "notes.md"),
        ("table", [{"a": 1}], "rows", "download", "rows.csv"),
        ("table", [{"a": 1}], "rows.csv", "download", "rows.csv"),
        ("table", [{"a": 1}], "rows", "download?format=xlsx", "rows.xlsx"),
        ("table", [{"a": 1}], "rows", "data", "rows.json"),
        ("visualization", {"html": "x", "visualization_data": 1}, "chart", "download", "chart.html"),
        (
            "visualization",
            {"html": "x", "visualization_data": 1},
            "chart",
            "download?format=json",
            "chart.json",
        ),
        ("file", "eA==", "a.bin", "download", "a.bin"),
        ("file", "eA==", "a.bin", "download?format=file", "a.bin"),
    ],
)
def test_downloads_are_named_for_what_they_are(
    cast: Cast, kind: str, data: Any, name: str, tail: str, filename: str
) -> None:
    _, answer = export(cast, artifact_of(cast, kind, data, name), tail)
    assert f'filename="{filename}"' in answer["Content-Disposition"]


@pytest.mark.parametrize(
    ("kind", "data", "wanted"),
    [
        ("text", "x", "csv"),
        ("table", [], "html"),
        ("table", [], "file"),
        ("visualization", {"html": "", "visualization_data": 0}, "csv"),
        ("file", "eA==", "txt"),
        ("text", "x", "../x"),
    ],
)
def test_a_format_that_the_kind_does_not_offer_is_refused(
    cast: Cast, kind: str, data: Any, wanted: str
) -> None:
    artifact = artifact_of(cast, kind, data)
    answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/download?format={wanted}")
    assert (answer.status_code, "format" in answer.json()["errors"]) == (400, True)


@engines
@pytest.mark.parametrize("tail", ["data", "download", "download?format=json", "definition"])
def test_exports_have_an_etag_and_raw_headers(cast: Cast, tail: str) -> None:
    artifact = artifact_of(cast, "table", [{"a": 1}])
    _, answer = export(cast, artifact, tail)
    assert answer["Content-Security-Policy"].startswith("sandbox")
    client = cast.api("alice")
    assert (
        client.get(
            f"/api/artifacts/{artifact.pk}/{tail}", headers={"If-None-Match": answer["ETag"]}
        ).status_code
        == 304
    )
    head = client.head(f"/api/artifacts/{artifact.pk}/{tail}")
    assert head.status_code == 200
    assert head["ETag"] == answer["ETag"]
    for person, status in (("bob", 404), ("carol", 404), (None, 401)):
        assert cast.api(person).get(f"/api/artifacts/{artifact.pk}/{tail}").status_code == status


@engines
def test_an_old_version_is_exported_as_it_was(cast: Cast) -> None:
    artifact = artifact_of(cast, "table", [{"a": 1}])
    artifact_of(cast, "table", [{"a": 2}])
    assert json.loads(export(cast, artifact, "data?version=1")[0]) == [{"a": 1}]
    assert json.loads(export(cast, artifact, "definition?version=1")[0])["version"] == 1
    assert export(cast, artifact, "download?version=1&format=csv")[0] == b"a\r\n1\r\n"


def test_a_workbook_leaves_while_it_is_written_and_goes_on_in_further_sheets(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "LARGEST_SHEET", 1001)
    # Long enough that compressed it doesn't come out at once.
    rows = [
        {"n": number, "=x": hashlib.sha256(str(number).encode()).hexdigest() * 8} for number in range(2500)
    ]
    address = f"/api/artifacts/{artifact_of(cast, 'table', rows).pk}/download?format=xlsx"
    pieces = list(cast.api("alice").get(address).streaming_content)
    assert b"".join(cast.api("alice").get(address).streaming_content) == b"".join(pieces), "as its ETag says"
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 3
    book = load_workbook(io.BytesIO(b"".join(pieces)))
    assert book.sheetnames == ["Table", "Table 2", "Table 3"]
    read = [list(row) for sheet in book.worksheets for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert read == [list(row.values()) for row in rows]
    assert [[cell.value for cell in next(sheet.iter_rows())] for sheet in book.worksheets] == [
        ["n", "=x"]
    ] * 3


def test_what_a_clipboard_does_not_take_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    table, picture = cast.artifact("t", "table", [{"a": 1}]), cast.artifact("a.png", "file", "iVBORw==")
    client = Client()
    client.force_login(cast.alice)
    button = r'<button[^>]*aria-label="Copy data"[^>]*>'

    def offered(artifact: Artifact) -> list[str]:
        return re.findall(button, client.get(f"/artifacts/{artifact.pk}").content.decode())

    assert ["data-copy-url" in one for one in offered(table)] == [True]
    assert offered(picture) == [], "what is no text has nothing to copy"
    monkeypatch.setattr(pages, "LARGEST_COPY", 5)
    (off,) = offered(table)
    assert "data-copy-url" not in off
    assert 'aria-disabled="true"' in off
    assert "too large for the clipboard" in off


def test_memory_holds_a_piece_of_a_table_and_not_the_table(cast: Cast) -> None:
    """What a million rows cost is measured by benchmarks/tables.py; here, that it does not grow with them."""
    count, bound = 12_000, 3 * 1024 * 1024
    rows = ({"number": number, "=words": "grüße " * 50} for number in range(count))

    def peak_of(work: Callable[[], Any]) -> tuple[Any, int]:
        tracemalloc.start()
        try:
            return work(), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    content, taken = peak_of(lambda: TABLE.from_rows("large", rows))
    assert content.table_index["rows"] == count
    assert taken < bound
    message, _ = record_tool_result(
        by=cast.alice, conversation=cast.conversation, tool="t", outputs=[content]
    )
    version = message.outputs.get().version
    assert version.size > 1.5 * bound
    forms = {offer.format: offer.body or stored_bytes for offer in TABLE.downloads(version)}
    for form, body in {**forms, "definition": TABLE.definition}.items():
        left, held = peak_of(lambda body=body: sum(len(piece) for piece in body(version)))
        assert held < bound, form
        assert left > (bound if form != "xlsx" else 100_000), form
