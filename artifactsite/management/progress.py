"""How far a long command is, said now and then."""

import time
from typing import Protocol


class _Stream(Protocol):
    def write(self, msg: str) -> object: ...


class Progress:
    """Writes a line every few seconds at most, so that a log stays short."""

    def __init__(self, stream: _Stream, seconds: float = 5) -> None:
        self._stream, self._seconds = stream, seconds
        self._next = time.monotonic() + seconds

    def tell(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._seconds
            self._stream.write(text)
