"""What search knows of each artifact: its name at once, its whole content soon after, by a job."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import structlog
from django.db import transaction

from artifacts.confined import pool
from artifacts.kinds.base import read_text, storable
from artifacts.kinds.table import cell_text, columns_of, rows_of
from artifacts.models import Artifact, Kind, SearchEntry, Version
from artifacts.search.words import spaced
from artifacts.types import HTML, NOTEBOOK, is_textual
from artifactsite.lib import blobs
from jobs import services as jobs
from uploads.extraction import ExtractionError, ExtractionLimits, is_supported, split

INDEX = "artifacts.index"
LONGEST = 200_000  # characters of content that can be found
_LARGEST_NOTEBOOK = 16 * 1024 * 1024  # bytes
log = structlog.get_logger(__name__)


def put(artifact: Artifact, version: Version) -> None:
    """A version that readers get from now on: found by its name and first lines at once, by the rest soon.

    Belongs into the transaction that publishes it; what was known of an earlier version goes with it.
    """
    text = _summary(version)
    _write(artifact, body=spaced(text), text=text)
    # Text is read in no time, so it needn't wait behind documents.
    quick = artifact.kind != Kind.FILE or is_textual(version.media_type)
    jobs.enqueue(INDEX, artifact.pk, priority=1 if quick else -1)


def put_names(artifact: Artifact) -> None:
    """After a change of name or description, in its transaction."""
    _write(artifact)


def _write(artifact: Artifact, **content: str) -> None:
    facts = {"name": spaced(artifact.name), "description": spaced(artifact.description), **content}
    SearchEntry.objects.update_or_create(artifact=artifact, defaults=facts)


def index(artifact_id: uuid.UUID) -> None:
    """Reads the content of an artifact's current version. Safe to run twice."""
    # A deletion may yet be undone.
    artifact = Artifact.with_deleted.select_related("current").filter(pk=artifact_id).first()
    if artifact is None or artifact.current is None:
        return
    version = artifact.current
    text = storable(text_of(artifact.kind, version))[:LONGEST]
    with transaction.atomic():
        still = Artifact.with_deleted.select_for_update().filter(pk=artifact_id, current=version).first()
        if still is not None:
            _write(still, body=spaced(text), text=text)


def _summary(version: Version) -> str:
    """The words that the version's summary has; no file is read."""
    summary = version.preview
    sample = [cell_text(value) for row in summary.get("sample", []) for value in row.values()]
    return "\n".join([summary.get("excerpt", ""), " ".join(summary.get("columns", [])), *sample]).strip()


def text_of(kind: str, version: Version) -> str:
    """What a person would read in a version; empty where there is nothing to read."""
    if kind == Kind.TABLE:
        return _bounded(_table_lines(version))
    if kind == Kind.VISUALIZATION:
        return _of_visualization(version)
    if version.media_type == NOTEBOOK and version.size <= _LARGEST_NOTEBOOK:
        return _bounded(_notebook_cells(read_text(version)))
    if is_textual(version.media_type) and version.media_type not in HTML.values():
        return read_text(version, LONGEST * 4)[:LONGEST]
    if version.media_type.startswith("image/") or not is_supported(version.media_type):
        return ""
    with blobs.on_disk(version.file) as path:
        return _extracted(path, version.media_type)


def _bounded(lines: Iterator[str]) -> str:
    """Lines up to LONGEST characters."""
    taken, room = [], LONGEST
    for line in lines:
        taken.append(line)
        room -= len(line) + 1
        if room <= 0:
            break
    return "\n".join(taken)


def _table_lines(version: Version) -> Iterator[str]:
    columns = columns_of(version)
    yield " ".join(columns)
    for row in rows_of(version):
        yield " ".join(cell_text(row.get(column)) for column in columns if row.get(column) is not None)


def _notebook_cells(source: str) -> Iterator[str]:
    """The cells' sources; outputs are made from them."""
    try:
        cells = json.loads(source)["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for cell in cells if isinstance(cells, list) else []:
        lines: Any = cell.get("source", "") if isinstance(cell, dict) else ""
        yield "".join(str(line) for line in lines) if isinstance(lines, list) else str(lines)


def _of_visualization(version: Version) -> str:
    """What its page shows, and the data that it draws."""
    value = json.loads(read_text(version))
    with NamedTemporaryFile(suffix=".html") as file:
        file.write(value["html"].encode("utf-8", "replace"))
        file.flush()
        page = _extracted(Path(file.name), "text/html")
    return f"{page}\n{json.dumps(value['visualization_data'], ensure_ascii=False)}"


def _extracted(path: Path, media_type: str) -> str:
    """The text of a document, by the confined extraction; why one has none is told by its preview, not here."""
    limits = ExtractionLimits(max_characters=LONGEST)
    try:
        text = pool.extract(path, filename="", media_type=media_type, limits=limits).text
    except ExtractionError as error:
        log.info("no text to search", media_type=media_type, code=error.code)
        return ""
    return "\n".join(text[part.start : part.end] for part in split(text))


def gave_up(artifact_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: the artifact is still found by its name and its first lines."""
    log.error("not indexed", artifact=str(artifact_id), reason=reason)
