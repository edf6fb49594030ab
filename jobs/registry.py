"""Which tasks exist, where they queue, and what to do when one is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from jobs.models import Queue

Work = Callable[[UUID], None]
GaveUp = Callable[[UUID, str], None]


@dataclass(frozen=True)
class Task:
    """A registered task, and what its domain does when things go otherwise.

    `gave_up(target, reason)` puts the domain row in its failed state, `cancelled(target)` in its cancelled one;
    `again(target)` puts a row that failed back to waiting and enqueues it, and is False where there is nothing to do.
    Work without a state of its own needs neither of the two. After `seconds` nobody believes any more that the work
    will end, and its lease is let go.
    """

    name: str
    queue: str
    work: Work
    gave_up: GaveUp
    cancelled: Callable[[UUID], object] | None
    again: Callable[[UUID], bool] | None
    seconds: float


_tasks: dict[str, Task] = {}
_at_start: list[Callable[[], object]] = []


def task(
    name: str,
    *,
    queue: Queue,
    gave_up: GaveUp,
    cancelled: Callable[[UUID], object] | None = None,
    again: Callable[[UUID], bool] | None = None,
    seconds: float = 15 * 60,
) -> Callable[[Work], Work]:
    """Registers a function as a piece of work on a row's id. It must be idempotent: after a kill it runs again."""

    def register(work: Work) -> Work:
        _tasks[name] = Task(name, queue, work, gave_up, cancelled, again, seconds)
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
