"""The site's figures for Prometheus: of the work from the database when they are asked for, a few rows and the same
whichever web process answers; of requests each process's own.
"""

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from artifactsite.lib.statements import spent
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


# --- requests ----------------------------------------------------------------------------------------

# Called as django-prometheus calls them, whose middleware keeps a dozen more for each request.
SECONDS = Histogram(
    "django_http_requests_latency_seconds_by_view_method", "From a request to its answer", ["view", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)  # fmt: skip
ANSWERS = Counter(
    "django_http_responses_total_by_status_view_method", "Answers", ["status", "view", "method"]
)
QUERIES = Counter("artifactsite_queries", "Statements of the database for a request", ["view", "method"])
QUERY_SECONDS = Counter("artifactsite_query_seconds", "How long requests waited for them", ["view", "method"])


@lru_cache(10_000)
def _of(metric: Any, *labels: str) -> Any:
    return metric.labels(*labels)


class RequestFigures:
    """How many requests there are, how they are answered and how soon, all middleware included, and what they asked
    the database. A body that streams is made later and is in none of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began, queries, waited = time.perf_counter(), spent.count, spent.seconds
        response = self.get_response(request)
        match, method = request.resolver_match, request.method or ""
        view = match.view_name if match else "<unnamed view>"
        _of(SECONDS, view, method).observe(time.perf_counter() - began)
        _of(ANSWERS, str(response.status_code), view, method).inc()
        if spent.count > queries:
            _of(QUERIES, view, method).inc(spent.count - queries)
            _of(QUERY_SECONDS, view, method).inc(spent.seconds - waited)
        return response
