"""Rows of tables, CSV files and spreadsheets: paged, sorted and filtered by the server."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from artifacts.garbage import collect_garbage, stored_keys, without_rows
from artifacts.grids import making, reading
from artifacts.models import Artifact, Grid, Version
from artifacts.services import delete_artifact, finish_deletion
from artifactsite.lib import blobs
from tests.cast import Cast
from tests.servers import content_in, s3
from uploads.extraction.grid import MISSING, value

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

PEOPLE = [
    {"name": "Åse", "age": 41, "born": "1985-03-01", "tags": ["x"], "ok": True},
    {"name": "bob", "age": 9, "born": "2017-01-15", "ok": False},
    {"name": "Zoë 100%", "age": None, "born": "", "tags": {}, "ok": True},
    {"name": "Ann_1", "age": 10.5, "born": "2016-01-15T10:00", "ok": False},
]


def made(cast: Cast, name: str, data: bytes) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(data).decode())


def ask(cast: Cast, artifact: Artifact, **query: Any) -> Any:
    if "filter" in query:
        query["filter"] = json.dumps(query["filter"])
    return cast.api("alice").get(f"/api/artifacts/{artifact.pk}/rows", query)


def names(cast: Cast, artifact: Artifact, **query: Any) -> list[str]:
    answer = ask(cast, artifact, **query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["rows"]]


@pytest.fixture(params=["in memory", "prepared"])
def people(
    request: pytest.FixtureRequest, cast: Cast, do_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> Artifact:
    """The same small table by both ways: read while one waits, and out of a prepared file."""
    if request.param == "prepared":
        monkeypatch.setattr(making, "SMALL", 0)
    artifact = cast.artifact("people", "table", PEOPLE)
    do_jobs()
    assert Grid.objects.exclude(file="").exists() is (request.param == "prepared")
    return artifact


def test_rows_come_as_they_are_with_the_types_of_their_columns(cast: Cast, people: Artifact) -> None:
    answer = ask(cast, people).json()
    assert answer["rows"] == PEOPLE
    assert answer["types"] == {
        "name": "text", "age": "number", "born": "date", "tags": "text", "ok": "boolean",
    }  # fmt: skip
    assert (answer["total"], answer["matching"], answer["row_numbers"]) == (4, 4, [1, 2, 3, 4])


ASKED: list[tuple[dict[str, Any], list[str]]] = [
    # Numbers as numbers, and what has none last, whichever way round.
    ({"sort": "age"}, ["bob", "Ann_1", "Åse", "Zoë 100%"]),
    ({"sort": "age", "order": "desc"}, ["Åse", "Ann_1", "bob", "Zoë 100%"]),
    ({"sort": "born"}, ["Åse", "Ann_1", "bob", "Zoë 100%"]),
    ({"sort": "name"}, ["Ann_1", "bob", "Zoë 100%", "Åse"]),
    ({"sort": "age", "offset": 1, "limit": 2}, ["Ann_1", "Åse"]),
    ({"filter": [{"column": "name", "op": "contains", "value": "åS"}]}, ["Åse"]),
    # Signs that mean something to a database mean nothing here.
    ({"filter": [{"column": "name", "op": "contains", "value": "%"}]}, ["Zoë 100%"]),
    ({"filter": [{"column": "name", "op": "contains", "value": "n_"}]}, ["Ann_1"]),
    ({"filter": [{"column": "name", "op": "contains", "value": "' OR 1=1 --"}]}, []),
    ({"filter": [{"op": "contains", "value": "2017"}]}, ["bob"]),
    ({"filter": [{"column": "name", "op": "is", "value": "BOB"}]}, ["bob"]),
    ({"filter": [{"column": "age", "op": "is", "value": "41.0"}]}, ["Åse"]),
    ({"filter": [{"column": "age", "op": "is_not", "value": 41}]}, ["bob", "Zoë 100%", "Ann_1"]),
    ({"filter": [{"column": "age", "op": "from", "value": "10"}]}, ["Åse", "Ann_1"]),
    ({"filter": [{"column": "born", "op": "to", "value": "2016-01-15"}]}, ["Åse", "Ann_1"]),
    ({"filter": [{"column": "age", "op": "empty"}]}, ["Zoë 100%"]),
    ({"filter": [{"column": "tags", "op": "filled"}]}, ["Åse", "Zoë 100%"]),
    (
        {
            "sort": "age",
            "filter": [
                {"column": "ok", "op": "is", "value": "false"},
                {"column": "age", "op": "to", "value": "10"},
            ],
        },
        ["bob"],
    ),
]


def test_rows_are_sorted_and_filtered(cast: Cast, people: Artifact) -> None:
    for query, wanted in ASKED:
        assert names(cast, people, **query) == wanted, query


def test_a_table_in_a_bucket_is_fetched_once_for_all_who_look(
    cast: Cast, do_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(making, "SMALL", 0)
    with s3() as facts:
        settings.STORAGES = {**settings.STORAGES, "default": content_in(facts)}
        artifact = cast.artifact("people", "table", PEOPLE)
        do_jobs()
        key = Grid.objects.get().file
        copy = blobs.near_folder() / key.rpartition("/")[2]
        assert not copy.exists()
        assert names(cast, artifact, sort="age") == ["bob", "Ann_1", "Åse", "Zoë 100%"]
        default_storage.delete(key)
        assert names(cast, artifact, sort="name") == ["Ann_1", "bob", "Zoë 100%", "Åse"]
        # Without the copy it is asked for again, and that it is gone is said.
        copy.unlink()
        assert ask(cast, artifact, sort="name").status_code == 503


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"sort": "nothing"}, "unknown_column"),
    ({"sort": "c0"}, "unknown_column"),
    ({"order": "down"}, "invalid"),
    ({"sheet": "7"}, "unknown_sheet"),
    ({"sheet": "x"}, "invalid"),
    ({"filter": "x"}, "bad_filter"),
    ({"filter": [1]}, "bad_filter"),
    ({"filter": [{"column": "name", "op": "like", "value": "x"}]}, "bad_filter"),
    ({"filter": [{"column": "name", "op": "is", "value": None}]}, "bad_filter"),
    ({"filter": [{"column": "name", "op": "is", "value": "x" * 1001}]}, "bad_filter"),
    ({"filter": [{"column": "name"}] * 21}, "bad_filter"),
    ({"filter": [{"op": "is", "value": "x"}]}, "bad_filter"),
    ({"filter": [{"column": "nothing"}]}, "unknown_column"),
    ({"filter": [{"column": "age", "op": "from", "value": "old"}]}, "bad_filter"),
]


def test_what_can_not_be_asked_is_refused_by_name(cast: Cast, people: Artifact) -> None:
    for query, code in REFUSED:
        answer = ask(cast, people, **query)
        assert (answer.status_code, answer.json()["code"]) == (400, code), query


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(st.text(max_size=3), json_values, max_size=4), max_size=6))
def test_any_row_comes_back_exactly(rows: list[dict[str, Any]]) -> None:
    with reading.in_memory(rows) as book:
        sheet = book.sheet(0)
        for column in ["", *(column.name for column in sheet.columns)]:
            page = book.page(reading.Asked(sort=column), 0, 100)
            back = [
                {
                    one.name: value(kept)
                    for one, kept in zip(sheet.columns, cells, strict=True)
                    if kept != MISSING
                }
                for cells in page.rows
            ]
            assert [rows[number - 1] for number in page.numbers] == back


def test_a_large_table_has_stored_orders_that_agree_with_sorting(
    cast: Cast, do_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 25_000
    rows = [{"n": (number * 7919) % many if number % 10 else None} for number in range(many)]
    artifact = cast.artifact("many", "table", rows)
    do_jobs()
    with reading.opened(Grid.objects.get()) as book:
        assert book.sheet(0).columns[0].ordered == many * 9 // 10
    expected = sorted((row["n"] for row in rows if row["n"] is not None), reverse=True)
    for offset in (0, 4095, 22_450):
        answer = ask(cast, artifact, sort="n", order="desc", offset=offset).json()
        assert [row["n"] for row in answer["rows"]] == (expected + [None] * 2500)[offset : offset + 100]
    odd = [{"column": "n", "op": "contains", "value": "77"}]
    answer = ask(cast, artifact, sort="n", offset=10, filter=odd).json()
    matching = sorted(n for n in expected if "77" in str(n))
    assert answer["matching"] == len(matching)
    assert [row["n"] for row in answer["rows"]] == matching[10:110]
    monkeypatch.setattr(reading, "CPU_SECONDS", 0.0)
    monkeypatch.setattr(reading, "_LOOK_EVERY", 10)
    answer = ask(cast, artifact, filter=odd)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_slow")


def test_until_it_is_prepared_rows_come_as_they_stand_and_all_else_waits(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    artifact = cast.artifact("many", "table", [{"n": number} for number in range(1001)])
    assert ask(cast, artifact, offset=1000).json()["rows"] == [{"n": 1000}]
    answer = ask(cast, artifact, sort="n")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    do_jobs()
    assert ask(cast, artifact, sort="n").status_code == 200


@pytest.mark.parametrize(
    ("name", "data", "columns", "rows", "cut"),
    [
        ("a.csv", "a;b\n1;x,y\n", ["a", "b"], [["1", "x,y"]], False),
        ("a.tsv", 'a\tb\n1\t"2\n3"\n', ["a", "b"], [["1", "2\n3"]], False),
        (
            "a.csv",
            "a,a,\n1,2,3,4\n5\n",
            ["a", "a (2)", "Column 3", "Column 4"],
            [["1", "2", "3", "4"], ["5"]],
            False,
        ),
        ("a.csv", "1,2\n3,4\n", ["Column 1", "Column 2"], [["1", "2"], ["3", "4"]], False),
        (
            "a.csv",
            "long,longer\n11111111,\0xxxxxxxx\n",
            ["long", "longer"],
            [["11111111", "\ufffdxxxxxxxx"]],
            False,
        ),
        # A quote that never ends, and a line that never does.
        ("a.csv", 'a\n1\n"' + "x\n" * 600_000, ["a"], [["1"]], True),
        ("a.csv", "a\n1\n" + "x" * 1_500_000, ["a"], [["1"]], True),
        ("a.csv", "a\n" + "," * 5000, None, None, True),
    ],
)
def test_csv_of_any_shape_ends_cleanly(
    cast: Cast, do_jobs: Callable[[], int], name: str, data: str, columns: Any, rows: Any, cut: bool
) -> None:
    artifact = made(cast, name, data.encode())
    do_jobs()
    answer = ask(cast, artifact).json()
    if columns is not None:
        assert answer["columns"] == columns
        assert [[cell for cell in row.values() if cell is not None] for row in answer["rows"]] == rows
    assert bool(answer["sheets"][0]["cut"]) is cut


def test_codes_are_no_numbers_and_a_few_words_make_no_text(cast: Cast, do_jobs: Callable[[], int]) -> None:
    lines = ["zip,sum", *(f"0{number:04},{number}.50" for number in range(40, 0, -1)), "x,n/a"]
    artifact = made(cast, "a.csv", "\n".join(lines).encode())
    do_jobs()
    answer = ask(cast, artifact, sort="sum").json()
    assert answer["types"] == {"zip": "text", "sum": "number"}
    assert [row["sum"] for row in answer["rows"]] == [*(f"{n}.50" for n in range(1, 41)), "n/a"]


def test_every_sheet_of_a_workbook_is_there(cast: Cast, do_jobs: Callable[[], int]) -> None:
    book, buffer = Workbook(), io.BytesIO()
    book.active.append(["a|b", "n"])
    for number in range(300):
        book.active.append(["x", number])
    book.create_sheet("Second")["B3"] = "lonely"
    book.save(buffer)
    artifact = made(cast, "a.xlsx", buffer.getvalue())
    do_jobs()
    answer = ask(cast, artifact, sort="n", order="desc", limit=1).json()
    assert (answer["columns"], answer["rows"], answer["total"]) == (
        ["a|b", "n"],
        [{"a|b": "x", "n": "299"}],
        300,
    )
    assert [sheet["title"] for sheet in answer["sheets"]] == ["Sheet", "Second"]
    assert ask(cast, artifact, sheet=1).json()["columns"] == ["Column 1", "lonely"]
    # The gallery draws its beginning.
    session = Client()
    session.force_login(cast.alice)
    tile = session.get(f"/artifacts/{artifact.pk}/tile").content.decode()
    assert "<b>a|b</b>\n" in tile
    assert "300 rows" in tile


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_damaged_workbook_says_so_and_can_be_tried_again(
    cast: Cast, do_jobs: Callable[[], int], name: str
) -> None:
    artifact = made(cast, name, b"nothing of it")
    do_jobs()
    answer = ask(cast, artifact)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_table")
    page = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/preview").content.decode()
    assert "damaged" in page
    assert "Try again" in page
    assert making.order_again(Version.objects.get())
    assert not making.order_again(Version.objects.get())
    assert ask(cast, artifact).json()["code"] == "not_ready"


def test_the_file_goes_with_its_artifact_and_is_no_garbage_before(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    artifact = made(cast, "a.csv", b"a\n1\n")
    do_jobs()
    key = Grid.objects.get().file
    assert default_storage.exists(key)
    assert without_rows([key]) == []
    assert collect_garbage() == 0
    making.make(Version.objects.get().pk)
    assert key in set(stored_keys())
    finish_deletion(delete_artifact(by=cast.alice, artifact=artifact).pk)
    assert not Grid.objects.exists()
    assert without_rows([key]) == [key]
