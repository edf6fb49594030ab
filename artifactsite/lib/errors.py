"""Refusals: every one has a stable code, a sentence that says what to do, and one shape on the wire.

`docs/api.md` lists the codes. Services raise `Refusal`; the API and the pages show it.
"""

import errno
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

log = structlog.get_logger(__name__)

NOT_FOUND = {
    "code": "not_found",
    "detail": "There is nothing here that you can see. It may have been deleted or made private.",
}


class Refusal(Exception):
    """A request that can't be granted.

    `code` is stable, `detail` a sentence for a person, `status` the HTTP status, `errors` maps a field to
    its sentences (bad input only).
    """

    def __init__(
        self, code: str, detail: str, *, status: int = 400, errors: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.errors:
            body["errors"] = self.errors
        return body


class Forbidden(Refusal):
    """The caller may see the thing but not do this to it."""

    def __init__(self, detail: str, code: str = "forbidden") -> None:
        super().__init__(code, detail, status=403)


class Conflict(Refusal):
    """The thing is not in a state that allows this."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail, status=409)


class Invalid(Refusal):
    """Bad input, named by field."""

    def __init__(self, field: str, sentence: str, code: str = "invalid") -> None:
        super().__init__(code, sentence, errors={field: [sentence]})


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested validation detail as {"rows[3].name": ["…"]}."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            name = str(key) if key != "non_field_errors" else ""
            found.update(_flatten(value, ".".join(part for part in (path, name) if part)))
        return found
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        found = {}
        for index, item in enumerate(detail):
            found.update(_flatten(item, f"{path}[{index}]"))
        return found
    sentences = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {path or "body": sentences}


def _validation_body(error: exceptions.ValidationError) -> dict[str, Any]:
    errors = _flatten(error.detail)
    field, sentences = next(iter(errors.items()), ("body", ["Invalid input."]))
    return {"code": "invalid", "detail": f"{field}: {sentences[0]}", "errors": errors}


def _body_of(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return _validation_body(error)
    if isinstance(error, exceptions.NotFound):
        return NOT_FOUND
    code = error.get_codes() if isinstance(error.get_codes(), str) else error.default_code
    return {"code": str(code), "detail": str(error.detail)}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal in the one shape."""
    if isinstance(error, Refusal):
        set_rollback()
        return Response(error.as_dict(), status=error.status)
    if isinstance(error, RequestDataTooBig):
        error = _TooLarge()
    elif isinstance(error, OperationalError | InterfaceError):
        log.error("the database is away", exc_info=error)
        error = _DatabaseAway()
    elif _is_full_disk(error):
        log.error("the disk is full", exc_info=error)
        error = _DiskFull()
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(
        error, MultiPartParserError | TooManyFilesSent | SuspiciousOperation | UnicodeDecodeError
    ):
        error = exceptions.ParseError("The request body is malformed. Check its encoding and boundaries.")
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    set_rollback()
    return Response(_body_of(error), status=error.status_code, headers=headers)


class _TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The request body is too large. Send large content as a multipart part."


class _DatabaseAway(exceptions.APIException):
    status_code = 503
    default_code = "database_unavailable"
    default_detail = (
        "The database can't be reached at the moment. Nothing was changed. Try again in a few seconds."
    )
    wait = 5


class _DiskFull(exceptions.APIException):
    status_code = 503
    default_code = "storage_unavailable"
    default_detail = "There is no room left to store this. Nothing was changed. Tell an administrator."
    wait = 60


def _is_full_disk(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/mcp"))


def _page(request: HttpRequest, status: int, code: str, title: str, detail: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"code": code, "detail": detail}, status=status)
    return render(request, "error.html", {"status": status, "title": title, "detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _page(request, 413, "too_large", "Too large", _TooLarge.default_detail)
    return _page(request, 400, "bad_request", "That request can't be read", "Go back and try again.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, "forbidden", "You can't do this", "Ask an administrator of the project.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = "This form has expired or came from another site. Reload the page and send it again."
    return _page(request, 403, "csrf_failed", "Please send that again", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, NOT_FOUND["code"], "Nothing here", NOT_FOUND["detail"])


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody expected; and what has to be waited for, in words that need neither the database nor the disk."""
    cause = sys.exc_info()[1]
    if isinstance(cause, OperationalError | InterfaceError):
        return _wait(request, _DatabaseAway)
    if _is_full_disk(cause):
        return _wait(request, _DiskFull)
    return _page(
        request, 500, "server_error", "That is our fault", "It has been logged. Try again in a moment."
    )


def _wait(request: HttpRequest, why: type[_DatabaseAway] | type[_DiskFull]) -> HttpResponse:
    if _wants_json(request):
        body = {"code": why.default_code, "detail": why.default_detail}
        response: HttpResponse = JsonResponse(body, status=why.status_code)
    else:
        # Without the request: what all pages show of their reader is in the database.
        page = render_to_string("unavailable.html", {"detail": why.default_detail})
        response = HttpResponse(page, status=why.status_code)
    response["Retry-After"] = str(why.wait)
    return response


@csrf_exempt
def api_not_found(request: HttpRequest) -> HttpResponse:
    """Whatever else is asked for below /api/."""
    return JsonResponse(NOT_FOUND, status=404)
