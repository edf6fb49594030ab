"""What the operations page shows."""

from dataclasses import dataclass

from django.db.models import QuerySet

from artifactsite.operations import overview
from jobs.models import Job, JobState

SHOWN = 50
TABS = (JobState.FAILED, JobState.RUNNING, JobState.QUEUED, JobState.CANCELLED, JobState.DONE)
WIDTH, HEIGHT, GAP = 8, 64, 2  # of a bar of the plot, in its own units


@dataclass(frozen=True)
class Bar:
    """A minute in the plot: what was done from the bottom up, what failed on top of it."""

    x: int
    done_y: float
    done_height: float
    failed_y: float
    failed_height: float
    minute: overview.Minute


@dataclass(frozen=True)
class Plot:
    bars: list[Bar]
    most: int
    done: int
    failed: int
    width: int = WIDTH * overview.MINUTES
    height: int = HEIGHT
    bar: int = WIDTH - GAP


@dataclass(frozen=True)
class OperationsPage:
    state: str
    jobs: list[Job]
    more: bool
    plot: Plot
    now: overview.Overview
    tabs: tuple[JobState, ...] = TABS


def operations_page(state: str) -> OperationsPage:
    state = state if state in JobState.values else JobState.FAILED
    rows = list(_in_order(Job.objects.filter(state=state), state)[: SHOWN + 1])
    now = overview.Overview()
    return OperationsPage(state, rows[:SHOWN], len(rows) > SHOWN, plot_of(now.last_hour), now)


def _in_order(jobs: QuerySet[Job], state: str) -> QuerySet[Job]:
    """What waits in the order in which it will be done, the rest newest first."""
    return (
        jobs.order_by("-priority", "created_at") if state == JobState.QUEUED else jobs.order_by("-created_at")
    )


def plot_of(minutes: list[overview.Minute]) -> Plot:
    most = max((minute.done + minute.failed for minute in minutes), default=0)
    scale = HEIGHT / max(1, most)
    bars = []
    for number, minute in enumerate(minutes):
        done, failed = round(minute.done * scale, 1), round(minute.failed * scale, 1)
        top = round(HEIGHT - done, 1)
        bars.append(Bar(number * WIDTH, top, done, round(top - failed, 1), failed, minute))
    return Plot(bars, most, sum(m.done for m in minutes), sum(m.failed for m in minutes))
