"""JSON: a tree, however large the file, read in a confined process where it is no small one."""

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from artifacts.confined import pool
from artifacts.kinds.base import read_text
from artifacts.models import Version
from artifactsite.lib import blobs
from uploads.extraction import ExtractionError, ExtractionLimits
from uploads.extraction.json_tree import tree

LARGEST = 32 * 1024 * 1024  # bytes
_AT_ONCE = 256 * 1024  # bytes
_LIMITS = ExtractionLimits(cpu_seconds=10, wall_seconds=15.0)


def tree_of(version: Version) -> SafeString | None:
    """The tree as HTML, its first few thousand nodes; None where the file isn't JSON, or too much of it."""
    if version.size > LARGEST:
        return None
    try:
        made = tree(read_text(version)) if version.size <= _AT_ONCE else _apart(version.file)
    except ExtractionError:
        return None
    return None if made is None else mark_safe(made)  # noqa: S308 - the tree escapes every name and value


@lru_cache(maxsize=8)
def _apart(key: str) -> str:
    """The same in a confined process. A version never changes, so its key stands for its content."""
    with blobs.on_disk(key) as path:
        return pool.json_tree(path, limits=_LIMITS)
