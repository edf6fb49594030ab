"""manage.py reindex_artifacts: rows for files without any, and which rows lost their file."""

import base64
import io
import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image

from artifacts.models import Artifact, Thumbnail, Version
from artifacts.reindex import reindex
from conversations.models import Message
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
NOW = timedelta(0)


def put(
    cast: Cast, name: str, data: bytes = b"print(1)", room: str = "artifacts", conversation: object = None
) -> str:
    key = f"uploads/conversations/{conversation or cast.conversation.pk}/{room}/{name}"
    default_storage.save(key, ContentFile(data))
    return key


def test_a_file_that_a_tool_wrote_straight_into_the_folder_gets_rows(cast: Cast) -> None:
    key = put(cast, "script.py")
    assert reindex(settled=NOW).made == [key]
    artifact = Artifact.objects.get(name="script.py")
    assert (artifact.owner, artifact.gallery_type, artifact.current.file) == (cast.alice, "code", key)
    (row,) = cast.api("alice").get("/api/artifacts", {"q": "script"}).json()["results"]
    assert b"".join(cast.api("alice").get(row["url"])) == b"print(1)"
    assert reindex(settled=NOW).made == []


def test_the_same_bytes_are_left_and_other_bytes_are_a_version(cast: Cast) -> None:
    cast.artifact("script.py", "file", "cHJpbnQoMSk=")
    same = put(cast, "script.py")
    found = reindex(settled=NOW)
    assert (found.made, found.known) == ([], [same])
    assert Message.objects.count() == 1
    default_storage.delete(same)
    put(cast, "script.py", b"print(2)")
    assert len(reindex(settled=NOW).made) == 1
    assert Artifact.objects.get().current.number == 2


def test_what_is_young_or_nobodys_or_no_file_is_left(cast: Cast, tmp_path: Path) -> None:
    young = put(cast, "young.py")
    orphan = put(cast, "orphan.py", conversation=uuid.uuid4())
    upload = put(cast, "upload.py", room="files")
    assert set(reindex().skipped) >= {young, orphan, upload}
    default_storage.delete(young)
    try:
        folder = Path(default_storage.path(young)).parent
    except NotImplementedError:
        return
    folder_key = young.rpartition("/")[0]
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    os.link(secret, folder / "hard.txt")
    found = reindex(settled=NOW)
    assert {found.skipped.get(f"{folder_key}/{name}") for name in ("link.txt", "hard.txt")} == {
        "not a plain file"
    }
    assert not Artifact.objects.exists()


def test_rows_without_files_are_reported_and_end_with_1(cast: Cast) -> None:
    artifact = cast.artifact("a")
    key = Version.objects.get(artifact=artifact).file
    default_storage.delete(key)
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit):
        call_command("reindex_artifacts", stdout=out, stderr=err)
    assert key in err.getvalue()
    assert "1 rows without a file" in out.getvalue()


def test_a_thumbnail_without_its_file_is_drawn_anew(cast: Cast, do_jobs: Callable[[], int]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(picture, "PNG")
    cast.artifact("dot.png", "file", base64.b64encode(picture.getvalue()).decode())
    do_jobs()
    lost = Thumbnail.objects.get().file
    default_storage.delete(lost)
    assert reindex(dry_run=True).redrawn == [lost]
    assert Thumbnail.objects.get().file == lost
    assert reindex().redrawn == [lost]
    do_jobs()
    assert default_storage.exists(Thumbnail.objects.get().file)
    assert reindex().redrawn == []


def test_a_dry_run_makes_nothing(cast: Cast) -> None:
    key = put(cast, "script.py")
    out = io.StringIO()
    call_command("reindex_artifacts", "--dry-run", "--settled", "0", stdout=out)
    assert f"would be made: {key}" in out.getvalue()
    assert not Artifact.objects.exists()


def test_search_can_be_read_anew(cast: Cast, do_jobs: object) -> None:
    cast.artifact("a", "text", "word " * 500 + "needle")
    do_jobs()  # type: ignore[operator]
    out = io.StringIO()
    call_command("reindex_artifacts", "--search", stdout=out)
    assert "1 artifacts queued" in out.getvalue()
    assert do_jobs() == 1  # type: ignore[operator]
