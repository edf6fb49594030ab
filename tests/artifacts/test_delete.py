"""DELETE /api/artifacts/{id}: the rows, then the files."""

from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import transaction

from artifacts.garbage import stored_keys
from artifacts.models import Artifact, Deletion, Version
from artifacts.services import delete_artifact, finish_deletion
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def test_files_are_gone_once_the_deletion_is_certain(
    cast: Cast, django_capture_on_commit_callbacks: Callable
) -> None:
    artifact, kept = cast.artifact(data="one"), cast.artifact("kept")
    cast.artifact(data="two")
    keys = list(artifact.versions.values_list("file", flat=True))
    assert len(keys) == 2
    assert cast.api("alice").delete(f"/api/artifacts/{artifact.pk}").status_code == 204
    with django_capture_on_commit_callbacks(execute=True):
        finish_deletion(Deletion.objects.get().pk)
        assert all(default_storage.exists(key) for key in keys), "not before the commit"
    assert not any(default_storage.exists(key) for key in keys)
    assert not Version.objects.filter(artifact=artifact.pk).exists()
    assert default_storage.exists(kept.current.file)
    for path in ("", "/download", "/data", "/versions"):
        assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}{path}").status_code == 404
    assert cast.api("alice").delete(f"/api/artifacts/{artifact.pk}").status_code == 404


def test_a_deletion_that_is_rolled_back_loses_no_file(cast: Cast) -> None:
    artifact = cast.artifact()
    before = set(stored_keys())
    deletion = delete_artifact(by=cast.alice, artifact=artifact)
    with transaction.atomic():
        finish_deletion(deletion.pk)
        transaction.set_rollback(True)
    assert set(stored_keys()) == before
    assert Artifact.with_deleted.filter(pk=artifact.pk).exists()


@pytest.mark.parametrize(
    ("saved", "person", "status"),
    [
        ("project", "bob", 403),
        ("project", "adam", 403),
        ("project", "carol", 404),
        ("private", "bob", 404),
        (None, "adam", 404),
        ("project", None, 401),
    ],
)
def test_nobody_else_deletes(cast: Cast, saved: str | None, person: str | None, status: int) -> None:
    artifact = cast.artifact(saved=saved)
    assert cast.api(person).delete(f"/api/artifacts/{artifact.pk}").status_code == status
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}/data").status_code == 200


def test_messages_stay_and_carry_it_no_more(cast: Cast) -> None:
    artifact = cast.artifact()
    cast.api("alice").delete(f"/api/artifacts/{artifact.pk}")
    (row,) = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/messages").json()["results"]
    assert row["artifacts"] == []


def test_the_tool_may_make_it_anew(cast: Cast) -> None:
    first = cast.artifact()
    cast.api("alice").delete(f"/api/artifacts/{first.pk}")
    second = cast.artifact()
    assert second.pk != first.pk
    assert second.current.number == 1
