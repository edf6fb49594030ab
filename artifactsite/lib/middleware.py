"""Middleware that serves every app."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxMiddleware

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


class VaryMiddleware:
    """Tells caches that an answer is of whoever asked for it (`Vary: Cookie`): none gives it to somebody else.

    Django says so only of answers for which it looked at a session, and a token's has none. Static files, which are
    the same for everybody, don't come by here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        return response


class _ForBrowsers:
    """What a program's call passes by: whoever names a token is known by it or refused, never by a session, and gets
    no page that would show messages.
    """

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_programs(request):
            return self.get_response(request)
        answer: HttpResponseBase = super().__call__(request)  # type: ignore[misc]
        return answer


def is_programs(request: HttpRequest) -> bool:
    """Whether it is for the API and BearerAuthentication has to decide who asks."""
    names = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
    return names and request.path_info.startswith("/api/")


class BrowserSessions(_ForBrowsers, SessionMiddleware):
    """Django's."""


class BrowserUsers(_ForBrowsers, AuthenticationMiddleware):
    """Django's."""


class BrowserMessages(_ForBrowsers, MessageMiddleware):
    """Django's."""


class BrowserHtmx(_ForBrowsers, HtmxMiddleware):
    """django-htmx's."""


class PolicyMiddleware(CSPMiddleware):
    """django-csp, which words the policy anew for each answer: here it is worded once, and the nonce put in."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # What a view says of its own policy (csp.decorators) is django-csp's to work out.
        if settings.DEBUG or any(
            name.startswith("_csp_") and name != "_csp_exempt" for name in vars(response)
        ):
            return super().process_response(request, response)
        nonce = getattr(request, "_csp_nonce", None)
        if HEADER not in response and not getattr(response, "_csp_exempt", False):
            response[HEADER] = _policy(nonce is not None).replace(_NONCE, nonce or "")
        if nonce is None:
            # Whoever asks for it now would get one that the header doesn't have.
            request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


_NONCE = "nonce-goes-here"


@lru_cache
def _policy(with_nonce: bool) -> str:
    return build_policy(nonce=_NONCE if with_nonce else None)


@receiver(setting_changed)
def _word_anew(**_: object) -> None:
    _policy.cache_clear()
