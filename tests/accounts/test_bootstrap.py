"""manage.py bootstrap."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import User
from projects.models import Membership, Project, Role

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def bootstrap(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("bootstrap", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_it_makes_a_user_a_project_and_a_token_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_EVE", "a long enough password")
    made = bootstrap(
        "--username", "eve", "--password-env", "SECRET_OF_EVE", "--project", "Demo", "--print-token"
    )
    assert made["username"] == "eve"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['token']}")
    assert client.get(f"/api/projects/{made['project']}").json()["role"] == "administrator"
    assert client.post("/api/conversations", {"project": made["project"]}).status_code == 201
    assert User.objects.get(username="eve").check_password("a long enough password")
    assert not User.objects.get(username="eve").is_staff


def test_a_second_run_finds_what_the_first_made() -> None:
    first = bootstrap("--username", "eve", "--project", "Demo", "--print-token")
    second = bootstrap("--username", "eve", "--project", "Demo", "--print-token")
    assert first["project"] == second["project"]
    assert first["token"] != second["token"]
    assert (User.objects.count(), Project.objects.count(), Membership.objects.count()) == (1, 1, 1)


def test_a_second_user_joins_as_collaborator_and_an_administrator_as_such() -> None:
    bootstrap("--username", "eve", "--project", "Demo")
    bootstrap("--username", "frank", "--project", "Demo")
    bootstrap("--username", "gina", "--project", "Demo", "--admin")
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles == {"eve": Role.ADMINISTRATOR, "frank": Role.COLLABORATOR, "gina": Role.ADMINISTRATOR}
    assert User.objects.get(username="gina").is_superuser


def test_without_print_token_there_is_none_and_without_a_password_nobody_signs_in() -> None:
    made = bootstrap("--username", "eve")
    assert made == {"username": "eve", "project": None, "token": None}
    assert not User.objects.get().has_usable_password()
    assert not User.objects.get().auth_token_set.exists()


def test_a_missing_password_variable_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_OF_EVE", raising=False)
    with pytest.raises(CommandError, match="SECRET_OF_EVE"):
        bootstrap("--username", "eve", "--password-env", "SECRET_OF_EVE", "--project", "Demo")
    assert not User.objects.exists()
    assert not Project.objects.exists()


def test_a_script_that_runs_it_every_day_is_told_in_a_sentence_when_tokens_run_out() -> None:
    for _ in range(50):
        bootstrap("--username", "eve", "--print-token")
    with pytest.raises(CommandError, match="tokens"):
        bootstrap("--username", "eve", "--print-token")
