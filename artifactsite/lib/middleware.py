"""Middleware that serves every app."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from artifactsite.lib.serving import is_raw, mark_raw


class RawContentMiddleware:
    """Keeps cookies off raw content, and gives the refusals of raw routes the headers of raw content."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        cache = getattr(match.func, "raw_cache", None) if match else None
        if cache and not is_raw(response):
            mark_raw(response, cache=cache)
        if is_raw(response):
            response.cookies.clear()
            if response.status_code == 304:
                # They would speak of an empty page, where the reader asked about the content.
                for header in ("Content-Length", "Content-Type"):
                    del response[header]
        return response
