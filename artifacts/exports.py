"""What leaves: Copy (data), Download and Definition, each made once for API and pages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import quote_etag

from accounts.models import User
from artifacts import kinds, thumbnails
from artifacts.kinds.base import Download, read_text, stored_bytes
from artifacts.kinds.visualization import html_of
from artifacts.models import Artifact, Kind, Thumbnail, Version
from artifacts.preview import frame_policy
from artifacts.types import HTML, IMAGES, MEDIA, NOTEBOOK
from artifacts.viewers import document, notebook
from artifacts.viewers.console import with_reporter
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.names import extension_of
from artifactsite.lib.pagination import whole
from artifactsite.lib.serving import ASKED_EACH_TIME, IMMUTABLE, PASSIVE, Blob, mark_raw, serve, serve_text
from uploads.extraction import ExtractionError

LARGEST_FRAME = 32 * 1024 * 1024
TOO_LARGE = b"<p>This page is too large to preview. Download it instead.</p>"
UNREADABLE = b"<p>The content can't be read now. Try again, or tell an administrator.</p>"


# How the schema describes the number of a version.
NUMBER = whole(1, 10**8 - 1)


def pick_version(artifact: Artifact, number: str | None, user: User | AnonymousUser) -> Version:
    """The version that `?version=` asks for, of those that `user` may see; without it the one that readers get."""
    if not number:
        if artifact.current is None:
            raise Http404
        return artifact.current
    if not (number.isascii() and number.isdigit() and len(number) < 9):
        raise Invalid("version", "version must be a whole number from 1.")
    version = artifact.versions.readable_by(user).filter(number=int(number)).first()
    if version is None:
        raise Http404
    return version


def _etag(version: Version, form: str) -> str:
    return f"{version.sha256}-{form}"


def named(name: str, extension: str) -> str:
    """`name` with `extension` at its end, in place of none or another of ours."""
    return name if extension_of(name) == extension else f"{name}.{extension}"


def blob_of(artifact: Artifact, version: Version, *, media_type: str = "", name: str = "") -> Blob:
    return Blob(
        version.file, version.size, version.sha256, media_type or version.media_type, name or artifact.name
    )


@dataclass(frozen=True)
class FileOffered:
    """A version as a file to take away: its name, its type, its bytes."""

    name: str
    offer: Download
    version: Version

    def pieces(self) -> Iterator[bytes]:
        return self.offer.body(self.version) if self.offer.body else stored_bytes(self.version)


def download_of(artifact: Artifact, version: Version, wanted: str | None = None) -> FileOffered:
    """The content as a file, in its kind's default format or the one asked for."""
    offers = kinds.get(artifact.kind).downloads(version)
    offer = next((offer for offer in offers if offer.format == wanted), None) if wanted else offers[0]
    if offer is None:
        formats = ", ".join(offer.format for offer in offers)
        raise Invalid("format", f"format must be one of {formats}.")
    name = artifact.name
    if offer.format != "file" and (wanted or artifact.kind != "text" or not extension_of(name)):
        name = named(name, offer.format)
    return FileOffered(name, offer, version)


def _begun(request: HttpRequest, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces` with their first one made now: what streams out later can't be answered with an error."""
    return pieces if request.method == "HEAD" else chain([next(pieces, b"")], pieces)


def download(
    request: HttpRequest, artifact: Artifact, version: Version, wanted: str | None
) -> HttpResponseBase:
    file = download_of(artifact, version, wanted)
    offer = file.offer
    if offer.body is None:
        return serve(request, blob_of(artifact, version, media_type=offer.media_type, name=file.name))
    return serve_text(
        request,
        _begun(request, file.pieces()),
        name=file.name,
        media_type=offer.media_type,
        etag=_etag(version, offer.format),
    )


def data(request: HttpRequest, artifact: Artifact, version: Version) -> HttpResponseBase:
    """The raw data, as Copy puts it on the clipboard."""
    media_type, body = kinds.get(artifact.kind).data(version)
    name = named(artifact.name, "json" if "json" in media_type else extension_of(artifact.name) or "txt")
    return serve_text(request, body, name=name, media_type=media_type, etag=_etag(version, "data"))


def _definition_facts(artifact: Artifact, version: Version, conversation: str | None) -> dict[str, Any]:
    return {
        "identifier": str(artifact.pk),
        "title": artifact.name,
        "artifact_type": artifact.kind,
        "description": artifact.description,
        "version": version.number,
        "media_type": version.media_type,
        "size": version.size,
        "sha256": version.sha256,
        "visibility": artifact.visibility,
        "owner": artifact.owner.username,
        "conversation": conversation,
        "created_at": version.created_at.isoformat().replace("+00:00", "Z"),
    }


def definition_of(artifact: Artifact, version: Version, *, conversation: str | None) -> dict[str, Any]:
    """The identifier, the facts and the data; what `tool-results` takes back."""
    data = json.loads(b"".join(kinds.get(artifact.kind).definition(version)))
    return {**_definition_facts(artifact, version, conversation), "data": data}


def _definition_pieces(facts: dict[str, Any], data: Iterator[bytes]) -> Iterator[bytes]:
    """`definition_of` as JSON text."""
    head = json.dumps(facts, ensure_ascii=False, indent=2).removesuffix("\n}")
    yield f'{head},\n  "data": '.encode("utf-8", "replace")
    yield from data
    yield b"\n}\n"


def definition(
    request: HttpRequest, artifact: Artifact, version: Version, *, conversation: str | None
) -> HttpResponseBase:
    facts = _definition_facts(artifact, version, conversation)
    data = _begun(request, kinds.get(artifact.kind).definition(version))
    return serve_text(
        request,
        _definition_pieces(facts, data),
        name=f"{artifact.name}.definition.json",
        media_type="application/json",
        etag=f"{version.sha256}-{artifact.updated_at.timestamp()}",
    )


def image(request: HttpRequest, artifact: Artifact, version: Version) -> HttpResponseBase:
    """An image for the page's <img>. SVG goes as an attachment, which an <img> still shows but a tab doesn't run."""
    if version.media_type not in IMAGES.values():
        raise Http404
    passive = version.media_type in PASSIVE
    return serve(request, blob_of(artifact, version), inline=passive)


def media(request: HttpRequest, artifact: Artifact, version: Version) -> HttpResponseBase:
    """A sound or a film for the page's player, which asks for ranges of it."""
    if version.media_type not in MEDIA.values():
        raise Http404
    return serve(request, blob_of(artifact, version), inline=True)


def page(request: HttpRequest, artifact: Artifact, version: Version, number: int) -> HttpResponseBase:
    """A page of a PDF as an image, drawn now in a confined process."""
    if version.media_type != document.PDF:
        raise Http404
    etag = quote_etag(_etag(version, f"page-{number}"))
    response = HttpResponse(status=304, content_type="image/webp")
    if request.headers.get("If-None-Match") != etag:
        try:
            response = HttpResponse(document.page_of(version, number).data, content_type="image/webp")
        except ExtractionError as error:
            if error.code == "missing":
                raise Http404 from error
            raise Refusal("not_drawn", error.message, status=422) from error
    response["ETag"] = etag
    mark_raw(response)
    return response


def thumbnail(request: HttpRequest, artifact: Artifact, version: Version) -> HttpResponseBase:
    """The small picture. Its address names the content, so that a new version is a new address, which a browser keeps
    of what is its user's own. Of what others share it asks each time, and gets an answer without a body (304): they
    may have unshared it (decision 0015).
    """
    made = Thumbnail.objects.filter(version=version).first()
    if made is None:
        if not thumbnails.is_small_enough(version.media_type, version.size, version.preview):
            raise Refusal("no_thumbnail", "There is no thumbnail of it yet.", status=404)
        return image(request, artifact, version)
    if not made.file:
        raise Refusal("no_thumbnail", made.reason, status=404)
    blob = Blob(made.file, made.size, _etag(version, "thumbnail"), "image/webp", f"{artifact.name}.webp")
    own = artifact.owner_id == request.user.pk
    names_content = request.GET.get("v") == thumbnails.mark_of(version.sha256)
    return serve(request, blob, inline=True, cache=IMMUTABLE if own and names_content else ASKED_EACH_TIME)


def frame(
    request: HttpRequest, artifact: Artifact, version: Version, output: int | None = None
) -> HttpResponseBase:
    """Untrusted HTML for the preview's iframe, in an opaque origin whoever opens it (docs/rules.md 7)."""
    try:
        response = HttpResponse(_frame(artifact, version, output), content_type="text/html; charset=utf-8")
    except Refusal as refusal:
        if refusal.code != "content_unavailable":
            raise
        # Said inside the frame, where the site's own page of a refusal can't be shown.
        response = HttpResponse(UNREADABLE, status=refusal.status, content_type="text/html; charset=utf-8")
    mark_raw(response, policy=frame_policy(artifact.project.preview_hosts))
    return response


def _frame(artifact: Artifact, version: Version, output: int | None) -> bytes:
    """The page: a visualization's, an HTML file, or the markup of a notebook's output. `Http404` of all else."""
    if artifact.kind == Kind.VISUALIZATION:
        return with_reporter(html_of(version).encode("utf-8", "replace"))
    if version.media_type == NOTEBOOK and output is not None:
        found = notebook.markup(read_text(version), output) if version.size <= notebook.LARGEST else None
        if found is None:
            raise Http404
        return with_reporter(found.encode("utf-8", "replace"))
    if version.media_type not in HTML.values():
        raise Http404
    if version.size > LARGEST_FRAME:
        return TOO_LARGE
    return with_reporter(read_text(version).encode("utf-8", "replace"))
