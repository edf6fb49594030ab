"""Content in an S3 bucket, under the same keys as on disk. Apart, so that a site on disk never loads boto3."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage


@contextmanager
def _as_on_disk(key: str) -> Iterator[None]:
    """Whatever goes wrong with the bucket is an OSError, as it is with a disk."""
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise OSError(f"the bucket failed at {key}: {type(error).__name__}") from error


class BucketStorage(S3Storage):
    """The same keys in an S3 bucket; a put is atomic there."""

    file_overwrite = True
    default_acl = None
    # boto3 would still sign links the old way (V2), which S3-compatible servers and newer regions refuse.
    signature_version = "s3v4"
    client_config: Config

    def __init__(self, *, timeout: int = 20, **settings: Any) -> None:
        """`timeout`: seconds without a byte from the bucket, after which a request is made again, twice at most."""
        super().__init__(**settings)
        patience = {"connect_timeout": min(5, timeout), "read_timeout": timeout}
        self.client_config = self.client_config.merge(
            Config(**patience, retries={"mode": "standard", "total_max_attempts": 3})
        )

    def _save(self, name: str, content: "File[Any]") -> str:
        with _as_on_disk(name):
            saved: str = super()._save(name, content)
        return saved

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        with _as_on_disk(name):
            file: File[Any] = super()._open(name, mode)
        return file

    def presigned(self, key: str, *, seconds: int, disposition: str, media_type: str) -> str:
        """A URL that reads `key` for `seconds`, with the headers that the download needs."""
        return self.url(
            key,
            expire=seconds,
            parameters={"ResponseContentDisposition": disposition, "ResponseContentType": media_type},
        )

    def open_range(self, key: str, start: int, end: int) -> IO[bytes]:
        """The bytes from `start` to `end`, both included."""
        with _as_on_disk(key):
            found = self.bucket.Object(self._normalize_name(key)).get(Range=f"bytes={start}-{end}")
        body: IO[bytes] = found["Body"]
        return body
