"""GET|POST /api/projects, GET|PATCH /api/projects/{id}."""

import pytest
from django.conf import settings

from projects.models import Membership, Project, Role
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {
    "id", "name", "slug", "role", "allow_artifact_sharing", "max_files", "max_file_size_mb", "max_tokens",
    "program_cpu_seconds", "program_wall_seconds", "program_memory_mb", "program_output_mb",
    "agent_instructions", "preview_hosts", "abilities",
}  # fmt: skip


def address(project: Project) -> str:
    return f"/api/projects/{project.pk}"


def test_members_see_their_projects_and_only_those(cast: Cast) -> None:
    rows = cast.api("alice").get("/api/projects").json()
    assert rows["count"] == 1
    assert set(rows["results"][0]) >= FIELDS
    assert (rows["results"][0]["name"], rows["results"][0]["role"]) == ("Research", "collaborator")
    assert [row["name"] for row in cast.api("carol").get("/api/projects").json()["results"]] == ["Elsewhere"]


def test_defaults_are_those_of_the_contract(cast: Cast) -> None:
    row = cast.api("alice").get(address(cast.project)).json()
    assert (row["max_files"], row["max_file_size_mb"], row["max_tokens"]) == (10, 25, 800_000)
    assert row["allow_artifact_sharing"] is True
    assert (row["agent_instructions"], row["preview_hosts"]) == ("", [])


def test_abilities_say_what_one_may_do_or_why_not(cast: Cast) -> None:
    mine = cast.api("adam").get(address(cast.project)).json()["abilities"]
    theirs = cast.api("alice").get(address(cast.project)).json()["abilities"]
    assert set(mine.values()) == {True}
    assert theirs["view"] is True
    assert "administrators" in theirs["update"]


def test_whoever_makes_a_project_administers_it(cast: Cast) -> None:
    answer = cast.api("carol").post("/api/projects", {"name": "Spring  review", "max_files": 3})
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["role"], row["max_files"]) == ("administrator", 3)
    assert row["slug"].startswith("spring-review")
    assert Membership.objects.get(project=row["id"]).user == cast.carol


def test_two_projects_of_one_name_get_two_slugs(cast: Cast) -> None:
    slugs = {cast.api("carol").post("/api/projects", {"name": "Research"}).json()["slug"] for _ in range(3)}
    assert len(slugs | {cast.project.slug}) == 4


def test_an_administrator_changes_settings(cast: Cast) -> None:
    wanted = {
        "name": "Research II",
        "allow_artifact_sharing": False,
        "max_files": 2,
        "max_file_size_mb": 1,
        "max_tokens": 1000,
        "agent_instructions": "Be brief. {{memory.sessionMeta.artifacts}}",
        "preview_hosts": ["cdn.plot.ly", "localhost:8080"],
    }
    answer = cast.api("adam").patch(address(cast.project), wanted)
    assert answer.status_code == 200, answer.content
    seen = cast.api("alice").get(address(cast.project)).json()
    assert {field: seen[field] for field in wanted} == wanted
    assert seen["slug"] == cast.project.slug


@pytest.mark.parametrize(("person", "status"), [("alice", 403), ("carol", 404), (None, 401), ("dora", 401)])
def test_nobody_else_changes_settings(cast: Cast, person: str | None, status: int) -> None:
    answer = cast.api(person).patch(
        address(cast.project), {"name": "Mine now", "allow_artifact_sharing": False}
    )
    assert answer.status_code == status
    assert answer.json()["code"]
    cast.project.refresh_from_db()
    assert (cast.project.name, cast.project.allow_artifact_sharing) == ("Research", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \u202e"),
        ("name", "x" * 201),
        ("name", None),
        ("name", {}),
        ("name", "a\0b"),
        ("max_files", 0),
        ("max_files", -1),
        ("max_files", settings.CEILING_FILES + 1),
        ("max_files", "many"),
        ("max_files", 10**30),
        ("max_file_size_mb", 0),
        ("max_file_size_mb", settings.CEILING_FILE_SIZE_MB + 1),
        ("max_tokens", settings.CEILING_TOKENS + 1),
        ("max_tokens", [1]),
        ("program_cpu_seconds", 0),
        ("program_cpu_seconds", settings.CEILING_PROGRAM_CPU_SECONDS + 1),
        ("program_wall_seconds", settings.CEILING_PROGRAM_WALL_SECONDS + 1),
        ("program_memory_mb", 63),
        ("program_memory_mb", settings.CEILING_PROGRAM_MEMORY_MB + 1),
        ("program_output_mb", settings.CEILING_PROGRAM_OUTPUT_MB + 1),
        ("allow_artifact_sharing", "perhaps"),
        ("allow_artifact_sharing", None),
        ("agent_instructions", "x" * 50_001),
        ("agent_instructions", "a\0b"),
        ("preview_hosts", "cdn.plot.ly"),
        ("preview_hosts", ["https://cdn.plot.ly"]),
        ("preview_hosts", ["cdn.plot.ly/x"]),
        ("preview_hosts", ["a; script-src *"]),
        ("preview_hosts", ["*"]),
        ("preview_hosts", ["cdn.plot.ly\nevil.example"]),
        ("preview_hosts", [["cdn.plot.ly"]]),
        ("preview_hosts", ["h.example"] * 51),
    ],
)
def test_bad_settings_are_refused_by_field_and_change_nothing(cast: Cast, field: str, value: object) -> None:
    before = Project.objects.filter(pk=cast.project.pk).values().get()
    answer = cast.api("adam").patch(address(cast.project), {field: value})
    assert answer.status_code == 400, answer.content
    body = answer.json()
    assert body["code"]
    assert body["detail"]
    assert any(key.startswith(field) for key in body["errors"])
    assert Project.objects.filter(pk=cast.project.pk).values().get() == before


def test_no_field_but_the_settings_can_be_assigned(cast: Cast) -> None:
    before = Project.objects.filter(pk=cast.project.pk).values("id", "slug", "created_at").get()
    answer = cast.api("adam").patch(
        address(cast.project),
        {
            "id": str(cast.elsewhere.pk),
            "slug": "x",
            "created_at": "2020-01-01T00:00:00Z",
            "role": "administrator",
        },
    )
    assert answer.status_code == 200
    assert Project.objects.filter(pk=cast.project.pk).values("id", "slug", "created_at").get() == before
    cast.api("adam").post("/api/projects", {"name": "Another", "role": "collaborator"})
    assert Membership.objects.get(project__name="Another").role == Role.ADMINISTRATOR


def test_a_member_who_was_removed_sees_nothing_from_the_next_request_on(cast: Cast) -> None:
    assert cast.api("bob").get(address(cast.project)).status_code == 200
    Membership.objects.filter(user=cast.bob).delete()
    assert cast.api("bob").get(address(cast.project)).status_code == 404
    assert cast.api("bob").get("/api/projects").json()["count"] == 0


def test_projects_sort_by_name_when_asked(cast: Cast) -> None:
    for name in ("b", "c", "a"):
        cast.api("carol").post("/api/projects", {"name": name})
    rows = cast.api("carol").get("/api/projects?ordering=name").json()["results"]
    assert [row["name"] for row in rows if len(row["name"]) == 1] == ["a", "b", "c"]
    assert cast.api("carol").get("/api/projects?ordering=max_files").status_code == 400
