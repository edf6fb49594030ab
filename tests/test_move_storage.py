"""`manage.py move_storage`: from a disk into a bucket and back, each file proven, a broken-off run gone on with."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from artifactsite.lib.bucket import BucketStorage
from artifactsite.lib.storage import DiskStorage
from artifactsite.storage_move import Moved, move
from tests import servers
from tests.cast import Cast
from tests.faults.faulty_s3 import CUT, REFUSED, FaultyS3, Plan, faulty_s3
from tests.uploads.received import received
from uploads.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[FaultyS3, dict[str, Any]]]:
    """A bucket that fails where it is told to, and how it is reached."""
    with servers.s3() as given, faulty_s3(given["S3_ENDPOINT_URL"]) as proxy:
        yield proxy, servers.bucket_options(given, endpoint_url=proxy.url, timeout=2)


def test_there_and_back(
    cast: Cast, faulty: tuple[FaultyS3, dict[str, Any]], tmp_path: Path, settings: Any
) -> None:
    if settings.S3_BUCKET:
        pytest.skip("the cast's files lie in a bucket already")
    proxy, options = faulty
    bucket, journal = BucketStorage(**options), tmp_path / "moved"
    artifact = cast.artifact()
    uploads = [received(cast, content=f"file {n}".encode()) for n in range(6)]
    hashes = {row.file: row.sha256 for row in [artifact.current, *uploads]}

    def run() -> Moved:
        return move(default_storage, bucket, journal=journal, progress=lambda _: None)

    # The bucket fails for two of them, for good and in the middle of a request; and one file is not what it was.
    proxy.plan = Plan(REFUSED, "PUT", 2, lasts=True)
    first = run()
    assert (first.wanted, first.copied, len(first.failed)) == (7, 6, 1)
    changed = uploads[0].file
    default_storage.delete(changed)
    default_storage.save(changed, ContentFile(b"another"))
    journal.write_text("")
    bucket.delete(changed)
    proxy.plan = Plan(CUT, "PUT", 1, lasts=False)
    second = run()
    assert second.failed == {changed: "its bytes are not those that its row says"}
    default_storage.delete(changed)
    default_storage.save(changed, ContentFile(b"file 0"))
    proxy.plan = None
    third = run()
    assert (third.copied, third.there, third.failed) == (1, 6, {})
    for key, sha256 in hashes.items():
        with bucket.open(key) as file:
            assert hashlib.sha256(file.read()).hexdigest() == sha256
    # A file that went wrong in the bucket is found by a run that trusts no earlier one.
    bucket.save(changed, ContentFile(b"file O"))
    journal.unlink()
    again = run()
    assert (again.copied, again.there) == (1, 6)

    disk = DiskStorage(location=str(tmp_path / "files"))
    back = move(bucket, disk, journal=tmp_path / "back", progress=lambda _: None)
    assert (back.copied, back.failed) == (7, {})
    for key, sha256 in hashes.items():
        assert hashlib.sha256((tmp_path / "files" / key).read_bytes()).hexdigest() == sha256
    Upload.objects.all().delete()
    assert move(bucket, disk, journal=tmp_path / "back", progress=lambda _: None).wanted == 1
