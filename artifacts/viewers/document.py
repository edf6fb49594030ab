"""Documents: their text and their pages, read and drawn in a confined process while somebody looks."""

from dataclasses import dataclass, replace

from artifacts.confined import pool
from artifacts.models import Thumbnail, Version
from artifactsite.lib import blobs
from uploads.extraction import Extracted, ExtractionError, ExtractionLimits, Part, Picture, split

LONGEST = 200_000  # characters of a document that a page shows
PAGE_WIDTH = 1400  # pixels of a page's longer side
PDF = "application/pdf"
_OFFICE = "application/vnd.openxmlformats-officedocument"
TEXTS = {
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.presentationml.presentation",
    "application/vnd.ms-powerpoint",
    "application/rtf",
}
# Somebody waits: less than what a worker may take.
_LIMITS = ExtractionLimits(
    max_characters=LONGEST, max_rows=2000, max_ocr_pages=0, cpu_seconds=10, wall_seconds=15.0
)


@dataclass(frozen=True)
class Section:
    """A page, slide or sheet of a document with its text."""

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """What could be read, or in `failure` why nothing could."""

    sections: list[Section]
    pages: range = range(0)
    width: int = 0
    height: int = 0
    truncated: bool = False
    failure: str = ""


def text_of(version: Version) -> Document:
    """The document's text by its parts."""
    try:
        extracted = _extracted(version)
    except ExtractionError as error:
        return Document([], failure=error.message)
    sections = [
        Section(_title(part), extracted.text[part.start : part.end].strip()) for part in split(extracted.text)
    ]
    return Document([one for one in sections if one.text], truncated=extracted.truncated)


def pages_of(version: Version) -> Document:
    """A PDF: how many pages it has, each an image with an address of its own, and its text to read and copy."""
    drawn: Thumbnail | Picture | None = Thumbnail.objects.filter(version=version).exclude(file="").first()
    if drawn is None:
        try:
            drawn = page_of(version, 1, longest=64)
        except ExtractionError as error:
            return Document([], failure=error.message)
    # The pages' proportions, so that nothing moves when they come.
    scale = PAGE_WIDTH / max(drawn.width, drawn.height)
    return replace(
        text_of(version),
        pages=range(1, drawn.pages + 1),
        width=round(drawn.width * scale),
        height=round(drawn.height * scale),
        failure="",
    )


def page_of(version: Version, number: int, longest: int = PAGE_WIDTH) -> Picture:
    """A page of a PDF, drawn now. Raises `ExtractionError`."""
    with blobs.on_disk(version.file) as path:
        return pool.draw(path, media_type=PDF, page=number, longest=longest, limits=_LIMITS)


def _extracted(version: Version) -> Extracted:
    with blobs.on_disk(version.file) as path:
        return pool.extract(path, filename="", media_type=version.media_type, limits=_LIMITS)


def _title(part: Part) -> str:
    return "" if part.kind == "start" else f"{part.kind.capitalize()} {part.label}"
