"""The one way by which content leaves (docs/rules.md 6).

Whichever route asked, `serve` sets the headers, answers Range, ETag and HEAD, and hands the bytes to nginx
or to the bucket where the settings say so.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import quote_etag

from artifactsite.lib import blobs
from artifactsite.lib.names import content_disposition

# Rule 7: an opaque origin for whatever a browser might run, and no network.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Types that a browser shows without running anything. All else is sent as octets when asked for inline.
PASSIVE = {
    *(f"image/{name}" for name in ("png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon")),
    *(f"audio/{name}" for name in ("mpeg", "ogg", "wav", "webm", "mp4", "flac", "aac")),
    *(f"video/{name}" for name in ("mp4", "webm", "ogg")),
    "text/plain",
}
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})$")


@dataclass(frozen=True)
class Blob:
    """Stored content and what to call it. `etag` changes with the content; `size` is in bytes."""

    key: str
    size: int
    etag: str
    media_type: str
    name: str


# How long a browser keeps raw content: never without asking, or, under an address that names the content, for good.
ASKED_EACH_TIME = "private, no-cache"
IMMUTABLE = "private, max-age=31536000, immutable"

View = TypeVar("View", bound=Callable[..., Any])


def raw_content(view: View, *, cache: str = ASKED_EACH_TIME) -> View:
    """Marks a view that sends somebody's content: its refusals get the headers of raw content too."""
    view.raw_cache = cache  # type: ignore[attr-defined]
    return view


def is_raw(response: HttpResponseBase) -> bool:
    """Whether a response carries somebody's content rather than ours."""
    return getattr(response, "is_raw_content", False)


def mark_raw(response: HttpResponseBase, *, policy: str = SANDBOX, cache: str = ASKED_EACH_TIME) -> None:
    """The headers that all raw content carries, whatever its status (docs/security.md 14)."""
    response["Content-Security-Policy"] = policy
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = cache
    # django-csp leaves a response alone that says it has its own policy.
    response._csp_exempt = True  # type: ignore[attr-defined]
    if "frame-ancestors 'self'" in policy:
        response["X-Frame-Options"] = "SAMEORIGIN"
    response.is_raw_content = True  # type: ignore[attr-defined]


def _parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None to ignore the header. ValueError: not satisfiable."""
    match = _RANGE.match(header.strip())
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise ValueError(header)
        return max(0, size - int(last)), size - 1
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if start >= size:
        raise ValueError(header)
    return (start, end) if start <= end else None


def _not_modified(request: HttpRequest, etag: str) -> bool:
    wanted = request.META.get("HTTP_IF_NONE_MATCH", "")
    return wanted.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in wanted.split(",")]


def _handed_off(blob: Blob, disposition: str, policy: str) -> HttpResponseBase | None:
    """The response that lets nginx or the bucket send the bytes, where that is configured."""
    if settings.SERVE_CONTENT == "nginx":
        response = HttpResponse(content_type=blob.media_type)
        response["X-Accel-Redirect"] = "/_files/" + quote(blob.key)
        return response
    # A bucket can't send our policy, so only downloads, which a browser never runs, go there.
    if settings.SERVE_CONTENT == "presigned" and disposition.startswith("attachment") and policy == SANDBOX:
        location = default_storage.presigned(  # type: ignore[attr-defined]
            blob.key, seconds=settings.PRESIGNED_SECONDS, disposition=disposition, media_type=blob.media_type
        )
        return HttpResponseRedirect(location)
    return None


def _wanted_range(request: HttpRequest, blob: Blob, etag: str) -> tuple[int, int] | None:
    """First and last byte of the part that is asked for; None for the whole. ValueError: there is no such part."""
    # RFC 9110, 14.2: of no method but GET.
    ranged = request.method == "GET" and "HTTP_RANGE" in request.META
    if ranged and request.META.get("HTTP_IF_RANGE", etag) == etag:
        return _parse_range(request.META["HTTP_RANGE"], blob.size)
    return None


def _no_such_range(blob: Blob) -> HttpResponseBase:
    """Said by us whoever sends the content: nginx would repeat the headers that keep it apart."""
    response = HttpResponse(status=416)
    response["Content-Range"] = f"bytes */{blob.size}"
    return response


def _direct(request: HttpRequest, blob: Blob, span: tuple[int, int] | None) -> HttpResponseBase:
    response: HttpResponseBase
    start, end = span or (0, blob.size - 1)
    empty = request.method == "HEAD" or blob.size == 0
    body: Iterator[bytes] = iter(()) if empty else blobs.read_range(blob.key, start, end)
    response = StreamingHttpResponse(body, status=206 if span else 200, content_type=blob.media_type)
    response["Content-Length"] = str(end - start + 1)
    # The chunks need no database and no thread of their own: a slow reader holds neither (asgi.py).
    response.detached = True  # type: ignore[attr-defined]
    if span:
        response["Content-Range"] = f"bytes {start}-{end}/{blob.size}"
    return response


def serve(
    request: HttpRequest,
    blob: Blob,
    *,
    inline: bool = False,
    policy: str = SANDBOX,
    cache: str = ASKED_EACH_TIME,
) -> HttpResponseBase:
    """Sends `blob` as a download, or inline where its type is passive."""
    if inline and blob.media_type not in PASSIVE:
        blob = Blob(blob.key, blob.size, blob.etag, "application/octet-stream", blob.name)
    if inline and blob.media_type.startswith("text/"):
        blob = Blob(blob.key, blob.size, blob.etag, f"{blob.media_type}; charset=utf-8", blob.name)
    disposition = content_disposition("inline" if inline else "attachment", blob.name)
    etag = quote_etag(blob.etag)
    response: HttpResponseBase
    if _not_modified(request, etag):
        response = HttpResponse(status=304)
    else:
        try:
            span = _wanted_range(request, blob, etag)
        except ValueError:
            response = _no_such_range(blob)
        else:
            response = _handed_off(blob, disposition, policy) or _direct(request, blob, span)
        response["Content-Disposition"] = disposition
        response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    mark_raw(response, policy=policy, cache=cache if response.status_code < 400 else ASKED_EACH_TIME)
    return response


def serve_text(
    request: HttpRequest,
    body: Iterator[bytes] | bytes,
    *,
    name: str,
    media_type: str,
    etag: str,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Sends content that is made on the way out (an export), as a download."""
    quoted = quote_etag(etag)
    response: HttpResponseBase
    if _not_modified(request, quoted):
        response = HttpResponse(status=304)
    elif isinstance(body, bytes):
        response = HttpResponse(body, content_type=media_type)
    else:
        empty: Iterator[bytes] = iter(())
        response = StreamingHttpResponse(empty if request.method == "HEAD" else body, content_type=media_type)
    if response.status_code == 200:
        response["Content-Disposition"] = content_disposition("attachment", name)
    for header, value in (headers or {}).items():
        response[header] = value
    response["ETag"] = quoted
    mark_raw(response)
    return response
