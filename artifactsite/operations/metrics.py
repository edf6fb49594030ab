"""The site's own figures for Prometheus, beside those of django-prometheus.

Read from the database when they are asked for: a few rows, and the same whichever web process answers.
"""

from collections.abc import Iterator

from django.db import Error
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from artifactsite.operations import overview
from jobs import figures

# Figure → the metrics of its count and of its total, what they say, the names of its labels. Empty: not told.
COUNTED: tuple[tuple[str, str, str, str, list[str]], ...] = (
    ("job", "jobs", "job_seconds", "Jobs that ended, and how long they took", ["task", "outcome"]),
    ("extraction", "extractions", "extraction_seconds", "Extractions, and how long they took", ["format", "outcome"]),
    ("extraction_cpu", "", "extraction_cpu_seconds", "CPU time of extraction", ["format"]),
    ("turn", "turns", "turn_seconds", "Turns that ended, and how long they took", ["kind", "outcome"]),
    ("program", "programs", "program_seconds", "Programs in the sandbox, and how long they ran", ["outcome"]),
    ("program_cpu", "", "program_cpu_seconds", "CPU time of programs in the sandbox", []),
)  # fmt: skip


class SiteCollector(Collector):
    def describe(self) -> list[Metric]:
        """Nothing yet: at the start the database may not be there."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            yield from [*_now(), *_since_the_beginning()]
        except Error:
            # The rest of /metrics tells that the database is away; it must not go with it.
            return


def _now() -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "artifactsite_jobs_now", "Jobs that wait, retry or run", labels=["queue", "state"]
    )
    age = GaugeMetricFamily(
        "artifactsite_queue_age_seconds", "How long the oldest waiting job is due", labels=["queue"]
    )
    for queue in overview.queue_states():
        jobs.add_metric([queue.name, "waiting"], queue.waiting)
        jobs.add_metric([queue.name, "retrying"], queue.retrying)
        jobs.add_metric([queue.name, "running"], queue.running)
        age.add_metric([queue.name], queue.oldest_seconds)
    workers = GaugeMetricFamily("artifactsite_workers", "Worker processes", labels=["state"])
    states = [worker.state for worker in overview.worker_states()]
    for state in ("working", "draining", "gone"):
        workers.add_metric([state], states.count(state))
    stored = GaugeMetricFamily("artifactsite_storage_bytes", "Bytes that rows name", labels=["what"])
    for what, total in overview.storage().items():
        stored.add_metric([what], total)
    yield from (jobs, age, workers, stored)


def _since_the_beginning() -> Iterator[Metric]:
    for figure, counted, summed, words, names in COUNTED:
        rows = figures.of(figure)
        counts = CounterMetricFamily(f"artifactsite_{counted}", words, labels=names)
        totals = CounterMetricFamily(f"artifactsite_{summed}", words, labels=names)
        for labels, count, total in rows:
            counts.add_metric(labels if names else [], count)
            totals.add_metric(labels if names else [], total)
        yield from ([counts, totals] if counted else [totals])


def register() -> None:
    """Once in this process."""
    REGISTRY.register(SiteCollector())
