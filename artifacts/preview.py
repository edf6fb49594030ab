"""What a preview shows: decided by kind and media type, prepared here, printed by templates/artifacts/preview.html."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from artifacts.kinds.base import read_text
from artifacts.kinds.table import cell_text, columns_of, rows_of
from artifacts.models import Artifact, GalleryType, Kind, Version
from artifacts.types import CODE, HTML, IMAGES, MEDIA, NOTEBOOK, is_textual
from artifacts.viewers import code, document, json_tree, notebook
from artifactsite.lib import blobs, markdown
from uploads.extraction.decoding import decode
from uploads.extraction.highlight import normal

LONGEST = 256 * 1024  # bytes of text shown; the rest is a download away
PAGE = 100  # rows
MOST_COLUMNS = 100
LONGEST_CELL = 1000  # characters
DELIMITED = {"text/csv": ",", "text/tab-separated-values": "\t"}
_NONE = "'none'"


@dataclass
class Preview:
    """`view` names the template in artifacts/previews/: image, frame, markdown, code, text, table, facts and others."""

    view: str
    artifact: Artifact
    version: Version
    url: str = ""
    text: str = ""
    html: SafeString = field(default_factory=SafeString)
    language: str = ""
    columns: list[str] = field(default_factory=list)
    hidden_columns: int = 0
    rows: list[list[str]] = field(default_factory=list)
    offset: int = 0
    total: int = 0
    truncated: bool = False
    encoding: str = ""
    content: Any = None

    @property
    def template(self) -> str:
        return f"artifacts/previews/{self.view}.html"

    @property
    def first_row(self) -> int:
        return self.offset + 1

    @property
    def last_row(self) -> int:
        return self.offset + len(self.rows)

    @property
    def next_offset(self) -> int | None:
        """Where the next page of a table begins; None at its end."""
        return self.last_row if self.last_row < self.total else None


def preview_of(artifact: Artifact, version: Version, offset: int = 0) -> Preview:
    """The preview of a version that the caller may see; of a table, the page that begins at row `offset`."""
    if artifact.kind == Kind.TABLE:
        return _table(artifact, version, offset)
    if artifact.kind == Kind.VISUALIZATION or version.media_type in HTML.values():
        return Preview("frame", artifact, version, url=_address("artifact-frame", artifact, version))
    if version.media_type in IMAGES.values():
        return Preview("image", artifact, version, url=_address("artifact-image", artifact, version))
    if version.media_type in DELIMITED and version.size:
        return _delimited(artifact, version, offset)
    structured = _structured(artifact, version) if version.size else None
    if structured is not None:
        return structured
    if is_textual(version.media_type) and version.size:
        return _text(artifact, version)
    return Preview("facts", artifact, version)


def _structured(artifact: Artifact, version: Version) -> Preview | None:
    """What is more than its text: documents, notebooks, JSON, sound and film. None for all else."""
    media_type = version.media_type
    if media_type in MEDIA.values():
        url = _address("artifact-media", artifact, version)
        return Preview("media", artifact, version, url=url, content=media_type.partition("/")[0])
    if media_type == document.PDF:
        url = _address("artifact-page", artifact, version)
        pages = document.pages_of(version)
        return Preview("document", artifact, version, url=url, content=pages)
    if media_type in document.SHEETS | document.TEXTS:
        read = document.sheets_of if media_type in document.SHEETS else document.text_of
        shown = read(version)
        return Preview("document", artifact, version, content=shown, truncated=shown.truncated)
    if media_type == NOTEBOOK and version.size <= notebook.LARGEST:
        cells = notebook.read(read_text(version))
        url = _address("artifact-frame", artifact, version)
        return Preview("notebook", artifact, version, url=url, content=cells) if cells else None
    if media_type == CODE["json"] and version.size <= LONGEST:
        text = read_text(version)
        tree = json_tree.tree(text)
        return Preview("json", artifact, version, text=text, content=tree) if tree is not None else None
    return None


def _address(name: str, artifact: Artifact, version: Version) -> str:
    return f"{reverse(name, args=[artifact.pk])}?version={version.number}"


def shortened(value: object) -> str:
    """A cell as a page shows it."""
    text = cell_text(value)
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"


def _table(artifact: Artifact, version: Version, offset: int) -> Preview:
    columns = columns_of(version)
    shown = columns[:MOST_COLUMNS]
    return Preview(
        "table",
        artifact,
        version,
        columns=shown,
        hidden_columns=len(columns) - len(shown),
        rows=[[shortened(row.get(column)) for column in shown] for row in rows_of(version, offset, PAGE)],
        offset=offset,
        total=version.table_index["rows"],  # type: ignore[index]
    )


def _delimited(artifact: Artifact, version: Version, offset: int) -> Preview:
    """A CSV or TSV file as a table, as far as it is read; as text where it isn't well-formed."""
    text = read_text(version, LONGEST)
    truncated = version.size > LONGEST
    delimiter = DELIMITED[version.media_type]
    first = text.partition("\n")[0]
    if delimiter == "," and first.count(";") > first.count(","):
        delimiter = ";"
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    except csv.Error:
        return _text(artifact, version)
    if truncated:
        lines = lines[:-1]  # cut in the middle
    if not lines:
        return _text(artifact, version)
    columns, rows = lines[0], lines[1:]
    width = min(len(columns), MOST_COLUMNS)
    return Preview(
        "table",
        artifact,
        version,
        columns=columns[:width],
        hidden_columns=len(columns) - width,
        rows=[
            [shortened(cell) for cell in (row + [""] * width)[:width]] for row in rows[offset : offset + PAGE]
        ],
        offset=offset,
        total=len(rows),
        truncated=truncated,
    )


def _text(artifact: Artifact, version: Version) -> Preview:
    with blobs.open_blob(version.file) as file:
        text, encoding = decode(file.read(LONGEST))
    truncated = version.size > LONGEST
    if version.media_type == "text/markdown":
        return Preview(
            "markdown",
            artifact,
            version,
            text=text,
            html=mark_safe(markdown.render(text)),  # noqa: S308 - sanitised
            truncated=truncated,
        )
    language = code.language_of(artifact.name, text, version.media_type)
    if artifact.gallery_type == GalleryType.CODE or language:
        text = normal(text)
        many = len(code.lines(text))
        return Preview(
            "code",
            artifact,
            version,
            html=code.numbered(version, text, language, LONGEST),
            language=language,
            total=min(many, code.MOST_LINES),
            truncated=truncated or many > code.MOST_LINES,
            encoding=encoding,
        )
    return Preview("text", artifact, version, text=text, truncated=truncated, encoding=encoding)


def frame_policy(hosts: list[str]) -> str:
    """The policy of untrusted HTML: an opaque origin; no network but the hosts that the project allows (rule 7)."""
    sources = " ".join(f"https://{host}" for host in hosts)
    return (
        "sandbox allow-scripts; default-src 'none'; "
        f"script-src 'unsafe-inline' 'unsafe-eval' data: blob: {sources}; style-src 'unsafe-inline' data: {sources}; "
        f"img-src data: blob: {sources}; font-src data: {sources}; media-src data: blob:; worker-src blob:; "
        f"connect-src {sources or _NONE}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
