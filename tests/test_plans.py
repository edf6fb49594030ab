"""What PostgreSQL does for lists, filters, searches and the dropdown: no large table read whole, nothing large sorted.

Not seconds: how many statements, and their plans over a small library, with scans and sorts made dear, so
that only what has no index would do them.
"""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import Count
from rest_framework.test import APIClient

from artifacts.models import Artifact
from artifactsite.lib.pagination import EXACT_COUNT
from benchmarks.cases import LIST, SEARCHES, dropdown
from benchmarks.library import READER, Library, fill
from benchmarks.plans import complaints, indexes, recorded
from conversations.models import Conversation

ROWS = 4000
MOST_SORTED = 1000  # a page out of each of a dozen projects; the reader's own alone are more
FILTERS = (
    "", "&type=images", "&type=code", "&kind=file", "&scope=shared", "&scope=saved", "&scope=all",
    "&scope=all&type=html", "&created_before=2026-10-31T00:00:00Z", "&ordering=name", "&ordering=-updated_at",
    "&scope=all&ordering=name", "&scope=all&ordering=-updated_at", "&page=9",
)  # fmt: skip
MOST_STATEMENTS = 8

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.engines,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's"),
]


@pytest.fixture
def library() -> tuple[Library, APIClient]:
    filled = fill(ROWS)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {filled.token}")
    return filled, client


def asked(caller: APIClient, address: str, most_sorted: int = MOST_SORTED) -> tuple[int, list[str]]:
    """How many statements it takes, and what is wrong with their plans."""
    with recorded() as statements:
        answer = caller.get(address)
    assert answer.status_code == 200, (address, answer.content[:300])
    return len(statements), complaints(statements, few_rows=0, most_sorted=most_sorted)


def test_lists_filters_and_searches_have_indexes(library: tuple[Library, APIClient]) -> None:
    filled, caller = library
    wrong: dict[str, Any] = {}
    for query in (*FILTERS, f"&project={filled.project}", *SEARCHES.values()):
        # What was found is sorted by its rank, however much that is up to the bound of the count.
        most = EXACT_COUNT + 1 if "q=" in query else MOST_SORTED
        count, found = asked(caller, LIST + query.replace("&page=5", ""), most)
        if found or count > MOST_STATEMENTS:
            wrong[query] = (count, found)
    assert wrong == {}


def test_a_conversation_and_a_project_are_found_by_the_index_made_for_them(
    library: tuple[Library, APIClient],
) -> None:
    """Not by all that a project has, nor by all that the reader owns sorted once more."""
    filled, caller = library
    conversation = caller.get(LIST).json()["results"][-1]["conversation"]["id"]
    for address, index in {
        f"/api/conversations/{conversation}/artifacts": "artifact_of_conversation",
        f"{LIST}&conversation={conversation}": "artifact_of_conversation",
        f"{LIST}&project={filled.project}": "artifact_of_owner_in_project",
        f"{LIST}&page=3": "artifact_of_owner",
    }.items():
        with recorded() as statements:
            assert caller.get(address).json()["results"], address
        # The statement that finds their ids, or the part of it that does; each row is then looked up by its own.
        assert indexes(statements)[0] - {"artifacts_artifact_pkey"} == {index}, address


def test_a_common_word_is_searched_for_in_the_order_of_an_index(library: tuple[Library, APIClient]) -> None:
    """Where the planner thinks that few have the word, it would rather read and sort all that the reader owns."""
    _, caller = library
    plans = []

    def explain(execute: Any, sql: str, *more: Any) -> Any:
        if sql.startswith("WITH found"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", more[0])  # as the planner is told to behave right here
                plans.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, *more)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on")
    with connection.execute_wrapper(explain):
        assert caller.get(f"{LIST}{SEARCHES['in all']}").json()["results"]
    (plan,) = plans
    assert "using artifact_of_owner on artifacts_artifact" in plan
    assert "created_at DESC" not in plan  # nothing is sorted by time once more
    assert "Index Only Scan using artifacts_beginning_pkey" in plan
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_sort")
        assert cursor.fetchone() == ("on",)  # of this search alone


def test_a_cursor_costs_what_the_first_page_costs(library: tuple[Library, APIClient]) -> None:
    _, caller = library
    for scope in ("mine", "all"):
        first = f"{LIST}&scope={scope}"
        behind = caller.get(f"{first}&page=5").json()["next"]
        assert asked(caller, behind) == asked(caller, first)


def kept_plans(beginning: str) -> list[str]:
    """The plans that this connection keeps for statements that begin so: for no values, as whoever asks gets them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, COALESCE(cardinality(parameter_types), 0) FROM pg_prepared_statements"
            " WHERE statement LIKE %s",
            [f"{beginning}%"],
        )
        plans = []
        for name, count in cursor.fetchall():
            cursor.execute(f'EXPLAIN EXECUTE "{name}" ({", ".join(["NULL"] * count)})')
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return plans


def test_the_plan_that_is_kept_walks_the_index_whoever_asks(library: tuple[Library, APIClient]) -> None:
    """Most have a page or two. A plan made for them sorts all that one has, on every page of somebody with many."""
    _, caller = library
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on")
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute("ALTER TABLE artifacts_artifact ALTER owner_id SET (n_distinct = 10)")
        cursor.execute("ANALYZE artifacts_artifact (owner_id)")
        cursor.execute("DEALLOCATE ALL")
    orders = ("", "&ordering=name", "&ordering=-updated_at")
    for order in orders:
        first = LIST + order
        for address in (first, f"{first}&page=2", caller.get(first).json()["next"]):
            for _ in range(3):
                assert caller.get(address).json()["results"]
    plans = kept_plans("SELECT r.* FROM (SELECT")
    assert len(plans) == 2 * len(orders)  # by number, and by cursor
    assert [plan for plan in plans if "Sort" in plan or "using artifact_of_owner" not in plan] == []
    # The reader's projects are found once, not for each row that is walked.
    assert [plan for plan in plans if "InitPlan" not in plan or "Join" in plan.partition("InitPlan")[0]] == []


def test_the_plan_that_is_kept_for_a_project_is_right_for_large_and_small_ones(
    library: tuple[Library, APIClient],
) -> None:
    """What one has there is met at once and in order, however much one has elsewhere."""
    filled, caller = library
    with connection.cursor() as cursor:
        for setting in ("enable_sort", "enable_seqscan"):
            cursor.execute(f"SET LOCAL {setting} = on")
        cursor.execute("DEALLOCATE ALL")
    by_size = Artifact.objects.filter(owner__username=READER).values("project").annotate(n=Count("pk"))
    small = by_size.order_by("n")[0]["project"]
    for scope in ("mine", "all"):
        for project in (filled.project, small, filled.project):
            assert caller.get(f"{LIST}&scope={scope}&project={project}").json()["results"]
    plans = kept_plans("SELECT r.* FROM (SELECT")
    assert len(plans) == 2  # of own, and of all
    for plan in plans:
        assert "using artifact_of_owner_in_project" in plan
        assert "using artifact_of_owner on" not in plan


def test_rows_are_looked_up_one_by_one(library: tuple[Library, APIClient]) -> None:
    """A kept plan for all at once reads every membership, person and project of the site for fifty rows."""
    _, caller = library
    with connection.cursor() as cursor:
        for setting in ("enable_sort", "enable_seqscan"):
            cursor.execute(f"SET LOCAL {setting} = on")
        cursor.execute("DEALLOCATE ALL")
    conversation = caller.get(LIST).json()["results"][-1]["conversation"]["id"]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for address in (f"{LIST}&scope=all", f"{LIST}&conversation={conversation}"):
        for _ in range(3):
            assert caller.get(address).json()["results"]
    of_a_list, by_ids = kept_plans("SELECT r.* FROM (SELECT")
    for plan in (of_a_list, by_ids):
        assert "on artifacts_version" in plan
        assert not {
            "artifacts_artifact",
            "artifacts_version",
            "conversations_conversation",
            "projects_membership",
        } & {
            line.partition("Seq Scan on ")[2].split()[0]
            for line in plan.splitlines()
            if "Seq Scan on" in line
        }, plan


def test_the_dropdown_has_indexes(library: tuple[Library, APIClient]) -> None:
    filled, caller = library
    conversation = Conversation.objects.filter(owner__username=READER).values_list("pk", flat=True)[0]
    wrong = {}
    for kind, queries in dropdown(filled.names).items():
        query = urlencode({"conversation": conversation, "limit": 8, "q": queries[0]})
        count, found = asked(caller, f"/api/mentions?{query}")
        if found or count > 2 * MOST_STATEMENTS:
            wrong[kind] = (count, found)
    assert wrong == {}
