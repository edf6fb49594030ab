"""Who asks too often is stopped, whatever address they claim and however many calls come at once (security.md 11)."""

import subprocess
import sys
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIRequestFactory

from accounts.models import User
from accounts.throttles import CountingThrottle, PerUserThrottle, PublicLinkThrottle
from tests.cast import PASSWORD, Cast
from tests.parallel import at_once

pytestmark = [pytest.mark.engines]

ROOT = Path(__file__).resolve().parents[2]
FORGED = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(1, 9)]


def ask(throttle: type[CountingThrottle], pk: int = 7, **headers: str) -> bool:
    request = APIRequestFactory().get("/api/projects", headers=headers)
    request.user = User(pk=pk) if throttle is PerUserThrottle else AnonymousUser()
    return throttle().allow_request(request, None)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountingThrottle, "THROTTLE_RATES", {"user": "50/min", "public": "5/min"})


def test_of_two_hundred_at_once_no_more_than_the_rate(few: None) -> None:
    allowed = at_once(40, lambda _: sum(ask(PerUserThrottle) for _ in range(5)))
    assert sum(allowed) == 50
    assert ask(PerUserThrottle, pk=8)


# Asks fifty times as user 7 in the cache that the first argument names, and says how often it was let in.
FOUR_TIMES = """
import sys, django
from django.conf import settings
django.setup()
from accounts.throttles import CountingThrottle, PerUserThrottle
from tests.accounts.test_throttles import ask
CountingThrottle.THROTTLE_RATES = {"user": "50/min"}
sys.stdin.readline()
print(sum(ask(PerUserThrottle) for _ in range(50)))
"""


@pytest.mark.skipif(not django_settings.REDIS_URL, reason="one process has one cache; several share Redis")
def test_of_two_hundred_from_four_processes_no_more_than_the_rate(settings, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "artifactsite.settings", "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(tmp_path), "REDIS_URL": settings.CACHES["default"]["LOCATION"],
    }  # fmt: skip
    command = [sys.executable, "-c", FOUR_TIMES]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    callers = [subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) for _ in range(4)]
    assert all(caller.stdin for caller in callers)
    for caller in callers:
        caller.stdin.write("now\n")
        caller.stdin.flush()
    assert sum(int(caller.communicate(timeout=60)[0]) for caller in callers) == 50


@pytest.mark.skipif(not django_settings.REDIS_URL, reason="one process keeps no connections to its cache")
def test_requests_share_the_connections_to_the_cache() -> None:
    def used() -> Any:
        return cache._cache.get_client()

    assert Context().run(used) is Context().run(used)


@pytest.mark.skipif(not django_settings.REDIS_URL, reason="the memory of a process forgets nothing by itself")
def test_the_rate_holds_though_redis_forgets_the_script_or_ends_the_connection(few: None) -> None:
    redis = cache._cache.get_client()
    assert [ask(PublicLinkThrottle) for _ in range(2)] == [True] * 2
    redis.script_flush()
    assert ask(PublicLinkThrottle)
    redis.client_kill_filter(_type="normal", skipme=True)
    assert [ask(PublicLinkThrottle) for _ in range(4)] == [True] * 2 + [False] * 2


def test_the_rate_is_granted_anew_when_the_period_is_over(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [ask(PublicLinkThrottle) for _ in range(7)] == [True] * 5 + [False] * 2
    cache.clear()  # as the period's end does
    assert ask(PublicLinkThrottle)


def test_who_was_stopped_hears_how_long(few: None) -> None:
    request = APIRequestFactory().get("/")
    request.user = AnonymousUser()
    throttle = PublicLinkThrottle()
    assert [throttle.allow_request(request, None) for _ in range(6)] == [True] * 5 + [False]
    assert 0 < throttle.wait() <= 60


def test_a_claimed_address_gains_nothing(few: None) -> None:
    """Without a trusted proxy the header is nobody's word."""
    assert sum(ask(PublicLinkThrottle, **headers) for headers in FORGED) == 5
    assert sum(ask(PublicLinkThrottle, **{"X-Forwarded-For": "127.0.0.1, ::1"}) for _ in range(3)) == 0


@pytest.mark.django_db
def test_public_links_are_throttled_for_whoever_asks(few: None, cast: Cast) -> None:
    answers = [Client().get("/api/files/public?h=x", headers=headers) for headers in FORGED]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 3
    assert 1 <= int(answers[-1]["Retry-After"]) <= 61
    assert answers[-1].json()["code"] == "throttled"


@pytest.mark.django_db
def test_guessing_a_password_is_throttled(cast: Cast) -> None:
    def guess(password: str, number: int) -> bool:
        client = Client(headers=FORGED[number % len(FORGED)])
        client.post("/sign-in", {"login": "adam", "password": password})
        return "_auth_user_id" in client.session

    assert guess(PASSWORD, 0)
    assert not any(guess(f"wrong {number}", number) for number in range(6))
    assert not guess(PASSWORD, 7), "after that many wrong ones not even the right one is looked at"


@pytest.mark.django_db
def test_the_admin_has_no_door_of_its_own(cast: Cast) -> None:
    """Django's would let passwords be guessed without end."""
    User.objects.filter(pk=cast.adam.pk).update(is_staff=True)
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": "adam", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=%2Fadmin%2F")
    assert "_auth_user_id" not in client.session
    signed_in = client.post(answer["Location"], {"login": "adam", "password": PASSWORD}, follow=True)
    assert signed_in.request["PATH_INFO"] == "/admin/"
    assert signed_in.status_code == 200
    client.force_login(cast.bob)
    assert client.get("/admin/", follow=True).status_code == 403
