"""Search: words, beginnings, phrases; case and accents forgiven; best first, marked, and only what is visible."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from artifacts.gallery import neighbours_of
from artifacts.intake import content
from artifacts.models import Artifact, SearchEntry
from artifacts.search import postgres
from artifacts.search.base import Query, Term
from artifacts.search.excerpts import Match
from artifacts.search.words import spaced
from artifacts.services import (
    add_version,
    delete_artifact,
    finish_deletion,
    save_artifact,
    set_visibility,
    update_artifact,
)
from artifactsite.lib.full_text import merge_indexes
from jobs.models import Job
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

Search = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def search(cast: Cast) -> Search:
    def found(q: str, who: str = "alice", **params: Any) -> list[dict[str, Any]]:
        answer = cast.api(who).get("/api/artifacts", {"q": q, **params})
        assert answer.status_code == 200, answer.content
        assert answer.json()["count"] == len(answer.json()["results"])
        return answer.json()["results"]

    return found


@pytest.fixture(params=["index", "walk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to what matches: by the index, and, as for very common words, through all that is visible."""
    if request.param == "walk":
        if connection.vendor != "postgresql":
            pytest.skip("SQLite asks its index for common words too")
        monkeypatch.setattr(postgres, "_COMMON", 0)


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def marked(row: dict[str, Any]) -> list[str]:
    match = row["match"]
    return [match["excerpt"][start:end] for start, end in match["marks"]]


# --- the query --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "terms"),
    [
        ("annual report", [Term(("annual",)), Term(("report",), True)]),
        ("annual report ", [Term(("annual",)), Term(("report",))]),
        ('"annual report" 2026', [Term(("annual", "report")), Term(("2026",), True)]),
        ('"annual report"', [Term(("annual", "report"))]),
        ('"annual rep', [Term(("annual", "rep"), True)]),
        ("ann* report ", [Term(("ann",), True), Term(("report",))]),
        ("q4-sales.csv", [Term(("q4", "sales", "csv"), True)]),
        ("Čapek", [Term(("capek",), True)]),
        ("Straße", [Term(("strasse",), True)]),
        ("東京都", [Term(("東", "京", "都"), True)]),
        ("!?", []),
        ("", []),
    ],
)
def test_the_query_is_read_as_people_type_it(raw: str, terms: list[Term]) -> None:
    assert list(Query.parse(raw).terms) == terms


def test_words_are_folded_and_bounded() -> None:
    assert spaced("Ærøskøbing, CAFÉ\u0301 naïve_file.PY") == "aeroskobing cafe naive file py"
    assert spaced("x" * 500) == "x" * 64


# --- what is found ------------------------------------------------------------------------------------


def test_a_name_and_the_first_lines_are_found_at_once(cast: Cast, search: Search) -> None:
    cast.artifact("Budget für Zürich", "text", "We spend it on crème brûlée")
    assert names(search("zurich")) == ["Budget für Zürich"]
    assert names(search("ZÜR")) == ["Budget für Zürich"]
    (row,) = search("creme brulee")
    assert marked(row) == ["crème", "brûlée"]
    assert row["match"]["field"] == "content"
    assert search("zurichs") == []


def test_the_whole_content_is_found_after_the_job(
    cast: Cast, search: Search, do_jobs: Callable[[], int]
) -> None:
    cast.artifact("long", "text", "word " * 1000 + "needle in it")
    assert search("needle") == []
    do_jobs()
    (row,) = search("needle")
    assert marked(row) == ["needle"]
    assert row["match"]["excerpt"].endswith("needle in it")


PAGE = "<html><style>hidden{}</style><h1>Wombat</h1><script>var koala</script><p>lives in burrows</p></html>"
CELL = {"cell_type": "code", "source": ["import numpy\n", "quokka = 1"], "outputs": [{"text": "platypus"}]}
CELLS = json.dumps({"cells": [CELL]})
CHART = {"html": PAGE, "visualization_data": {"unit": "kangaroos"}}


@pytest.mark.parametrize(
    ("name", "kind", "data", "finds", "misses"),
    [
        ("t", "table", [{"animal": "x"}] * 20 + [{"animal": "Echidna", "size": 3}], "echidna", "platypus"),
        (
            "v",
            "visualization",
            CHART,
            "wombat kangaroos",
            "koala",
        ),
        ("notes.md", "file", "# Emu\n\n" + "filler " * 900 + " **bandicoot**", "bandicoot", "platypus"),
        ("nb.ipynb", "file", CELLS, "quokka", "platypus "),
        ("page.html", "file", PAGE, "burrows", "koala"),
        ("doc.rtf", "file", r"{\rtf1 The dingo sleeps}", "dingo", "rtf1 "),
    ],
)
def test_every_kind_is_found_by_what_a_person_reads_in_it(
    cast: Cast, search: Search, do_jobs: Callable[[], int],
    name: str, kind: str, data: Any, finds: str, misses: str,
) -> None:  # fmt: skip
    if kind == "file":
        data = base64.b64encode(data.encode()).decode()
    cast.artifact(name, kind, data)
    do_jobs()
    assert names(search(finds)) == [name]
    assert search(misses) == []


@pytest.mark.usefixtures("way")
def test_phrases_words_and_beginnings(cast: Cast, search: Search) -> None:
    cast.artifact("one", "text", "the annual report of the zoo")
    cast.artifact("two", "text", "report of an annual meeting")
    assert set(names(search("annual report"))) == {"one", "two"}
    assert names(search('"annual report"')) == ["one"]
    assert names(search('"annual rep')) == ["one"]
    assert search("annu report ") == []
    assert set(names(search("annu* report "))) == {"one", "two"}
    assert search("!!!") == []


def test_a_part_of_a_sentence_without_spaces_is_found(cast: Cast, search: Search) -> None:
    cast.artifact("a", "text", "私は東京都に住んでいます")
    (row,) = search("東京")
    assert marked(row) == ["東京"]
    assert search("京東") == []
    cast.artifact("b", "text", "all done 🎉🚀")
    (row,) = search("🚀")
    assert marked(row) == ["🚀"]


@pytest.mark.usefixtures("way")
def test_the_best_comes_first_and_an_order_asked_for_goes_before(cast: Cast, search: Search) -> None:
    cast.artifact("Penguin report", "text", "x")
    cast.artifact("zoo", "text", "lions, tigers and a penguin")
    cast.artifact("aquarium", "text", "penguin penguin penguin penguin")
    assert names(search("penguin"))[0] == "Penguin report"
    assert names(search("penguin", ordering="name")) == ["Penguin report", "aquarium", "zoo"]
    assert names(search("penguin", ordering="-created_at")) == ["aquarium", "zoo", "Penguin report"]


@pytest.mark.usefixtures("way")
def test_paging_through_what_is_ranked_shows_each_once(cast: Cast) -> None:
    for number in range(23):
        cast.artifact(f"penguin {number}", "text", "penguin " * (number % 5))
    client = cast.api("alice")
    page = client.get("/api/artifacts", {"q": "penguin", "size": 5}).json()
    assert page["count"] == 23
    seen = names(page["results"])
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += names(page["results"])
    assert len(seen) == len(set(seen)) == 23
    back = client.get(page["previous"]).json()["results"]
    assert names(back) == seen[15:20]
    assert (
        names(client.get("/api/artifacts", {"q": "penguin", "size": 5, "page": 4}).json()["results"])
        == seen[15:20]
    )


# --- it follows every change --------------------------------------------------------------------------


def test_search_follows_names_versions_and_deletion(
    cast: Cast, search: Search, do_jobs: Callable[[], int]
) -> None:
    artifact = cast.artifact("first", "text", "alpha")
    update_artifact(by=cast.alice, artifact=artifact, name="second", description="about lemurs")
    assert search("first") == []
    assert names(search("lemurs")) == ["second"]
    do_jobs()
    add_version(
        by=cast.alice,
        artifact=artifact,
        content=content({"name": "second", "type": "text", "data": "beta"}, {}),
    )
    assert search("alpha") == []
    assert names(search("beta")) == ["second"]
    do_jobs()
    do_jobs()
    assert search("alpha") == []
    deletion = delete_artifact(by=cast.alice, artifact=artifact)
    assert search("beta") == []
    finish_deletion(deletion.pk)
    assert not SearchEntry.objects.exists()


def test_a_saved_artifact_is_found_by_what_its_readers_get(
    cast: Cast, search: Search, do_jobs: Callable[[], int]
) -> None:
    artifact = cast.artifact("a", "text", "alpha")
    save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    cast.artifact("a", "text", "unpublished")
    do_jobs()
    assert search("unpublished") == []
    assert names(search("alpha")) == ["a"]


def test_an_index_job_that_comes_late_writes_nothing(
    cast: Cast, search: Search, do_jobs: Callable[[], int]
) -> None:
    artifact = cast.artifact("gone", "text", "alpha")
    Artifact.objects.filter(pk=artifact.pk).delete()
    assert do_jobs() == 1
    assert not SearchEntry.objects.exists()
    assert Job.objects.get().state == "done"


def test_on_sqlite_the_many_pieces_of_its_index_become_one(cast: Cast, search: Search) -> None:
    if connection.vendor != "sqlite":
        assert merge_indexes() == 0
        return
    with connection.cursor() as cursor:
        for name in ("zoo", "aquarium", "gone"):
            artifact = cast.artifact(name, "text", f"the penguins of {name}")
            # A piece is written when the index is read, as at the end of a transaction.
            assert name in names(search("penguins"))
        Artifact.objects.filter(pk=artifact.pk).delete()
        assert set(names(search("penguins"))) == {"zoo", "aquarium"}
        pieces = "SELECT count(DISTINCT segid) FROM artifacts_search_idx"
        assert cursor.execute(pieces).fetchone()[0] > 1
        assert merge_indexes() > 0
        assert cursor.execute(pieces).fetchone()[0] == 1
    assert set(names(search("penguins"))) == {"zoo", "aquarium"}
    assert (names(search("aqua")), search("gone")) == (["aquarium"], [])
    assert merge_indexes() == 0


# --- only what is visible ----------------------------------------------------------------------------


@pytest.mark.usefixtures("way")
def test_nobody_finds_or_counts_what_they_may_not_see(cast: Cast, do_jobs: Callable[[], int]) -> None:
    artifact = cast.artifact("secretplan", "text", "canaryword")
    do_jobs()
    for who in ("bob", "adam", "carol"):
        for q in ("canaryword", "secretplan", "canary"):
            for scope in ("mine", "shared", "saved", "all"):
                answer = cast.api(who).get("/api/artifacts", {"q": q, "scope": scope})
                assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}
    save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    (row,) = cast.api("bob").get("/api/artifacts", {"q": "canaryword", "scope": "shared"}).json()["results"]
    assert marked(row) == ["canaryword"]
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    assert cast.api("bob").get("/api/artifacts", {"q": "canaryword", "scope": "all"}).json()["count"] == 0


HOSTILE = [
    '"', '""', "'", "a' OR 1=1 --", "a:*", "name:x", "NEAR(a b)", "a AND", "* *", "(", "{x}", "^a", "a\\", "\0", "%",
    "x" * 500, "AND OR NOT", "\U0001f600", "a" + "\u0301" * 99,
]  # fmt: skip


@pytest.mark.parametrize("q", HOSTILE)
def test_no_query_is_an_error(cast: Cast, q: str) -> None:
    cast.artifact("a b", "text", "x")
    assert cast.api("alice").get("/api/artifacts", {"q": q}).status_code in (200, 400)


def test_an_excerpt_is_one_line_near_the_words(
    cast: Cast, search: Search, do_jobs: Callable[[], int]
) -> None:
    cast.artifact("a", "text", "start\n" * 500 + "the red\nfox <b>jumps</b>\n" + "end\n" * 500)
    do_jobs()
    (row,) = search("fox jumps")
    excerpt = row["match"]["excerpt"]
    assert "\n" not in excerpt
    assert len(excerpt) <= 240
    assert marked(row) == ["fox", "jumps"]
    # As it stands in the content: whoever shows it has to escape it.
    assert "<b>jumps</b>" in excerpt


def test_a_tile_begins_near_the_first_word_that_was_found() -> None:
    found = Match("one two three four five six seven eight nine ten", [[34, 39]], "content")
    assert found.pieces(16) == [
        ("…", False),
        ("five six seven ", False),
        ("eight", True),
        (" nine ten", False),
    ]
    assert found.pieces() == [
        ("one two three four five six seven ", False), ("eight", True), (" nine ten", False)
    ]  # fmt: skip
    assert Match("wordwithoutspaces", [[12, 18]], "content").pieces(4)[:2] == [("…", False), ("outs", False)]
    assert Match("no mark", [], "name").pieces(4) == [("no mark", False)]


# --- on the gallery's page -----------------------------------------------------------------------------


def test_the_gallery_shows_the_best_first_with_the_words_marked(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)
    cast.artifact("zoo", "text", "lions <b>and</b> a penguin")
    cast.artifact("Penguin report", "text", "x")
    last = cast.artifact("other", "text", "nothing of it")
    page = client.get("/artifacts", {"q": "penguin"}).content.decode()
    assert page.index("Penguin report") < page.index(">zoo<")
    assert "lions &lt;b&gt;and&lt;/b&gt; a <mark>penguin</mark>" in page
    assert str(last.pk) not in page


def test_the_ways_on_from_a_preview_follow_the_ranked_list(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)
    for name in ("zoo", "Penguin report", "aquarium"):
        cast.artifact(name, "text", "penguin")
    order = [row["id"] for row in cast.api("alice").get("/api/artifacts", {"q": "penguin"}).json()["results"]]
    request = RequestFactory().get("/artifacts", {"q": "penguin"})
    request.user = cast.alice
    for place, pk in enumerate(order):
        ways = neighbours_of(request, Artifact.objects.get(pk=pk), cast.alice)
        before, after = (order[place - 1] if place else ""), (order[place + 1] if place < 2 else "")
        assert (before in ways.previous_url, after in ways.next_url) == (True, True)
        assert (bool(ways.previous_url), bool(ways.next_url)) == (bool(before), bool(after))


def test_a_search_in_the_gallery_can_be_ordered_by_time_instead(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)
    cast.artifact("penguin report", "text", "x")
    cast.artifact("zoo", "text", "a penguin")
    page = client.get("/artifacts", {"q": "penguin"}).content.decode()
    assert page.index(">penguin report<") < page.index(">zoo<")
    page = client.get("/artifacts", {"q": "penguin", "ordering": "-created_at"}).content.decode()
    assert page.index(">zoo<") < page.index(">penguin report<")
    assert "q=penguin&amp;ordering=-created_at" in page
