"""Content in an S3 bucket, under the same keys as on disk. Apart, so that a site on disk never loads boto3."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 64 * 1024  # bytes of an open file that are held in memory
_ATTEMPTS = 3  # at one place of a content, where the bucket breaks off its answer


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


class _Content(io.RawIOBase):
    """What lies under a key, fetched as it is read: never more of it than the reader holds.

    `key` is whole, with the bucket's prefix; `start` and `end` (both included) are bytes; no `end`: the whole.
    Asks for it at once: FileNotFoundError where there is nothing, another OSError where the bucket fails. An answer
    that breaks off is asked for again from there, of the same content or not at all.
    """

    def __init__(self, bucket: Any, key: str, start: int = 0, end: int | None = None) -> None:
        self._body: Any = None
        self._object, self._key = bucket.Object(key), key
        self._position = start
        # Of an empty content no range can be asked for.
        part = {} if end is None else {"Range": f"bytes={start}-{end}"}
        with _as_on_disk(key):
            found = self._object.get(**part)
        self._end: int = start + found["ContentLength"]  # behind the last byte
        self._etag: str = found["ETag"]
        self._body = found["Body"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        to = offset + (0, self._position, self._end)[whence]
        if to < 0:
            raise ValueError(f"{to} is before the beginning")
        if to != self._position:
            self._drop()
            self._position = to
        return to

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = memoryview(buffer).cast("B")
        wanted = min(len(room), self._end - self._position)
        if wanted <= 0:
            return 0
        piece = self._piece(wanted)
        room[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _piece(self, wanted: int) -> bytes:
        for left in reversed(range(_ATTEMPTS)):
            try:
                with _as_on_disk(self._key):
                    if self._body is None:
                        self._body = self._from_here()
                    piece: bytes = self._body.read(wanted)
                if piece:
                    return piece
            except OSError:
                self._drop()
                if not left:
                    raise
            self._drop()
        raise OSError(f"the bucket ended {self._key} before its end")

    def _from_here(self) -> Any:
        span = f"bytes={self._position}-{self._end - 1}"
        return self._object.get(Range=span, IfMatch=self._etag)["Body"]

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._drop()
        super().close()


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
        """For reading, as a stream. What is written is written whole, by `save`."""
        if mode != "rb":
            raise ValueError(f"files of a bucket are not opened for {mode}")
        content = _Content(self.bucket, self._normalize_name(name))
        return File(io.BufferedReader(content, _BUFFER), name)

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
        return io.BufferedReader(_Content(self.bucket, self._normalize_name(key), start, end), _BUFFER)
