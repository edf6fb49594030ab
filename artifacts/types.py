"""Gallery type and media type of a name: decided once, on the way in, by extension and then by media type.

One table (docs/api.md, Artifacts). Code also takes every extension that Pygments knows.
"""

import mimetypes
from functools import cache

from pygments.lexers import get_all_lexers

from artifacts.models import GalleryType
from artifactsite.lib.names import extension_of

NOTEBOOK = "application/x-ipynb+json"
#  extension → media type; the heading is the gallery type
IMAGES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
}
HTML = {
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
}
CODE = {
    "py": "text/x-python",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "cjs": "text/javascript",
    "ts": "text/x-typescript",
    "tsx": "text/x-typescript",
    "jsx": "text/javascript",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ipynb": NOTEBOOK,
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "xml": "application/xml",
    "css": "text/css",
    "scss": "text/x-scss",
    "rs": "text/x-rust",
    "sql": "application/sql",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "sh": "application/x-sh",
    "bash": "application/x-sh",
}
FILES = {
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
}

#  names of code without an extension; Pygments knows more, but some of those are everyday words
NAMES = {
    "caddyfile", "dockerfile", "gemfile", "gnumakefile", "makefile", "pipfile", "pkgbuild", "procfile", "rakefile",
    "sconscript", "sconstruct", "vagrantfile",
}  # fmt: skip

#  what a browser plays
MEDIA = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
}

_TYPES = {
    **dict.fromkeys(IMAGES, GalleryType.IMAGE),
    **dict.fromkeys(HTML, GalleryType.HTML),
    **dict.fromkeys(CODE, GalleryType.CODE),
    **dict.fromkeys(FILES, GalleryType.FILE),
    **dict.fromkeys(MEDIA, GalleryType.FILE),
}
_MEDIA_TYPES = {**IMAGES, **HTML, **CODE, **FILES, **MEDIA}
_CODE_MEDIA_TYPES = set(CODE.values()) | {"application/javascript", "text/xml", "text/yaml", "text/x-sh"}
_NEVER_CODE = ("image/", "audio/", "video/")


@cache
def _pygments_extensions() -> frozenset[str]:
    patterns = (pattern for _, _, patterns, _ in get_all_lexers() for pattern in patterns)
    return frozenset(
        pattern[2:].lower() for pattern in patterns if pattern.startswith("*.") and pattern[2:].isalnum()
    )


def _is_code(name: str) -> bool:
    return extension_of(name) in _pygments_extensions() or name.lower() in NAMES


def gallery_type(name: str, media_type: str) -> str:
    """Where the gallery shows a file: by its extension, then by its media type."""
    extension = extension_of(name)
    if extension in _TYPES:
        return _TYPES[extension]
    if _is_code(name) and not media_type.startswith(_NEVER_CODE):
        return GalleryType.CODE
    if media_type.startswith("image/"):
        return GalleryType.IMAGE
    if media_type in HTML.values():
        return GalleryType.HTML
    return GalleryType.CODE if media_type in _CODE_MEDIA_TYPES else GalleryType.FILE


def media_type_of(name: str) -> str | None:
    """The media type that a name's extension stands for, or None."""
    extension = extension_of(name)
    if extension in _MEDIA_TYPES:
        return _MEDIA_TYPES[extension]
    guessed, encoding = mimetypes.guess_type(f"x.{extension}") if extension else (None, None)
    media = guessed if guessed and not encoding else None
    if _is_code(name) and not (media and is_textual(media)):
        # What the system's table says of such an extension is about something else: `.bat`, `.nim`.
        return "text/plain"
    return media


def is_textual(media_type: str) -> bool:
    """Whether the content can be read as text."""
    if media_type.startswith("text/") or media_type in CODE.values() or media_type == "image/svg+xml":
        return True
    return media_type.endswith(("+json", "+xml")) or media_type in HTML.values()
