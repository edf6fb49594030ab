"""The virus scanner: a clamd at CLAMD_URL, asked over its INSTREAM command. Off where no URL is set.

Bytes are sent, never a path, so that clamd may run on another machine or as another user.
"""

import re
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

_PIECE = 256 * 1024
_SILENCE_SECONDS = 60.0
_MAX_ANSWER = 4096
_FOUND = re.compile(r"stream: (.+) FOUND")


class ScannerUnavailable(Exception):
    """clamd was not reached, broke off, or could not scan: nothing is known of the file."""


def is_on() -> bool:
    return bool(settings.CLAMD_URL)


def scan(path: Path) -> str:
    """The name of what clamd finds in the file; empty where it finds nothing."""
    try:
        with _connected() as clamd:
            answer = _ask(clamd, path)
    except OSError as error:
        raise ScannerUnavailable(f"{type(error).__name__}: {error}") from error
    if answer == "stream: OK":
        return ""
    if match := _FOUND.fullmatch(answer):
        return match[1]
    raise ScannerUnavailable(answer or "clamd gave no answer")


def _connected() -> socket.socket:
    address = urlsplit(settings.CLAMD_URL)
    if address.scheme == "unix":
        clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        clamd.settimeout(_SILENCE_SECONDS)
        clamd.connect(address.path)
        return clamd
    return socket.create_connection((address.hostname or "", address.port or 3310), timeout=_SILENCE_SECONDS)


def _ask(clamd: socket.socket, path: Path) -> str:
    """Send the file in pieces, each behind its length; a length of 0 ends it."""
    with path.open("rb") as file:
        try:
            clamd.sendall(b"zINSTREAM\0")
            while piece := file.read(_PIECE):
                clamd.sendall(struct.pack(">I", len(piece)) + piece)
            clamd.sendall(struct.pack(">I", 0))
        except (BrokenPipeError, ConnectionResetError):
            # It may have said why before it hung up: a file beyond its own limit.
            return _answer(clamd) or "clamd hung up"
    return _answer(clamd)


def _answer(clamd: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _MAX_ANSWER:
        piece = clamd.recv(_MAX_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.split(b"\0")[0].decode("utf-8", "replace").strip()
