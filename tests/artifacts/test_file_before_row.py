"""File before row, row before queue; deletion is the reverse (docs/rules.md 9)."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models.signals import post_delete
from django.test import Client

from artifacts.models import Artifact, Version
from conversations.models import Message
from tests.cast import Cast
from uploads.models import Upload
from uploads.services import receive

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
RESULT = {"tool": "t", "artifacts": [{"name": "a", "type": "text", "data": "x"}]}


@pytest.fixture
def watched(db: None) -> Iterator[list[tuple[str, bool]]]:
    """What happened to rows that name files, and whether the file was there at that moment."""
    seen: list[tuple[str, bool]] = []
    insertions = tuple(f'INSERT INTO "{model._meta.db_table}"' for model in (Version, Upload))

    def run(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        # Not by a signal: rows are also written past these.
        if sql.startswith(insertions):
            texts = [value for value in params if isinstance(value, str) and value.startswith("uploads/")]
            seen.append(("inserted", bool(texts) and all(map(default_storage.exists, texts))))
        return execute(sql, params, *rest)

    def deleted(instance: Any, **_: Any) -> None:
        seen.append(("deleted", default_storage.exists(instance.file)))

    for model in (Version, Upload):
        post_delete.connect(deleted, sender=model, weak=False, dispatch_uid="watch")
    with connection.execute_wrapper(run):
        yield seen
    for model in (Version, Upload):
        post_delete.disconnect(sender=model, dispatch_uid="watch")


def deliver(cast: Cast) -> Any:
    return cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/tool-results", RESULT)


def test_the_file_is_there_before_its_row_and_until_after_its_deletion(
    cast: Cast, watched: list[tuple[str, bool]], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    assert deliver(cast).status_code == 201
    receive(by=cast.alice, conversation=cast.conversation, files=[ContentFile(b"words", name="a.txt")])
    keys = [Version.objects.get().file, Upload.objects.get().file]
    with django_capture_on_commit_callbacks(execute=True):
        cast.api("alice").delete(f"/api/conversations/{cast.conversation.pk}")
        assert all(default_storage.exists(key) for key in keys)
    assert not any(default_storage.exists(key) for key in keys)
    assert watched == [("inserted", True)] * 2 + [("deleted", True)] * 2


def test_storage_that_takes_nothing_leaves_no_row_and_says_so(cast: Cast) -> None:
    folder = Path(default_storage.path(f"uploads/conversations/{cast.conversation.pk}"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder should be")
    answer = deliver(cast)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    uploaded = cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/uploads",
        {"file": ContentFile(b"words", name="a.txt")},
        format="multipart",
    )
    assert uploaded.json()["rejected"][0]["code"] == "storage_unavailable"
    folder.unlink()
    assert deliver(cast).status_code == 201
    assert (Message.objects.count(), Artifact.objects.count(), Upload.objects.count()) == (1, 1, 0)


def test_content_that_is_gone_is_a_clear_error(cast: Cast) -> None:
    artifact = cast.artifact()
    default_storage.delete(artifact.versions.get().file)
    for address in ("download", "data", "definition"):
        answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/{address}")
        assert (answer.status_code, answer.json()["code"]) == (503, "content_unavailable")
    client = Client()
    client.force_login(cast.alice)
    for name, text in (("a.py", "x = 1"), ("a.json", "[1]"), ("a.md", "# a"), ("a.html", "<p>")):
        lost = cast.artifact(name, "file", base64.b64encode(text.encode()).decode())
        default_storage.delete(lost.versions.get().file)
        # The page is there, with what the database knows, and what can be done about it.
        page = client.get(f"/artifacts/{lost.pk}")
        shown = client.get(f"/artifacts/{lost.pk}/frame") if name == "a.html" else page
        assert (page.status_code, shown.status_code) == (200, 503 if name == "a.html" else 200)
        assert "read now. Try again, or tell an administrator." in shown.content.decode()
        assert "sandbox" in shown["Content-Security-Policy"] or shown is page
