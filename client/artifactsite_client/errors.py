"""Refusals, as the server tells them."""

from typing import Any

import httpx


class ArtifactsiteError(Exception):
    """A request that was refused: the stable `code`, a sentence, the HTTP `status`, sentences by field."""

    def __init__(
        self, code: str, detail: str, status: int = 0, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.status, self.errors = code, detail, status, errors or {}

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class UploadFailedError(ArtifactsiteError):
    """A file whose text could not be extracted."""


def error_of(response: httpx.Response) -> ArtifactsiteError:
    """What a response that has been read refuses."""
    try:
        body: Any = response.json()
        return ArtifactsiteError(body["code"], body["detail"], response.status_code, body.get("errors"))
    except (ValueError, KeyError, TypeError):
        detail = f"The server answered {response.status_code} {response.reason_phrase}."
        return ArtifactsiteError("unexpected", detail, response.status_code)
