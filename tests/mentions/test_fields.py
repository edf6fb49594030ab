"""Mentions in texts that are no messages: descriptions of artifacts, and what a project's agent is told."""

from typing import Any

import pytest
from django.test import Client

from artifactsite.lib.references import nameless
from mentions.syntax import token
from projects.models import Membership, Role
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
CANARY = "Canary 7153"


def administer(cast: Cast, *people: str) -> None:
    members = Membership.objects.filter(project=cast.project, user__username__in=people)
    members.update(role=Role.ADMINISTRATOR)


def instruct(cast: Cast, text: str) -> dict[str, Any]:
    answer = cast.api("alice").patch(f"/api/projects/{cast.project.pk}", {"agent_instructions": text})
    assert answer.status_code == 200, answer.content
    return answer.json()


def page_of(cast: Cast, by: str) -> Client:
    browser = Client()
    browser.force_login(getattr(cast, by))
    return browser


def context(cast: Cast, by: str) -> dict[str, Any]:
    made = cast.api(by).post("/api/conversations", {"project": str(cast.project.pk)}).json()
    return cast.api(by).get(f"/api/conversations/{made['id']}/context").json()


def test_kept_texts_refer_without_names() -> None:
    pk = "6ba04959-7a99-459f-9bbd-3ad8c472aa6d"
    kept = f"@[](artifact:{pk}) and `@[Q4](artifact:{pk})`"
    assert nameless(f"@[Q4 \\[x\\]](artifact:{pk}) and `@[Q4](artifact:{pk})`") == nameless(kept) == kept


def test_a_description_names_what_its_reader_may_see(cast: Cast) -> None:
    private = cast.artifact(CANARY, saved="private")
    shared = cast.artifact("Overview", saved="project")
    text = f"First line\nSee <b> {token(CANARY, private.pk)}."
    answer = cast.api("alice").patch(f"/api/artifacts/{shared.pk}", {"description": text})
    assert CANARY not in answer.json()["description"]
    page = f"/artifacts/{shared.pk}"
    mine = page_of(cast, "alice").get(page).content.decode()
    assert f'data-artifact="{private.pk}">@{CANARY}</a>.' in mine
    assert "First line<br>See &lt;b&gt;" in mine
    assert token(CANARY, private.pk) in page_of(cast, "alice").get(f"{page}/edit").content.decode()
    theirs = page_of(cast, "bob").get(page).content.decode()
    assert 'class="mention mention-unavailable"' in theirs
    assert f'href="/artifacts/{private.pk}"' not in theirs
    for address in (page, "/artifacts?q=canary&scope=all", f"/api/artifacts/{shared.pk}",
                    f"/api/artifacts/{shared.pk}/definition", "/api/artifacts?q=canary&scope=all"):  # fmt: skip
        body = page_of(cast, "bob").get(address).getvalue().decode()
        assert CANARY not in body, address
    assert cast.api("bob").get("/api/artifacts?q=canary&scope=all").json()["results"] == []
    # Once it is shared, from the next reading on.
    cast.api("alice").patch(f"/api/artifacts/{private.pk}", {"visibility": "project"})
    assert f"@{CANARY}</a>" in page_of(cast, "bob").get(page).content.decode()


def test_instructions_give_the_turns_owner_what_they_may_see(cast: Cast) -> None:
    private = cast.artifact(CANARY, saved="private")
    shared = cast.artifact("House style", "text", "Be brief.", saved="project")
    text = f"Follow {token('House style', shared.pk)} and {token(CANARY, private.pk)}."
    administer(cast, "alice", "bob")
    assert CANARY not in instruct(cast, text)["agent_instructions"]
    mine, theirs = context(cast, "alice"), context(cast, "bob")
    assert mine["instructions"] == text
    assert [given["name"] for given in mine["mentions"]] == ["House style", CANARY]
    assert [(given["name"], given["data"]) for given in theirs["mentions"]] == [("House style", "Be brief.")]
    assert theirs["instructions"] == text.replace(CANARY, "unavailable")
    assert [(row["included"], row["reason"]) for row in theirs["receipt"]["mentions"]] == [
        (True, None),
        (False, "unavailable"),
    ]
    assert CANARY not in str(theirs)
    # Whoever may change them and can't see it keeps the reference.
    settings = page_of(cast, "bob").get(f"/projects/{cast.project.pk}/settings").content.decode()
    # In the field, and as one of the kinds that its chips have.
    assert settings.count(token("unavailable", private.pk)) == 2
    assert f'data-artifact="{shared.pk}">@House style</a>' in settings
    assert CANARY not in settings
