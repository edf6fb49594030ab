"""Fifty at once save, share, take back, delete and switch sharing: whatever order they end up in, the rules hold."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from artifacts.models import Artifact
from projects.models import Act, AuditEntry
from tests.cast import Cast
from tests.parallel import at_once
from tests.parallel import shared_database as shared_database

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIFTY = 50


def client_of(cast: Cast, name: str) -> APIClient:
    """One for a thread of its own."""
    client = APIClient()
    client.credentials(**cast.api(name)._credentials)
    return client


def test_a_thread_that_keeps_its_connection_sees_what_others_write(shared_database: None, cast: Cast) -> None:
    """A statement that is left open would hold SQLite's connection to the state it began with."""
    browser = Client()
    browser.force_login(cast.alice)

    def shown(path: str) -> str:
        return browser.get(path).content.decode()

    with ThreadPoolExecutor(1) as thread:
        for number, path in enumerate(["/artifacts", "/api/artifacts?q=note", "/api/artifacts"] * 2):
            cast.artifact(f"note {number}")
            assert f"note {number}" in thread.submit(shown, path).result()
        thread.submit(connections.close_all).result()


def test_fifty_at_once_leave_what_the_rules_allow(shared_database: None, cast: Cast) -> None:
    artifacts = [cast.artifact(f"Chat {number}") for number in range(2)]
    artifacts += [cast.artifact(f"Saved {number}", saved="private") for number in range(2)]
    people = cast.api("alice"), cast.api("adam")
    assert all(people)
    AuditEntry.objects.all().delete()

    def act(number: int) -> tuple[str, int]:
        path = f"/api/artifacts/{artifacts[number % 4].pk}"
        alice, adam = client_of(cast, "alice"), client_of(cast, "adam")
        match number // 4 % 6:
            case 0:
                answer = alice.post(f"{path}/save", {"visibility": "project" if number % 8 else "private"})
                return "save", answer.status_code
            case 1 | 2:
                return "share", alice.patch(path, {"visibility": "project"}).status_code
            case 3:
                return "unshare", alice.patch(path, {"visibility": "private"}).status_code
            case 4:
                allowed = {"allow_artifact_sharing": bool(number % 2)}
                return "settings", adam.patch(f"/api/projects/{cast.project.pk}", allowed).status_code
        return "delete", alice.delete(path).status_code if number > 40 else 204

    answers = Counter(at_once(FIFTY, act))
    expected = {
        "save": {200, 403, 404, 409}, "share": {200, 403, 404, 409}, "unshare": {200, 404}, "settings": {200},
        "delete": {204, 404},
    }  # fmt: skip
    assert {(what, status) for what, status in answers if status not in expected[what]} == set(), answers
    saves = LogEntry.objects.get_for_objects(
        Artifact._base_manager.filter(pk__in=[a.pk for a in artifacts[:2]])
    )
    saved = [entry.object_pk for entry in saves if "saved_at" in (entry.changes or {}) and entry.action == 1]
    assert max(Counter(saved).values(), default=0) <= 1, "nothing is saved twice"
    _replay(cast)


def _replay(cast: Cast) -> None:
    """The audit log, whose lines are written under the locks, tells an order in which no rule is broken."""
    allowed = True
    shared: dict[str, bool] = {}
    for line in AuditEntry.objects.select_related("log").order_by("pk"):
        if line.act == Act.SETTINGS_CHANGED:
            allowed = line.log.changes["allow_artifact_sharing"][1] == "True"
        elif line.act == Act.SHARED:
            assert allowed, "shared while sharing was off"
            assert not shared.get(line.target)
            shared[line.target] = True
        elif line.act in (Act.MADE_PRIVATE, Act.SHARED_DELETED):
            assert shared[line.target]
            shared[line.target] = False
    cast.project.refresh_from_db()
    assert cast.project.allow_artifact_sharing is allowed
    for artifact in Artifact.objects.all():
        assert artifact.is_shared is shared.get(str(artifact.pk), False)
        seen: Any = client_of(cast, "bob").get(f"/api/artifacts/{artifact.pk}")
        assert seen.status_code == (200 if artifact.is_shared else 404)
