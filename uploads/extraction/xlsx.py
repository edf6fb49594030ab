"""XLSX: every sheet as a table. calamine reads what is whole and of sane size, `xlsx_reader` the rest.

calamine keeps a sheet as one dense rectangle, so the rectangle is measured first: two cells at opposite
corners would make it ask for more memory than there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import python_calamine

from . import marks, xlsx_reader
from .package import Package, as_text, table_lines
from .protocol import Budget, Extracted, ExtractionError, ExtractionLimits, Progress, Source, TextBuilder

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Za-z]{1,4})(\d{1,10})"')
_UNSOLVED = re.compile(rb"(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_ERROR = re.compile(rb"""\st=["']e["']""")
_MAX_FAST_BYTES = 8_000_000
_MAX_FAST_AREA = 2_000_000
_CUT = "The time for one file was used up: the rest is left out."

Grid = list[dict[int, str]]
"""The rows of a sheet that have any content: column, counted from 0 → text."""


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The workbook as Markdown, one part a sheet."""
    package = Package(source.path, limits)
    sheets = xlsx_reader.sheets(package)
    if not package.salvaged and _is_sane(package, sheets):
        grids = _by_calamine(source)
        if grids is not None:
            return _assembled(package, sheets, iter(grids), "calamine", limits, progress)
    return _assembled(package, sheets, xlsx_reader.grids(package, sheets, limits), "xlsx", limits, progress)


def fallback(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The same without calamine, which aborts the process where memory ends."""
    package = Package(source.path, limits)
    sheets = xlsx_reader.sheets(package)
    return _assembled(package, sheets, xlsx_reader.grids(package, sheets, limits), "xlsx", limits, progress)


def _is_sane(package: Package, sheets: list[xlsx_reader.Sheet]) -> bool:
    """Whether calamine can take all sheets: no large rectangle, no formula whose value is missing, no error.

    It gives errors (`#REF!`, `#N/A`) as empty cells.
    """
    total = len(package.read("xl/sharedstrings.xml"))
    for sheet in sheets:
        content = package.read(sheet.part)
        sheet.printed = xlsx_reader.printed(content)
        total += len(content)
        if package.oversized or package.salvaged or total > _MAX_FAST_BYTES:
            return False
        if _area(content) > _MAX_FAST_AREA or _ERROR.search(content):
            return False
        if b"<f" in content and _UNSOLVED.search(content):
            return False
    return True


def _area(content: bytes) -> int:
    """Rows times columns of the rectangle that holds every cell of a sheet's XML."""
    found = _CELL.findall(content)
    if not found:
        return 0
    columns = {xlsx_reader.column_number(letters.decode()) for letters in {letters for letters, _ in found}}
    rows = {int(digits) for _, digits in found}
    return (max(columns) - min(columns) + 1) * (max(rows) - min(rows) + 1)


def _by_calamine(source: Source) -> list[Grid] | None:
    """The grids of all sheets, or None where calamine gives up."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(source.path)
        grids = []
        for index, item in enumerate(workbook.sheets_metadata):
            is_table = item.typ in (
                python_calamine.SheetTypeEnum.WorkSheet,
                python_calamine.SheetTypeEnum.MacroSheet,
            )
            rows = workbook.get_sheet_by_index(index).to_python() if is_table else []
            grids.append([grid for row in rows if (grid := _grid(row))])
        return grids
    except python_calamine.PasswordError as error:
        raise ExtractionError("password_protected") from error
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # noqa: BLE001 - a panic of the Rust library is no Exception
        return None


def _grid(row: Sequence[object]) -> dict[int, str]:
    return {column: text for column, value in enumerate(row) if value != "" and (text := as_text(value))}


def _assembled(
    package: Package,
    sheets: list[xlsx_reader.Sheet],
    grids: Iterator[Grid],
    engine: str,
    limits: ExtractionLimits,
    progress: Progress,
) -> Extracted:
    """Sheets, then comments and drawn text; says which sheets were cut."""
    builder, budget = TextBuilder(limits), Budget(limits)
    warnings: list[str] = []
    shapes: list[dict[str, object]] = []
    cells = 0
    for number, (sheet, grid) in enumerate(zip(sheets, grids, strict=False), start=1):
        kept, left_out = bounded(grid, limits, limits.max_cells - cells)
        cells += sum(map(len, kept))
        if left_out or sheet.cut:
            warnings.append(f"Sheet {sheet.name!r}: only the first {len(kept)} rows with content are read.")
        builder.add(sheet_text(sheet.name, kept, is_hidden=sheet.hidden))
        shapes.append({"name": sheet.name, "rows": len(kept), "hidden": sheet.hidden})
        progress(number, len(sheets))
        if budget.spent():
            warnings.append(_CUT)
            break
    if not cells and package.salvaged:
        # The sheets may be lost where the table of their strings is not.
        strings = xlsx_reader.shared_strings(package)
        cells = len(strings)
        builder.add(marks.escape("\n".join(strings)) + "\n\n")
    builder.add(marks.escape("\n".join(_printed(sheets) + _annotations(package))))
    warnings += package.warnings()
    if not cells and package.salvaged:
        raise ExtractionError("corrupt", "no cell can be saved")
    return Extracted(
        text=builder.text(),
        parts=max(1, len(sheets)),
        truncated=builder.full or bool(warnings),
        engine=engine,
        warnings=warnings,
        details={"metadata": package.metadata(), "sheets": shapes[:500]},
    )


def bounded(grid: Grid, limits: ExtractionLimits, cells: int) -> tuple[Grid, bool]:
    """The first rows that the limits allow, at most `cells` of them filled, and whether there were more.

    One long string may stand in any number of cells at no cost to the file, so characters count too.
    """
    kept: Grid = []
    characters = limits.max_characters
    for row in grid[: limits.max_rows]:
        cells -= len(row)
        characters -= sum(map(len, row.values()))
        if cells < 0 or characters < 0:
            break
        kept.append(row)
    return kept, len(kept) < len(grid)


def sheet_text(name: str, grid: Grid, *, is_hidden: bool = False) -> str:
    """A sheet with its mark; of a hidden one it is said."""
    lines = ["(hidden sheet)", *_lines(grid)] if is_hidden else _lines(grid)
    return marks.mark("sheet", name) + marks.escape("\n".join(lines)) + "\n\n"


def _lines(grid: Grid) -> list[str]:
    """A Markdown table of the columns that are in use; cells with their addresses where few are filled."""
    columns = sorted({column for row in grid for column in row})
    cells = sum(map(len, grid))
    if len(columns) * len(grid) > 20 * cells + 2_000:
        return [
            " | ".join(
                f"{xlsx_reader.column_letters(column)}: {' '.join(text.split())}"
                for column, text in sorted(row.items())
            )
            for row in grid
        ]
    return table_lines([[row.get(column, "") for column in columns] for row in grid])


def _printed(sheets: list[xlsx_reader.Sheet]) -> list[str]:
    """What stands above and below the sheets on paper."""
    lines = [f"- {words}" for words in dict.fromkeys(words for sheet in sheets for words in sheet.printed)]
    return ["Headers and footers:", *lines, ""] if lines else []


def _annotations(package: Package) -> list[str]:
    """Comments on cells and the words in text boxes, diagrams and charts."""
    lines: list[str] = []
    for name in package.names("xl/comments", ".xml"):
        root = package.xml(name)
        for comment in root.iter(_S + "comment") if root is not None else ():
            text = " ".join("".join(item.text or "" for item in comment.iter(_S + "t")).split())
            lines += [f"- {comment.get('ref')}: {text}"] if text else []
    lines = ["", "Comments:", *lines] if lines else []
    for folder in ("xl/drawings/drawing", "xl/charts/chart", "xl/diagrams/data"):
        for name in package.names(folder, ".xml"):
            root = package.xml(name)
            for paragraph in root.iter(_A + "p") if root is not None else ():
                text = "".join(item.text or "" for item in paragraph.iter(_A + "t"))
                lines += [text] if text.strip() else []
    return lines
