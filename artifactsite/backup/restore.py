"""Putting a backup into an empty site, or only checking it."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from django.contrib.contenttypes.models import ContentType
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction

from artifactsite.backup import archive, rows, secrets
from artifactsite.backup.archive import BadArchive, Member
from artifactsite.lib import blobs, stored

_IN_MEMORY = 4 * 1024 * 1024  # bytes of a file held in memory before it goes to disk


@dataclass
class Restored:
    """What was read, and written unless it was a check. `said` is what somebody has to know."""

    rows: Counter[str] = field(default_factory=Counter)
    files: int = 0
    bytes: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def not_empty() -> list[str]:
    """What stands in the way of a restore: tables with rows, and files."""
    found = [f"rows in {table}" for table in rows.tables_with_rows()]
    if next(stored.all_keys(), None):
        found.append("files")
    return found


def check(source: IO[bytes], *, progress: Callable[[Restored], None]) -> Restored:
    """Reads an archive to its end and compares every hash and count. BadArchive where one is wrong."""
    return _Reading(source, progress, write=False).run()


def restore(source: IO[bytes], *, progress: Callable[[Restored], None]) -> Restored:
    """Replaces what the site has by an archive. The rows are there all at once at the end, or none is.

    BadArchive, or ValueError where the archive's schema can't be made here; nothing has changed then
    but files that the garbage collector removes.
    """
    restored = _Reading(source, progress, write=True).run()
    ContentType.objects.clear_cache()
    # An older release's rows are in an older release's tables until here.
    call_command("migrate", interactive=False, verbosity=0)
    return restored


class _Reading:
    def __init__(self, source: IO[bytes], progress: Callable[[Restored], None], *, write: bool) -> None:
        self.source, self.progress, self.write = source, progress, write
        self.restored = Restored()
        self.models: dict[str, Any] = {}
        self.wanted: dict[str, str] = {}  # SHA-256 by key, of files since the last list of hashes
        self.secrets: dict[str, bytes] = {}
        self.head: dict[str, Any] = {}

    def run(self) -> Restored:
        with ExitStack() as stack:
            members = archive.members(self.source)
            # Around the transaction that `_begin` opens: as long as that holds, its rows name the files.
            keys = stack.enter_context(blobs.undo_on_failure()) if self.write else []
            self._begin(next(members, None), stack)
            for member in members:
                self._take(member, keys)
        if self.write:
            self._put_secrets_back()
        return self.restored

    def _begin(self, member: Member | None, stack: ExitStack) -> None:
        if member is None or member.name != archive.HEAD:
            raise BadArchive("it is not a backup of this site")
        self.head = json.loads(member.whole())
        if self.head["format"] != archive.FORMAT:
            raise ValueError(f"its format is {self.head['format']}; this release reads {archive.FORMAT}")
        last, models = rows.models_at([(app, name) for app, name in self.head["migrations"]])
        self.models = {model._meta.label_lower: model for model in rows.in_order(models)}
        if self.write:
            rows.bring_to(last)
            stack.enter_context(transaction.atomic())
            rows.empty()

    def _take(self, member: Member, keys: list[str]) -> None:
        name = member.name
        if name.startswith(archive.ROWS):
            self._rows(name.split("/")[1], member.whole())
        elif name.startswith(archive.FILES):
            self._file(member, keys)
        elif name.startswith(archive.HASHES):
            self._hashes(member.whole())
        elif name.startswith(archive.SECRETS):
            self.secrets[name.removeprefix(archive.SECRETS)] = member.whole()
        elif name == archive.END:
            self._end(json.loads(member.whole()))
        else:
            raise BadArchive(f"{name} is not part of a backup")
        self.progress(self.restored)

    def _rows(self, label: str, part: bytes) -> None:
        if label not in self.models:
            raise BadArchive(f"there is no table {label}")
        if self.write:
            rows.load(self.models[label], part)
        self.restored.rows[label] += part.count(b"\n")

    def _file(self, member: Member, keys: list[str]) -> None:
        key = member.name.removeprefix(archive.FILES)
        if ".." in PurePosixPath(key).parts or not key.startswith(tuple(f"{root}/" for root in stored.ROOTS)):
            raise BadArchive(f"{key} is not a place for files")
        sha256 = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
            while piece := member.source.read(blobs.CHUNK):
                sha256.update(piece)
                if self.write:
                    copy.write(piece)
            if self.write:
                copy.seek(0)
                self._store(key, File(copy), sha256.hexdigest(), keys)
        self.wanted[key] = sha256.hexdigest()
        self.restored.files += 1
        self.restored.bytes += member.size

    def _store(self, key: str, file: "File[bytes]", sha256: str, keys: list[str]) -> None:
        """A file that is there with these bytes stays: it is not ours to take away again."""
        if default_storage.exists(key):
            with default_storage.open(key) as there:
                if blobs.digest(there)[1] == sha256:
                    return
        else:
            keys.append(key)
        default_storage.save(key, file)

    def _hashes(self, lines: bytes) -> None:
        said = {line["key"]: line["sha256"] for line in map(json.loads, filter(None, lines.split(b"\n")))}
        if said != self.wanted:
            wrong = min({*said.items()} ^ {*self.wanted.items()})[0]
            raise BadArchive(f"the file {wrong} is not what was written")
        self.wanted = {}

    def _end(self, said: dict[str, Any]) -> None:
        self.restored.damaged = said["damaged"]
        counted = {label: count for label, count in said["rows"].items() if count}
        if (counted, said["files"], said["bytes"]) != (
            dict(self.restored.rows),
            self.restored.files,
            self.restored.bytes,
        ):
            raise BadArchive("it does not hold as many rows and files as were written")
        if self.write:
            rows.settle(list(self.models.values()))
            for label, model in self.models.items():
                there = model._base_manager.count()
                if there != self.restored.rows[label]:
                    raise BadArchive(f"{there} of {self.restored.rows[label]} rows of {label} arrived")

    def _put_secrets_back(self) -> None:
        replaced = set()
        for name, content in self.secrets.items():
            sentence = secrets.put_back(name, content)
            if sentence:
                self.restored.said.append(sentence)
            else:
                replaced.add(name.upper())
        self.restored.said += secrets.missing(self.head["secrets"], replaced)
