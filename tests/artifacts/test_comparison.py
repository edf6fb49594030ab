"""GET …/diff for every kind: what it says is true, exact and bounded."""

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from artifacts import comparison
from artifacts.comparison import table_changes
from artifacts.models import Artifact
from tests.cast import Cast

pytestmark = pytest.mark.django_db
engines = pytest.mark.engines  # versions are rows; differences of texts are the same over either database

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def diff(cast: Cast, artifact: Artifact, query: str = "from=1&to=2", by: str = "alice") -> dict[str, Any]:
    answer = cast.api(by).get(f"/api/artifacts/{artifact.pk}/diff?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def versions_of(cast: Cast, old: Any, new: Any, kind: str = "text", name: str = "Report") -> Artifact:
    """An artifact with two versions."""
    cast.artifact(name, kind, old)
    return cast.artifact(name, kind, new)


# --- text -----------------------------------------------------------------------------------------


@engines
def test_text_is_compared_line_by_line_and_word_by_word(cast: Cast) -> None:
    found = diff(cast, versions_of(cast, "one\nthe old word\nthree\n", "one\nthe new word\nthree\nfour\n"))
    assert (found["from"], found["to"], found["same"], found["kind"]) == (1, 2, False, "text")
    assert found["unified"].splitlines() == [
        "--- version 1", "+++ version 2", "@@ -1,3 +1,4 @@", " one", "-the old word", "+the new word",
        " three", "+four",
    ]  # fmt: skip
    lines = [(line["change"], line["old"] and line["old"]["number"]) for line in found["lines"]]
    assert lines == [("same", 1), ("changed", 2), ("same", 3), ("added", None)]
    changed = found["lines"][1]
    assert changed["old"] == {"number": 2, "text": "the old word", "marks": [[4, 7]]}
    assert changed["new"] == {"number": 2, "text": "the new word", "marks": [[4, 7]]}


def test_lines_without_a_word_in_common_have_no_marks(cast: Cast) -> None:
    found = diff(cast, versions_of(cast, "alpha beta gamma", "un deux trois quatre"))
    assert [line["old"]["marks"] for line in found["lines"]] == [[]]


def test_a_long_line_is_shown_from_its_difference_on(cast: Cast) -> None:
    start = "x " * 50_000
    (line,) = diff(cast, versions_of(cast, f"{start}old end", f"{start}new end"))["lines"]
    for side, word in (("old", "old"), ("new", "new")):
        shown = line[side]
        assert len(shown["text"]) < 3000
        assert [shown["text"][a:b] for a, b in shown["marks"]] == [word]


def test_what_did_not_change_is_left_out_and_counted(cast: Cast) -> None:
    old = [str(number) for number in range(1000)]
    found = diff(cast, versions_of(cast, "\n".join(old), "\n".join([*old[:500], "new", *old[500:]])))
    assert [line["skipped"] for line in found["lines"] if line["change"] == "skipped"] == [497, 497]
    assert sum(line["skipped"] or 1 for line in found["lines"]) == 1001


def test_equal_content_is_the_same(cast: Cast) -> None:
    artifact = versions_of(cast, "one", "two")
    found = diff(cast, artifact, "from=2&to=2")
    assert (found["same"], found["unified"]) == (True, "")
    assert {line["change"] for line in found["lines"]} == {"same"}


def test_a_difference_that_no_line_shows_is_said(cast: Cast) -> None:
    found = diff(cast, versions_of(cast, "one\ntwo", "one\r\ntwo"))
    assert not found["same"]
    assert "line ends" in found["reason"]


def test_too_large_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "LARGEST", 10)
    found = diff(cast, versions_of(cast, "short", "longer than ten"))
    assert (found["lines"], found["unified"]) == (None, None)
    assert "Download both versions" in found["reason"]
    monkeypatch.setattr(comparison, "LARGEST", 1000)
    monkeypatch.setattr(comparison, "MOST_LINES", 2)
    assert "lines" in diff(cast, versions_of(cast, "a\nb\nc", "d", name="lines"))["reason"]


def test_no_content_makes_it_slow(cast: Cast) -> None:
    """What takes difflib minutes: thousands of lines out of a few, shuffled."""
    chance = random.Random(1)
    old, new = (
        "\n".join(f"line {chance.randrange(400)}" for _ in range(comparison.MOST_LINES - 1)) for _ in range(2)
    )
    found = diff(cast, versions_of(cast, old, new))
    assert found["truncated"]
    assert len(found["lines"]) == comparison.SHOWN_LINES


WORDS = some.lists(some.sampled_from(["a", "b", "c d", "", "e\tf"]), max_size=30)


@given(old=WORDS, new=WORDS)
def test_the_unified_diff_turns_the_old_text_into_the_new(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    if shutil.which("patch") is None:
        pytest.skip("there is no patch on this machine")
    spans = list(comparison._spans(old, new))
    unified = list(comparison._unified(spans, old, new, 1, 2))
    if not unified:
        assert old == new
        return
    file: Path = tmp_path_factory.mktemp("patch") / "text"
    file.write_text("".join(f"{line}\n" for line in old))
    command = ["patch", "--quiet", "--force", str(file)]
    subprocess.run(command, input="".join(f"{line}\n" for line in unified), text=True, check=True)
    assert (file.read_text() if file.exists() else "") == "".join(f"{line}\n" for line in new)


@given(old=WORDS, new=WORDS)
def test_the_rows_of_a_comparison_hold_either_text(old: list[str], new: list[str]) -> None:
    lines = [row for row in comparison._lines(list(comparison._spans(old, new)), old, new) if not row.skipped]
    for side, text in (("old", old), ("new", new)):
        shown = [found for row in lines if (found := getattr(row, side))]
        assert all(text[found.number - 1] == found.text for found in shown)
        assert all("".join(piece for piece, _ in found.pieces) == found.text for found in shown)


# --- tables ---------------------------------------------------------------------------------------


@engines
def test_tables_are_compared_by_row_and_column(cast: Cast) -> None:
    old = [
        {"id": 1, "city": "Oslo", "n": 1},
        {"id": 2, "city": "Bergen", "n": 2},
        {"id": 3, "city": "Bodø", "n": 3},
    ]
    new = [{"id": 1, "city": "Oslo", "m": 0}, {"id": 4, "city": "Moss"}, {"id": 3, "city": "Bodo"}]
    found = diff(cast, versions_of(cast, old, new, "table"))
    table = found["table"]
    assert (found["kind"], table["key"]) == ("table", "id")
    assert table["columns"] == {"added": ["m"], "removed": ["n"]}
    assert table["counts"] == {"added": 1, "removed": 1, "changed": 1, "same": 1, "cells": 1}
    assert table["rows"] == [
        {"change": "removed", "from": 2, "to": None, "row": old[1]},
        {"change": "added", "from": None, "to": 2, "row": new[1]},
        {"change": "changed", "from": 3, "to": 3, "cells": {"city": {"from": "Bodø", "to": "Bodo"}}},
    ]  # fmt: skip


def test_without_a_naming_column_rows_are_matched_by_order(cast: Cast) -> None:
    old = [{"a": n % 3, "b": 0.5} for n in range(9)]
    table = diff(cast, versions_of(cast, old, [{"a": 7, "b": 0.5}, *old], "table"))["table"]
    assert table["key"] is None
    assert table["counts"] == {"added": 1, "removed": 0, "changed": 0, "same": 9, "cells": 0}
    assert table["rows"] == [{"change": "added", "from": None, "to": 1, "row": {"a": 7, "b": 0.5}}]


def test_null_absent_and_kinds_of_values_are_told_apart() -> None:
    values: list[dict[str, Any]] = [{"v": None}, {}, {"v": 1}, {"v": True}, {"v": "1"}, {"v": 1.0}]
    for old in values:
        for new in values:
            rows = [{"id": "x", **row} for row in (old, new)]
            found = table_changes(rows[:1], rows[1:], ["id", "v"], ["id", "v"])
            assert found.counts["changed"] == (json.dumps(old) != json.dumps(new)), (old, new)
    absent = table_changes([{"id": 1}], [{"id": 1, "v": None}], ["id", "v"], ["id", "v"])
    assert absent.rows[0].as_dict()["cells"] == {"v": {"to": None}}


def test_another_order_of_rows_or_columns_is_said() -> None:
    old = [{"id": n, "v": n} for n in range(5)]
    found = table_changes(old, old[::-1], ["id", "v"], ["v", "id"])
    assert (found.rows_reordered, found.columns_reordered, found.counts["changed"]) == (True, True, 0)


def test_large_tables_are_bounded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = versions_of(
        cast, [{"n": n} for n in range(600)], [{"n": n} for n in range(600, 1200)], "table"
    )
    found = diff(cast, artifact)
    assert (len(found["table"]["rows"]), found["truncated"]) == (comparison.SHOWN_ROWS, True)
    monkeypatch.setattr(comparison, "MOST_ROWS", 500)
    found = diff(cast, artifact)
    assert found["table"] is None
    assert "500 rows" in found["reason"]


CELLS = some.one_of(some.none(), some.booleans(), some.integers(0, 3), some.sampled_from(["", "x"]))
ROWS = some.lists(some.dictionaries(some.sampled_from(["id", "a", "b"]), CELLS), max_size=8)


@given(old=ROWS, new=ROWS)
def test_what_a_comparison_of_tables_says_makes_the_new_one_out_of_the_old(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    columns = [list(dict.fromkeys(name for row in rows for name in row)) for rows in (old, new)]
    shared = [name for name in columns[1] if name in columns[0]]
    found = table_changes(old, new, *columns)
    counts = found.counts
    assert counts["added"] + counts["changed"] + counts["same"] == len(new)
    assert counts["removed"] + counts["changed"] + counts["same"] == len(old)
    for row in found.rows:
        for cell in row.cells:
            assert row.old_number is not None
            assert row.new_number is not None
            before, after = old[row.old_number - 1], new[row.new_number - 1]
            assert cell.column in shared
            assert cell.has_before == (cell.column in before)
            assert cell.has_after == (cell.column in after)


# --- the other kinds --------------------------------------------------------------------------------


def test_images_are_shown_beside_each_other(cast: Cast) -> None:
    old, new = (base64.b64encode(PNG + tail).decode() for tail in (b"", b"more"))
    artifact = versions_of(cast, old, new, "file", "plot.png")
    found = diff(cast, artifact)
    assert (found["kind"], found["same"]) == ("image", False)
    assert found["images"] == [f"/artifacts/{artifact.pk}/image?version={number}" for number in (1, 2)]
    assert [(side["width"], side["height"]) for side in found["sides"]] == [(1, 1), (1, 1)]


def test_a_chart_is_compared_by_its_markup_and_data(cast: Cast) -> None:
    old, new = ({"html": f"<b>{n}</b>", "visualization_data": [n]} for n in (1, 2))
    unified = diff(cast, versions_of(cast, old, new, "visualization"))["unified"]
    assert "-<b>1</b>" in unified
    assert "+  2" in unified


def test_of_other_files_the_facts_are_compared(cast: Cast) -> None:
    old, new = (base64.b64encode(raw).decode() for raw in (b"\0\1", b"\0\1\2"))
    found = diff(cast, versions_of(cast, old, new, "file", "a.bin"))
    assert (found["kind"], [side["size"] for side in found["sides"]]) == ("file", [2, 3])
    assert "only their facts" in found["reason"]


@engines
def test_versions_that_are_not_there_are_refused(cast: Cast) -> None:
    artifact = versions_of(cast, "one", "two")
    for query, status in (("from=1&to=7", 404), ("from=x&to=1", 400), ("from=0&to=1", 404)):
        answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/diff?{query}")
        assert answer.status_code == status, query
