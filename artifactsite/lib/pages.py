"""What every page shares: refusals shown in words, toasts, the reader's time zone, what the frame points at."""

import functools
import json
from collections.abc import Callable
from datetime import tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from artifactsite.lib.errors import Refusal

View = Callable[..., HttpResponseBase]
TIMEZONE_COOKIE = "timezone"


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page."""
    return bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]


def show_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as a fragment, which the page puts where it happened (js/refusals.js), or as a page of its own."""
    if is_fragment(request):
        note = {"code": refusal.code, "detail": refusal.detail}
        return render(request, "components/error_note.html", note, status=refusal.status)
    context: dict[str, Any] = {
        "status": refusal.status,
        "title": "That did not work",
        "detail": refusal.detail,
    }
    return render(request, "error.html", context, status=refusal.status)


def refusals_shown(view: View) -> View:
    """Decorates a page's view: what a service refuses is told to the visitor."""

    @functools.wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return show_refusal(request, refusal)

    return shown


def toast(request: HttpRequest, response: HttpResponse, text: str, *, undo_url: str = "") -> HttpResponse:
    """Says `text` in the corner: at once where htmx asked, else on the page that the visitor is led to.

    With an `undo_url` it has a button that posts there.
    """
    if is_fragment(request) and "HX-Redirect" not in response:
        return trigger(response, "toast", {"text": text, "undo": undo_url})
    messages.success(request, text, extra_tags=undo_url)
    return response


def trigger(response: HttpResponse, event: str, detail: Any = None) -> HttpResponse:
    """Adds an event that htmx fires in the browser once it has the response."""
    events = json.loads(response.get("HX-Trigger", "{}"))
    events[event] = detail
    response["HX-Trigger"] = json.dumps(events)
    return response


def zone_of(request: HttpRequest) -> tzinfo:
    """The reader's time zone as the browser told it in a cookie (js/time.js), else the server's."""
    try:
        return ZoneInfo(request.COOKIES.get(TIMEZONE_COOKIE, ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.get_default_timezone()


def place_in_frame(request: HttpRequest, *, project: UUID, conversation: UUID | None = None) -> None:
    """Tells the left rail what this page is about, so that it shows that project and marks that conversation."""
    request.frame_project = project  # type: ignore[attr-defined]
    request.frame_conversation = conversation  # type: ignore[attr-defined]
