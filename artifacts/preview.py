"""What a preview shows: decided by kind and media type, prepared here, printed by templates/artifacts/preview.html."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import ClassNotFound, get_lexer_for_filename

from artifacts.kinds.base import read_text
from artifacts.kinds.table import cell_text, columns_of, rows_of
from artifacts.models import Artifact, GalleryType, Kind, Version
from artifacts.types import HTML, IMAGES, is_textual
from artifactsite.lib import markdown

LONGEST = 256 * 1024  # bytes of text shown; the rest is a download away
PAGE = 100  # rows
_NONE = "'none'"


@dataclass
class Preview:
    """`view` names the block of the template: image, frame, markdown, code, text, table or facts."""

    view: str
    artifact: Artifact
    version: Version
    url: str = ""
    text: str = ""
    html: SafeString = SafeString("")
    language: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    total: int = 0
    truncated: bool = False


def preview_of(artifact: Artifact, version: Version) -> Preview:
    """The preview of a version that the caller may see."""
    if artifact.kind == Kind.TABLE:
        return _table(artifact, version)
    if artifact.kind == Kind.VISUALIZATION or version.media_type in HTML.values():
        return Preview("frame", artifact, version, url=_address("artifact-frame", artifact, version))
    if version.media_type in IMAGES.values():
        return Preview("image", artifact, version, url=_address("artifact-image", artifact, version))
    if is_textual(version.media_type) and version.size:
        return _text(artifact, version)
    return Preview("facts", artifact, version)


def _address(name: str, artifact: Artifact, version: Version) -> str:
    return f"{reverse(name, args=[artifact.pk])}?version={version.number}"


def _table(artifact: Artifact, version: Version) -> Preview:
    columns = columns_of(version)
    rows = [[cell_text(row.get(column)) for column in columns] for row in rows_of(version, 0, PAGE)]
    total = version.table_index["rows"]  # type: ignore[index]
    return Preview(
        "table", artifact, version, columns=columns, rows=rows, total=total, truncated=total > PAGE
    )


def _text(artifact: Artifact, version: Version) -> Preview:
    text = read_text(version, LONGEST)
    truncated = version.size > LONGEST
    if version.media_type == "text/markdown":
        return Preview(
            "markdown",
            artifact,
            version,
            text=text,
            html=mark_safe(markdown.render(text)),
            truncated=truncated,
        )
    if artifact.gallery_type == GalleryType.CODE:
        language = _language(artifact.name)
        html = mark_safe(markdown.highlighted(text, language))
        return Preview(
            "code", artifact, version, text=text, html=html, language=language, truncated=truncated
        )
    return Preview("text", artifact, version, text=text, truncated=truncated)


def _language(name: str) -> str:
    try:
        return str(get_lexer_for_filename(name).aliases[0])
    except (ClassNotFound, IndexError):
        return ""


def frame_policy(hosts: list[str]) -> str:
    """The policy of untrusted HTML: an opaque origin; no network but the hosts that the project allows (rule 7)."""
    sources = " ".join(f"https://{host}" for host in hosts)
    return (
        "sandbox allow-scripts; default-src 'none'; "
        f"script-src 'unsafe-inline' 'unsafe-eval' data: blob: {sources}; style-src 'unsafe-inline' data: {sources}; "
        f"img-src data: blob: {sources}; font-src data: {sources}; media-src data: blob:; worker-src blob:; "
        f"connect-src {sources or _NONE}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; webrtc 'block'"
    )
