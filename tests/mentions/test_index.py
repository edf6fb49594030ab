"""The index over names: in step with every way in which artifacts come, change and go, and asked for what was typed."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from artifacts.models import Artifact
from artifacts.services import delete_artifact, update_artifact
from artifactsite.lib.full_text import merge_indexes
from mentions.index import engine, plan, postgres
from mentions.index.base import Scope
from mentions.ranking import query_of
from mentions.suggest import suggest
from tests.cast import Cast
from tests.mentions.names import NAMES
from tests.mentions.test_ranking import LIBRARIES

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def found(cast: Cast, query: str, ask: str = "well", by: str = "alice") -> set[str]:
    """The names that the index gives somebody for a query, before any rule."""
    scope = Scope(getattr(cast, by).pk, (cast.project.pk,))
    source, values = getattr(engine(), ask)(scope, query_of(query))
    with connection.cursor() as cursor:
        cursor.execute(source.sql, [values[place] for place in source.places])
        ids = [pk for pk, is_near in cursor.fetchall() if is_near == (ask == "nearly")]
    return set(Artifact.objects.filter(pk__in=ids).values_list("name", flat=True))


def fill(cast: Cast, names: list[str], **facts: Any) -> None:
    """Saved artifacts without their content, many at once."""
    now = timezone.now()
    Artifact.objects.bulk_create(
        Artifact(
            **{"owner": cast.alice, "project": cast.project, "name": name, "output_name": str(number), "kind": "text",
               "gallery_type": "file", "saved_at": now, **facts}
        )
        for number, name in enumerate(names)
    )  # fmt: skip


def top(cast: Cast, query: str, by: str = "alice", most: int = 3) -> list[str]:
    conversation = cast.conversation.pk if by == "alice" else None
    rows = suggest(user=getattr(cast, by), conversation=conversation, query=query, limit=most)
    assert rows is not None
    return [row["name"] for row in rows["saved_artifacts"]]


def test_it_follows_saving_renaming_and_deleting(cast: Cast) -> None:
    artifact = cast.artifact("Balance Sheet")
    assert found(cast, "balance") == set()
    artifact = cast.artifact("Profit and Loss", saved="private")
    assert found(cast, "profit") == {"Profit and Loss"}
    update_artifact(by=cast.alice, artifact=artifact, name="Cash Flow")
    assert (found(cast, "profit"), found(cast, "cash")) == (set(), {"Cash Flow"})
    delete_artifact(by=cast.alice, artifact=artifact)
    assert found(cast, "cash") == set()


def test_it_gives_each_reader_what_they_may_see(cast: Cast) -> None:
    """So that others' private names, however many, crowd out nothing; what is visible stays the rule's to say."""
    artifact = cast.artifact("Balance Sheet", saved="private")
    assert (found(cast, "balance"), found(cast, "balance", by="bob")) == ({"Balance Sheet"}, set())
    artifact = update_artifact(by=cast.alice, artifact=artifact, visibility="project")
    assert (found(cast, "balance"), found(cast, "balance", by="bob")) == ({"Balance Sheet"},) * 2
    update_artifact(by=cast.alice, artifact=artifact, visibility="private")
    assert (found(cast, "balance"), found(cast, "balance", by="bob")) == ({"Balance Sheet"}, set())


def test_it_follows_what_is_created_many_at_once(cast: Cast) -> None:
    fill(cast, NAMES)
    assert found(cast, "balance sheet") == {"Balance Sheet"}
    Artifact.objects.filter(name="Balance Sheet").delete()
    assert found(cast, "balance sheet") == set()


@pytest.mark.parametrize(("names", "queries"), LIBRARIES, ids=["team", "other fields"])
def test_it_finds_what_is_older_than_the_newest(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, names: list[str], queries: list[tuple[str, ...]]
) -> None:
    """The whole table of queries again, with nothing but the index to find them by."""
    fill(cast, names)
    monkeypatch.setattr(postgres, "_NEWEST", 0)
    monkeypatch.setattr(postgres, "_FEWEST_NEWEST", 0)
    monkeypatch.setattr(plan, "abbreviated", lambda query: " ")
    missed = [
        (kind, query, wanted, first)
        for kind, query, wanted in queries
        if kind != "subsequence" and wanted not in (first := top(cast, query))
    ]
    assert len(missed) <= 0.03 * len(queries), missed


def test_it_finds_a_slip_anywhere_in_a_word(cast: Cast) -> None:
    fill(cast, ["Customer", "Sales"])
    word = "customer"
    slips = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)}
    slips |= {word[:at] + word[at + 1 :] for at in range(len(word))}
    slips |= {word[:at] + "x" + word[at + 1 :] for at in range(len(word))}
    assert {slip for slip in slips if "Customer" not in found(cast, slip, "nearly")} == set()
    assert "Sales" in found(cast, "slaes", "nearly")


def test_of_what_only_nearly_answers_the_index_gives_what_is_meant(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two words with a slip each, initials without the little word, an umlaut in two letters, spelt by ear, turned."""
    monkeypatch.setattr(plan, "abbreviated", lambda query: " ")
    meant = {
        "penatration tset": "Penetration Test Findings",
        "plna lanch": "Launch Plan",
        "hldy schedule": "Holiday Schedule",
        "lvc": "Lifetime Value by Cohort",
        "smoerrebroed": "Smørrebrød menu",
        "filogenetic": "Phylogenetic tree",
        "绩效学生": "學生績效",
    }
    fill(cast, list(meant.values()))
    assert {query: found(cast, query, "nearly") for query in meant} == {
        query: {name} for query, name in meant.items()
    }


def test_what_is_nearly_meant_is_offered_where_nothing_answers_well_enough(cast: Cast) -> None:
    fill(cast, ["Salse", "Sales", "From scratch", "Platform", "Abxcyz", *["Abcx bcxy cxyz"] * 3])
    # The name itself: nothing like it can be meant instead. A stretch inside a word: something else can.
    assert top(cast, "sales") == ["Sales"]
    assert top(cast, "form") == ["Platform", "From scratch"]
    # The index gives three that have the query's terms, and none of them answers well.
    assert "Abxcyz" in top(cast, "abcxyz", most=8)


def test_another_projects_names_do_not_crowd_out_ones_own(cast: Cast) -> None:
    fill(cast, ["Sales report"])
    fill(cast, [f"Sales report {number}" for number in range(200)], project=cast.elsewhere, owner=cast.carol)
    assert top(cast, "sales rep") == ["Sales report"]


def test_the_name_itself_is_found_among_very_many_alike(cast: Cast) -> None:
    fill(cast, ["Report"])
    fill(cast, [f"Report {number}" for number in range(300)])
    assert top(cast, "report")[0] == "Report"


def test_what_begins_so_is_found_among_very_many_that_have_it(cast: Cast) -> None:
    fill(cast, ["Reporting rules", "C# guide"])
    fill(cast, [f"Big report {number}" for number in range(300)])
    fill(cast, [f"Costs {number}" for number in range(300)])
    assert top(cast, "report")[0] == "Reporting rules"
    assert top(cast, "c#")[0] == "C# guide"


def test_a_short_word_is_found_among_very_many_that_begin_so(cast: Cast) -> None:
    fill(cast, ["Market VAR"])
    fill(cast, [f"Variety {number}" for number in range(300)])
    assert top(cast, "var")[0] == "Market VAR"


def test_names_saved_before_get_the_terms_of_today(cast: Cast) -> None:
    fill(cast, ["P&L Bridge", "Balance Sheet"])
    Artifact.objects.filter(name="P&L Bridge").update(name_terms="^pl |plbridge")
    assert found(cast, "pnl") == set()
    migration = import_module("mentions.migrations.0006_sounds_and_other_readings")
    migration.write_anew(apps, connection.schema_editor())
    assert found(cast, "pnl") == {"P&L Bridge"}


def test_on_sqlite_it_repairs_itself_after_a_migration_that_dropped_its_triggers(cast: Cast) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its index whatever a migration does")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER mentions_learn")
    fill(cast, ["Balance Sheet"])
    assert found(cast, "balance") == set()
    call_command("migrate", "mentions", verbosity=0)
    assert found(cast, "balance") == {"Balance Sheet"}


def test_ones_own_use_breaks_a_tie_and_then_recency(cast: Cast) -> None:
    older, _ = (cast.artifact(f"Report {letter}", saved="project") for letter in "AB")
    assert top(cast, "report") == ["Report B", "Report A"]
    body = f"@[Report A](artifact:{older.pk})"
    cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/messages", {"body": body})
    assert top(cast, "report") == ["Report A", "Report B"]
    # Somebody else's use is nobody else's business.
    assert top(cast, "report", by="bob") == ["Report B", "Report A"]


def test_on_sqlite_its_many_pieces_become_one_and_it_finds_what_it_found(cast: Cast) -> None:
    if connection.vendor != "sqlite":
        assert merge_indexes() == 0
        return
    pieces = "SELECT count(DISTINCT segid) FROM mentions_terms_idx"
    with connection.cursor() as cursor:
        for name in ("Balance Sheet", "Cash Flow", "Profit and Loss"):
            fill(cast, [name])
            # A piece is written when the index is read, as at the end of a transaction.
            assert found(cast, name) == {name}
        Artifact.objects.filter(name="Cash Flow").delete()
        found(cast, "cash")
        assert cursor.execute(pieces).fetchone()[0] > 1
        assert merge_indexes() > 0
        assert cursor.execute(pieces).fetchone()[0] == 1
    assert (found(cast, "balance"), found(cast, "cash"), found(cast, "loss")) == (
        {"Balance Sheet"}, set(), {"Profit and Loss"},
    )  # fmt: skip
    assert merge_indexes() == 0
