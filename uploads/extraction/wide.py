"""Text in UTF-16 or UTF-32 without a byte-order mark, known by its bytes.

Only the standard library: the web process looks at files with it too.
"""

from __future__ import annotations

import re

_SAMPLE_BYTES = 200_000
_MIN_CHARACTERS = 16
_WRITTEN_SHARE = 0.98
# What people write in: Latin to Thai with their marks, punctuation, CJK, kana, Hangul, full-width forms.
_WRITTEN = re.compile(
    "[\t\n\r -~\u00a0-\u0e5b\u1e00-\u206f\u20a0-\u22ff\u2500-\u26ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]"
)


def wide_encoding(data: bytes) -> str | None:
    """The name of the encoding by the beginning of the data; None where it is neither.

    Latin letters show by a NUL in every second byte, or in three of four. Other scripts have one only at spaces and
    line ends: there both orders are tried, and one must give nothing but what people write.
    """
    sample = data[:_SAMPLE_BYTES]
    if b"\x00" not in sample:
        return None
    quarter = max(1, len(sample) // 4)
    empty = [sample[start::4].count(0) / quarter for start in range(4)]
    if min(empty[1:]) > 0.6 and empty[0] < 0.4:
        return "utf-32-le"
    if min(empty[:3]) > 0.6 and empty[3] < 0.4:
        return "utf-32-be"
    even, odd = (empty[0] + empty[2]) / 2, (empty[1] + empty[3]) / 2
    if odd > 0.2 and even < 0.1:
        return "utf-16-le"
    if even > 0.2 and odd < 0.1:
        return "utf-16-be"
    return next((name for name in ("utf-16-le", "utf-16-be") if _is_written(sample, name)), None)


def _is_written(sample: bytes, encoding: str) -> bool:
    text = sample[: len(sample) // 2 * 2].decode(encoding, "replace")
    if len(text) < _MIN_CHARACTERS or not re.search("[\n ]", text):
        return False
    return len(_WRITTEN.findall(text)) >= len(text) * _WRITTEN_SHARE
