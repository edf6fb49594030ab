"""Table artifacts: a list of objects, each a row.

Stored as one JSON array with one row a line, so that the file is the data export as it stands, and any
page of a million rows is one seek away.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.core.files import File

from artifacts.kinds.base import Content, Download, json_bytes, spooled, storable, stored_bytes
from artifacts.kinds.workbook import workbook
from artifacts.models import Kind as KindName
from artifacts.models import Version
from artifactsite.lib import blobs
from artifactsite.lib.errors import Invalid

STRIDE = 1000  # rows between two noted offsets
SAMPLE, SAMPLE_CELL = 5, 200  # rows; characters
MOST_COLUMNS = 2000
_START, _BETWEEN, _END = b"[\n", b",\n", b"\n]\n"


def _sample_cell(value: Any) -> Any:
    """A cell as a card shows it."""
    if isinstance(value, str):
        return storable(value[:SAMPLE_CELL])
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    return storable(cell_text(value)[:SAMPLE_CELL])


def cell_text(value: Any) -> str:
    """A cell in CSV and on the page: strings as they are, null empty, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


class TableWriter:
    """Writes rows one by one into `file` and keeps what the summary and the index need."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.columns: dict[str, None] = {}
        self.offsets: list[int] = []
        self.sample: list[dict[str, Any]] = []
        self.rows = 0
        self.position = file.write(_START)

    def add(self, row: Any) -> None:
        path = f"data[{self.rows}]"
        if not isinstance(row, dict):
            raise Invalid(path, f"{path} must be an object with column names as keys.")
        line = json_bytes(row, path)
        if self.rows:
            self.position += self.file.write(_BETWEEN)
        if self.rows % STRIDE == 0:
            self.offsets.append(self.position)
        self.position += self.file.write(line)
        self.columns.update(dict.fromkeys(row))
        if len(self.columns) > MOST_COLUMNS:
            raise Invalid(path, f"{path}: a table may have at most {MOST_COLUMNS:,} columns.")
        if self.rows < SAMPLE:
            self.sample.append({storable(key): _sample_cell(value) for key, value in row.items()})
        self.rows += 1

    def finish(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """(preview, table_index)"""
        self.file.write(_END if self.rows else b"]\n")
        self.file.seek(0)
        columns = [storable(name) for name in self.columns]
        preview = {"rows": self.rows, "columns": columns[:100], "sample": self.sample}
        # Names that a database would refuse are kept escaped: the export must give them back exactly.
        return preview, {
            "columns": json.dumps(list(self.columns)),
            "offsets": self.offsets,
            "rows": self.rows,
        }


def columns_of(version: Version) -> list[str]:
    names: list[str] = json.loads(version.table_index["columns"])  # type: ignore[index]
    return names


def rows_of(version: Version, offset: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Rows from `offset`, at most `limit`, without reading what comes before their stride."""
    index = version.table_index or {"offsets": [], "rows": 0}
    left = index["rows"] - offset if limit is None else min(limit, index["rows"] - offset)
    if left <= 0:
        return
    with blobs.open_blob(version.file) as file:
        file.seek(index["offsets"][offset // STRIDE])
        for _ in range(offset % STRIDE):
            file.readline()
        for _ in range(left):
            yield json.loads(file.readline().rstrip(b",\n"))


def csv_of(version: Version) -> Iterator[bytes]:
    """RFC 4180 in UTF-8, with all columns in the order in which rows first had them."""
    columns = columns_of(version)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows_of(version), start=1):
        writer.writerow([cell_text(row.get(column)) for column in columns])
        if number % STRIDE == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def xlsx_of(version: Version) -> Iterator[bytes]:
    """A workbook of all rows; text that begins with `=` stays text."""
    count = version.table_index["rows"]  # type: ignore[index]
    return workbook(columns_of(version), rows_of(version), count, cell_text, version.size, version.created_at)


class TableKind:
    name: str = KindName.TABLE

    def accept(self, name: str, data: Any) -> Content:
        if not isinstance(data, list):
            raise Invalid("data", "data must be a list of objects for an artifact of type table.")
        return self.from_rows(name, data)

    def from_rows(self, name: str, rows: Iterable[Any]) -> Content:
        """As `accept`, from rows that come one by one."""
        file = spooled()
        writer = TableWriter(file)
        for row in rows:
            writer.add(row)
        preview, index = writer.finish()
        return Content(self.name, name, File(file), "json", "application/json", preview, index)

    def downloads(self, version: Version) -> list[Download]:
        return [
            Download("csv", "text/csv; charset=utf-8", csv_of),
            Download("json", "application/json"),
            Download("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_of),
        ]

    def data(self, version: Version) -> tuple[str, Iterator[bytes]]:
        return "application/json", stored_bytes(version)

    def definition(self, version: Version) -> Iterator[bytes]:
        return stored_bytes(version)

    def for_agent(self, version: Version, longest: int) -> tuple[str, bool]:
        """Columns, row count and as many rows as fit, as JSON lines."""
        total = version.table_index["rows"]  # type: ignore[index]
        head = f"Table of {total} rows. Columns: {json.dumps(columns_of(version), ensure_ascii=False)}\n"
        lines, length, shown = [head[:longest]], len(head), 0
        for row in rows_of(version):
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
            length += len(line)
            if length > longest:
                break
            lines.append(line)
            shown += 1
        return "".join(lines), shown < total


KIND = TableKind()
