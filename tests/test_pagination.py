"""Every list: cursors walk as pages do, nothing is lost or doubled, and 60 rows cost no more queries than 10."""

import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from artifacts.models import Artifact
from artifactsite.lib import pagination
from conversations.models import Conversation, Message
from projects.models import Membership, Project
from projects.services import create_project
from tests.cast import Cast
from tests.uploads.received import send

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FEW, MANY = 10, 60  # rows


def more_projects(cast: Cast, count: int) -> None:
    for number in range(count):
        create_project(by=cast.alice, name=f"project {number}")


def more_members(cast: Cast, count: int) -> None:
    for _ in range(count):
        user = User.objects.create_user(f"member {User.objects.count()}")
        Membership.objects.create(project=cast.project, user=user)


def more_conversations(cast: Cast, count: int) -> None:
    for number in range(count):
        Conversation.objects.create(project=cast.project, owner=cast.alice, title=f"conversation {number}")


def more_messages(cast: Cast, count: int) -> None:
    target = f"mentioned {Message.objects.count()}"
    cast.artifact(target, data=target)
    for number in range(count - 1):
        cast.api("alice").post(
            f"/api/conversations/{cast.conversation.pk}/messages", {"body": f"{number} and @{target}"}
        )


def more_artifacts(cast: Cast, count: int) -> None:
    items = [
        {"name": f"artifact {Artifact.objects.count() + number}", "type": "text", "data": str(number)}
        for number in range(count)
    ]
    answer = cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/tool-results", {"tool": "t", "artifacts": items}
    )
    assert answer.status_code == 201


def more_uploads(cast: Cast, count: int) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=1000)
    assert send(cast, *[(f"{number}.txt", b"x") for number in range(count)]).status_code == 201


def more_versions(cast: Cast, count: int) -> None:
    artifact = Artifact.objects.filter(name="versioned").first() or cast.artifact("versioned", data="first")
    for _ in range(count):
        cast.artifact("versioned", data=f"content {artifact.versions.count()}")


def more_backlinks(cast: Cast, count: int) -> None:
    artifact = Artifact.objects.filter(name="linked").first() or cast.artifact("linked", saved="private")
    for number in range(count):
        made = Conversation.objects.create(project=cast.project, owner=cast.alice, title=f"backlink {number}")
        cast.api("alice").post(f"/api/conversations/{made.pk}/messages", {"body": "@linked"})
    assert artifact


def of_artifact(name: str, tail: str) -> Callable[[Cast], str]:
    return lambda cast: f"/api/artifacts/{Artifact.objects.get(name=name).pk}/{tail}"


def of_conversation(tail: str) -> Callable[[Cast], str]:
    return lambda cast: f"/api/conversations/{cast.conversation.pk}/{tail}"


LISTS: dict[str, tuple[Callable[[Cast, int], None], Callable[[Cast], str]]] = {
    "projects": (more_projects, lambda cast: "/api/projects"),
    "members": (more_members, lambda cast: f"/api/projects/{cast.project.pk}/members"),
    "conversations": (more_conversations, lambda cast: "/api/conversations"),
    "messages": (more_messages, of_conversation("messages")),
    "artifacts": (more_artifacts, lambda cast: "/api/artifacts?scope=all"),
    "conversation's artifacts": (more_artifacts, of_conversation("artifacts")),
    "uploads": (more_uploads, of_conversation("uploads")),
    "versions": (more_versions, of_artifact("versioned", "versions")),
    "backlinks": (more_backlinks, of_artifact("linked", "mentions")),
}
every_list = pytest.mark.parametrize("name", LISTS)


def listed(cast: Cast, name: str, **query: Any) -> dict[str, Any]:
    answer = cast.api("alice").get(LISTS[name][1](cast), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def follow(cast: Cast, url: str) -> dict[str, Any]:
    answer = cast.api("alice").get(url)
    assert answer.status_code == 200, answer.content
    return answer.json()


@every_list
def test_sixty_rows_cost_as_many_queries_as_ten(cast: Cast, name: str) -> None:
    add, address = LISTS[name]
    client = cast.api("alice")
    counts = []
    for wanted in (FEW, MANY - FEW):
        add(cast, wanted)
        with CaptureQueriesContext(connection) as seen:
            rows = client.get(address(cast), {"size": 100}).json()["results"]
        counts.append(len(seen))
        assert len(rows) >= FEW
    assert len(rows) >= MANY
    assert counts[0] == counts[1] <= 20, counts


@every_list
def test_cursors_walk_as_pages_do_there_and_back(cast: Cast, name: str) -> None:
    LISTS[name][0](cast, 11)
    whole = listed(cast, name, size=100)
    rows = whole["results"]
    assert whole["count"] == len(rows) >= 11
    assert (whole["next"], whole["previous"]) == (None, None)
    by_page = [
        row
        for page in range(1, -(-len(rows) // 5) + 1)
        for row in listed(cast, name, size=5, page=page)["results"]
    ]
    assert by_page == rows
    page = listed(cast, name, size=5)
    assert page["previous"] is None
    there = [page["results"]]
    while page["next"]:
        page = follow(cast, page["next"])
        assert page["count"] == len(rows)
        there.append(page["results"])
    assert [row for part in there for row in part] == rows
    back = [page["results"]]
    while page["previous"]:
        page = follow(cast, page["previous"])
        back.append(page["results"])
    assert [row for part in reversed(back) for row in part] == rows


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "name", "-name", "updated_at"])
def test_ties_neither_lose_nor_double_a_row(cast: Cast, ordering: str) -> None:
    more_artifacts(cast, 23)
    Artifact.objects.update(created_at=timezone.now(), updated_at=timezone.now(), name="same")
    page = listed(cast, "artifacts", size=4, ordering=ordering)
    seen = [row["id"] for row in page["results"]]
    while page["next"]:
        page = follow(cast, page["next"])
        seen += [row["id"] for row in page["results"]]
    assert len(seen) == len(set(seen)) == 23
    by_page = [
        row["id"]
        for number in range(1, 7)
        for row in listed(cast, "artifacts", size=4, page=number, ordering=ordering)["results"]
    ]
    assert by_page == seen


def test_a_row_that_comes_meanwhile_shifts_nothing_for_who_walks(cast: Cast) -> None:
    more_artifacts(cast, 6)
    page = listed(cast, "artifacts", size=3)
    first = [row["id"] for row in page["results"]]
    more_artifacts(cast, 3)
    second = [row["id"] for row in follow(cast, page["next"])["results"]]
    assert len(second) == 3
    assert not set(first) & set(second)


def test_next_keeps_the_filters(cast: Cast) -> None:
    more_artifacts(cast, 5)
    cast.artifact("table", "table", [{"a": 1}])
    page = listed(cast, "artifacts", size=2, kind="text", ordering="name")
    names = [row["name"] for row in page["results"]]
    while page["next"]:
        page = follow(cast, page["next"])
        names += [row["name"] for row in page["results"]]
    assert names == sorted(names)
    assert "table" not in names


def test_beyond_what_is_counted_exactly_the_count_is_null_and_more_is_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "EXACT_COUNT", 5)
    more_artifacts(cast, 5)
    exact = listed(cast, "artifacts", size=2)
    assert exact["count"] == 5
    assert "more" not in exact
    cast.artifact("one more")
    rough = listed(cast, "artifacts", size=2)
    assert (rough["count"], rough["more"]) == (None, True)
    # What is only just too many is counted again each time.
    Artifact.objects.filter(name="one more").delete()
    assert listed(cast, "artifacts", size=2)["count"] == 5


BAD_QUERIES = {
    "page=0": 400,
    "page=-1": 400,
    "page=x": 400,
    "page=1e3": 400,
    "page=99999999999999999999": 400,
    "page=1000000": 404,
    "size=0": 400,
    "size=101": 400,
    "size=x": 400,
    "size=%00": 400,
    "cursor=x": 400,
    "cursor=%F0%9F%98%80": 400,
    "cursor=WzEsMl0": 400,
    "ordering=id": 400,
    "ordering=%00": 400,
    "ordering=--created_at": 400,
}


@every_list
def test_bad_pages_sizes_cursors_and_orders_are_refused(cast: Cast, name: str) -> None:
    if name in ("versions", "backlinks"):
        LISTS[name][0](cast, 1)
    address = LISTS[name][1](cast)
    answers = {
        query: cast.api("alice").get(f"{address}{'&' if '?' in address else '?'}{query}")
        for query in BAD_QUERIES
    }
    assert {query: answer.status_code for query, answer in answers.items()} == BAD_QUERIES
    assert all({"code", "detail"} <= set(answer.json()) for answer in answers.values())


FORGED_IDS = ("00000000-0000-0000-0000-000000000000", 5, [], 10**40)
FORGED_PLACES = [
    ("created_at", "2024-01-01T00:00:00"),
    ("created_at", "0001-01-01T00:00:00+23:00"),
    ("created_at", "9999-12-31T23:59:59-23:00"),
    ("created_at", 5),
    ("created_at", None),
    ("created_at", []),
    ("name", "x"),
    ("name", "\0"),
    ("name", "\ud800"),
    ("name", None),
    ("name", {}),
    ("name", 10**40),
    ("name", ""),
]


def forged(value: object, pk: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, pk, 0]).encode()).decode().rstrip("=")


def test_forged_cursors_are_places_or_refused(cast: Cast) -> None:
    cast.artifact()
    for (ordering, value), pk in itertools.product(FORGED_PLACES, FORGED_IDS):
        query = {"cursor": forged(value, pk), "ordering": ordering}
        answer = cast.api("alice").get("/api/artifacts", query)
        assert answer.status_code in (200, 400), (ordering, value, pk)


def test_a_forged_number_that_no_column_holds_is_a_place_or_refused(cast: Cast) -> None:
    cast.artifact("versioned")
    members = f"/api/projects/{cast.project.pk}/members"
    versions = of_artifact("versioned", "versions")(cast)
    for pk in (10**40, -(10**40), 2**63, "9" * 30):
        for path, value in ((members, "2024-01-01T00:00:00+00:00"), (versions, pk)):
            answer = cast.api("alice").get(path, {"cursor": forged(value, pk)})
            assert answer.status_code in (200, 400), (path, pk)
