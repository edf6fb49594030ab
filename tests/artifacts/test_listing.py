"""Statements that are worded once give what the queryset gives, whatever values they are asked with again."""

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from artifacts import listing, services
from artifacts.access import OWNER_STAYED
from artifacts.filters import Wanted
from artifacts.listing import Listing, artifacts_of, count_of, counts_of_types, rows_of
from artifacts.models import Artifact, Thumbnail
from artifacts.serializers import ArtifactSerializer
from artifactsite.lib import pagination, worded
from benchmarks.plans import recorded
from conversations.services import create_conversation
from projects.models import Membership, Role
from projects.services import add_member, remove_member
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def page(cast: Cast, by: str, query: str) -> list[str]:
    answer = cast.api(by).get(f"/api/artifacts?size=3{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_what_is_worded_once_is_what_the_queryset_says_for_everybody(cast: Cast) -> None:
    made = [cast.artifact(f"mine {number}") for number in range(3)]
    made += [cast.artifact("code.py", "file", "cHJpbnQoKQ=="), cast.artifact("t", "table", [{"a": 1}])]
    for artifact in made[::2]:
        services.save_artifact(
            by=cast.alice, artifact=artifact, name="", description="", visibility="project"
        )
    now = timezone.now()
    scopes, types, projects = ("mine", "shared", "saved", "all"), ("all", "code"), ("", cast.project.pk)
    people = "alice", "bob", "carol"
    for scope, type_, project, after, by in product(
        scopes, types, projects, ("", now - timedelta(1)), people
    ):
        reader = getattr(cast, by)
        wanted = Wanted(scope=scope, type=type_, project=project or None, created_after=after or None)
        found = wanted.of(services.Artifact.objects.visible_to(reader), reader)
        expected = [str(pk) for pk in found.order_by("-created_at", "-pk").values_list("pk", flat=True)[:3]]
        query = f"&scope={scope}&type={type_}" + (f"&project={project}" if project else "")
        query += f"&created_after={after:%Y-%m-%dT%H:%M:%SZ}" if after else ""
        assert page(cast, by, query) == expected, (by, query)


def test_a_deep_page_over_several_projects_is_what_the_queryset_says(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_BY_ONE_PLAN", 4)  # so that the second page is a deep one
    add_member(by=cast.carol, project=cast.elsewhere, user="bob", role=Role.COLLABORATOR)
    theirs = create_conversation(by=cast.carol, project=cast.elsewhere, title="Carol's")
    for number in range(6):
        cast.artifact(f"Alice's {number}", saved="project")
        cast.artifact(f"Carol's {number}", conversation=theirs, saved="project" if number else "private")
    for order in ("-created_at", "name"):
        for reader, count in ((cast.bob, 11), (cast.alice, 6), (cast.carol, 6), (cast.bob, 11)):
            visible = Artifact.objects.visible_to(reader).order_by(order, "-pk" if order[0] == "-" else "pk")
            expected = [str(pk) for pk in visible.values_list("pk", flat=True)]
            query = f"&scope=all&ordering={order}&page="
            # As many rows as bob has projects: another statement all the same.
            assert page(cast, reader.username, f"&scope=all&ordering={order}&size=1") == expected[:1]
            pages = [
                page(cast, reader.username, f"{query}{number}") for number in range(1, -(-count // 3) + 1)
            ]
            assert [pk for found in pages for pk in found] == expected
            assert len(expected) == count


def test_a_search_is_counted_by_type_in_one_statement_as_each_type_is_by_itself(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [cast.artifact("report one"), cast.artifact("report two"), cast.artifact("other")]
    made.append(cast.artifact("report.py", "file", "cHJpbnQoKQ=="))
    for artifact in made[1:]:
        services.save_artifact(
            by=cast.alice, artifact=artifact, name="", description="", visibility="project"
        )
    expected = {
        ("alice", "mine"): {"images": 0, "html": 0, "code": 1, "files": 2},
        ("bob", "mine"): {"images": 0, "html": 0, "code": 0, "files": 0},
        ("bob", "all"): {"images": 0, "html": 0, "code": 1, "files": 1},
    }
    for (reader, scope), counts in expected.items():
        searched = Listing(getattr(cast, reader).pk, Wanted(scope=scope, q="report"))
        with recorded() as statements:
            assert counts_of_types(searched) == counts
        assert sum("GROUP BY" in sql for sql, *_ in statements) == 1
        assert not any("SELECT COUNT(*) FROM (SELECT 1" in sql for sql, *_ in statements)
    # More than are counted exactly in all: each type says for itself whether it has more.
    monkeypatch.setattr(pagination, "EXACT_COUNT", 1)
    mine = Listing(cast.alice.pk, Wanted(scope="mine", q="report"))
    assert counts_of_types(mine) == {"images": 0, "html": 0, "code": 1, "files": None}
    assert count_of(Listing(cast.alice.pk, Wanted(q="nowhere"))) == 0
    assert counts_of_types(Listing(cast.alice.pk, Wanted(q="?!"))) == dict.fromkeys(
        ("images", "html", "code", "files"), 0
    )


def test_a_row_out_of_values_is_the_row_out_of_models(cast: Cast) -> None:
    artifact = cast.artifact("t", "table", [{"a": 2**70}, {"a": None}])
    (row,) = artifacts_of(rows_of(cast.alice.pk, [artifact.pk]))
    for name in ("project", "owner", "conversation", "current"):
        assert getattr(row, name) == getattr(artifact, name)
    assert (row.created_at, row.current.preview) == (artifact.created_at, artifact.current.preview)
    assert row.name_terms == artifact.name_terms  # left out of the row, read when it is asked for
    assert rows_of(cast.bob.pk, [artifact.pk]) == []


def test_a_row_of_a_list_says_what_the_artifact_says_by_itself(cast: Cast) -> None:
    """Lists are made of values, single artifacts of models: field by field the same, and what the schema names."""
    theirs = create_conversation(by=cast.bob, project=cast.project, title="Bob's")
    cast.artifact("t", "table", [{"a": 2**70}])
    drawn = cast.artifact("drawn.png", "file", PNG, saved="private")
    Thumbnail.objects.create(version=drawn.current, file="t.webp", size=1, width=1, height=1)
    cast.artifact("drawn.png", "file", PNG.replace("ANSU", "ANSV"))  # newer than the version that was saved
    undrawn = cast.artifact("undrawn.png", "file", PNG, saved="project")
    Artifact.objects.filter(pk=undrawn.pk).update(conversation=None)
    cast.artifact("Bob's", conversation=theirs, saved="project")
    remove_member(by=cast.adam, project=cast.project, user_id=cast.bob.pk)
    for name, count in (("alice", 4), ("adam", 2)):
        api = cast.api(name)
        rows = api.get("/api/artifacts?scope=all").json()["results"]
        assert len(rows) == count
        for row in rows:
            assert row == api.get(f"/api/artifacts/{row['id']}").json()
            assert row.keys() == ArtifactSerializer().fields.keys()
    transfers = {row["name"]: row["abilities"]["transfer"] for row in rows}
    assert transfers["Bob's"] is True
    assert transfers["undrawn.png"] == OWNER_STAYED


def test_a_kind_that_promises_too_much_is_not_kept(cast: Cast) -> None:
    def make(values: worded.Values) -> Any:
        people = type(cast.alice).objects.filter(pk=values["one"])
        return (
            people.filter(is_active=True).values_list("pk") if values["one"] > 0 else people.values_list("pk")
        )

    for _ in range(2):
        assert worded.rows("promises too much", make, {"one": cast.alice.pk}) == [(cast.alice.pk,)]
        assert worded.rows("promises too much", make, {"one": cast.dora.pk}) == []
    assert (connection.vendor, "promises too much") not in worded._kept


def test_changes_and_models_that_are_worded_once_are_those_asked_for(cast: Cast) -> None:
    projects = type(cast.project).objects

    def renamed(values: worded.Values) -> Any:
        return projects.filter(pk=values["project"]), {"name": values["name"], "max_files": values["files"]}

    for one, name, files in (
        (cast.project, "First", 7),
        (cast.elsewhere, "Second", 8),
        (cast.elsewhere, "", 9),
    ):
        values = {"project": one.pk, "name": name, "files": files}
        assert worded.change("renamed", renamed, values) == 1
    assert worded.change("renamed", renamed, {**values, "project": uuid4()}) == 0
    assert set(projects.values_list("name", "max_files")) == {("First", 7), ("", 9)}

    for one in (cast.project, cast.elsewhere):
        values = {"project": one.pk, "name": one.slug, "files": 3}
        (after,) = worded.changed(type(one), "renamed", renamed, values)
        assert (after, after.name, after.max_files, after.slug) == (one, one.slug, 3, one.slug)
        one.refresh_from_db()
        assert one.name == one.slug
    assert worded.changed(type(one), "renamed", renamed, {**values, "project": uuid4()}) == []

    def of(values: worded.Values) -> Any:
        return Membership.objects.filter(user=values["user"], project=values["project"])

    for user, project in ((cast.alice, cast.project), (cast.carol, cast.elsewhere)):
        values = {"user": user.pk, "project": project.pk}
        (member,) = worded.models(Membership, "member", of, values, related="project")
        assert member == of(values).get()
        assert (member.role, member.project.max_files) == (
            of(values).get().role,
            3,
        )
