"""The table of work: enqueue, claim by lease, heartbeat, back-off, reap."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection, transaction
from django.utils import timezone

from artifactsite.lib.errors import Conflict
from jobs import registry, services
from jobs.heartbeat import heartbeat
from jobs.management.commands import worker
from jobs.models import Job, JobState, Priority, Queue, Worker
from jobs.presence import Presence
from tests.parallel import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
in_parallel = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

TASK = "tests.work"


class Work:
    """A registered task whose work a test chooses, and what came of it."""

    def __init__(self) -> None:
        self.done: list[uuid.UUID] = []
        self.given_up: list[tuple[uuid.UUID, str]] = []
        self.cancelled: list[uuid.UUID] = []
        self.act: Callable[[uuid.UUID], None] = lambda _: None

    def __call__(self, target: uuid.UUID) -> None:
        self.act(target)
        self.done.append(target)

    def again(self, target: uuid.UUID) -> bool:
        services.enqueue(TASK, target)
        return True


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    registry.task(
        TASK,
        queue=Queue.TURNS,
        gave_up=lambda *facts: work.given_up.append(facts),
        cancelled=work.cancelled.append,
        again=work.again,
        seconds=60,
    )(work)
    yield work
    registry._tasks.pop(TASK)


def queued(*, priority: int = 0, target: uuid.UUID | None = None) -> Job:
    target = target or uuid.uuid4()
    services.enqueue(TASK, target, priority=priority)
    return Job.objects.get(task=TASK, target=target, state=JobState.QUEUED)


def fail(_: uuid.UUID) -> None:
    raise OSError("disk on fire")


def make_due(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(available_at=timezone.now())


def lose_lease(job: Job) -> None:
    """As after a kill: nobody beats any more."""
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_work_is_done_once(work: Work) -> None:
    job = queued()
    assert services.execute(job.pk) is True
    assert services.execute(job.pk) is False
    assert work.done == [job.target]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease, job.leased_until) == (JobState.DONE, 1, None, None)
    assert job.finished_at


def test_a_task_that_nobody_registered_cannot_be_queued() -> None:
    with pytest.raises(LookupError):
        services.enqueue("tests.unknown", uuid.uuid4())
    assert not Job.objects.exists()


def test_a_job_is_unique_while_it_waits_and_no_longer(work: Work) -> None:
    job = queued()
    services.enqueue(TASK, job.target)
    assert Job.objects.count() == 1
    claimed = services.claim(job.pk)
    assert claimed
    services.enqueue(TASK, job.target)
    assert Job.objects.filter(target=job.target).count() == 2


def test_a_job_is_only_there_if_its_transaction_commits(work: Work) -> None:
    with transaction.atomic():
        services.enqueue(TASK, uuid.uuid4())
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_the_most_urgent_is_done_first_then_the_oldest(work: Work) -> None:
    jobs = [queued(priority=priority) for priority in (0, 5, 0, 9)]
    assert services.waiting([Queue.TURNS], 10) == [jobs[3], jobs[1], jobs[0], jobs[2]]
    assert services.waiting([Queue.EXTRACTION], 10) == []


def test_a_failure_waits_longer_each_time_and_is_given_up_at_the_third(work: Work) -> None:
    work.act = fail
    job = queued()
    pauses = []
    for _ in range(2):
        assert services.execute(job.pk)
        job.refresh_from_db()
        assert (job.state, job.lease) == (JobState.QUEUED, None)
        assert "disk on fire" in job.error
        assert services.execute(job.pk) is False, "it is not due yet"
        assert services.waiting([Queue.TURNS], 10) == []
        pauses.append(job.available_at - job.started_at)
        make_due(job)
    assert timedelta(seconds=1) <= pauses[0] < pauses[1]
    assert not work.given_up
    assert services.execute(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert job.finished_at
    assert work.given_up == [(job.target, job.error)]
    make_due(job)
    assert services.execute(job.pk) is False


def test_the_next_attempt_may_succeed(work: Work) -> None:
    work.act = fail
    job = queued()
    services.execute(job.pk)
    work.act = lambda _: None
    make_due(job)
    assert services.execute(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (JobState.DONE, 2, "")
    assert not work.given_up


def test_a_lost_lease_is_reaped_and_the_third_loss_gives_up(work: Work) -> None:
    job = queued()
    for attempt in (1, 2, 3):
        make_due(job)
        assert services.claim(job.pk)
        assert services.reap() == 0, "it is held"
        lose_lease(job)
        assert services.reap() == 1
        job.refresh_from_db()
        assert job.attempts == attempt
        assert job.state == (JobState.QUEUED if attempt < 3 else JobState.FAILED)
    assert [target for target, _ in work.given_up] == [job.target]
    assert services.reap() == 0


def test_who_lost_the_lease_writes_nothing_about_the_job(work: Work) -> None:
    job = queued()

    def lose(_: uuid.UUID) -> None:
        lose_lease(job)
        services.reap()
        make_due(job)
        assert services.claim(job.pk), "another worker has it now"

    work.act = lose
    assert services.execute(job.pk)
    after = Job.objects.get(pk=job.pk)
    assert (after.state, after.attempts, after.finished_at) == (JobState.RUNNING, 2, None)
    assert after.lease


def test_who_lost_the_lease_and_fails_writes_nothing_either(work: Work) -> None:
    job = queued()

    def lose_and_fail(target: uuid.UUID) -> None:
        lose_lease(job)
        services.reap()
        make_due(job)
        services.claim(job.pk)
        fail(target)

    work.act = lose_and_fail
    services.execute(job.pk)
    after = Job.objects.get(pk=job.pk)
    assert (after.state, after.error) == (JobState.RUNNING, "")
    assert not work.given_up


def test_a_failed_job_leaves_its_work_to_the_one_that_waits(work: Work) -> None:
    job = queued()

    def fail_after_another_was_queued(target: uuid.UUID) -> None:
        services.enqueue(TASK, target)
        fail(target)

    work.act = fail_after_another_was_queued
    services.execute(job.pk)
    work.act = lambda _: None
    states = set(Job.objects.filter(target=job.target).values_list("state", flat=True))
    assert states == {JobState.FAILED, JobState.QUEUED}
    assert not work.given_up
    other = Job.objects.get(target=job.target, state=JobState.QUEUED)
    assert services.execute(other.pk)
    assert work.done == [job.target]


def test_finished_work_is_forgotten_after_two_weeks(work: Work) -> None:
    old, new, waits = queued(), queued(), queued()
    services.execute(old.pk)
    services.execute(new.pk)
    Job.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=15))
    assert services.forget_finished() == 1
    assert set(Job.objects.all()) == {new, waits}


class TestInParallel:
    pytestmark = in_parallel

    def test_one_of_many_claims_succeeds(self, work: Work) -> None:
        jobs = [queued() for _ in range(5)]
        claims = at_once(10, lambda _: [services.claim(job.pk) for job in jobs])
        for index, job in enumerate(jobs):
            assert sum(claim[index] is not None for claim in claims) == 1
            job.refresh_from_db()
            assert (job.state, job.attempts) == (JobState.RUNNING, 1)

    def test_work_that_all_hear_of_is_done_by_one(self, work: Work) -> None:
        job = queued()
        assert sum(at_once(8, lambda _: services.execute(job.pk))) == 1
        assert work.done == [job.target]

    def test_many_who_enqueue_the_same_queue_it_once(self, work: Work) -> None:
        target = uuid.uuid4()
        at_once(10, lambda _: services.enqueue(TASK, target))
        assert Job.objects.count() == 1

    def test_many_reapers_take_a_lost_job_back_once(self, work: Work) -> None:
        job = queued()
        services.claim(job.pk)
        lose_lease(job)
        at_once(8, lambda _: services.reap())
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.QUEUED, 1)

    def test_a_heartbeat_keeps_the_lease_of_long_work(self, work: Work, settings) -> None:
        settings.JOB_HEARTBEAT = timedelta(seconds=0.05)
        job = queued()
        first: list[object] = []

        def watch(_: uuid.UUID) -> None:
            first.append(Job.objects.get(pk=job.pk).leased_until)
            until = timezone.now() + timedelta(seconds=10)
            while Job.objects.get(pk=job.pk).leased_until == first[0]:
                assert timezone.now() < until, "no heartbeat came"

        work.act = watch
        assert services.execute(job.pk)
        assert Job.objects.get(pk=job.pk).state == JobState.DONE

    def test_one_thread_keeps_the_leases_of_all_that_is_in_hand_and_lets_go_of_what_never_ends(
        self, work: Work, settings
    ) -> None:
        settings.JOB_HEARTBEAT = timedelta(seconds=0.05)
        endless, *others = [services.claim(queued().pk) for _ in range(3)]
        with ExitStack() as held:
            assert endless
            held.enter_context(heartbeat.keeps(endless, seconds=0))
            for job in others:
                assert job
                held.enter_context(heartbeat.keeps(job, seconds=60))
            assert sum(thread.name == "heartbeat" for thread in threading.enumerate()) == 1
            until = timezone.now() + timedelta(seconds=10)
            while any(Job.objects.get(pk=job.pk).leased_until == job.leased_until for job in others if job):
                assert timezone.now() < until, "no heartbeat came"
            assert Job.objects.get(pk=endless.pk).leased_until == endless.leased_until


# --- stopping, cancelling, ringing ---------------------------------------------------------------------


@pytest.fixture
def _takes_work_again() -> Iterator[None]:
    yield
    services.holding.draining = False


@pytest.mark.usefixtures("_takes_work_again")
def test_a_worker_that_stops_hands_back_what_it_has_and_takes_no_more(work: Work) -> None:
    job, other = queued(), queued()
    handed_back = []
    work.act = lambda _: handed_back.append(services.drain(0))
    assert services.execute(job.pk)
    assert handed_back == [1]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease) == (JobState.QUEUED, 0, None)
    assert services.execute(other.pk) is False
    services.holding.draining = False
    work.act = lambda _: None
    assert services.execute(job.pk)
    assert work.done[-1] == job.target


@pytest.mark.usefixtures("_takes_work_again")
def test_what_is_done_in_time_is_not_handed_back(work: Work) -> None:
    job = queued()
    services.execute(job.pk)
    assert services.drain(0) == 0
    job.refresh_from_db()
    assert job.state == JobState.DONE


@pytest.mark.usefixtures("_takes_work_again")
def test_work_that_waits_again_already_is_not_handed_back_twice(work: Work) -> None:
    job = queued()

    def stop(target: uuid.UUID) -> None:
        services.enqueue(TASK, target)
        services.drain(0)

    work.act = stop
    services.execute(job.pk)
    states = sorted(Job.objects.filter(target=job.target).values_list("state", flat=True))
    assert states == [JobState.CANCELLED, JobState.QUEUED]


def test_a_heartbeat_that_comes_late_but_before_the_reaper_keeps_the_job(work: Work) -> None:
    job = services.claim(queued().pk)
    assert job
    # The reaper saw the lease run out; then the heartbeat came, before the reaper had the row.
    assert services._finish_badly(job, "lost", lapsed=True) is False
    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    lose_lease(job)
    assert services._finish_badly(job, "lost", lapsed=True) is True


def test_cancelled_work_is_not_done_and_can_be_queued_again(work: Work) -> None:
    job = queued()
    services.cancel(job)
    assert services.execute(job.pk) is False
    assert work.cancelled == [job.target]
    with pytest.raises(Conflict):
        services.cancel(job)
    services.requeue(job)
    assert services.execute_next(Queue.TURNS) is True
    assert work.done == [job.target]
    with pytest.raises(Conflict):
        services.requeue(Job.objects.get(state=JobState.DONE))


def test_who_is_rung_does_the_most_urgent_whatever_it_was_rung_for(work: Work) -> None:
    bulk, urgent = queued(priority=Priority.BULK), queued(priority=Priority.INTERACTIVE)
    assert services.execute_next(Queue.EXTRACTION) is False
    assert services.execute_next(Queue.TURNS) is True
    assert work.done == [urgent.target]
    assert services.execute_next(Queue.TURNS) is True
    assert work.done == [urgent.target, bulk.target]
    assert services.execute_next(Queue.TURNS) is False


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs REDIS_URL")
def test_the_sweep_rings_for_what_waits_unrung_and_no_more(work: Work, settings) -> None:
    with current_app.connection_for_write() as broker:
        # Other tests of this worker may have rung, and answered none.
        broker.default_channel.queue_purge(Queue.TURNS) if services._rung(Queue.TURNS) else None
        for _ in range(3):
            queued()
        assert services._rung(Queue.TURNS) == 0, "on_commit does not ring inside a test's transaction"
        for _ in range(2):
            services.sweep()
            assert services._rung(Queue.TURNS) == 3
        broker.default_channel.queue_purge(Queue.TURNS)


def test_a_worker_says_that_it_is_there_and_takes_its_row_along(work: Work) -> None:
    presence = Presence([Queue.TURNS], 3)
    presence.say()
    (row,) = Worker.objects.all()
    assert (row.queues, row.threads, row.running, row.draining) == ("turns", 3, 0, False)
    Worker.objects.update(seen_at=timezone.now() - timedelta(days=2))
    services.forget_finished()
    assert not Worker.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shared_database")
def test_an_idle_worker_looks_as_soon_as_somebody_writes() -> None:
    command = worker.Command()
    command.stopping = threading.Event()
    seen = worker._writes()
    if connection.vendor != "sqlite":
        assert seen is None
        return
    assert worker._writes() == seen
    at_once(1, lambda _: Worker.objects.create(name="somebody", threads=1))
    too_late = threading.Timer(20, command.stopping.set)
    too_late.start()
    command._pause(600, seen)
    too_late.cancel()
    assert not command.stopping.is_set()
