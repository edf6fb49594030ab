"""Content on disk, under the keys of docs/rules.md 4. `bucket.py` has the same in S3."""

import os
import uuid
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DiskStorage(FileSystemStorage):
    """Files that exist whole or not at all: temporary name, fsync, rename, fsync of the folder."""

    def _save(self, name: str, content: "File[Any]") -> str:
        final = Path(self.path(name))
        partial = Path(self.location) / ".partial" / uuid.uuid4().hex
        for folder in (final.parent, partial.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as target:
                for chunk in content.chunks(1024 * 1024):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            if self.file_permissions_mode is not None:
                partial.chmod(self.file_permissions_mode)
            partial.rename(final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(final.parent)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        # Keys are UUIDs: never taken, so never looked up.
        return name
