"""CSV: decoded and passed on as it is, since the format is compact and any model reads it.

Only the shape (delimiter, columns, rows) is worked out, for the summary of the file.
"""

from __future__ import annotations

import csv
import io
import itertools

from . import text
from .protocol import Extracted, ExtractionLimits, Progress, Source

_SAMPLE_CHARACTERS = 20_000
_SAMPLE_ROWS = 50
_DELIMITERS = ",;\t|"

warm = text.warm


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The decoded text; `details` has `delimiter`, `columns`, `header` and `lines`."""
    extracted = text.extract(source, limits, progress)
    extracted.engine = "csv"
    extracted.details |= _shape(extracted.text[:_SAMPLE_CHARACTERS])
    return extracted


def _shape(sample: str) -> dict[str, object]:
    """Delimiter, number of columns and first row by a sample of the text; nothing where it is no table."""
    try:
        dialect = csv.Sniffer().sniff(sample, _DELIMITERS)
        rows = list(itertools.islice(csv.reader(io.StringIO(sample), dialect), _SAMPLE_ROWS))
    except csv.Error:
        return {}
    # Excel's own first line says only by what the columns are parted.
    if rows and "".join(rows[0]).startswith("sep="):
        del rows[0]
    header = next((row for row in rows if any(row)), [])
    return {"delimiter": dialect.delimiter, "columns": len(header), "header": header[:100]}
