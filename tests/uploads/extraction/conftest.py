"""Shared by the tests of extraction: one pool for all of them, and a marker for the long ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from uploads.extraction import Extracted, ExtractionLimits, ExtractionPool, sniff

Read = Callable[..., Extracted]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes many seconds; left out by -m 'not slow'")


@pytest.fixture(scope="session")
def shared_pool() -> Iterator[ExtractionPool]:
    """The pool that harmless documents share."""
    pool = ExtractionPool(2)
    yield pool
    pool.close()


@pytest.fixture
def pool() -> Iterator[ExtractionPool]:
    """A pool of the test's own, to be mistreated."""
    pool = ExtractionPool(2)
    yield pool
    pool.close()


@pytest.fixture
def read(shared_pool: ExtractionPool, tmp_path: Path) -> Read:
    """Bytes and a name → what the pool makes of them, sniffed like an upload."""

    def read(content: bytes, filename: str, limits: ExtractionLimits | None = None) -> Extracted:
        path = tmp_path / "document"
        path.write_bytes(content)
        return shared_pool.extract(
            path, filename=filename, media_type=sniff(content, filename), limits=limits
        )

    return read
