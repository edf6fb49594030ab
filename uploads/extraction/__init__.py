"""Text from documents: sniffed, read in a confined process, given as Markdown with marks.

    pool = ExtractionPool()
    with open(path, "rb") as file:
        media_type = sniff(file, filename)
    extracted = pool.extract(path, filename=filename, media_type=media_type)

No Django here: the parsers run in a process that knows nothing of the site.
"""

from .client import ExtractionPool
from .marks import Part, split
from .protocol import MESSAGES, Extracted, ExtractionError, ExtractionLimits, Picture, Source
from .registry import is_supported
from .sniff import EXTENSIONS, is_acceptable, sniff
from .tokens import estimate_tokens

__all__ = [
    "EXTENSIONS",
    "MESSAGES",
    "Extracted",
    "ExtractionError",
    "ExtractionLimits",
    "ExtractionPool",
    "Part",
    "Picture",
    "Source",
    "estimate_tokens",
    "is_acceptable",
    "is_supported",
    "sniff",
    "split",
]
