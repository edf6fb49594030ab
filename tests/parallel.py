"""Threads in tests: a database that bears them, and work begun by all at once."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import pytest
from django.db import connection, connections

T = TypeVar("T")


@pytest.fixture
def shared_database(transactional_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A database for several threads: on SQLite a file, as in production, in place of the tests' one in memory.

    Always the same path, made anew: a server's threads live longer than a test and remember it. They may not remember
    more: a connection that is kept, as in production, would go on with the file of the test before.
    """
    memory = connections["default"]
    if memory.vendor != "sqlite" or not memory.is_in_memory_db():
        yield
        return
    path = tmp_path_factory.getbasetemp() / "site.sqlite3"
    for old in path.parent.glob("site.sqlite3*"):
        old.unlink()
    memory.ensure_connection()
    with closing(sqlite3.connect(path)) as file:
        memory.connection.backup(file)
    facts = connections.settings["default"]
    connections.settings["default"] = {**facts, "NAME": str(path), "CONN_MAX_AGE": 0}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = facts
        connections["default"] = memory


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Does `work(0)` to `work(count - 1)` in a thread each, all begun at once; returns what they returned."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> T:
        try:
            barrier.wait(30)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))
