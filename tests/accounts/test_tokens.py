"""Personal tokens: scope, expiry, deactivation, hashing."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import serializers
from django.http import Http404
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Token
from accounts.services import MOST_TOKENS, create_token, revoke_token
from artifactsite.lib.errors import Refusal
from projects.models import Membership
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def bearer(secret: str, scheme: str = "Bearer") -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {secret}")
    return client


def test_a_token_acts_for_its_user(cast: Cast) -> None:
    _, secret = create_token(by=cast.alice, name="laptop")
    assert secret.startswith("ats_")
    assert bearer(secret).get("/api/projects").json()["results"][0]["id"] == str(cast.project.pk)
    assert bearer(secret).post("/api/projects", {"name": "New"}).status_code == 201


def test_a_reading_token_reads_and_writes_nothing(cast: Cast) -> None:
    artifact = cast.artifact()
    _, secret = create_token(by=cast.alice, name="dashboard", scope="read")
    client = bearer(secret)
    base = f"/api/conversations/{cast.conversation.pk}"
    for path in (base, f"/api/artifacts/{artifact.pk}", f"{base}/messages", "/api/mentions"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    for method, path in (
        ("post", "/api/projects"),
        ("post", "/api/conversations"),
        ("patch", base),
        ("delete", base),
        ("post", f"{base}/messages"),
        ("post", f"{base}/tool-results"),
        ("post", f"{base}/programs"),
        ("post", f"{base}/uploads"),
        ("patch", f"/api/artifacts/{artifact.pk}"),
        ("post", f"/api/artifacts/{artifact.pk}/save"),
        ("post", f"/api/artifacts/{artifact.pk}/share"),
        ("delete", f"/api/artifacts/{artifact.pk}"),
    ):
        answer = getattr(client, method)(path, {})
        assert (answer.status_code, answer.json()["code"]) == (403, "token_scope"), (method, path)


def test_a_token_that_has_expired_is_nobodys(cast: Cast) -> None:
    token, secret = create_token(by=cast.alice, name="week", lifetime=timedelta(days=7))
    assert bearer(secret).get("/api/projects").status_code == 200
    Token.objects.filter(pk=token.pk).update(expiry=token.created - timedelta(seconds=1))
    assert bearer(secret).get("/api/projects").status_code == 401


def test_a_token_dies_with_its_user(cast: Cast) -> None:
    _, secret = create_token(by=cast.bob, name="laptop")
    assert bearer(secret).get("/api/projects").status_code == 200
    cast.bob.is_active = False
    cast.bob.save()
    answer = bearer(secret).get("/api/projects")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert cast.api("dora").get("/api/projects").status_code == 401


def test_a_session_dies_with_its_user(cast: Cast) -> None:
    client = APIClient()
    client.force_login(cast.bob, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/api/projects").status_code == 200
    cast.bob.is_active = False
    cast.bob.save()
    assert client.get("/api/projects").status_code == 401


def test_beside_a_token_no_session_counts(cast: Cast, settings: Any) -> None:
    """Not even where the token is none; and the answer neither reads nor renews the session."""
    client = Client()
    client.force_login(cast.adam)
    settings.SESSION_SAVE_EVERY_REQUEST = True
    assert client.get("/api/projects").cookies
    _, secret = create_token(by=cast.alice, name="laptop")
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {secret}"}
        made = client.post("/api/projects", {"name": scheme}, "application/json", headers=headers)
        assert (made.status_code, made.cookies) == (201, {})
        assert Membership.objects.get(project=made.json()["id"]).user == cast.alice
    for header in ("Bearer", "Bearer ", f"Bearer {secret}x", f"Bearer {secret} {secret}", "Bearer  "):
        assert client.get("/api/projects", headers={"Authorization": header}).status_code == 401, header
    # Of a page, which no token opens, it is the session that counts.
    page = client.get("/", headers={"Authorization": f"Bearer {secret}"})
    assert page.wsgi_request.user == cast.adam


def test_a_revoked_token_ends_at_once_and_only_ones_own_can_be_revoked(cast: Cast) -> None:
    token, secret = create_token(by=cast.alice, name="laptop")
    with pytest.raises(Http404):
        revoke_token(by=cast.bob, public_id=token.public_id)
    assert bearer(secret).get("/api/projects").status_code == 200
    revoke_token(by=cast.alice, public_id=token.public_id)
    assert bearer(secret).get("/api/projects").status_code == 401


def test_the_secret_is_not_in_the_database(cast: Cast) -> None:
    token, secret = create_token(by=cast.alice, name="laptop")
    row = serializers.serialize("json", [token])
    assert secret not in row
    # The key that finds it faster is the secret's beginning, and far from all of it.
    assert secret[len("ats_") + 16 :] not in row
    assert bearer(token.digest).get("/api/projects").status_code == 401


def test_reading_with_a_token_writes_nothing(cast: Cast, django_assert_max_num_queries) -> None:
    client = cast.api("alice")
    with django_assert_max_num_queries(10) as seen:
        client.get("/api/projects")
    assert all(query["sql"].startswith("SELECT") for query in seen.captured_queries)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer nonsense",
        "Bearer \xff\xfe",
        "Basic YTpi",
        "Token x",
        "bearer",
    ],
)
def test_what_is_no_token_is_refused_in_the_one_shape(cast: Cast, header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/projects")
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "detail"}
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("name", "scope"), [("", "write"), ("\n", "write"), ("x", "admin"), ("x", "")])
def test_bad_tokens_are_not_made(cast: Cast, name: str, scope: str) -> None:
    with pytest.raises(Refusal):
        create_token(by=cast.carol, name=name, scope=scope)
    assert not cast.carol.auth_token_set.exists()


def test_nobody_holds_more_tokens_than_they_can_oversee(cast: Cast) -> None:
    for number in range(MOST_TOKENS):
        create_token(by=cast.carol, name=f"token {number}")
    with pytest.raises(Refusal) as refused:
        create_token(by=cast.carol, name="one more")
    assert (refused.value.status, refused.value.code) == (409, "too_many_tokens")
