"""Real documents that no one here wrote: everything ends, and the text is in it."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from pathlib import Path

import pytest

from tests import corpus
from uploads.extraction import Extracted, ExtractionError, ExtractionLimits, ExtractionPool, sniff

pytestmark = pytest.mark.skipif(not corpus.CORPUS.is_dir(), reason=corpus.ABSENT)

FORMATS = ["csv", "docx", "htm", "html", "json", "pdf", "ppt", "pptx", "rtf", "txt", "xls", "xlsx"]
PICTURES = ["bmp", "gif", "jpeg", "jpg", "png"]
CODES = {"password_protected", "corrupt", "empty", "unsupported"}
MAX_BYTES = 512 * 1024 * 1024
FINAL_SECONDS = 60


def read(pool: ExtractionPool, path: Path, name: str = "") -> Extracted | ExtractionError:
    """The outcome of one file, either way."""
    with path.open("rb") as file:
        media_type = sniff(file, name or path.name)
    try:
        return pool.extract(path, filename=name or path.name, media_type=media_type)
    except ExtractionError as error:
        return error


@functools.cache
def score(pool: ExtractionPool, extension: str) -> corpus.Score:
    """What one format reaches; every file must end in a text or an expected error."""
    result = corpus.Score()
    for document in corpus.documents(extension):
        outcome = read(pool, document.path)
        if isinstance(outcome, ExtractionError):
            assert outcome.code in CODES, (document.path.name, str(outcome))
            assert outcome.code == "password_protected" or not document.is_locked
            if not document.is_locked:
                corpus.judge(result, document, "")
        else:
            assert "\x00" not in outcome.text
            outcome.text.encode("utf-8")
            corpus.judge(result, document, outcome.text)
            result.cpu_seconds.append(outcome.cpu_seconds)
    return result


@pytest.mark.parametrize("extension", FORMATS)
def test_recall(shared_pool: ExtractionPool, extension: str) -> None:
    reached = score(shared_pool, extension)
    assert reached.recall >= 0.85, reached.recalls
    assert reached.snippet_share >= 0.9, reached.missing


@pytest.mark.slow
@pytest.mark.parametrize("extension", PICTURES)
def test_recall_of_pictures(shared_pool: ExtractionPool, extension: str) -> None:
    assert score(shared_pool, extension).recall >= 0.85


@pytest.mark.slow
def test_macro_recall(shared_pool: ExtractionPool) -> None:
    reached = {
        extension: score(shared_pool, extension) for extension in FORMATS + PICTURES if extension != "json"
    }
    rated = [result.recall for result in reached.values() if result.recalls]
    assert sum(rated) / len(rated) >= 0.95


@pytest.mark.parametrize("extension", ["docx", "pptx", "xlsx"])
def test_files_cut_in_half_give_what_is_left(pool: ExtractionPool, tmp_path: Path, extension: str) -> None:
    saved = warned = 0
    found = corpus.documents(extension)
    for document in found:
        content = document.path.read_bytes()
        path = tmp_path / document.path.name
        path.write_bytes(content[: len(content) // 2])
        outcome = read(pool, path)
        if isinstance(outcome, Extracted):
            saved += bool(outcome.text.strip())
            warned += bool(outcome.warnings)
        else:
            assert outcome.code in CODES
    # The others have nothing but styles and lists in their first half.
    assert saved >= 0.6 * len(found)
    assert warned >= saved


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_every_file_cut_short_ends(pool: ExtractionPool, tmp_path: Path, share: float) -> None:
    codes: dict[str, int] = defaultdict(int)
    for document in corpus.documents(*FORMATS):
        content = document.path.read_bytes()
        path = tmp_path / "cut"
        path.write_bytes(content[: int(len(content) * share)])
        started = time.monotonic()
        outcome = read(pool, path, document.path.name)
        assert time.monotonic() - started < FINAL_SECONDS
        assert outcome.peak_bytes < MAX_BYTES
        codes[outcome.code if isinstance(outcome, ExtractionError) else "ready"] += 1
    assert codes["ready"] > 0
    assert set(codes) <= CODES | {"ready"}, codes


def hostile_files(*folders: str) -> list[Path]:
    return sorted(
        path for folder in folders for path in (corpus.HOSTILE / folder).rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    "folder", ["office", "xml", "generated/docx", "generated/pptx", "generated/xlsx", "generated/png"]
)
def test_hostile_files_end(pool: ExtractionPool, folder: str) -> None:
    for path in hostile_files(folder):
        started = time.monotonic()
        read(pool, path)
        assert time.monotonic() - started < FINAL_SECONDS, path.name


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["json", "generated/json", "generated/pdf", "generated/rtf"])
def test_more_hostile_files_end(pool: ExtractionPool, folder: str) -> None:
    for path in hostile_files(folder):
        started = time.monotonic()
        read(pool, path)
        assert time.monotonic() - started < FINAL_SECONDS, path.name


@pytest.mark.slow
def test_random_damage_ends(pool: ExtractionPool, tmp_path: Path) -> None:
    import random

    chance = random.Random(1)
    for document in corpus.documents("pdf", "docx", "ppt", "pptx", "xls", "xlsx", "rtf"):
        broken = bytearray(document.path.read_bytes())
        for _ in range(max(4, len(broken) // 2000)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path = tmp_path / "broken"
        path.write_bytes(broken)
        started = time.monotonic()
        read(pool, path, document.path.name)
        assert time.monotonic() - started < FINAL_SECONDS, document.path.name


def test_limits_are_kept_on_real_documents(shared_pool: ExtractionPool) -> None:
    limits = ExtractionLimits(max_characters=500)
    for document in corpus.documents("docx", "xlsx", "html"):
        with document.path.open("rb") as file:
            media_type = sniff(file, document.path.name)
        try:
            extracted = shared_pool.extract(document.path, filename="x", media_type=media_type, limits=limits)
        except ExtractionError:
            continue
        assert len(extracted.text) <= 500
