"""Content in an S3 bucket, under the same keys as on disk. Apart, so that a site on disk never loads boto3."""

from typing import IO, Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage


class BucketStorage(S3Storage):
    """The same keys in an S3 bucket; a put is atomic there."""

    file_overwrite = True
    default_acl = None
    # boto3 would still sign links the old way (V2), which S3-compatible servers and newer regions refuse.
    signature_version = "s3v4"

    def _save(self, name: str, content: "File[Any]") -> str:
        """As for a disk, whatever goes wrong is an OSError."""
        try:
            saved: str = super()._save(name, content)
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise OSError(f"the bucket did not take the file: {type(error).__name__}") from error
        return saved

    def presigned(self, key: str, *, seconds: int, disposition: str, media_type: str) -> str:
        """A URL that reads `key` for `seconds`, with the headers that the download needs."""
        return self.url(
            key,
            expire=seconds,
            parameters={"ResponseContentDisposition": disposition, "ResponseContentType": media_type},
        )

    def open_range(self, key: str, start: int, end: int) -> IO[bytes]:
        """The bytes from `start` to `end`, both included."""
        body: IO[bytes] = self.bucket.Object(self._normalize_name(key)).get(Range=f"bytes={start}-{end}")[
            "Body"
        ]
        return body
