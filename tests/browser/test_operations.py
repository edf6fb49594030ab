"""The operations page: it keeps itself up to date, and its buttons do what they say."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from jobs import figures
from jobs.models import Job, Worker
from tests.browser.axe import violations
from tests.cast import Cast
from tests.uploads.received import received
from uploads.models import Upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(page_as: Callable[..., Page], cast: Cast) -> Page:
    cast.bob.is_staff = True
    cast.bob.save()
    page = page_as("bob")
    page.goto("/operations")
    return page


def fill(cast: Cast) -> Upload:
    """An hour of work, workers, and an upload that failed."""
    now = timezone.now()
    Job.objects.bulk_create(
        Job(
            task="uploads.extract",
            target=uuid.uuid4(),
            queue="extraction",
            state="failed" if number % 17 == 0 else "done",
            error="TimeoutError: what it said" if number % 17 == 0 else "",
            finished_at=now - timedelta(seconds=11 * number * (1 + number % 3)),
        )
        for number in range(150)
    )
    Worker.objects.create(name="worker-1:17", queues="extraction", threads=4, running=4)
    Worker.objects.create(name="worker-2:17", queues="turns", threads=4, seen_at=now - timedelta(minutes=3))
    figures.put("storage", "uploads", amount=3.2e9)
    figures.put("storage", "artifacts", amount=4.1e8)
    figures.add("extraction", "pdf", "ready", amount=0.4)
    return received(cast, "notes.txt", b"words")


def test_what_failed_is_read_again_at_a_press(page: Page, cast: Cast) -> None:
    upload = fill(cast)
    job = Job.objects.get(target=upload.pk)
    for_good = {"state": "failed", "lease": None, "leased_until": None, "finished_at": timezone.now()}
    expect(page.get_by_text("worker-1:17")).to_be_visible(timeout=15_000)  # it asks for itself
    Job.objects.filter(pk=job.pk).update(**for_good, created_at=timezone.now() + timedelta(seconds=5))
    Upload.objects.filter(pk=upload.pk).update(status="failed", error_code="crashed")
    page.reload()
    assert violations(page) == []
    page.locator(f"#requeue-{job.pk}").click()
    expect(page.get_by_text("It is queued again.")).to_be_visible()
    page.locator(f"#requeue-{job.pk}").click()
    expect(page.get_by_text("tried again meanwhile")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("button", name="Requeue")).to_have_count(0)


def test_what_waits_is_cancelled_after_a_question(page: Page, cast: Cast) -> None:
    waits = Job.objects.create(
        task="uploads.extract",
        target=uuid.uuid4(),
        queue="extraction",
        available_at=timezone.now() + timedelta(hours=1),
    )
    page.get_by_role("link", name="Queued").click()
    page.locator(f"#cancel-{waits.pk}").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_text("It is cancelled.")).to_be_visible()
    waits.refresh_from_db()
    assert waits.state == "cancelled"


def test_the_menu_leads_the_staff_there_and_nobody_else(page_as: Callable[..., Page], cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_staff=True)
    for name, links in (("bob", 1), ("adam", 0)):
        page = page_as(name)
        page.goto("/artifacts")
        expect(page.locator("a[href='/operations']")).to_have_count(links)
