"""Mentions in posted messages: recorded with the author's rights, read with the reader's."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact
from conversations.models import Message
from mentions.models import Mention
from mentions.resolve import chipped_text, html_of, named_text, resolve, visible_mentioned
from mentions.syntax import token
from projects.models import Membership
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def post(cast: Cast, body: str, conversation: Any = None, by: str = "alice") -> dict[str, Any]:
    pk = conversation or cast.conversation.pk
    answer = cast.api(by).post(f"/api/conversations/{pk}/messages", {"body": body})
    assert answer.status_code == 201, answer.content
    return answer.json()


def of_bob(cast: Cast) -> str:
    return cast.api("bob").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]


def test_a_token_is_a_mention_where_it_stands(cast: Cast) -> None:
    artifact = cast.artifact("Q4 [final]")
    written = token("Q4 [final]", artifact.pk)
    message = post(cast, f"See {written}!")
    assert message["body"] == f"See {written}!"
    assert message["mentions"] == [
        {
            "artifact": str(artifact.pk),
            "label": "Q4 [final]",
            "start": 4,
            "end": 4 + len(written),
            "available": True,
        }
    ]
    assert f'href="/artifacts/{artifact.pk}"' in message["html"]
    assert "@Q4 [final]</a>" in message["html"]


def test_plain_names_of_the_seed_are_mentions(cast: Cast) -> None:
    q4, q3 = cast.artifact("Q4 Sales Chart"), cast.artifact("Q3 Sales Chart")
    message = post(cast, "Compare @Q4 Sales Chart and @Q3 Sales Chart side by side")
    assert [(m["artifact"], m["label"]) for m in message["mentions"]] == [
        (str(q4.pk), "Q4 Sales Chart"),
        (str(q3.pk), "Q3 Sales Chart"),
    ]
    for mention in message["mentions"]:
        assert message["body"][mention["start"] : mention["end"]] == f"@{mention['label']}"


def test_the_current_conversations_artifact_is_meant_first(cast: Cast) -> None:
    elsewhere = cast.artifact("Report", saved="project")
    other = cast.api("alice").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    assert post(cast, "@Report", other)["mentions"][0]["artifact"] == str(elsewhere.pk)
    made = cast.api("alice").post(
        f"/api/conversations/{other}/tool-results",
        {"tool": "t", "artifacts": [{"name": "Report", "type": "text", "data": "x"}]},
    ).json()["artifacts"][0]["id"]  # fmt: skip
    assert post(cast, "@Report", other)["mentions"][0]["artifact"] == made


def test_a_name_that_several_bear_means_none(cast: Cast) -> None:
    cast.artifact("Report")
    cast.artifact("Report", "table", [{"a": 1}])
    assert post(cast, "@Report")["mentions"] == []


@pytest.mark.parametrize("saved", [None, "private"])
def test_what_the_author_cannot_see_is_no_mention_and_no_error(cast: Cast, saved: str | None) -> None:
    artifact = cast.artifact("Secret plan", saved=saved)
    body = f"{token('Secret plan', artifact.pk)} and @Secret plan and {token('x', uuid.uuid4())}"
    message = post(cast, body, of_bob(cast), by="bob")
    assert (message["mentions"], message["body"]) == ([], body)
    assert not Mention.objects.exists()
    assert str(artifact.pk) not in message["html"].replace("artifact:" + str(artifact.pk), "")


def test_a_label_with_an_at_in_it_is_one_mention(cast: Cast) -> None:
    cast.artifact("Sales")
    outer = cast.artifact("Plan for @Sales")
    written = token("Plan for @Sales", outer.pk)
    message = post(cast, f"{written} now")
    assert [m["artifact"] for m in message["mentions"]] == [str(outer.pk)]
    assert message["body"] == f"{written} now"


def test_a_plain_name_with_an_at_in_it_is_one_mention(cast: Cast) -> None:
    cast.artifact("Sales")
    outer = cast.artifact("Plan for @Sales")
    message = post(cast, "see @Plan for @Sales now")
    assert [m["artifact"] for m in message["mentions"]] == [str(outer.pk)]
    assert message["body"] == "see @Plan for @Sales now"


def everything_about(cast: Cast, conversation: str, by: str) -> str:
    """All that the API says of a conversation."""
    client = cast.api(by)
    base = f"/api/conversations/{conversation}"
    answers = [
        client.get(path) for path in (base, f"{base}/messages", f"{base}/context", f"{base}/artifacts")
    ]
    answers.append(client.get("/api/mentions", {"conversation": conversation, "q": "canary"}))
    answers.append(client.get("/api/artifacts", {"scope": "all", "q": "canary"}))
    assert {answer.status_code for answer in answers} == {200}
    return "".join(answer.content.decode() for answer in answers)


def unshare(cast: Cast, artifact: Artifact) -> None:
    cast.api("alice").patch(f"/api/artifacts/{artifact.pk}", {"visibility": "private"})


def delete(cast: Cast, artifact: Artifact) -> None:
    cast.api("alice").delete(f"/api/artifacts/{artifact.pk}")


@pytest.mark.parametrize("end", [unshare, delete])
@pytest.mark.parametrize("plain", [True, False])
def test_what_one_may_no_longer_see_is_nameless_everywhere(cast: Cast, end: Any, plain: bool) -> None:
    artifact = cast.artifact("Canary Report", data="canary content", saved="project")
    conversation = of_bob(cast)
    written = "@Canary Report" if plain else token("Canary Report", artifact.pk)
    message = post(cast, f"Read {written} first", conversation, by="bob")
    assert message["mentions"][0]["available"] is True
    assert "canary content" in everything_about(cast, conversation, "bob")
    end(cast, artifact)
    seen = everything_about(cast, conversation, "bob")
    assert "canary" not in seen.lower()
    assert str(artifact.pk) not in seen
    (row,) = cast.api("bob").get(f"/api/conversations/{conversation}/messages").json()["results"]
    assert row["body"] == "Read @unavailable first"
    assert row["mentions"] == [
        {"artifact": None, "label": "unavailable", "start": 5, "end": 17, "available": False}
    ]
    assert "unavailable" in row["html"]


def test_an_untitled_conversation_is_named_after_ones_own_but_not_after_anothers(cast: Cast) -> None:
    artifact = cast.artifact("Report", saved="project")
    untitled = cast.api("alice").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    post(cast, f"Read {token('Report', artifact.pk)} first", untitled)
    assert cast.api("alice").get(f"/api/conversations/{untitled}").json()["title"] == "Read @Report first"
    theirs = of_bob(cast)
    post(cast, f"Read {token('Report', artifact.pk)} first", theirs, by="bob")
    assert cast.api("bob").get(f"/api/conversations/{theirs}").json()["title"] == "Read … first"


def test_what_is_shared_again_has_its_name_again(cast: Cast) -> None:
    artifact = cast.artifact("Report", saved="project")
    conversation = of_bob(cast)
    post(cast, "@Report", conversation, by="bob")
    for visibility, body in (("private", "@unavailable"), ("project", "@Report")):
        cast.api("alice").patch(f"/api/artifacts/{artifact.pk}", {"visibility": visibility})
        (row,) = cast.api("bob").get(f"/api/conversations/{conversation}/messages").json()["results"]
        assert row["body"] == body


def test_a_mention_grants_nothing(cast: Cast) -> None:
    artifact = cast.artifact("Report", saved="project")
    post(cast, "@Report", of_bob(cast), by="bob")
    unshare(cast, artifact)
    for tail in ("", "/data", "/download", "/definition", "/preview", "/mentions"):
        assert cast.api("bob").get(f"/api/artifacts/{artifact.pk}{tail}").status_code == 404


def test_renaming_keeps_the_label_as_typed(cast: Cast) -> None:
    artifact = cast.artifact("Report")
    post(cast, "@Report")
    cast.api("alice").patch(f"/api/artifacts/{artifact.pk}", {"name": "New"})
    row = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/messages").json()["results"][0]
    assert (row["body"], row["mentions"][0]["available"]) == ("@Report", True)


def test_a_label_runs_nothing_and_the_two_marks_of_chips_cannot_be_forged(cast: Cast) -> None:
    artifact = cast.artifact("<img src=x onerror=alert(1)>")
    body = f"\ue0000\ue001 {token('<img src=x onerror=alert(1)>', artifact.pk)} ![@x](y) \ue0007\ue001"
    html = post(cast, body)["html"]
    assert "<img src=x" not in html
    assert html.count("data-artifact") == 1
    assert "\ue000" not in html


def test_backlinks_are_ones_own_conversations_only(cast: Cast) -> None:
    artifact = cast.artifact("Report", saved="project")
    theirs = of_bob(cast)
    post(cast, "@Report", theirs, by="bob")
    post(cast, "@Report")
    for person, conversation in (("alice", str(cast.conversation.pk)), ("bob", theirs)):
        rows = cast.api(person).get(f"/api/artifacts/{artifact.pk}/mentions").json()
        assert (rows["count"], rows["results"][0]["id"]) == (1, conversation)
    assert cast.api("adam").get(f"/api/artifacts/{artifact.pk}/mentions").json()["count"] == 0
    assert cast.api("carol").get(f"/api/artifacts/{artifact.pk}/mentions").status_code == 404


def test_sharing_to_a_new_conversation_mentions_what_it_starts_from(cast: Cast) -> None:
    artifact = cast.artifact("Report", data="the words", saved="project")
    answer = cast.api("bob").post(f"/api/artifacts/{artifact.pk}/share")
    assert (answer.status_code, set(answer.json())) == (201, {"conversation"})
    new = answer.json()["conversation"]
    row = cast.api("bob").get(f"/api/conversations/{new}").json()
    assert (row["project"], row["started_from"], row["title"]) == (
        str(cast.project.pk),
        str(artifact.pk),
        "From a shared text",
    )
    context = cast.api("bob").get(f"/api/conversations/{new}/context").json()
    assert [(m["artifact"], m["data"]) for m in context["mentions"]] == [(str(artifact.pk), "the words")]
    assert cast.api("alice").get(f"/api/conversations/{new}").status_code == 404
    unshare(cast, artifact)
    for path in (f"/api/conversations/{new}/messages", f"/api/conversations/{new}", "/api/conversations"):
        assert "report" not in cast.api("bob").get(path).content.decode().lower()


def test_a_former_members_conversations_are_gone_with_the_membership(cast: Cast) -> None:
    cast.artifact("Report", saved="project")
    conversation = of_bob(cast)
    post(cast, "@Report", conversation, by="bob")
    Membership.objects.filter(user=cast.bob).delete()
    assert cast.api("bob").get(f"/api/conversations/{conversation}/messages").status_code == 404


def test_reading_costs_the_same_number_of_queries_however_much_is_mentioned(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    """500 messages with 2,000 mentions, as with 5 messages and 20."""
    artifacts = [cast.artifact(f"Figure {number}") for number in range(20)]
    costs = []
    for messages in (5, 495):
        fill_with_mentions(cast, artifacts, messages)
        with django_assert_max_num_queries(10) as captured:
            said = Message.objects.filter(conversation=cast.conversation, role="user").prefetch_related(
                "mentions"
            )
            visible = visible_mentioned(said, cast.alice)
            rows = [resolve(message, visible) for message in said]
        costs.append(len(captured))
    assert (len(rows), sum(len(row.mentions) for row in rows)) == (500, 2000)
    assert costs[0] == costs[1]


def test_api_page_and_context_read_mentions_together_too(cast: Cast) -> None:
    artifacts = [cast.artifact(f"Figure {number}") for number in range(20)]
    api, browser = cast.api("alice"), Client()
    browser.force_login(cast.alice)
    at = f"/conversations/{cast.conversation.pk}"
    asked = [(api, f"/api{at}/messages?size=100"), (browser, at), (api, f"/api{at}/context")]
    costs = []
    for messages in (105, 395):
        fill_with_mentions(cast, artifacts, messages)
        for client, address in asked:
            client.get(address)  # warms what is kept
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            costs.append(len(captured))
    assert costs[:3] == costs[3:]


def fill_with_mentions(cast: Cast, artifacts: list[Artifact], messages: int) -> None:
    """Messages with four mentions each."""
    made = Message.objects.bulk_create(
        Message(conversation=cast.conversation, author=cast.alice, role="user", body="@aaa @bbb @ccc @ddd")
        for _ in range(messages)
    )
    Mention.objects.bulk_create(
        Mention(
            message=message, author=cast.alice, artifact=artifacts[(4 * n + at) % 20], position=5 * at, length=4,
            label="aaa",
        )
        for n, message in enumerate(made)
        for at in range(4)
    )  # fmt: skip


@pytest.mark.parametrize(
    "around",
    [
        "![see {}](https://example.com/a.png)",
        '[words](https://example.com "titled {}")',
        "[words {} more](https://example.com)",
        "[words][r]\n\n[r]: /address '{}'",
    ],
)
def test_where_no_link_can_stand_a_mention_is_its_bare_name(cast: Cast, around: str) -> None:
    artifact = cast.artifact('A "quoted" <b> name')
    html = post(cast, around.format(token(artifact.name, artifact.pk)))["html"]
    assert "/artifacts/" not in html
    assert "A &quot;quoted&quot; &lt;b&gt; name" in html
    assert "<b>" not in html
    assert "\ue000" not in html
    assert html.count("<a ") == html.count("</a>") <= 1


def test_a_mention_beside_a_link_is_a_chip(cast: Cast) -> None:
    artifact = cast.artifact("Plan")
    html = post(cast, f"[words](https://example.com) {token('Plan', artifact.pk)}")["html"]
    assert f'href="/artifacts/{artifact.pk}"' in html


def test_a_text_that_is_no_message_bears_the_names_of_now(cast: Cast) -> None:
    shared, private = cast.artifact("Shared", saved="project"), cast.artifact("Canary 6644")
    text = f"Use {token('Old name', shared.pk)}, not {token('Canary 6644', private.pk)}."
    seen = named_text(text, cast.bob)
    assert seen == f"Use {token('Shared', shared.pk)}, not {token('unavailable', private.pk)}."
    for shown in (html_of(text, cast.bob), chipped_text(text, cast.bob)):
        assert "Canary" not in shown
        assert (shown.count('class="mention mention-unavailable"'), shown.count("@Shared</a>")) == (1, 1)
    # Saved again by somebody who could not see it, it is still the same reference for those who can.
    assert token("Canary 6644", private.pk) in named_text(seen, cast.alice)
