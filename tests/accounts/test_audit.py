"""Who changed what: every change of sharing, members and links has an entry with its actor."""

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.files.base import ContentFile
from django.test import Client

from tests.cast import Cast
from uploads.services import receive

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def entries() -> list[tuple[str, str | None]]:
    found = LogEntry.objects.order_by("pk").values_list("content_type__model", "actor__username")
    return [(model, actor) for model, actor in found]


def test_changes_by_token_name_their_actor(cast: Cast) -> None:
    artifact = cast.artifact(saved="private")
    (upload,), _ = receive(
        by=cast.alice, conversation=cast.conversation, files=[ContentFile(b"x", name="a.txt")]
    )
    adam, alice = cast.api("adam"), cast.api("alice")
    LogEntry.objects.all().delete()
    acts: list[Callable[[], Any]] = [
        lambda: alice.patch(f"/api/artifacts/{artifact.pk}", {"visibility": "project"}),
        lambda: adam.patch(f"/api/projects/{cast.project.pk}", {"allow_artifact_sharing": False}),
        lambda: adam.post(
            f"/api/projects/{cast.project.pk}/members", {"user": "carol", "role": "collaborator"}
        ),
        lambda: adam.delete(f"/api/projects/{cast.project.pk}/members/{cast.carol.pk}"),
        lambda: alice.post(f"/api/conversations/{cast.conversation.pk}/uploads/{upload.file_id}/revoke-url"),
    ]
    for act in acts:
        assert act().status_code < 300
    assert entries() == [
        ("artifact", "alice"), ("project", "adam"), ("membership", "adam"), ("membership", "adam"), ("upload", "alice"),
    ]  # fmt: skip


def test_changes_by_session_name_their_actor_and_their_line_of_the_log(cast: Cast, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    client = Client(headers={"X-Request-ID": "from-a-proxy"})
    client.force_login(cast.adam)
    LogEntry.objects.all().delete()
    for address in ("unknown", "192.0.2.7"):
        client.patch(
            f"/api/projects/{cast.project.pk}",
            {"allow_artifact_sharing": address == "unknown", "name": address},
            content_type="application/json",
            headers={"X-Forwarded-For": address},
        )
    found = LogEntry.objects.order_by("pk").values_list("actor__username", "remote_addr", "cid")
    assert list(found) == [("adam", None, "from-a-proxy"), ("adam", "192.0.2.7", "from-a-proxy")]


def test_no_entry_tells_a_private_name(cast: Cast) -> None:
    artifact = cast.artifact(name="canary-of-alice", saved="private")
    cast.api("alice").patch(
        f"/api/artifacts/{artifact.pk}", {"name": "canary-renamed", "visibility": "project"}
    )
    told = [
        f"{entry.object_repr} {entry.changes} {entry.additional_data}" for entry in LogEntry.objects.all()
    ]
    assert not any("canary" in text for text in told)


def test_a_session_without_rights_leaves_no_entry(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.bob)
    LogEntry.objects.all().delete()
    client.patch(f"/api/projects/{cast.project.pk}", "{}", content_type="application/json")
    assert entries() == []
