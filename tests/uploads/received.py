"""Uploads in tests: sent as a browser sends them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cast import Cast
from uploads.models import Upload


def uploads_of(cast: Cast) -> str:
    return f"/api/conversations/{cast.conversation.pk}/uploads"


def send(cast: Cast, *files: tuple[str, bytes], by: str | None = "alice") -> Any:
    """Posts files and returns the response."""
    parts = [SimpleUploadedFile(name, content, content_type="application/x-lie") for name, content in files]
    return cast.api(by).post(uploads_of(cast), {"file": parts}, format="multipart")


def received(cast: Cast, name: str = "notes.txt", content: bytes = b"Sales rose by four percent.") -> Upload:
    """An upload of Alice's, not extracted yet."""
    answer = send(cast, (name, content))
    assert answer.status_code == 201, answer.content
    return Upload.objects.get(pk=answer.json()["accepted"][0]["fileId"].removeprefix("f-"))
