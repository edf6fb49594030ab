"""What a preview shows: decided by kind and media type, prepared here, printed by templates/artifacts/preview.html."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from artifacts import thumbnails
from artifacts.kinds.base import read_text
from artifacts.models import Artifact, GalleryType, Kind, Version
from artifacts.types import CODE, HTML, IMAGES, MEDIA, NOTEBOOK, is_textual
from artifacts.viewers import code, document, grid, json_file, notebook
from artifactsite.lib import blobs, markdown
from artifactsite.lib.errors import Refusal
from uploads.extraction.decoding import decode
from uploads.extraction.highlight import normal

LONGEST = 256 * 1024  # bytes of text shown; the rest is a download away
_NONE = "'none'"


@dataclass
class Preview:
    """`view` names the template in artifacts/previews/: image, frame, markdown, code, text, grid, facts and others."""

    view: str
    artifact: Artifact
    version: Version
    url: str = ""
    text: str = ""
    html: SafeString = field(default_factory=SafeString)
    language: str = ""
    total: int = 0
    truncated: bool = False
    encoding: str = ""
    content: Any = None

    @property
    def template(self) -> str:
        return f"artifacts/previews/{self.view}.html"


def preview_of(artifact: Artifact, version: Version, query: Mapping[str, str] | None = None) -> Preview:
    """The preview of a version that the caller may see; of a table, the page that an address's `query` asks for.

    What storage doesn't give is no reason to hide all else that is known of it.
    """
    try:
        return _preview_of(artifact, version, query or {})
    except Refusal as refusal:
        if refusal.code != "content_unavailable":
            raise
        return Preview("facts", artifact, version, text=refusal.detail)


def _preview_of(artifact: Artifact, version: Version, query: Mapping[str, str]) -> Preview:
    if grid.is_grid(artifact, version):
        return Preview("grid", artifact, version, content=grid.view_of(artifact, version, query))
    if not version.size or (reason := thumbnails.no_picture(version)):
        return Preview("facts", artifact, version, text=reason if version.size else "")
    if artifact.kind == Kind.VISUALIZATION or version.media_type in HTML.values():
        return Preview("frame", artifact, version, url=_address("artifact-frame", artifact, version))
    if version.media_type in IMAGES.values():
        return Preview("image", artifact, version, url=_address("artifact-image", artifact, version))
    structured = _structured(artifact, version)
    if structured is not None:
        return structured
    if is_textual(version.media_type):
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
    if media_type in document.TEXTS:
        shown = document.text_of(version)
        return Preview("document", artifact, version, content=shown, truncated=shown.truncated)
    if media_type == NOTEBOOK and version.size <= notebook.LARGEST:
        cells = notebook.read(read_text(version))
        url = _address("artifact-frame", artifact, version)
        return Preview("notebook", artifact, version, url=url, content=cells) if cells else None
    if media_type == CODE["json"] and (tree := json_file.tree_of(version)) is not None:
        text, truncated = read_text(version, LONGEST), version.size > LONGEST
        return Preview("json", artifact, version, text=text, content=tree, truncated=truncated)
    return None


def _address(name: str, artifact: Artifact, version: Version) -> str:
    return f"{reverse(name, args=[artifact.pk])}?version={version.number}"


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
