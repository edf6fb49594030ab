"""Middleware that serves every app."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from artifactsite.lib.serving import is_raw


class RawContentMiddleware:
    """Keeps cookies off raw content, whatever other middleware set (security.md 14)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_raw(response):
            response.cookies.clear()
        return response
