"""The kinds of artifact, one file each behind the protocol in `base`."""

from artifacts.kinds import file, table, text, visualization
from artifacts.kinds.base import Content, Download, Kind

_KINDS: dict[str, Kind] = {kind.name: kind for kind in (text.KIND, table.KIND, visualization.KIND, file.KIND)}

__all__ = ["Content", "Download", "Kind", "get"]


def get(name: str) -> Kind:
    """The kind of this name; KeyError for any other."""
    return _KINDS[name]
