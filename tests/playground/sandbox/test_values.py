"""Typed artifacts: artifact(name, value), and what the last line shows."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from playground.sandbox import Limits, OutputValue, RunResult

Run = Callable[..., RunResult]
PNG = b"\x89PNG\r\n\x1a\n"


def rows(value: OutputValue) -> list[dict[str, Any]]:
    assert value.type == "table"
    found = [json.loads(line) for line in value.path.read_text().splitlines()]
    assert len(found) == value.rows
    return found


def kinds(result: RunResult) -> list[tuple[str, str]]:
    return [(value.type, value.name) for value in result.values]


@pytest.fixture
def values(run: Run) -> Callable[..., list[OutputValue]]:
    """The artifacts of a program that must end well."""

    def start(code: str, **options: Any) -> list[OutputValue]:
        result = run(code, **options)
        assert result.exit == "done", (result.error, result.stdout)
        assert result.dropped == []
        return result.values

    return start


Values = Callable[..., list[OutputValue]]


def test_text(values: Values) -> None:
    (value,) = values("artifact('notes.md', 'Grüße\\n')")
    assert (value.type, value.name, value.path.read_text()) == ("text", "notes.md", "Grüße\n")
    assert value.size == value.path.stat().st_size


def test_text_with_half_a_character(values: Values) -> None:
    (value,) = values("artifact('t', 'a\\ud800b')")
    assert value.path.read_text() == "a?b"


def test_rows_of_plain_python(values: Values) -> None:
    (value,) = values("""
        import datetime, decimal, uuid
        artifact("t", [
            {"a": 1, "b": float("nan"), "c": "x", 4: None},
            {"a": 2**70, "b": float("inf"), "when": datetime.datetime(2024, 5, 6, 7, 8, 9), 5: 1, "5": 2},
            {"price": decimal.Decimal("1.10"), "day": datetime.date(2024, 1, 2), "id": uuid.UUID(int=1)},
            {"list": [1, float("nan"), (2,)], "dict": {1: {2: 3}}, "set": {5}, "bytes": b"abc", "ok": True},
        ])
    """)
    assert rows(value) == [
        {"a": 1, "b": None, "c": "x", "4": None},
        {"a": 2**70, "b": None, "when": "2024-05-06T07:08:09", "5": 1, "5-2": 2},
        {"price": "1.10", "day": "2024-01-02", "id": "00000000-0000-0000-0000-000000000001"},
        {"list": [1, None, [2]], "dict": {"1": {"2": 3}}, "set": [5], "bytes": "abc", "ok": True},
    ]


def test_empty_table(values: Values) -> None:
    (value,) = values("artifact('t', [])")
    assert rows(value) == []


def test_data_frame(values: Values) -> None:
    (value,) = values("""
        import numpy as np, pandas as pd
        artifact("t", pd.DataFrame({
            "int": np.array([1, 2], dtype="int8"),
            "float": [0.1, np.nan],
            "text": ["x", None],
            "when": pd.to_datetime(["2020-01-02 03:04:05", None]),
            "zone": pd.to_datetime(["2020-01-02", "2020-01-03"]).tz_localize("UTC"),
            "bool": [True, False],
            "nullable": pd.array([1, None], dtype="Int64"),
            "category": pd.Categorical(["a", "b"]),
            "nested": [np.array([1.5, np.nan]), {"k": np.int64(3)}],
            7: [np.float32(0.5), np.bool_(True)],
        }))
    """)
    assert rows(value) == [
        {
            "int": 1,
            "float": 0.1,
            "text": "x",
            "when": "2020-01-02T03:04:05",
            "bool": True,
            "zone": "2020-01-02T00:00:00+00:00",
            "nullable": 1,
            "category": "a",
            "nested": [1.5, None],
            "7": 0.5,
        },
        {
            "int": 2,
            "float": None,
            "text": None,
            "when": None,
            "bool": False,
            "zone": "2020-01-03T00:00:00+00:00",
            "nullable": None,
            "category": "b",
            "nested": {"k": 3},
            "7": True,
        },
    ]


def test_indexes_and_double_names(values: Values) -> None:
    named, grouped, double, series, empty = values("""
        import pandas as pd
        artifact("named", pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key")))
        frame = pd.DataFrame({"g": ["x", "x", "y"], "h": [1, 2, 1], "v": [1, 2, 3]})
        artifact("grouped", frame.groupby(["g", "h"]).agg({"v": ["sum", "max"]}))
        artifact("double", pd.DataFrame([[1, 2]], columns=["a", "a"]))
        artifact("series", pd.Series([1.5], index=["k"], name="s"))
        artifact("empty", pd.DataFrame({"a": []}))
    """)
    assert rows(named) == [{"key": "a", "n": 1}, {"key": "b", "n": 2}]
    assert rows(grouped)[0] == {"g": "x", "h": 1, "v sum": 1, "v max": 1}
    assert rows(double) == [{"a": 1, "a-2": 2}]
    assert rows(series) == [{"index": "k", "s": 1.5}]
    assert rows(empty) == []


@pytest.mark.slow
def test_a_million_rows(run: Run) -> None:
    result = run(
        """
        import numpy as np, pandas as pd
        n = 1_000_000
        artifact("big", pd.DataFrame({"i": np.arange(n), "x": np.random.rand(n)}))
        """,
        limits=Limits(),
    )
    assert result.exit == "done", result.error
    assert result.values[0].rows == 1_000_000


def test_visualization(values: Values) -> None:
    (value,) = values("""
        artifact("chart", {"html": "<b>hi</b>", "visualization_data": {"points": [1, float("nan")]}})
    """)
    assert value.type == "visualization"
    assert json.loads(value.path.read_text()) == {
        "html": "<b>hi</b>",
        "visualization_data": {"points": [1, None]},
    }


def test_objects_that_render_themselves(values: Values) -> None:
    found = values("""
        class Plotly:
            def to_html(self):
                return "<div>plot</div>"
        class Rich:
            def _repr_html_(self):
                return "<i>rich</i>"
        artifact("plot", Plotly())
        artifact("rich", Rich())
    """)
    assert [value.type for value in found] == ["visualization"] * 2
    assert json.loads(found[0].path.read_text())["html"] == "<div>plot</div>"


def test_bytes_and_images(values: Values) -> None:
    found = values("""
        from PIL import Image
        image = Image.new("RGBA", (3, 2), "red")
        artifact("data.bin", b"\\x00\\xff")
        artifact("picture", image)
        artifact("photo.jpg", image)
    """)
    assert [(value.type, value.name) for value in found] == [
        ("file", "data.bin"),
        ("file", "picture.png"),
        ("file", "photo.jpg"),
    ]
    assert found[0].path.read_bytes() == b"\x00\xff"
    assert found[1].path.read_bytes().startswith(PNG)
    assert found[2].path.read_bytes().startswith(b"\xff\xd8")


def test_figures(run: Run) -> None:
    result = run("""
        import matplotlib.pyplot as plt
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        artifact("trend", figure)
        plt.close(figure)
        plt.plot([1, 2, 3])
        plt.savefig("saved.png")
        plt.figure()
        plt.plot([3, 2, 1])
        plt.show()
        plt.plot([1, 1])
        plt.title("left open")
    """)
    assert result.exit == "done", result.error
    assert kinds(result) == [("file", "trend.png"), ("file", "figure.png"), ("file", "figure-2.png")]
    assert all(value.path.read_bytes().startswith(PNG) for value in result.values)
    assert [file.name for file in result.files] == ["saved.png"]
    assert "figure" not in result.stdout.lower() or "Text" in result.stdout


def test_figures_are_kept_in_numbers(run: Run) -> None:
    result = run("import matplotlib.pyplot as plt\nfor n in range(3):\n    plt.figure()\n    plt.plot([n])")
    assert kinds(result) == [("file", f"figure{suffix}.png") for suffix in ("", "-2", "-3")]


@pytest.mark.parametrize(
    ("last", "kind", "kept"),
    [
        ("'Up 4 %'", "text", "Up 4 %"),
        ("[{'a': 1, 'b': [2]}, {'c': None}]", "table", '{"a":1,"b":[2]}\n{"c":null}\n'),
        (
            "{'html': '<b>x</b>', 'visualization_data': [1]}",
            "visualization",
            '{"html":"<b>x</b>","visualization_data":[1]}',
        ),
    ],
)
def test_what_a_program_returns_is_kept_besides_being_printed(
    run: Run, last: str, kind: str, kept: str
) -> None:
    result = run(f"x = {last}\nx")
    assert result.stdout == f"{last}\n"
    assert kinds(result) == [(kind, "output")]
    assert result.values[0].path.read_text() == kept


def test_what_is_of_no_kind_is_printed_alone(run: Run) -> None:
    for last in ("''", "42", "[]", "[1, {'a': 1}]", "{'a': 1}", "{'html': ''}", "('a',)", "b'x'"):
        result = run(last)
        assert (result.exit, result.stdout, result.values) == ("done", f"{last}\n", []), last
    assert run("display('a')\n1").values == [], "what is shown on the way is not what is returned"
    result = run("a = []\na.append(a)\n[{'a': a}]")
    assert (result.exit, result.values) == ("done", [])
    assert "not kept as an artifact" in result.stdout
    assert "data[0].a is nested too deep" in result.stdout


def test_the_last_line_is_shown(run: Run) -> None:
    assert run("x = 20\nx * 2 + 2").stdout == "42\n"
    assert run("None").stdout == ""
    assert run("x = 1").stdout == ""
    assert run("").stdout == ""
    result = run("import pandas as pd\npd.DataFrame({'a': [1]})")
    assert kinds(result) == [("table", "output")]
    result = run("""
        class Html:
            def _repr_html_(self):
                return "<p>"
        display(Html())
        Html()
    """)
    assert kinds(result) == [("visualization", "output"), ("visualization", "output-2")]
    result = run("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.gcf()")
    assert kinds(result) == [("file", "figure.png")]


MALFORMED = {
    "artifact('x', [{'a': 1}, {'a': 2}, {'a': 3}, 4])": "data[3] is not an object",
    "artifact('x', ['a'])": "data[0] is not an object",
    "artifact('x', {'html': '<b>'})": "data.visualization_data is missing",
    "artifact('x', {'visualization_data': 1})": "data.html is missing",
    "artifact('x', {'html': 1, 'visualization_data': 1})": "data.html is not a str",
    "artifact('x', {'html': '', 'visualization_data': 1, 'more': 2})": "unknown key 'more'",
    "a = []\na.append(a)\nartifact('x', [{'a': a}])": "data[0].a is nested too deep",
    "a = []\na.append(a)\nartifact('x', {'html': '', 'visualization_data': a})": "data.visualization_data is nested",
    "artifact('x', object())": "a value of type object cannot be kept",
    "artifact('', 'x')": "the name of an artifact",
    "artifact('a/b', 'x')": "the name of an artifact",
    "artifact('a\\nb', 'x')": "the name of an artifact",
    "artifact('a' * 300, 'x')": "the name of an artifact",
    "artifact(3, 'x')": "the name of an artifact must be a str",
}


@pytest.mark.parametrize(("code", "message"), MALFORMED.items())
def test_malformed(run: Run, code: str, message: str) -> None:
    result = run(code)
    assert result.exit == "failed"
    assert result.error is not None
    assert message in result.error.detail
    assert 'File "program.py"' in result.error.detail
    assert "sandbox_artifacts" not in result.error.detail
    assert result.values == []


def test_a_table_that_does_not_fit_leaves_no_half(run: Run) -> None:
    result = run("artifact('t', [{'a': 'x' * 1000}] * 5000)", limits=Limits(file_bytes=1_000_000))
    assert result.exit == "failed"
    assert result.values == []


def test_artifacts_from_child_processes(run: Run) -> None:
    result = run("import os\npid = os.fork()\nartifact(f'{pid == 0}', 'x')\nif pid: os.waitpid(pid, 0)")
    assert sorted(kinds(result)) == [("text", "False"), ("text", "True")]
