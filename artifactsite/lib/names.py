"""Names that people, tools and clients give to things: cleaned once, on the way in."""

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

# Controls, line and paragraph separators, and the bidirectional overrides that make `exe.txt` of `txt.exe`.
_DROPPED = {"Cc", "Cs", "Zl", "Zp"}
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(raw: str, *, longest: int = 255) -> str:
    """A single-line name without control characters or bidirectional overrides; may come out empty."""
    kept = "".join(c for c in raw if unicodedata.category(c) not in _DROPPED and c not in _BIDI)
    name = unicodedata.normalize("NFC", kept).strip()
    if len(name) <= longest:
        return name
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 10:
        return stem[: longest - len(extension) - 1] + "." + extension
    return name[:longest]


def extension_of(name: str) -> str:
    """The lower-case extension without its dot: `png` of `Plot.PNG`, empty where there is none.

    Dots at the very end don't count: Windows takes them off.
    """
    suffix = PurePosixPath(name.replace("\\", "/").rstrip(". ")).suffix[1:].lower()
    return suffix if suffix.isalnum() and suffix.isascii() and len(suffix) <= 12 else ""


def numbered(name: str, taken: set[str]) -> str:
    """`name`, or `name (2)` and so on where `taken` has it, told apart as no disk mistakes them; adds it there."""
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    number, free = 1, name
    while (key := unicodedata.normalize("NFC", free).casefold()) in taken:
        number += 1
        free = f"{stem} ({number}){dot}{extension}"
    taken.add(key)
    return free


def content_disposition(kind: str, name: str) -> str:
    """The header of RFC 6266: an ASCII fallback and the exact name in UTF-8.

    Path separators become underscores, so that no client is led to another folder.
    """
    safe = "".join("_" if c in "/\\" else c for c in name) or "download"
    plain = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode()
    fallback = "".join(c if c.isprintable() and c not in '"%;' else "_" for c in plain).strip() or "download"
    exact = quote(safe.encode("utf-8", "replace"), safe="")
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{exact}"
