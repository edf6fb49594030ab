"""GET /api/mentions: what the dropdown offers."""

import uuid
from typing import Any

import pytest

from mentions.ranking import match, query_of
from mentions.syntax import references
from projects.models import Membership
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

FIELDS = {"id", "name", "kind", "type", "visibility", "is_owner", "owner", "match", "token"}


def suggest(cast: Cast, by: str = "alice", **query: Any) -> dict[str, list[dict[str, Any]]]:
    answer = cast.api(by).get("/api/mentions", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_two_sections_each_with_what_belongs_there(cast: Cast) -> None:
    cast.artifact("Chat chart")
    cast.artifact("Saved chart", saved="private")
    other = cast.api("alice").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    here = suggest(cast, conversation=cast.conversation.pk)
    assert set(here) == {"current_conversation", "saved_artifacts", "uploads"}
    assert {row["name"] for row in here["current_conversation"]} == {"Chat chart", "Saved chart"}
    assert [row["name"] for row in here["saved_artifacts"]] == ["Saved chart"]
    there = suggest(cast, conversation=other)
    assert there["current_conversation"] == []
    assert [row["name"] for row in there["saved_artifacts"]] == ["Saved chart"]
    assert suggest(cast)["current_conversation"] == []


def test_a_suggestion_carries_what_the_page_needs(cast: Cast) -> None:
    artifact = cast.artifact("Q4 [x]", saved="project")
    (row,) = suggest(cast, by="bob")["saved_artifacts"]
    assert set(row) == FIELDS
    assert (row["id"], row["owner"], row["is_owner"], row["visibility"]) == (
        str(artifact.pk),
        "alice",
        False,
        "project",
    )
    (reference,) = references(row["token"])
    assert (reference.label, reference.artifact) == ("Q4 [x]", artifact.pk)


def test_visibility_is_the_one_rule(cast: Cast) -> None:
    cast.artifact("mine private", saved="private")
    cast.artifact("mine shared", saved="project")
    cast.artifact("mine chat")
    assert {row["name"] for row in suggest(cast, q="mine")["saved_artifacts"]} == {
        "mine private",
        "mine shared",
    }
    assert [row["name"] for row in suggest(cast, by="bob", q="mine")["saved_artifacts"]] == ["mine shared"]
    assert suggest(cast, by="carol", q="mine") == {"current_conversation": [], "saved_artifacts": []}
    assert cast.api(None).get("/api/mentions").status_code == 401


def test_best_first(cast: Cast) -> None:
    for name in ("A report on sales", "Wholesale", "Sales", "Sales 2024", "Costs"):
        cast.artifact(name)
    rows = suggest(cast, conversation=cast.conversation.pk, q="sales")["current_conversation"]
    assert [row["name"] for row in rows][:3] == ["Sales", "Sales 2024", "A report on sales"]
    assert "Costs" not in {row["name"] for row in rows}
    for row in rows[:3]:
        assert "".join(row["name"][start:end] for start, end in row["match"]).lower() == "sales"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("q4", "Q4 Sales Chart"),
        ("qsc", "Q4 Sales Chart"),
        ("chart sales", "Q4 Sales Chart"),
        ("slaes", "Q4 Sales Chart"),
        ("uber", "Über uns"),
        ("ÜBER", "Über uns"),
        ("strasse", "Straße"),
        ("cust segm", "Customer Segmentation Query"),
        ("日本", "日本語の表"),
    ],
)
def test_fuzzy_search_forgives(query: str, name: str) -> None:
    found = match(query_of(query), name)
    assert found
    assert all(0 <= start < end <= len(name) for start, end in found.spans)


@pytest.mark.parametrize(
    ("query", "name"), [("xyz", "Q4 Sales"), ("salt", "Costs"), ("q4 costs", "Q4 Sales")]
)
def test_what_does_not_match_is_not_offered(query: str, name: str) -> None:
    assert match(query_of(query), name) is None


def test_an_empty_query_offers_the_newest_first_up_to_the_limit(cast: Cast) -> None:
    for number in range(12):
        cast.artifact(f"number {number}")
    rows = suggest(cast, conversation=cast.conversation.pk)["current_conversation"]
    assert [row["name"] for row in rows] == [f"number {number}" for number in range(11, 3, -1)]
    assert len(suggest(cast, conversation=cast.conversation.pk, limit=3)["current_conversation"]) == 3


def test_another_projects_artifacts_are_not_offered_in_a_conversation(cast: Cast) -> None:
    own = cast.api("alice").post("/api/projects", {"name": "Second"}).json()["id"]
    conversation = cast.api("alice").post("/api/conversations", {"project": own}).json()["id"]
    cast.artifact("Report", saved="private")
    assert suggest(cast, conversation=conversation)["saved_artifacts"] == []


def test_a_projects_own_settings_are_offered_its_saved_artifacts(cast: Cast) -> None:
    own = cast.api("alice").post("/api/projects", {"name": "Second"}).json()["id"]
    cast.artifact("Report", saved="private")
    assert [row["name"] for row in suggest(cast, project=cast.project.pk)["saved_artifacts"]] == ["Report"]
    assert suggest(cast, project=own) == {"current_conversation": [], "saved_artifacts": []}
    foreign = cast.api("bob").get("/api/mentions", {"project": own})
    absent = cast.api("bob").get("/api/mentions", {"project": uuid.uuid4()})
    assert (
        (foreign.status_code, foreign.content)
        == (absent.status_code, absent.content)
        == (404, foreign.content)
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"project": "nonsense"}, 400),
        ({"conversation": str(uuid.UUID(int=5)), "project": str(uuid.UUID(int=5))}, 400),
        ({"conversation": "nonsense"}, 400),
        ({"conversation": ""}, 400),
        ({"conversation": str(uuid.UUID(int=5))}, 404),
        ({"limit": "0"}, 400),
        ({"limit": "51"}, 400),
        ({"limit": "x"}, 400),
        ({"q": "\0"}, 400),
        ({"q": "x" * 200}, 200),
        ({"q": "x" * 201}, 400),
        ({"q": "%_\\'\""}, 200),
    ],
)
def test_odd_queries_are_answered_or_refused(cast: Cast, query: dict[str, str], status: int) -> None:
    cast.artifact()
    assert cast.api("alice").get("/api/mentions", query).status_code == status


@pytest.mark.parametrize("query", ["", "sales"])
def test_somebody_without_a_project_is_offered_nothing(cast: Cast, query: str) -> None:
    cast.artifact("sales", saved="private")
    Membership.objects.filter(user=cast.alice).delete()
    answer = cast.api("alice").get(f"/api/mentions?q={query}")
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"current_conversation": [], "saved_artifacts": []}


def test_a_conversation_that_one_has_typed_in_is_absent_with_the_right_to_it(cast: Cast) -> None:
    """What is remembered of it is no right."""
    cast.artifact("Report", saved="project")
    assert suggest(cast, conversation=cast.conversation.pk, q="rep")["saved_artifacts"]
    Membership.objects.filter(user=cast.alice).delete()
    gone = cast.api("alice").get("/api/mentions", {"conversation": cast.conversation.pk, "q": "rep"})
    absent = cast.api("alice").get("/api/mentions", {"conversation": uuid.uuid4(), "q": "rep"})
    assert gone.status_code == absent.status_code == 404
    assert gone.content == absent.content


def test_a_foreign_conversation_is_as_absent_as_none(cast: Cast) -> None:
    foreign = cast.api("bob").get("/api/mentions", {"conversation": cast.conversation.pk})
    absent = cast.api("bob").get("/api/mentions", {"conversation": uuid.uuid4()})
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
