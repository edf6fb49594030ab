"""Attaching by way of a real bucket: the page sends there, and where that can't be, to the site as ever."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_attaching import SENDING, choose
from tests.cast import Cast
from tests.servers import content_in, s3
from uploads.models import DirectUpload, Upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3() as facts:
        yield facts


@pytest.fixture
def page(
    server: dict[str, str], site_url: str, page_as: Callable[..., Page], cast: Cast, settings: Any
) -> Page:
    where = server["S3_ENDPOINT_URL"]
    settings.STORAGES = {**settings.STORAGES, "default": content_in(server)}
    settings.DIRECT_UPLOADS = True
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**policy, "connect-src": [*policy["connect-src"], where]}
    }
    client = boto3.client(
        "s3",
        endpoint_url=where,
        region_name="us-east-1",
        aws_access_key_id=server["S3_ACCESS_KEY"],
        aws_secret_access_key=server["S3_SECRET_KEY"],
    )
    rule = {"AllowedOrigins": [site_url], "AllowedMethods": ["POST"], "AllowedHeaders": ["*"]}
    client.put_bucket_cors(Bucket=server["S3_BUCKET"], CORSConfiguration={"CORSRules": [rule]})
    opened = page_as("alice")
    opened.goto(f"/conversations/{cast.conversation.pk}")
    expect(opened.get_by_role("combobox", name="Mention an artifact")).to_be_visible()
    return opened


def posts(page: Page) -> list[str]:
    """The addresses that the page posts files to, as it does."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if request.method == "POST" else None)
    return seen


def test_the_page_sends_to_the_bucket(page: Page, server: dict[str, str]) -> None:
    seen = posts(page)
    choose(page, "notes.txt")
    expect(page.locator(".upload-name")).to_have_text(["notes.txt"])
    expect(page.locator(".upload[data-status=ready]")).to_have_count(1, timeout=30_000)
    assert any(url.startswith(server["S3_ENDPOINT_URL"]) for url in seen)
    assert not any(SENDING.search(url) for url in seen)
    choose(page, "picture.png", content=b"MZ" + bytes(2000))
    refused = page.locator("#uploading li")
    expect(refused.get_by_role("alert")).to_contain_text("not what .png says")
    assert Upload.objects.count() == 1
    assert not any(SENDING.search(url) for url in seen)


def test_where_the_bucket_cannot_be_reached_the_site_gets_the_file(
    page: Page, server: dict[str, str]
) -> None:
    page.route(re.compile(re.escape(server["S3_ENDPOINT_URL"])), lambda route: route.abort())
    seen = posts(page)
    choose(page, "notes.txt")
    expect(page.locator(".upload-name")).to_have_text(["notes.txt"])
    assert any(SENDING.search(url) for url in seen)
    assert Upload.objects.count() == 1


def test_a_file_on_its_way_to_the_bucket_can_be_cancelled_and_a_lost_answer_asked_for_again(
    page: Page, server: dict[str, str]
) -> None:
    held: list[Route] = []
    to_bucket = re.compile(re.escape(server["S3_ENDPOINT_URL"]))
    page.route(to_bucket, lambda route: held.append(route))
    seen = posts(page)
    choose(page, "slow.txt")
    row = page.locator("#uploading li")
    expect(page.get_by_role("progressbar", name="Uploading slow.txt")).to_be_visible()
    expect(row).to_have_count(1)
    while not held:
        page.wait_for_timeout(20)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    page.unroute(to_bucket)
    completing = re.compile("/complete$")
    page.route(completing, lambda route: route.abort())
    choose(page, "notes.txt")
    expect(row.get_by_role("alert")).to_contain_text("can't be reached")
    page.unroute(completing)
    row.get_by_role("button", name="Retry").click()
    expect(page.locator(".upload-name")).to_have_text(["notes.txt"])
    assert not any(SENDING.search(url) for url in seen)
    assert (Upload.objects.count(), DirectUpload.objects.count()) == (1, 2)
