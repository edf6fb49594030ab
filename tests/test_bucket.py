"""Content in a real bucket is read as a stream: never whole in memory, and on from where an answer broke off."""

import hashlib
import tracemalloc
from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile

from artifactsite.lib import blobs
from artifactsite.lib.bucket import BucketStorage
from tests import servers
from tests.faults.faulty_s3 import CUT_ANSWER, FaultyS3, Plan, faulty_s3

MB = 1024 * 1024
CONTENT = b"".join(f"line {number:8}\n".encode() for number in range(300_000))  # 4.2 MB


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with servers.s3() as facts:
        yield facts


@pytest.fixture(scope="module")
def faulty(server: dict[str, str]) -> Iterator[FaultyS3]:
    with faulty_s3(server["S3_ENDPOINT_URL"]) as proxy:
        yield proxy


def storage_at(url: str, server: dict[str, str]) -> BucketStorage:
    return BucketStorage(**servers.bucket_options(server, endpoint_url=url, timeout=5))


@pytest.fixture(scope="module")
def bucket(server: dict[str, str]) -> BucketStorage:
    storage = storage_at(server["S3_ENDPOINT_URL"], server)
    storage.save("lines.txt", ContentFile(CONTENT))
    storage.save("empty.txt", ContentFile(b""))
    storage.save("large.bin", ContentFile(bytes(24 * MB)))
    return storage


def test_it_is_a_file_like_one_on_disk(bucket: BucketStorage) -> None:
    with bucket.open("lines.txt") as file:
        assert file.size == len(CONTENT)
        assert file.readline() == b"line        0\n"
        file.seek(14 * 200_000)
        assert file.readline() == b"line   200000\n"
        assert file.tell() == 14 * 200_001
        file.seek(-14, 2)
        assert file.read() == CONTENT[-14:]
        assert file.read() == b""
        assert blobs.digest(file) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    with bucket.open("empty.txt") as file:
        assert file.read() == b""
    with bucket.open_range("lines.txt", 14, 27) as part:
        assert part.read() == b"line        1\n"
    with pytest.raises(FileNotFoundError):
        bucket.open("gone.txt")


def test_no_more_is_in_memory_than_its_reader_holds(bucket: BucketStorage) -> None:
    bucket.open("empty.txt").close()  # boto3 loads what it needs
    tracemalloc.start()
    try:
        with bucket.open("large.bin") as file:
            assert blobs.digest(file)[0] == 24 * MB
        assert tracemalloc.get_traced_memory()[1] < 4 * MB
    finally:
        tracemalloc.stop()


def test_an_answer_that_breaks_off_is_gone_on_with(
    bucket: BucketStorage, server: dict[str, str], faulty: FaultyS3
) -> None:
    behind = storage_at(faulty.url, server)
    faulty.plan = Plan(CUT_ANSWER, "GET", 1, lasts=False)
    with behind.open("lines.txt") as file:
        assert b"".join(file.chunks(100_000)) == CONTENT
    assert faulty.plan.happened == 1
    # Another content under the same name is not gone on with.
    faulty.plan = Plan(CUT_ANSWER, "GET", 1, lasts=False)
    with behind.open("lines.txt") as file:
        file.read(1)
        bucket.save("lines.txt", ContentFile(CONTENT.swapcase()))
        with pytest.raises(OSError, match="the bucket failed"):
            file.read()
    # And one that breaks off for good is an error, not a short content.
    faulty.plan = Plan(CUT_ANSWER, "GET", 1, lasts=True)
    with behind.open("large.bin") as file, pytest.raises(OSError, match=r"large\.bin"):
        blobs.digest(file)
    faulty.plan = None
