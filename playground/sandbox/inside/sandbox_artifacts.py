"""artifact(name, value) inside the sandbox: recognises what a value is and leaves it for the host to collect.

Nothing here protects anything. A program may forge what is written here; the host checks it again.
"""

import datetime
import decimal
import io
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

FOLDER = "/sandbox/values"
_ROWS_AT_ONCE = 10_000
_MAX_DEPTH = 50
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

_numbers = itertools.count(1)
_used: set[str] = set()


def artifact(name: str, value: object) -> None:
    """Keep `value` as an artifact called `name`.

    A str becomes a text; a list of dicts or a DataFrame a table; a dict of exactly html and
    visualization_data, or an object that renders itself as HTML, a visualization; a figure, an image or bytes
    a file. Raises ValueError or TypeError that says what is wrong with the value, and where.
    """
    check_name(name)
    for recognises, keep in _KINDS:
        if recognises(value):
            keep(name, value)
            return
    raise TypeError(
        f"artifact({name!r}): a value of type {type(value).__name__} cannot be kept; give a str, a list of "
        "dicts, a DataFrame, a dict with html and visualization_data, a figure, an image or bytes"
    )


def check_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of an artifact must be a str, not {type(name).__name__}")
    if (
        not name.strip()
        or len(name.encode()) > 255
        or any(ord(char) < 32 or char in "/\x7f" for char in name)
    ):
        raise ValueError("the name of an artifact must have 1 to 255 bytes and no slash or control character")


def free_name(stem: str, extension: str = "") -> str:
    """A name no artifact and no file of the working folder has yet: output, output-2, ..."""
    for number in itertools.count(1):
        name = f"{stem}{'' if number == 1 else f'-{number}'}{extension}"
        if name not in _used and not os.path.lexists(f"/sandbox/work/{name}"):
            return name
    raise AssertionError("unreachable")


def is_displayable(value: object) -> bool:
    """Whether a value shows better as an artifact than printed."""
    shows = (_is_frame, _is_savefig, _is_image, _is_html)
    return any(recognises(value) for recognises in shows)


def is_result(value: object) -> bool:
    """Whether the last line's value is kept besides being printed: text, rows, markup with its data."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list):
        return bool(value) and all(isinstance(row, dict) for row in value)
    return isinstance(value, dict) and set(value) == {"html", "visualization_data"}


# What is it?


def _from(value: object, module: str, *names: str) -> bool:
    """Whether it is an instance of a class of `module` (of one so named), without importing that module for
    it."""
    return any(
        base.__module__.partition(".")[0] == module and (not names or base.__name__ in names)
        for base in type(value).__mro__
    )


def _is_frame(value: object) -> bool:
    return _from(value, "pandas", "DataFrame", "Series")


def _is_savefig(value: object) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "savefig", None))


def _is_image(value: object) -> bool:
    return _from(value, "PIL") and callable(getattr(value, "save", None))


def _is_html(value: object) -> bool:
    if isinstance(value, type):
        return False
    return callable(getattr(value, "_repr_html_", None)) or callable(getattr(value, "to_html", None))


def _is_bytes(value: object) -> bool:
    return isinstance(value, (bytes, bytearray, memoryview))


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# Keep it


def _keep_text(name: str, value: Any) -> None:
    _store("text", name, [value.encode("utf-8", "replace")])


def _keep_bytes(name: str, value: Any) -> None:
    _store("file", name, [bytes(value)])


def _keep_rows(name: str, value: Any) -> None:
    for index, row in enumerate(value):
        if not isinstance(row, Mapping):
            raise ValueError(f"artifact({name!r}): data[{index}] is not an object but {type(row).__name__}")
    _store("table", name, _lines(_row(index, row) for index, row in enumerate(value)), rows=len(value))


def _row(index: int, row: Mapping[Any, object]) -> dict[str, object]:
    names = [str(key) for key in row]
    if len(set(names)) < len(names):
        names = _once(names)  # 1 and "1" are two columns
    found: dict[str, object] = {}
    for name, item in zip(names, row.values(), strict=True):
        try:
            found[name] = cell(item)
        except _NestingError:
            raise ValueError(f"data[{index}].{name} is nested too deep") from None
    return found


def _keep_frame(name: str, value: Any) -> None:
    frame = value if value.ndim == 2 else value.to_frame()
    parts = [frame]
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        levels = frame.index.nlevels
        default = ["index"] if levels == 1 else [f"index_{number}" for number in range(levels)]
        labels = [default[n] if label is None else str(label) for n, label in enumerate(frame.index.names)]
        index = frame.index.to_frame(index=False, name=labels[0] if levels == 1 else _once(labels))
        parts = [index, frame]
    names = column_names(label for part in parts for label in part.columns)
    _store("table", name, _lines(_frame_rows(names, parts)), rows=len(frame))


def _frame_rows(names: list[str], parts: list[Any]) -> Iterator[dict[str, object]]:
    """Row by row, with only some thousand rows as Python objects at any time."""
    for start in range(0, len(parts[0]), _ROWS_AT_ONCE):
        columns = []
        for part in parts:
            piece = part.iloc[start : start + _ROWS_AT_ONCE]
            # By position: labels may occur twice.
            columns += [_column(piece.iloc[:, number]) for number in range(piece.shape[1])]
        if not columns:
            columns, names = [[None] * len(piece)], ["index"]
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))


def _column(series: Any) -> list[object]:
    kind = getattr(series.dtype, "kind", "O")
    numpy_typed = type(series.dtype).__module__.startswith("numpy")
    if numpy_typed and kind in "iub":
        return list(series.tolist())
    if numpy_typed and kind == "f":
        return [item if math.isfinite(item) else None for item in series.tolist()]
    return [cell(item) for item in series]


def column_names(columns: Iterable[object]) -> list[str]:
    """Labels as text, each once: a, a-2, ... Levels are joined by spaces."""
    texts = []
    for column in columns:
        levels = column if isinstance(column, tuple) else (column,)
        texts.append(" ".join(str(level) for level in levels if str(level)) or "column")
    return _once(texts)


def _once(texts: list[str]) -> list[str]:
    names: list[str] = []
    taken: set[str] = set()
    for text in texts:
        name, number = text, 2
        while name in taken:
            name, number = f"{text}-{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


class _NestingError(ValueError):
    """A value that contains itself, or nearly so."""


def cell(value: Any, depth: int = 0) -> object:
    """A value as JSON has it: NaN and infinity are null, times ISO 8601, decimals and what else there is
    text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth > _MAX_DEPTH:
        raise _NestingError(f"data is nested more than {_MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        return {str(key): cell(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [cell(item, depth + 1) for item in value]
    return _scalar(value, depth)


def _scalar(value: Any, depth: int) -> object:
    if _is_missing(value):
        return None
    if isinstance(value, decimal.Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if _from(value, "numpy"):
        plain = value.tolist()
        if type(plain) is not type(value):
            return cell(plain, depth + 1)
    return str(value)


def _is_missing(value: Any) -> bool:
    """pandas' NA and NaT, numpy's NaT."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return True
    return type(value).__name__ == "datetime64" and str(value) == "NaT"


def _lines(rows: Iterable[dict[str, object]]) -> Iterator[bytes]:
    for row in rows:
        yield _json_bytes(row) + b"\n"


def _json_bytes(value: object) -> bytes:
    return _ENCODE(value).encode("utf-8", "replace")  # half a surrogate pair becomes a question mark


def _keep_dict(name: str, value: Any) -> None:
    wanted = {"html", "visualization_data"}
    missing = [key for key in sorted(wanted) if key not in value]
    if missing:
        raise ValueError(f"artifact({name!r}): data.{missing[0]} is missing")
    extra = [key for key in value if key not in wanted]
    if extra:
        raise ValueError(f"artifact({name!r}): data has the unknown key {extra[0]!r}")
    if not isinstance(value["html"], str):
        raise ValueError(f"artifact({name!r}): data.html is not a str but {type(value['html']).__name__}")
    try:
        data = cell(value["visualization_data"])
    except _NestingError:
        raise ValueError(f"artifact({name!r}): data.visualization_data is nested too deep") from None
    _store("visualization", name, [_json_bytes({"html": value["html"], "visualization_data": data})])


def _keep_html(name: str, value: Any) -> None:
    render: Callable[[], object] = getattr(value, "_repr_html_", None) or value.to_html
    html = render()
    if not isinstance(html, str):
        raise ValueError(
            f"artifact({name!r}): the value renders itself as {type(html).__name__}, not as HTML text"
        )
    _keep_dict(name, {"html": html, "visualization_data": None})


def _keep_figure(name: str, value: Any) -> None:
    buffer = io.BytesIO()
    value.savefig(buffer, format="png", bbox_inches="tight")
    _store("file", _with_extension(name, ".png"), [buffer.getvalue()])


def _keep_image(name: str, value: Any) -> None:
    buffer = io.BytesIO()
    extension = os.path.splitext(name)[1].lower()
    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP"}
    if extension in formats:
        image = (
            value.convert("RGB") if formats[extension] == "JPEG" and value.mode not in ("RGB", "L") else value
        )
        image.save(buffer, format=formats[extension])
    else:
        name = _with_extension(name, ".png")
        value.save(buffer, format="PNG")
    _store("file", name, [buffer.getvalue()])


def _with_extension(name: str, extension: str) -> str:
    return name if name.lower().endswith(extension) else name + extension


_KINDS: list[tuple[Callable[[object], bool], Callable[[str, Any], None]]] = [
    (_is_text, _keep_text),
    (_is_bytes, _keep_bytes),
    (_is_list, _keep_rows),
    (_is_dict, _keep_dict),
    (_is_frame, _keep_frame),
    (_is_savefig, _keep_figure),
    (_is_image, _keep_image),
    (_is_html, _keep_html),
]


def _store(kind: str, name: str, chunks: Iterable[bytes], rows: int | None = None) -> None:
    """Data first, then its line in the manifest, so that what is listed is whole."""
    # The process id keeps apart what a program's own child processes store.
    file = f"{os.getpid()}-{next(_numbers)}.data"
    path = f"{FOLDER}/{file}"
    try:
        with open(path, "wb", buffering=1 << 20) as data:
            data.writelines(chunks)
    except BaseException:
        os.unlink(path)
        raise
    with open(f"{FOLDER}/manifest.jsonl", "ab") as manifest:
        manifest.write(_json_bytes({"type": kind, "name": name, "file": file, "rows": rows}) + b"\n")
    _used.add(name)


def open_figures() -> list[Any]:
    """What pyplot holds, in order; nothing where the program never imported it."""
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    return [manager.canvas.figure for manager in helpers.Gcf.get_all_fig_managers()] if helpers else []


def keep_open_figures() -> None:
    """The open figures that the program never saved become figure.png, figure-2.png, ...; all are closed."""
    for figure in open_figures():
        if not getattr(figure, "was_saved", False):
            artifact(free_name("figure", ".png"), figure)
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
