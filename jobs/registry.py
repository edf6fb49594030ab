"""Which tasks exist, where they queue, and what to do when one is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from jobs.models import Queue

Work = Callable[[UUID], None]
GaveUp = Callable[[UUID, str], None]


@dataclass(frozen=True)
class Task:
    """A registered task. `gave_up(target, reason)` puts the domain row in its failed state."""

    name: str
    queue: str
    work: Work
    gave_up: GaveUp


_tasks: dict[str, Task] = {}
_at_start: list[Callable[[], object]] = []


def task(name: str, *, queue: Queue, gave_up: GaveUp) -> Callable[[Work], Work]:
    """Registers a function as a piece of work on a row's id. It must be idempotent: after a kill it runs again."""

    def register(work: Work) -> Work:
        _tasks[name] = Task(name, queue, work, gave_up)
        return work

    return register


def get(name: str) -> Task | None:
    return _tasks.get(name)


def at_worker_start(do: Callable[[], object]) -> Callable[[], object]:
    """Registers what a worker does once before its first job: clearing up after one that was killed."""
    _at_start.append(do)
    return do


def worker_started() -> None:
    for do in _at_start:
        do()
