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
        answer = error.response["ResponseMetadata"] if isinstance(error, ClientError) else {}
        if answer.get("HTTPStatusCode") == 404:
            raise FileNotFoundError(f"the bucket has no {key}") from error
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

    def presigned_post(self, key: str, *, size: int, seconds: int) -> dict[str, Any]:
        """`url` and `fields` of a form that puts exactly `size` bytes under `key`, for `seconds` from now."""
        fixed = {"Content-Type": "application/octet-stream"}
        form: dict[str, Any] = self.bucket.meta.client.generate_presigned_post(
            self.bucket_name,
            self._normalize_name(key),
            Fields=fixed,
            Conditions=[fixed, ["content-length-range", size, size]],
            ExpiresIn=seconds,
        )
        return form

    def length(self, key: str) -> int:
        """Bytes of what lies under `key`. FileNotFoundError where nothing does."""
        with _as_on_disk(key):
            return int(self.bucket.Object(self._normalize_name(key)).content_length)

    def copy(self, key: str, to: str) -> None:
        """The same bytes under another key, without a way through this machine; nothing else is taken over."""
        with _as_on_disk(key):
            self.bucket.meta.client.copy_object(
                Bucket=self.bucket_name,
                Key=self._normalize_name(to),
                CopySource={"Bucket": self.bucket_name, "Key": self._normalize_name(key)},
                MetadataDirective="REPLACE",
                ContentType="application/octet-stream",
            )

    def fetch(self, key: str, into: IO[bytes]) -> None:
        """Writes the content into a file, in pieces."""
        with _as_on_disk(key):
            self.bucket.Object(self._normalize_name(key)).download_fileobj(into)

    def open_range(self, key: str, start: int, end: int) -> IO[bytes]:
        """The bytes from `start` to `end`, both included."""
        with _as_on_disk(key):
            found = self.bucket.Object(self._normalize_name(key)).get(Range=f"bytes={start}-{end}")
        body: IO[bytes] = found["Body"]
        return body
