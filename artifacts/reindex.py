"""The tree of files read back (docs/rules.md 4): rows for files that have none, and which rows lost their file."""

import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import structlog
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from artifacts import services, thumbnails
from artifacts.garbage import BATCH, stored_keys, without_rows
from artifacts.kinds.file import KIND as FILE
from artifacts.models import Artifact, Thumbnail, Version
from artifacts.search.index import INDEX
from artifactsite.lib import blobs
from artifactsite.lib.blobs import Stored
from artifactsite.lib.names import clean_name
from conversations.models import Conversation
from jobs import services as jobs
from uploads.models import Upload

ROOM = "artifacts"
# A file this young may be one whose row is being written at this moment.
SETTLED = timedelta(minutes=10)
log = structlog.get_logger(__name__)


@dataclass
class Found:
    """What a reading of the tree came to; lists hold keys in storage."""

    made: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    redrawn: list[str] = field(default_factory=list)


def reindex(*, settled: timedelta = SETTLED, dry_run: bool = False) -> Found:
    """Goes through all files and all rows. Safe to run at any time, and twice."""
    found = Found()
    keys = stored_keys()
    while batch := list(islice(keys, BATCH)):
        for key in without_rows(batch):
            reason = _why_not(key, settled)
            if reason:
                found.skipped[key] = reason
            elif dry_run or _adopt(key):
                found.made.append(key)
            else:
                found.known.append(key)
    found.lost = list(_rows_without_files())
    found.redrawn = list(_redraw(dry_run))
    return found


def _why_not(key: str, settled: timedelta) -> str:
    """Why a file without a row gets none; empty where it does."""
    conversation, room = _place(key)
    if conversation is None or room != ROOM:
        return "not in a conversation's folder of artifacts"
    if not Conversation.objects.filter(pk=conversation).exists():
        return "its conversation is gone"
    if not _is_plain(key):
        return "not a plain file"
    if timezone.now() - default_storage.get_modified_time(key) < settled:
        return "written just now"
    return ""


def _place(key: str) -> tuple[uuid.UUID | None, str]:
    """The conversation in whose folder a file lies, and the room in it."""
    parts = key.split("/")
    if len(parts) != 5:
        return None, ""
    try:
        return uuid.UUID(parts[2]), parts[3]
    except ValueError:
        return None, ""


def _is_plain(key: str) -> bool:
    """Whether the key is a file itself: a link would lead out of the tree, to what nobody gave us."""
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:
        return True  # a bucket has no links
    folders_are_real = path.parent.resolve() == Path(default_storage.path("")).resolve() / Path(key).parent
    return folders_are_real and stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_nlink == 1


def _adopt(key: str) -> bool:
    """True: there is a row for it now. False: the newest version has the same bytes already."""
    conversation_id, _ = _place(key)
    conversation = Conversation.objects.select_related("owner").get(pk=conversation_id)
    name = clean_name(key.rpartition("/")[2])
    with blobs.open_blob(key) as opened:
        file = File(opened)
        size, sha256 = blobs.digest(file)
        content = FILE.from_file(name, file)
        made = services.adopt_file(
            conversation=conversation, content=content, stored=Stored(key, size, sha256)
        )
    log.info("file without a row", key=key, made=made is not None)
    return made is not None


def _rows_without_files() -> Iterator[str]:
    for rows in (Version.objects, Upload.objects):
        for key in rows.values_list("file", flat=True).iterator(BATCH):
            if not default_storage.exists(key):
                yield key


def _redraw(dry_run: bool) -> Iterator[str]:
    """Thumbnails whose file is gone: nothing is lost, as they are drawn anew out of their version's."""
    for made in Thumbnail.objects.exclude(file="").select_related("version").iterator(BATCH):
        if default_storage.exists(made.file):
            continue
        yield made.file
        if not dry_run:
            with transaction.atomic():
                made.delete()
                thumbnails.order(made.version)


def index_all() -> int:
    """Has every artifact's content read for search anew, by jobs. Returns how many."""
    ids = Artifact.with_deleted.filter(current__isnull=False).values_list("pk", flat=True)
    count = 0
    for pk in ids.iterator(BATCH):
        jobs.enqueue(INDEX, pk, priority=-2)
        count += 1
    return count
