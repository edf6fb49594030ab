"""PostgreSQL's beginnings of artifacts' words: in step with every change, and no search finds more or less by them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from artifacts import services
from artifacts.intake import content
from artifacts.models import Artifact, SearchEntry
from artifacts.search import beginnings, postgres
from artifacts.search.base import Query
from artifactsite.backup import rows as backup_rows
from tests.cast import Cast
from tests.parallel import shared_database as shared_database

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.engines,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the beginnings are PostgreSQL's"),
]


def told(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def kept() -> set[Any]:
    return set(told("SELECT reader, created_at, artifact_id, words, is_whole FROM artifacts_beginning"))


def expected() -> set[Any]:
    """As the rule and the entries have it at this moment."""
    return set(
        told("""
            SELECT reader, a.created_at, a.id, b.words, b.is_whole
            FROM artifacts_artifact a JOIN artifacts_searchentry e ON e.artifact_id = a.id,
                artifacts_beginning_of(e.name, e.description, e.body) b,
                LATERAL (
                    SELECT lpad(to_hex(a.owner_id), 32, '0')::uuid UNION ALL
                    SELECT a.project_id WHERE a.saved_at IS NOT NULL AND a.visibility = 'project'
                ) r (reader)
        """)
    )


@pytest.fixture
def walked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The names that somebody finds by walking."""
    monkeypatch.setattr(postgres, "_COMMON", 0)

    def found(q: str, who: str = "alice", scope: str = "all") -> list[str]:
        answer = cast.api(who).get("/api/artifacts", {"q": q, "scope": scope}).json()
        return [row["name"] for row in answer["results"]]

    return found


def test_they_follow_every_change(cast: Cast, do_jobs: Callable[[], int]) -> None:
    artifact = cast.artifact("one", "text", "alpha " * 500 + "omega")
    cast.artifact("two", "text", "beta", saved="project")

    def is_followed(readers: int) -> None:
        assert kept() == expected()
        assert len(kept()) == readers

    is_followed(3)
    do_jobs()
    is_followed(3)
    services.update_artifact(by=cast.alice, artifact=artifact, name="three", description="of lemurs")
    is_followed(3)
    assert "lemurs" in next(words for *_, pk, words, _ in kept() if pk == artifact.pk)
    services.save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    is_followed(4)
    Artifact.objects.filter(pk=artifact.pk).update(owner=cast.bob)
    artifact.refresh_from_db()
    is_followed(4)
    services.set_visibility(by=cast.bob, artifact=artifact, visibility="private")
    is_followed(3)
    item = {"name": "three", "type": "text", "data": "gamma"}
    services.add_version(by=cast.bob, artifact=artifact, content=content(item, {}))
    do_jobs()
    is_followed(3)
    Artifact.objects.filter(pk=artifact.pk).delete()
    is_followed(2)


TEXTS = [
    "needle", "word " * 40 + "needle", "word " * 400 + "needle", "我" * 250 + " needle", "🦉" * 250 + " needle",
    " ".join(f"w{number}" for number in range(400)) + " needle", "ﷺ " * 250 + "needle",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_beginning_fits_into_its_index_and_loses_no_word(
    cast: Cast, walked: Callable[..., list[str]], do_jobs: Callable[[], int], text: str
) -> None:
    """However long, and in whatever script; what the beginning has not the entry has."""
    cast.artifact("in content", "text", text)
    cast.artifact("other", "text", "nothing of it")
    named = cast.artifact("named", "text", "x")
    name = text[-255:].strip()
    services.update_artifact(by=cast.alice, artifact=named, name=name, description=text[:1000])
    do_jobs()
    assert kept() == expected()
    assert len(kept()) == 3
    assert walked("needle") == [name, "in content"]
    assert walked('"nothing of"') == ["other"]


def test_what_is_cut_off_is_no_word_and_no_neighbour(
    cast: Cast, walked: Callable[..., list[str]], do_jobs: Callable[[], int]
) -> None:
    cast.artifact("a", "text", "x " * 148 + "annual report")
    named = cast.artifact("b", "text", "follows")
    services.update_artifact(by=cast.alice, artifact=named, description="y " * 150 + "end")
    do_jobs()
    assert walked('"ann"') == []
    assert walked('"annual"') == ["a"]
    assert walked('"annual report"') == ["a"]
    assert walked('"y follows"') == []
    assert walked('"end follows"') == ["b"]


def test_where_there_is_none_the_entry_is_asked_and_they_are_added_again(
    cast: Cast, walked: Callable[..., list[str]]
) -> None:
    cast.artifact("one", "text", "alpha", saved="project")
    cast.artifact("two", "text", "alpha", saved="private")
    before = kept()
    told("DELETE FROM artifacts_beginning RETURNING 1")
    assert (walked("alpha"), walked("alpha", "bob")) == (walked("alpha", scope="mine"), ["one"])
    assert len(walked("alpha")) == 2
    call_command("reindex_artifacts", verbosity=0)
    assert kept() == before
    assert beginnings.fill() == 0


def test_a_reader_is_shown_what_the_rule_shows_whatever_is_kept(
    cast: Cast, walked: Callable[..., list[str]]
) -> None:
    cast.artifact("secret", "text", "canary", saved="private")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE artifacts_beginning SET reader = %s", [cast.project.pk])
    assert walked("canary", "bob") == walked("canary", "carol") == []
    assert walked("canary") == ["secret"]


def test_the_index_is_not_asked_for_a_common_word_beside_a_rare_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_COMMON", 3)
    for name in ("one", "two", "three"):
        cast.artifact(name, "text", "the report", saved="project")
    cast.artifact("four", "text", "the penguin's report")
    cast.artifact("five", "text", "a penguin")

    def asked(q: str) -> tuple[bool, str]:
        is_common, terms = postgres._asked(Query.parse(q))
        return is_common, " ".join(term.words[0] for term in terms)

    assert asked("report") == (True, "report")
    assert asked("penguin report") == (False, "penguin")
    assert asked("penguin five") == (False, "penguin five")
    found = cast.api("alice").get("/api/artifacts", {"q": "penguin report"}).json()
    assert [row["name"] for row in found["results"]] == ["four"]
    assert cast.api("bob").get("/api/artifacts", {"q": "penguin report", "scope": "all"}).json()["count"] == 0


def test_emptied_and_filled_again_as_a_restore_does_they_begin_anew(
    shared_database: None, cast: Cast
) -> None:
    cast.artifact("one", saved="project")
    before = kept()
    parts = {model: [part for part, _ in backup_rows.parts_of(model)] for model in (Artifact, SearchEntry)}
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE artifacts_artifact CASCADE")
    assert kept() == set()
    with connection.constraint_checks_disabled(), transaction.atomic():
        for model, its in parts.items():
            for part in its:
                backup_rows.load(model, part)
        assert kept() == before
        transaction.set_rollback(True)


def test_the_migration_goes_both_ways_beside_rows_that_are_there(shared_database: None, cast: Cast) -> None:
    cast.artifact("one", saved="project")
    call_command("migrate", "artifacts", "0014", verbosity=0)
    cast.artifact("two")
    call_command("migrate", "artifacts", verbosity=0)
    assert kept() == expected()
    assert len(kept()) == 3
