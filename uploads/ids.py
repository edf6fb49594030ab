"""File ids on the wire: `f-` + UUID."""

import re
import uuid

_FILE_ID = re.compile(r"f-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def parse_file_id(text: str) -> uuid.UUID | None:
    match = _FILE_ID.fullmatch(text)
    return uuid.UUID(match[1]) if match else None
