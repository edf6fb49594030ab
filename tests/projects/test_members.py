"""GET|POST /api/projects/{id}/members, PATCH|DELETE …/members/{user_id}."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from projects.models import Membership, Role
from tests.cast import Cast
from tests.parallel import at_once
from tests.parallel import shared_database as shared_database

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def address(cast: Cast, user: User | None = None) -> str:
    base = f"/api/projects/{cast.project.pk}/members"
    return f"{base}/{user.pk}" if user else base


def roles(cast: Cast) -> dict[str, str]:
    return dict(cast.project.memberships.values_list("user__username", "role"))


def test_every_member_sees_who_else_is_one(cast: Cast) -> None:
    rows = cast.api("alice").get(address(cast)).json()["results"]
    assert {row["user"] for row in rows} == {"alice", "bob", "adam", "dora"}
    assert set(rows[0]) == {"user", "user_id", "role", "created_at"}
    assert cast.api("carol").get(address(cast)).status_code == 404


@pytest.mark.parametrize("user", ["carol", "carol@example.org", "CAROL@example.ORG"])
def test_an_administrator_adds_somebody_by_username_or_e_mail(cast: Cast, user: str) -> None:
    answer = cast.api("adam").post(address(cast), {"user": user})
    assert answer.status_code == 201, answer.content
    assert (answer.json()["user"], answer.json()["role"]) == ("carol", "collaborator")
    assert cast.api("carol").get(f"/api/projects/{cast.project.pk}").status_code == 200


@pytest.mark.parametrize(("person", "status"), [("alice", 403), ("carol", 404), (None, 401)])
def test_only_administrators_change_members(cast: Cast, person: str | None, status: int) -> None:
    before = roles(cast)
    client = cast.api(person)
    assert client.post(address(cast), {"user": "carol"}).status_code == status
    assert client.patch(address(cast, cast.bob), {"role": "administrator"}).status_code == status
    assert client.delete(address(cast, cast.bob)).status_code == status
    assert roles(cast) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": ""},
        {"user": "nobody"},
        {"user": "dora@example.org"},
        {"user": "carol", "role": "owner"},
        {"user": "carol\0"},
        {"user": "x" * 300},
        {"user": ["carol"]},
        [],
        "carol",
        None,
    ],
)
def test_bad_members_are_refused(cast: Cast, body: object) -> None:
    before = roles(cast)
    answer = cast.api("adam").post(address(cast), body)
    assert answer.status_code == 400, answer.content
    assert {"code", "detail", "errors"} <= set(answer.json())
    assert roles(cast) == before


def test_adding_twice_is_a_conflict(cast: Cast) -> None:
    answer = cast.api("adam").post(address(cast), {"user": "bob"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")


def test_roles_change(cast: Cast) -> None:
    answer = cast.api("adam").patch(address(cast, cast.bob), {"role": "administrator"})
    assert (answer.status_code, answer.json()["role"]) == (200, "administrator")
    assert roles(cast)["bob"] == Role.ADMINISTRATOR
    for body in ({}, {"role": "king"}, {"role": None}, {"role": ["administrator"]}):
        assert cast.api("adam").patch(address(cast, cast.bob), body).status_code == 400


def test_the_last_administrator_cannot_leave_nor_step_down(cast: Cast) -> None:
    for answer in (
        cast.api("adam").delete(address(cast, cast.adam)),
        cast.api("adam").patch(address(cast, cast.adam), {"role": "collaborator"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert roles(cast)["adam"] == Role.ADMINISTRATOR
    # A deactivated administrator counts for nobody.
    Membership.objects.filter(user=cast.dora).update(role=Role.ADMINISTRATOR)
    assert cast.api("adam").delete(address(cast, cast.adam)).status_code == 409
    cast.api("adam").patch(address(cast, cast.bob), {"role": "administrator"})
    assert cast.api("adam").delete(address(cast, cast.adam)).status_code == 204
    assert cast.api("adam").get(address(cast)).status_code == 404


def test_anybody_may_leave(cast: Cast) -> None:
    assert cast.api("bob").delete(address(cast, cast.bob)).status_code == 204
    assert cast.api("bob").get(address(cast)).status_code == 404


@pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**30])
def test_somebody_who_is_no_member_cannot_be_changed(cast: Cast, number: int) -> None:
    for answer in (
        cast.api("adam").patch(f"{address(cast)}/{number}", {"role": "administrator"}),
        cast.api("adam").delete(f"{address(cast)}/{number}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_removal_ends_access_to_what_one_owns_there(cast: Cast) -> None:
    artifact = cast.artifact()
    upload_list = f"/api/conversations/{cast.conversation.pk}/uploads"
    assert cast.api("adam").delete(address(cast, cast.alice)).status_code == 204
    for path in (f"/api/artifacts/{artifact.pk}", upload_list, f"/api/conversations/{cast.conversation.pk}"):
        assert cast.api("alice").get(path).status_code == 404
    assert cast.api("alice").get("/api/artifacts?scope=all").json()["count"] == 0


def test_a_project_keeps_an_administrator_under_a_race(shared_database: None, cast: Cast) -> None:
    names = ["adam", "alice", "bob"]
    for name in names[1:]:
        cast.api("adam").patch(address(cast, getattr(cast, name)), {"role": "administrator"})
    tokens = {name: cast.api(name)._credentials for name in names}

    def act(number: int) -> int:
        """Everybody removes or demotes everybody, themselves too."""
        client = APIClient()
        client.credentials(**tokens[names[number % 3]])
        target = address(cast, getattr(cast, names[number // 3 % 3]))
        answer = client.delete(target) if number % 2 else client.patch(target, {"role": "collaborator"})
        return answer.status_code

    assert set(at_once(18, act)) <= {200, 204, 403, 404, 409}
    assert Membership.objects.filter(project=cast.project, role=Role.ADMINISTRATOR).count() == 1
