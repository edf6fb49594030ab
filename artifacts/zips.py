"""Many artifacts as one ZIP, written while it is sent: memory holds one piece of one file."""

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from artifacts.exports import download_of
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet
from artifactsite.lib.errors import Invalid
from artifactsite.lib.names import content_disposition, numbered
from artifactsite.lib.pieces import Pieces
from artifactsite.lib.serving import mark_raw

MOST_FILES = 10_000
_ARCHIVE_NAME = "artifacts.zip"
_REPORT = "Files left out.txt"
# Content that gets no smaller: compressing it again only takes time.
_COMPRESSED = re.compile(
    r"image/(?!svg|bmp)|video/|audio/|application/(pdf|zip|gzip|x-7z|vnd\.(openxmlformats|apache\.parquet))"
)
_UNSAFE = re.compile(r"[/\\:\x00-\x1f\x7f]")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Member:
    """A file of the archive: its name in there, and what it is made of."""

    name: str
    artifact: Artifact
    version: Version


def zip_response(request: HttpRequest, chosen: ArtifactQuerySet) -> HttpResponseBase:
    """The current versions of `chosen`, which the caller may see, each in its kind's default format."""
    members = members_of(chosen)
    response = StreamingHttpResponse(archive(members), content_type="application/zip")
    response["Content-Disposition"] = content_disposition("attachment", _ARCHIVE_NAME)
    # Nobody knows how long the archive will be; this is about how much goes into it.
    response["X-Uncompressed-Length"] = str(sum(member.version.size for member in members))
    mark_raw(response, cache="no-store")
    return response


def members_of(chosen: ArtifactQuerySet) -> list[Member]:
    """What goes into the archive, newest first: names kept, made safe for any disk, doubles numbered."""
    rows = chosen.filter(current__isnull=False).select_related("current")
    # What may be large is read when its turn comes.
    rows = rows.defer("current__table_index", "current__preview").order_by("-created_at", "-pk")
    found = list(rows[: MOST_FILES + 1])
    if len(found) > MOST_FILES:
        raise Invalid(
            "id", f"A ZIP holds at most {MOST_FILES:,} files. Narrow the selection.", code="too_many"
        )
    taken: set[str] = {_REPORT.casefold()}
    members = []
    for artifact in found:
        version = artifact.current
        if version is not None:
            name = numbered(safe_name(download_of(artifact, version).name), taken)
            members.append(Member(name, artifact, version))
    return members


def safe_name(name: str) -> str:
    """A name that stays in the folder it is unpacked into, on any system."""
    safe = _UNSAFE.sub("_", name).strip()
    return safe if safe.strip(".") else f"_{safe}"


def archive(members: list[Member]) -> Iterator[bytes]:
    """The bytes of the ZIP. A file that can't be read is left out, and a list at the end says so."""
    pieces = Pieces()
    left_out = []
    with zipfile.ZipFile(pieces, "w") as target:  # type: ignore[call-overload]
        for member in members:
            try:
                body = download_of(member.artifact, member.version).pieces()
                first = next(body, b"")
            except Exception as error:  # noqa: BLE001 - any storage engine, any failure: told in the archive
                log.error("left out of a zip", version=str(member.version.pk), error=str(error))
                left_out.append(member.name)
                continue
            with target.open(_entry(member), "w", force_zip64=True) as file:
                file.write(first)
                yield pieces.take()
                for piece in body:
                    file.write(piece)
                    yield pieces.take()
        if left_out:
            target.writestr(_REPORT, "These files could not be read:\n" + "\n".join(left_out) + "\n")
    yield pieces.take()


def _entry(member: Member) -> zipfile.ZipInfo:
    made = member.version.created_at
    entry = zipfile.ZipInfo(member.name, (max(1980, made.year), *made.timetuple()[1:6]))
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    is_compressed = _COMPRESSED.match(member.version.media_type)
    entry.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
    return entry
