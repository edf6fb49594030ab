"""What may not reach a log."""

import re
from collections.abc import MutableMapping
from typing import Any

# The `h` of /api/files/public: whoever holds it can read the file (docs/security.md 37).
_LINK_TOKEN = re.compile(r"(/api/files/public\?h=)[^\s&'\"]+")


def without_link_tokens(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that blanks the tokens of signed links in every text of an event."""
    for key, value in event.items():
        if isinstance(value, str) and "files/public" in value:
            event[key] = _LINK_TOKEN.sub(r"\1…", value)
    return event
