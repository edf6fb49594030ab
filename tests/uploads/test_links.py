"""GET|HEAD /api/files/public?h=TOKEN, POST …/revoke-url: the signed links."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.core.signing import Signer
from django.http import Http404
from django.utils import timezone
from rest_framework.test import APIClient

from tests.cast import Cast
from tests.uploads.received import received, uploads_of
from uploads.links import token_for, upload_for
from uploads.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

CONTENT = b"Sales rose by four percent."


def link_of(cast: Cast, upload: Upload) -> str:
    return cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").json()["downloadUrl"]


def fetch(link: str, **headers: str) -> Any:
    """As anybody: no token, no cookie."""
    parts = urlsplit(link)
    return APIClient().get(f"{parts.path}?{parts.query}", headers=headers)


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def with_token(token: str) -> Any:
    return fetch(f"/api/files/public?h={quote(token, safe='')}")


def aged(upload: Upload, age: timedelta) -> None:
    Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - age)


def test_whoever_holds_the_link_gets_the_bytes_as_a_download(cast: Cast, settings) -> None:
    link = link_of(cast, received(cast, "Q4 ünd.txt", CONTENT))
    assert link.startswith(f"{settings.SITE_URL}/api/files/public?h=")
    answer = fetch(link)
    assert (answer.status_code, bytes_of(answer)) == (200, CONTENT)
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Q4%20%C3%BCnd.txt" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "allow-same-origin" not in answer["Content-Security-Policy"]
    assert not answer.cookies


def test_somebody_signed_in_gets_no_more_and_no_cookie(cast: Cast) -> None:
    link = urlsplit(link_of(cast, received(cast)))
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.alice, "allauth.account.auth_backends.AuthenticationBackend")
    for token, status in ((parse_qs(link.query)["h"][0], 200), ("nonsense", 404)):
        answer = client.get(f"{link.path}?h={token}")
        assert answer.status_code == status
        assert not answer.cookies
        assert answer["Cache-Control"] == "no-store"


def test_a_link_works_for_29_days_and_23_hours(cast: Cast) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    aged(upload, timedelta(days=29, hours=23))
    assert fetch(link).status_code == 200


def test_a_link_has_expired_after_30_days_and_a_second(cast: Cast) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    aged(upload, timedelta(days=30, seconds=1))
    answer = fetch(link)
    assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")
    assert "30 days" in answer.json()["detail"]
    assert CONTENT not in answer.content
    assert answer["Cache-Control"] == "no-store"
    # A new link to an old upload is no younger than the upload.
    assert fetch(link_of(cast, upload)).status_code == 410


def test_the_row_says_when_its_link_ends(cast: Cast) -> None:
    upload = received(cast)
    row = cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").json()
    assert datetime.fromisoformat(row["expiresAt"]) - datetime.fromisoformat(row["createdAt"]) == timedelta(
        days=30
    )


def test_every_change_of_a_single_byte_is_refused(cast: Cast) -> None:
    token = token_for(received(cast))
    assert upload_for(token)
    changes = {token[:place] + token[place + 1 :] for place in range(len(token))}
    for place, byte in enumerate(token.encode()):
        others = (bytes([other]).decode("latin1") for other in range(256) if other != byte)
        changes |= {token[:place] + other + token[place + 1 :] for other in others}
    for changed in changes:
        with pytest.raises(Http404):
            upload_for(changed)
    for changed in sorted(changes)[:: len(changes) // 20]:
        answer = with_token(changed)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("token", ["", ".", "-", "x" * 10_000, "\0", "é.é", "....", "0-0.x", "%00"])
def test_nonsense_is_refused_as_not_found(token: str) -> None:
    answer = with_token(token)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert fetch("/api/files/public").status_code == 404


def test_a_token_for_another_purpose_or_of_another_file_is_refused(cast: Cast, settings) -> None:
    upload, other = received(cast), received(cast, "other.txt", b"other")
    value, signature = token_for(upload).rsplit(".", 1)
    assert with_token(f"{token_for(other).rsplit('.', 1)[0]}.{signature}").status_code == 404
    for salt in ("", "uploads.link", "django.core.signing.Signer"):
        forged = Signer(key=settings.LINK_SIGNING_KEYS[0], salt=salt or None, sep=".").sign(value)
        assert with_token(forged).status_code == 404
    for key in (settings.SECRET_KEY, "", " "):
        forged = Signer(key=key, fallback_keys=[], salt="uploads.links", sep=".").sign(value)
        assert with_token(forged).status_code == 404


@pytest.mark.parametrize(
    "value", ["x", "{pk}", "{pk}-", "{pk}-x", "{pk}--1", f"{'{pk}'}-{10**30}", "{none}-0", "-0"]
)
def test_a_signed_value_of_the_wrong_shape_is_refused(cast: Cast, value: str, settings) -> None:
    upload = received(cast)
    text = value.format(pk=upload.pk.hex, none=uuid.uuid4().hex)
    token = Signer(key=settings.LINK_SIGNING_KEYS[0], salt="uploads.links", sep=".").sign(text)
    assert with_token(token).status_code == 404


def test_revoking_ends_every_link_at_once_and_makes_a_new_one(cast: Cast) -> None:
    upload = received(cast)
    old = link_of(cast, upload)
    answer = cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/revoke-url")
    assert answer.status_code == 200
    new = answer.json()["downloadUrl"]
    assert new != old
    assert fetch(old).status_code == 404
    assert fetch(new).status_code == 200
    cast.api("alice").post(f"{uploads_of(cast)}/{upload.file_id}/revoke-url")
    assert fetch(new).status_code == 404


def test_deleting_the_file_or_its_conversation_ends_the_link(cast: Cast) -> None:
    first, second = received(cast), received(cast, "b.txt")
    links = link_of(cast, first), link_of(cast, second)
    cast.api("alice").delete(f"{uploads_of(cast)}/{first.file_id}")
    assert [fetch(link).status_code for link in links] == [404, 200]
    cast.api("alice").delete(f"/api/conversations/{cast.conversation.pk}")
    assert [fetch(link).status_code for link in links] == [404, 404]


def test_deactivating_the_owner_ends_the_link_and_returning_restores_it(cast: Cast) -> None:
    link = link_of(cast, received(cast))
    for active, status in ((False, 404), (True, 200)):
        cast.alice.is_active = active
        cast.alice.save()
        assert fetch(link).status_code == status


def test_switching_a_file_off_leaves_its_link(cast: Cast) -> None:
    upload = received(cast)
    link = link_of(cast, upload)
    cast.api("alice").patch(f"{uploads_of(cast)}/{upload.file_id}", {"isActive": False})
    assert fetch(link).status_code == 200


def test_an_older_key_keeps_working_until_it_is_removed(cast: Cast, settings) -> None:
    upload = received(cast)
    old_key = settings.LINK_SIGNING_KEYS[0]
    old = link_of(cast, upload)
    settings.LINK_SIGNING_KEYS = ["a newer key of fifty random characters, about", old_key]
    new = link_of(cast, upload)
    assert new != old
    assert (fetch(old).status_code, fetch(new).status_code) == (200, 200)
    settings.LINK_SIGNING_KEYS = settings.LINK_SIGNING_KEYS[:1]
    assert (fetch(old).status_code, fetch(new).status_code) == (404, 200)


def test_links_do_not_hang_on_the_secret_key(cast: Cast, settings) -> None:
    link = link_of(cast, received(cast))
    settings.SECRET_KEY = "an entirely different secret key of fifty characters"
    assert fetch(link).status_code == 200


def test_head_tells_what_get_would_send(cast: Cast) -> None:
    link = urlsplit(link_of(cast, received(cast)))
    path = f"{link.path}?{link.query}"
    get, head = APIClient().get(path), APIClient().head(path)
    assert head.status_code == 200
    assert bytes_of(head) == b""
    for header in (
        "Content-Length",
        "Content-Type",
        "ETag",
        "Content-Disposition",
        "Cache-Control",
        "Accept-Ranges",
    ):
        assert head[header] == get[header]


def test_ranges_work(cast: Cast) -> None:
    link = link_of(cast, received(cast))
    answer = fetch(link, Range="bytes=6-9")
    assert (answer.status_code, bytes_of(answer)) == (206, CONTENT[6:10])
    assert answer["Content-Range"] == f"bytes 6-9/{len(CONTENT)}"
    assert answer["Cache-Control"] == "no-store"
    assert fetch(link, Range="bytes=1000-").status_code == 416


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_only_get_and_head_are_answered(cast: Cast, method: str) -> None:
    link = urlsplit(link_of(cast, received(cast)))
    answer = getattr(APIClient(), method)(f"{link.path}?{link.query}")
    assert answer.status_code == 405
    assert CONTENT not in answer.content
    assert Upload.objects.exists()


@pytest.mark.parametrize("accept", ["*/*", "application/pdf", "image/png", "text/html"])
def test_whatever_type_a_client_asks_for_it_gets_the_file(cast: Cast, accept: str) -> None:
    assert fetch(link_of(cast, received(cast)), Accept=accept).status_code == 200


def test_a_file_that_is_active_in_browsers_is_still_a_download(cast: Cast) -> None:
    answer = fetch(link_of(cast, received(cast, "page.html", b"<!doctype html><script>alert(1)</script>")))
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer["Content-Security-Policy"]
