"""The shared folder of real and hostile documents, and how the text taken from them is judged.

The folder is no part of the project. `ARTIFACTSITE_SHARED` says where it is; without it, `../shared` beside
the project is tried. Tests that need it skip where it is absent.

As a program it measures: `python tests/corpus.py [extension …]` (benchmarks/uploads.py).
"""

from __future__ import annotations

import collections
import gzip
import json
import os
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ARTIFACTSITE_SHARED") or _ROOT / ".." / "shared").resolve()
CORPUS = SHARED / "corpus"
HOSTILE = SHARED / "hostile"
ABSENT = "the shared documents are not here: set ARTIFACTSITE_SHARED to their folder"

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png"}

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


@dataclass(frozen=True)
class Document:
    """A file of the corpus with what its text must hold: snippets, and counted tokens (or None)."""

    path: Path
    extension: str
    expect: str
    must_contain: list[str]
    reference: dict[str, int] | None

    @property
    def is_locked(self) -> bool:
        return "encrypted" in self.expect


@dataclass
class Score:
    """What one format reached: recall of each file with a reference, missing snippets, CPU seconds."""

    recalls: list[float] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    snippets: int = 0
    cpu_seconds: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return sum(self.recalls) / len(self.recalls) if self.recalls else 1.0

    @property
    def snippet_share(self) -> float:
        return 1 - len(self.missing) / self.snippets if self.snippets else 1.0


def documents(*extensions: str) -> list[Document]:
    """The corpus, or its files with one of the extensions (without a dot)."""
    with gzip.open(CORPUS / "refs.json.gz", "rt", encoding="utf-8") as file:
        references: dict[str, dict[str, int]] = json.load(file)
    lines = (CORPUS / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [
        Document(
            CORPUS / row["file"],
            row["ext"],
            row["expect"],
            row.get("must_contain") or [],
            references.get(row["file"]),
        )
        for row in rows
        if not extensions or row["ext"] in extensions
    ]


def normal(text: str) -> str:
    """Text as the corpus compares it: NFKC, casefold, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens(text: str) -> collections.Counter[str]:
    """Runs of word characters, each CJK character alone, as the references count them."""
    flat = unicodedata.normalize("NFKC", text).replace("\u00ad", "").casefold()
    return collections.Counter(_TOKEN.findall(flat))


def recall(text: str, reference: dict[str, int]) -> float:
    """The share of the reference's tokens that `text` has."""
    ours = tokens(text)
    return sum(min(count, ours[token]) for token, count in reference.items()) / max(
        1, sum(reference.values())
    )


def judge(score: Score, document: Document, text: str) -> None:
    """Add one file's text to its format's score."""
    flat = normal(text)
    score.snippets += len(document.must_contain)
    score.missing += [snippet for snippet in document.must_contain if normal(snippet) not in flat]
    if document.reference:
        score.recalls.append(recall(text, document.reference))


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))
    from benchmarks.uploads import main

    main(["corpus", *sys.argv[1:]])
