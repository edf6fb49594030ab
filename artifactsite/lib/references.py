"""How a text refers to a thing of the site: `@[Label](artifact:ID)` or `@[Label](upload:f-ID)`. Pure, no look-ups.

`\\`, `[`, `]` and backticks in the label are escaped by a backslash. What stands in code spans, fences or URLs, or
behind a word character, refers to nothing. What it means to somebody is mentions' to say (mentions/resolve.py).
"""

import re
from bisect import bisect_right

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
REFERENCE = re.compile(
    rf"@\[(?P<label>(?:[^\[\]\\]|\\.){{0,600}})\]\((?P<what>artifact:|upload:f-)(?P<id>{_UUID})\)", re.DOTALL
)
# What is not prose. A fence or code span that is never closed reaches to the end, as in Markdown for fences.
OPAQUE = re.compile(
    r"(?ms)^ {0,3}(?P<fence>`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<![`\\])(?P<ticks>`{1,16})(?!`)[^`].*?(?<!`)(?P=ticks)(?!`)"
    r"|\b(?:https?|ftp|mailto):[^\s<>]+"
)
Spans = tuple[list[int], list[int]]


def spans(pattern: re.Pattern[str], text: str) -> Spans:
    """Where a pattern's matches begin, and where they end."""
    found = [match.span() for match in pattern.finditer(text)]
    return [start for start, _ in found], [end for _, end in found]


def inside(found: Spans, position: int) -> bool:
    index = bisect_right(found[0], position) - 1
    return index >= 0 and position < found[1][index]


def matches(text: str) -> list[re.Match[str]]:
    """Every reference, in order."""
    opaque = spans(OPAQUE, text)
    return [match for match in REFERENCE.finditer(text) if not inside(opaque, match.start())]


def nameless(text: str) -> str:
    """The text as it is kept where others read it too: its references without their labels.

    A name outlives the right to know it, and this text is searched, exported and answered as it stands.
    """
    pieces, position = [], 0
    for match in matches(text):
        pieces += [text[position : match.start("label")]]
        position = match.end("label")
    return "".join([*pieces, text[position:]])
