"""The secrets that a backup needs beside it: those that the site made for itself, and by what others are known."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


def made_here() -> Iterator[Path]:
    """The files in which the site keeps what it made for itself."""
    yield from sorted(path for path in (settings.DATA_DIR / "secrets").glob("*") if path.is_file())


def marks() -> dict[str, list[str]]:
    """By what the secrets in use can be told apart, without telling them: they are long and random."""
    return {
        "SECRET_KEY": [_mark(settings.SECRET_KEY)],
        "LINK_SIGNING_KEYS": [_mark(key) for key in settings.LINK_SIGNING_KEYS],
    }


def _mark(secret: str) -> str:
    return hashlib.sha256(b"artifactsite.backup:" + secret.encode()).hexdigest()[:16]


def put_back(name: str, content: bytes) -> str:
    """Restores one that the site had made, unless the environment gives another. Returns what has to be said."""
    variable = name.upper()
    if os.environ.get(variable) or os.environ.get(f"{variable}_FILE"):
        return f"{variable} comes from the environment, so the backup's was left alone."
    path = settings.DATA_DIR / "secrets" / Path(name).name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    return ""


def missing(wanted: dict[str, list[str]], put_back_too: set[str]) -> Iterator[str]:
    """What no longer works since the site has other secrets than the backup was made with."""
    have = marks()
    if "SECRET_KEY" not in put_back_too and wanted["SECRET_KEY"] != have["SECRET_KEY"]:
        yield "SECRET_KEY differs: keys of projects' own model servers have to be typed again."
    if "LINK_SIGNING_KEYS" not in put_back_too and not set(wanted["LINK_SIGNING_KEYS"]) <= set(
        have["LINK_SIGNING_KEYS"]
    ):
        yield "LINK_SIGNING_KEYS lacks a key of the backup: earlier links fail until it is added to the list."
