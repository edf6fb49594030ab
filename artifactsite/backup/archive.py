"""The archive of a backup: a tar file, written and read from beginning to end and never held whole.

    backup.json            what it is: format, time, the database's migrations, which secrets it was made with
    secrets/NAME           the secrets that the site made for itself, unless they were left out
    rows/MODEL/000001      rows of a table as lines of JSON, the first line naming the columns
    files/KEY              a file; after some of them
    hashes/000001          a line of JSON for each file before it: key, size, SHA-256
    end.json               how many rows, files and bytes, and which files were damaged already

Every member that is not a file has its own SHA-256 in its header.
"""

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

FORMAT = 1
HEAD, END = "backup.json", "end.json"
_SHA = "ARTIFACTSITE.sha256"
SECRETS, ROWS, FILES, HASHES = "secrets/", "rows/", "files/", "hashes/"


class BadArchive(Exception):
    """The archive is not what was written: cut off, changed, or of another kind. Says which in a sentence."""


class Writer:
    """Appends members to a stream."""

    def __init__(self, target: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by close()

    def put(self, name: str, content: bytes) -> None:
        member = _member(name, len(content))
        member.pax_headers = {_SHA: hashlib.sha256(content).hexdigest()}
        self._tar.addfile(member, io.BytesIO(content))

    def put_file(self, key: str, size: int, pieces: Iterator[bytes]) -> tuple[int, str]:
        """A file of `size` bytes; returns how many there were and their SHA-256.

        A file that turns out shorter is filled up with zeros, so that what follows it can still be read.
        """
        source = _Measured(pieces, size)
        self._tar.addfile(_member(FILES + key, size), source)  # type: ignore[arg-type]
        return source.seen, source.sha.hexdigest()

    def close(self, counts: dict[str, Any]) -> None:
        self.put(END, json.dumps(counts).encode())
        self._tar.close()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, time.time()
    return member


class _Measured:
    """Pieces as a file of exactly `size` bytes, counted and hashed on the way."""

    def __init__(self, pieces: Iterator[bytes], size: int) -> None:
        self._pieces, self._size, self._left = pieces, size, b""
        self.seen, self.sha, self._given = 0, hashlib.sha256(), 0

    def read(self, wanted: int) -> bytes:
        while len(self._left) < wanted and (piece := next(self._pieces, b"")):
            self.seen += len(piece)
            self.sha.update(piece)
            self._left += piece
        given, self._left = self._left[:wanted], self._left[wanted:]
        given += b"\0" * (min(wanted, self._size - self._given) - len(given))
        self._given += len(given)
        return given


@dataclass(frozen=True)
class Member:
    """One part of an archive. `source` gives its bytes until the next one is asked for."""

    name: str
    size: int
    sha256: str
    source: IO[bytes]

    def whole(self) -> bytes:
        """The content of a member that is not a file."""
        content = self.source.read()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadArchive(f"{self.name} is not what was written")
        return content


def members(source: IO[bytes]) -> Iterator[Member]:
    """Every member of an archive, from its beginning to its end."""
    ended = False
    with _readable(), tarfile.open(fileobj=source, mode="r|") as tar:
        for found in tar:
            content = tar.extractfile(found) if found.isfile() else None
            if content is None:
                raise BadArchive(f"{found.name} is not a plain file")
            ended = found.name == END
            yield Member(found.name, found.size, found.pax_headers.get(_SHA, ""), _Content(content))  # type: ignore[arg-type]
    if not ended:
        raise BadArchive("its end is missing: it was cut off")


class _Content:
    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def read(self, wanted: int = -1) -> bytes:
        with _readable():
            return self._source.read(wanted)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArchive(f"it can't be read to its end: {error}") from error
