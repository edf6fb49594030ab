"""Files without rows, and what the collector leaves alone."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from artifacts.garbage import collect_garbage, stored_keys
from tests.cast import Cast
from tests.uploads.received import received

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

ORPHAN = "uploads/conversations/8d0e1bc6-0000-4000-8000-000000000000/artifacts/orphan.txt"


@pytest.fixture
def on_disk() -> None:
    if settings.S3_BUCKET:
        pytest.skip("a bucket tells its own times")


def age(path: Path, by: timedelta) -> None:
    then = time.time() - by.total_seconds()
    os.utime(path, (then, then))


@pytest.mark.usefixtures("on_disk")
def test_old_files_without_rows_go_and_young_ones_stay() -> None:
    default_storage.save(ORPHAN, ContentFile(b"x"))
    call_command("collect_garbage")
    assert default_storage.exists(ORPHAN), "its row may be on its way"
    age(Path(default_storage.path(ORPHAN)), settings.GARBAGE_GRACE + timedelta(minutes=1))
    assert collect_garbage() >= 1
    assert not default_storage.exists(ORPHAN)
    default_storage.save(ORPHAN, ContentFile(b"x"))
    call_command("collect_garbage", "--at-once")
    assert not default_storage.exists(ORPHAN)


@pytest.mark.usefixtures("on_disk")
def test_files_with_rows_stay_however_old(cast: Cast) -> None:
    artifact, upload = cast.artifact(), received(cast)
    for key in (artifact.current.file, upload.file):
        age(Path(default_storage.path(key)), timedelta(days=4000))
    collect_garbage()
    assert {artifact.current.file, upload.file} <= set(stored_keys())


@pytest.mark.usefixtures("on_disk")
def test_writes_that_broke_off_are_cleared_away() -> None:
    partial = settings.FILES_ROOT / ".partial" / "half"
    incoming = Path(settings.FILE_UPLOAD_TEMP_DIR) / "half.upload"
    partial.parent.mkdir(parents=True, exist_ok=True)
    for path in (partial, incoming):
        path.write_bytes(b"x")
        age(path, settings.GARBAGE_GRACE + timedelta(hours=2))
    young = partial.with_name("young")
    young.write_bytes(b"x")
    collect_garbage()
    assert (partial.exists(), incoming.exists(), young.exists()) == (False, False, True)
    young.unlink()


def test_a_store_without_anything_is_no_fault(settings, tmp_path: Path) -> None:
    assert list(stored_keys("uploads/nowhere")) == []
