"""What may not reach a log."""

import re
from typing import Any

# The `h` of /api/files/public: whoever holds it can read the file (docs/security.md 37).
_LINK_TOKEN = re.compile(r"(files(?:/|%2F)public[^\s'\"]*?(?:\?|&|%3F|%26)h(?:=|%3D))[\w.%-]+", re.IGNORECASE)


def without_link_tokens(_logger: Any, _method: str, line: str) -> str:
    """The last of structlog's processors: blanks the tokens of signed links in a finished line, tracebacks included."""
    return _LINK_TOKEN.sub(r"\1…", line)
