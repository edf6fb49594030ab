"""Names of files and artifacts: what is accepted from and shown to a program."""

import re
import unicodedata
from collections.abc import Sequence

from .model import InputFile

MAX_NAME_BYTES = 255  # of one component, as the kernel has it
MAX_PATH_BYTES = 1024
MAX_DEPTH = 32
_UNWANTED = re.compile(r"[\x00-\x1f\x7f/\\]")


def unique_input_names(inputs: Sequence[InputFile]) -> list[str]:
    """One safe file name for each input, in order; a second "a.csv" becomes "a-2.csv"."""
    taken: set[str] = set()
    names = []
    for item in inputs:
        name = _safe_input_name(item.name)
        stem, dot, extension = name.rpartition(".")
        if not stem:
            stem, dot, extension = name, "", ""
        number = 2
        while name in taken:
            name = f"{stem}-{number}{dot}{extension}"
            number += 1
        taken.add(name)
        names.append(name)
    return names


def _safe_input_name(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    clean = _UNWANTED.sub("_", last.encode("utf-8", "replace").decode()).strip()
    if clean in ("", ".", ".."):
        return "file"
    stem, dot, extension = clean.rpartition(".")
    # Room for "-100000" in what the kernel allows; the extension is what programs go by.
    if not stem or len(extension.encode()) > 20:
        return _shorten(clean, 200)
    return _shorten(stem, 200 - len(extension.encode())) + dot + extension


def _shorten(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")


def name_problem(name: str) -> str | None:
    """Why a file's or artifact's name cannot be kept, or None. `name` is one component."""
    if name in ("", ".", ".."):
        return "have no usable name"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "have names that are not UTF-8"
    if size > MAX_NAME_BYTES:
        return "have names that are too long"
    if "/" in name or any(unicodedata.category(char) == "Cc" for char in name):
        return "have control characters or slashes in their names"
    return None


def shown(name: str) -> str:
    """A program's name for use in a sentence: printable and short."""
    text = name.encode("utf-8", "replace").decode()
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= 80 else text[:77] + "..."
