"""Strict, typed reading of the environment: a bad value stops the start with a sentence that names it."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_env = environ.Env()
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def _read(name: str, default: T, parse: Callable[[str], T], wanted: str, *, show: bool = True) -> T:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except (ValueError, ImproperlyConfigured) as error:
        seen = f"it is {raw!r}" if show else "its value is not shown, as it may hold a password"
        raise ImproperlyConfigured(f"{name} must be {wanted}; {seen}.") from (error if show else None)


def text(name: str, default: str = "") -> str:
    return _read(name, default, str, "text")


def secret(name: str, default: str = "") -> str:
    """A secret from NAME, or from the file named by NAME_FILE (as container secrets are given)."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return text(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path!r}, which can't be read: {error.strerror}."
        ) from error


def boolean(name: str, default: bool) -> bool:
    def parse(raw: str) -> bool:
        if raw.lower() in _TRUE:
            return True
        if raw.lower() in _FALSE:
            return False
        raise ValueError(raw)

    return _read(name, default, parse, "one of true or false")


def integer(name: str, default: int, *, at_least: int = 0, at_most: int | None = None) -> int:
    def parse(raw: str) -> int:
        value = int(raw)
        if value < at_least or (at_most is not None and value > at_most):
            raise ValueError(raw)
        return value

    upper = "" if at_most is None else f" to {at_most}"
    return _read(name, default, parse, f"a whole number from {at_least}{upper}")


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    return _read(
        name, default, lambda raw: [word.strip() for word in raw.split(",") if word.strip()], "a list"
    )


def generated_secret(name: str, path: Path, *, required: bool) -> str:
    """A secret from the environment, else one made once and kept at `path` (mode 0600).

    `required` forbids the second: several machines must share a secret, so there it has to be given.
    """
    given = secret(name)
    if given:
        return given
    if required:
        raise ImproperlyConfigured(
            f"{name} is not set. Outside the embedded default every secret must be given: "
            f"set {name} (or {name}_FILE) to at least 50 random characters."
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def choice(name: str, default: str, options: tuple[str, ...]) -> str:
    def parse(raw: str) -> str:
        if raw not in options:
            raise ValueError(raw)
        return raw

    return _read(name, default, parse, f"one of {', '.join(options)}")


def url(name: str, default: str = "", *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    def parse(raw: str) -> str:
        parts = urlsplit(raw)
        where = parts.path if parts.scheme == "unix" else parts.netloc
        if parts.scheme not in schemes or not where:
            raise ValueError(raw)
        return raw.rstrip("/")

    return _read(name, default, parse, f"a URL that starts with {' or '.join(s + '://' for s in schemes)}")


def database(name: str, default: str) -> dict[str, object]:
    """DATABASE_URL as Django's settings; `sqlite:///path` or `postgres://user:password@host:port/name`."""

    def parse(raw: str) -> dict[str, object]:
        found: dict[str, object] = _env.db_url_config(raw)
        if not found.get("ENGINE"):
            raise ValueError(raw)
        return found

    return _read(name, parse(default), parse, "a database URL", show=False)
