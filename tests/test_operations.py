"""Operations: the page and the API of the staff, what Prometheus is told, and the dashboard that draws it."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from auditlog.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from artifactsite.lib import statements
from artifactsite.operations import metrics, overview, services
from jobs import figures
from jobs import services as jobs
from jobs.models import Job, JobState, Worker
from playground.models import Turn
from playground.services import start_program
from tests.cast import Cast
from tests.uploads.received import received
from uploads.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

DASHBOARD = Path(__file__).resolve().parent.parent / "deploy" / "grafana-dashboard.json"


@pytest.fixture
def staff(cast: Cast) -> User:
    return User.objects.create_user("olga", "olga@example.org", is_staff=True)


@pytest.fixture
def page(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def failed(cast: Cast) -> Upload:
    """An upload whose job was given up."""
    upload = received(cast, "secret plans.txt", b"words")
    Upload.objects.filter(pk=upload.pk).update(status="failed", error_code="crashed")
    Job.objects.filter(target=upload.pk).update(
        state=JobState.FAILED, attempts=3, error="OSError: secret words", finished_at=timezone.now()
    )
    return upload


def test_the_staff_sees_queues_workers_and_what_failed_but_no_names(
    cast: Cast, staff: User, page: Client
) -> None:
    upload = failed(cast)
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="1")
    Job.objects.filter(target=turn.pk).update(available_at=timezone.now() - timedelta(seconds=90))
    Worker.objects.create(name="here:1", queues="turns", threads=3, running=2)
    Worker.objects.create(
        name="there:2", queues="turns", threads=3, seen_at=timezone.now() - timedelta(minutes=2)
    )
    figures.put("storage", "uploads", amount=2048)
    told = cast.api(staff).get("/api/operations").json()
    assert {row["name"]: (row["waiting"], row["running"]) for row in told["queues"]} == {
        "turns": (1, 0), "extraction": (0, 0),
    }  # fmt: skip
    assert next(row for row in told["queues"] if row["name"] == "turns")["oldest_seconds"] >= 90
    assert [(row["name"], row["state"]) for row in told["workers"]] == [
        ("here:1", "working"),
        ("there:2", "gone"),
    ]
    assert (told["failed_in_a_day"], told["storage"]) == (1, {"uploads": 2048})
    assert len(told["last_hour"]) == 60
    assert sum(minute["failed"] for minute in told["last_hour"]) == 1
    answer = page.get("/operations")
    shown = answer.content.decode()
    assert all(
        words in shown for words in ("here:1", "Gone", "2.0", "OSError", str(upload.pk)[:8], "Requeue")
    )
    listed = cast.api(staff).get("/api/operations/jobs?state=failed").json()["results"]
    assert [(row["target"], row["error"]) for row in listed] == [(str(upload.pk), "OSError")]
    for text in (shown, json.dumps(told), json.dumps(listed)):
        assert "secret" not in text


@pytest.mark.parametrize("state", JobState.values)
def test_the_page_costs_the_same_for_one_job_as_for_many(
    page: Client, state: str, django_assert_max_num_queries: Any
) -> None:
    running = {"lease": uuid.uuid4(), "leased_until": timezone.now()} if state == "running" else {}
    Job.objects.bulk_create(
        Job(task="uploads.extract", target=uuid.uuid4(), queue="extraction", state=state, **running)
        for _ in range(120)
    )
    with django_assert_max_num_queries(16):
        shown = page.get(f"/operations?state={state}").content.decode()
    assert "Only the first 50 are shown" in shown


def test_what_failed_is_queued_again_with_its_upload_and_the_audit_log_knows_by_whom(
    cast: Cast, staff: User, page: Client, do_jobs: Callable[[], int]
) -> None:
    upload = failed(cast)
    job = Job.objects.get(target=upload.pk)
    assert page.post(f"/operations/jobs/{job.pk}/requeue").status_code == 302
    upload.refresh_from_db()
    assert upload.status == "stored"
    entry = LogEntry.objects.get(object_pk=str(job.pk))
    assert (entry.actor, entry.changes) == (staff, {"state": ["failed", "queued"]})
    again = cast.api(staff).post(f"/api/operations/jobs/{job.pk}/requeue")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_do")
    assert do_jobs() == 1
    upload.refresh_from_db()
    assert upload.status == "ready"


def test_a_waiting_upload_is_cancelled_and_says_so(
    cast: Cast, staff: User, do_jobs: Callable[[], int]
) -> None:
    upload = received(cast)
    job = Job.objects.get(target=upload.pk)
    answer = cast.api(staff).post(f"/api/operations/jobs/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    upload.refresh_from_db()
    assert (upload.status, upload.error_code) == ("failed", "cancelled")
    assert do_jobs() == 0
    assert LogEntry.objects.get(object_pk=str(job.pk)).actor == staff
    answer = cast.api(staff).post(f"/api/operations/jobs/{job.pk}/requeue")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")


def test_who_works_on_a_cancelled_job_writes_nothing_more(cast: Cast, staff: User) -> None:
    upload = received(cast)
    job = jobs.claim(Job.objects.get(target=upload.pk).pk)
    assert job
    services.cancel(by=staff, job=job)
    assert jobs._held(job).count() == 0
    upload.refresh_from_db()
    assert upload.status == "failed"


def test_a_turn_is_cancelled_and_run_again(cast: Cast, staff: User) -> None:
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="1")
    job = Job.objects.get(target=turn.pk)
    services.cancel(by=staff, job=job)
    assert Turn.objects.get(pk=turn.pk).status == "cancelled"
    with pytest.raises(Exception, match="waits or runs"):
        services.cancel(by=staff, job=job)
    services.requeue(by=staff, job=job)
    assert Turn.objects.get(pk=turn.pk).status == "queued"
    assert Job.objects.filter(target=turn.pk, state=JobState.QUEUED).count() == 1


def test_storage_is_added_up(cast: Cast) -> None:
    received(cast, "a.txt", b"12345")
    cast.artifact()
    services.measure_storage()
    stored = overview.storage()
    assert stored["uploads"] == 5
    assert stored["artifacts"] > 0


# --- Prometheus ------------------------------------------------------------------------------------


def scraped() -> str:
    return Client().get("/metrics").content.decode()


def do_some_work(cast: Cast, do_jobs: Callable[[], int], commit: Any) -> None:
    with commit(execute=True):
        received(cast, "a.txt", b"words")
        received(cast, "b.pdf", b"%PDF-1.4 nothing else")
        start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")
        do_jobs()


def test_prometheus_is_told_what_the_site_did(
    cast: Cast, do_jobs: Callable[[], int], django_capture_on_commit_callbacks: Any
) -> None:
    do_some_work(cast, do_jobs, django_capture_on_commit_callbacks)
    told = scraped()
    for line in (
        'artifactsite_extractions_total{format="txt",outcome="ready"} 1.0',
        'artifactsite_jobs_total{outcome="done",task="uploads.extract"} 2.0',
        'artifactsite_jobs_now{queue="turns",state="waiting"} 0.0',
        'artifactsite_queue_age_seconds{queue="extraction"} 0.0',
    ):
        assert line in told
    assert re.search(r'artifactsite_extractions_total{format="pdf",outcome="(corrupt|crashed)"} 1.0', told)
    assert re.search(r'artifactsite_turns_total{kind="program",outcome="\w+"} 1.0', told)
    assert re.search(r'artifactsite_extraction_seconds_total{format="txt",outcome="ready"} 0\.\d+', told)


def test_prometheus_is_told_what_requests_asked_the_database(cast: Cast) -> None:
    def asked(figure: str) -> float:
        # Of all its views: which of them comes first depends on what this process was asked before.
        line = rf'artifactsite_{figure}_total{{method="GET",view="projects[^"]*"}} (\S+)'
        return sum(map(float, re.findall(line, scraped())))

    connection.ensure_connection()
    client, before, seconds = cast.api("alice"), asked("queries"), asked("query_seconds")
    with CaptureQueriesContext(connection) as context:
        client.get("/api/projects")
    count = len(context)
    assert asked("queries") - before == count > 0
    assert 0 < asked("query_seconds") - seconds < 60


def test_a_scrape_is_a_few_small_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(10):
        list(metrics.SiteCollector().collect())


def test_the_dashboard_names_only_metrics_and_labels_that_there_are(
    cast: Cast, do_jobs: Callable[[], int], django_capture_on_commit_callbacks: Any
) -> None:
    do_some_work(cast, do_jobs, django_capture_on_commit_callbacks)
    services.measure_storage()
    cast.api("alice").get("/api/projects")
    there: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(\w+)(?:{(.*)})? ", scraped(), re.MULTILINE):
        there.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for text in expressions for name in re.findall(r"\b(?:artifactsite|django)_\w+", text)}
    assert len(named) > 12
    assert named <= there.keys()
    for text in expressions:
        of_all = [there[name] for name in re.findall(r"\b(?:artifactsite|django)_\w+", text)]
        asked = {label for by in re.findall(r"by \(([^)]*)\)", text) for label in by.split(", ")}
        asked |= set(re.findall(r'(\w+)!?="', text))
        assert asked <= set.union(*of_all), text


# --- logs --------------------------------------------------------------------------------------------


def test_the_id_of_a_request_reaches_the_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = cast.api("alice")
    answer = client.post(f"/api/conversations/{cast.conversation.pk}/programs", {"code": "1"})
    job = Job.objects.get(target=answer.json()["id"])
    assert uuid.UUID(job.request)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        "playground.services.run_turn", lambda _: seen.update(structlog.contextvars.get_contextvars())
    )
    jobs.execute(job.pk)
    assert (seen["request_id"], seen["job"]) == (job.request, str(job.pk))
    assert "job" not in structlog.contextvars.get_contextvars()


def test_a_slow_statement_is_logged_without_its_values(settings: Any) -> None:
    settings.SLOW_QUERY_MS = 1
    with structlog.testing.capture_logs() as logs, connection.execute_wrapper(statements._timed):
        User.objects.filter(username="nobody knows").exists()
        assert not logs or logs[0]["milliseconds"] >= 1
        settings.SLOW_QUERY_MS = 0.000001
        User.objects.filter(username="nobody knows").exists()
        assert len(logs) >= 1
        settings.SLOW_QUERY_MS, told = 0, len(logs)
        User.objects.filter(username="nobody knows").exists()
    assert len(logs) == told, "0: none"
    assert "accounts_user" in logs[-1]["sql"]
    assert "nobody knows" not in str(logs)
