"""`abilities` of a row: what it says can be done can be done, and what not is refused in the same words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from artifacts.access import Verb
from projects.services import remove_member, update_project
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

Act = Callable[[APIClient, str], Any]
ACTS: dict[Verb, Act] = {
    Verb.VIEW: lambda api, path: api.get(path),
    Verb.UPDATE: lambda api, path: api.patch(path, {"description": "words"}),
    Verb.DELETE: lambda api, path: api.delete(path),
    Verb.SAVE: lambda api, path: api.post(f"{path}/save", {}),
    Verb.SHARE_WITH_PROJECT: lambda api, path: api.patch(path, {"visibility": "project"}),
    Verb.MAKE_PRIVATE: lambda api, path: api.patch(path, {"visibility": "private"}),
    Verb.ADD_VERSION: lambda api, path: api.post(f"{path}/versions", {"data": "two"}),
    Verb.MENTION: lambda api, path: api.get(f"{path}/mentions"),
    Verb.START_CONVERSATION: lambda api, path: api.post(f"{path}/share"),
    Verb.TRANSFER: lambda api, path: api.post(f"{path}/transfer", {"to": "bob"}),
}
# What is so already is no fault to ask for.
SO_ALREADY = {
    "This artifact is shared with the project already.",
    "This artifact is private already.",
}


@pytest.mark.parametrize("owner_left", [False, True])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("saved", [None, "private", "project"])
def test_they_say_what_every_route_does(
    cast: Cast, saved: str | None, allowed: bool, owner_left: bool
) -> None:
    artifact = cast.artifact(saved=saved)
    update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=allowed)
    if owner_left:
        remove_member(by=cast.adam, project=cast.project, user_id=cast.alice.pk)
    path = f"/api/artifacts/{artifact.pk}"
    assert set(ACTS) == set(Verb)
    for name in ("alice", "bob", "adam"):
        api = cast.api(name)
        row = api.get(path)
        if row.status_code == 404:
            continue
        told = row.json()["abilities"]
        assert set(told) == set(ACTS)
        for verb, act in ACTS.items():
            with transaction.atomic():
                answer = act(api, path)
                transaction.set_rollback(True)
            may = told[verb] is True or told[verb] in SO_ALREADY
            assert (answer.status_code < 300) is may, (name, verb, told[verb], answer.content)
            # Of several reasons against a transfer each names one.
            if not may and verb != Verb.TRANSFER:
                assert answer.json()["detail"] == told[verb], (name, verb)
