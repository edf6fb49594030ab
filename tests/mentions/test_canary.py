"""Names and contents of what is private reach nobody else: by any route, before, while and after it is shared."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from artifacts.services import set_visibility, update_artifact
from mentions.syntax import token
from tests.cast import Cast
from tests.routes import all_routes
from tests.uploads.received import received

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

NAME, CONTENT, ABOUT = "zebrafinch ledger", "kingfisher figures", "nightingale notes"
CANARIES = ("zebrafinch", "kingfisher", "nightingale")
# What a person might type to find it, none of them a canary itself.
SEARCHES = ("zebraf", "zebrafinhc ldger", "zl", "ledg", "kingfi", "zbrfnch", "nighting", "")
STREAMS = ("events", "mcp")  # never end, or speak another protocol


class Reader:
    """Somebody with a browser and a token."""

    def __init__(self, cast: Cast, name: str) -> None:
        self.name, self.api, self.browser = name, cast.api(name), Client(raise_request_exception=False)
        self.browser.force_login(getattr(cast, name))
        self.kept: dict[
            str, dict[str, str]
        ] = {}  # by address: how one asks whether a copy of it is still good

    def seen(self, address: str, query: dict[str, Any] | None = None) -> str:
        """All bytes and headers of the answer: to a program under /api, to a browser elsewhere."""
        client = self.api if address.startswith("/api") else self.browser
        answer = client.get(address, query)
        validators = {"HTTP_IF_NONE_MATCH": "ETag", "HTTP_IF_MODIFIED_SINCE": "Last-Modified"}
        asking = {ask: answer[header] for ask, header in validators.items() if header in answer}
        if asking and answer.status_code == 200:
            self.kept[address] = asking
        return f"{dict(answer.items())}{_body(answer)}"

    def card(self, artifact: Any) -> str:
        """What the card over a chip is made of: a page asks for it by its session."""
        return _body(self.browser.get(f"/api/artifacts/{artifact.pk}"))

    def still_good(self, artifact: Any) -> list[str]:
        """The copies of anything of `artifact` in the browser's cache of which the site says that they are as good."""
        of_it = {address: asking for address, asking in self.kept.items() if str(artifact.pk) in address}
        clients = {address: self.api if address.startswith("/api") else self.browser for address in of_it}
        return [
            address
            for address, asking in of_it.items()
            if clients[address].get(address, **asking).status_code == 304
        ]


def _body(answer: Any) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return raw.decode("utf-8", "replace")


def _addresses(conversation: Any, artifact: Any, upload: Any) -> Iterator[str]:
    """Every route that a GET may go to, with these ids in it."""
    for route in all_routes():
        if any(stream in route for stream in STREAMS) or route.startswith(("static", "admin")):
            continue
        names = {"file_id": f"f-{upload}", "artifact_id": artifact, "conversation_id": conversation}
        first = artifact if "artifacts" in route.split("<")[0] else conversation

        def filled(found: re.Match[str], names: dict[str, Any] = names, first: Any = first) -> str:
            kind, _, name = found[1].rpartition(":")
            return "1" if kind == "int" else str(names.get(name, first))

        yield "/" + re.sub(r"<([^>]+)>", filled, route).lstrip("^").rstrip("$")


@pytest.fixture
def secret(cast: Cast) -> Any:
    artifact = cast.artifact(NAME, data=CONTENT, saved="private")
    return update_artifact(by=cast.alice, artifact=artifact, description=ABOUT)


@pytest.fixture
def upload(cast: Cast) -> Any:
    return received(cast, "zebrafinch attachment.txt", b"kingfisher")


def conversation_of(cast: Cast, name: str) -> str:
    return str(cast.api(name).post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"])


def leaks(
    reader: Reader, conversation: str, artifact: Any, upload: Any, *, everywhere: bool = True
) -> list[tuple[str, str, str]]:
    """Where a canary is in anything that `reader` gets by any route, or else by searching."""
    asked: list[tuple[str, dict[str, Any]]] = []
    if everywhere:
        asked += [(address, {}) for address in _addresses(conversation, artifact.pk, upload.pk)]
    for query in SEARCHES:
        asked += [
            ("/api/mentions", {"q": query}),
            ("/api/mentions", {"q": query, "conversation": conversation}),
            ("/api/mentions", {"q": query, "conversation": str(artifact.conversation_id)}),
            ("/api/artifacts", {"q": query, "scope": "all"}),
            ("/artifacts", {"q": query, "scope": "all"}),
            ("/conversations", {"q": query}),
        ]
    seen = ((address, query, reader.seen(address, query).lower()) for address, query in asked)
    return [
        (reader.name, f"{address} {query}", canary)
        for address, query, text in seen
        for canary in CANARIES
        if canary in text
    ]


def test_what_is_private_reaches_nobody_else_before_and_after_it_was_shared(
    cast: Cast, secret: Any, upload: Any
) -> None:
    alice, bob, adam, carol = (Reader(cast, name) for name in ("alice", "bob", "adam", "carol"))
    theirs = {reader.name: conversation_of(cast, reader.name) for reader in (bob, adam)}
    theirs["carol"] = str(cast.conversation.pk)
    assert CANARIES[0] in alice.seen("/api/mentions", {"q": "zebraf"})
    for reader in (bob, adam, carol):
        assert leaks(reader, theirs[reader.name], secret, upload, everywhere=reader is adam) == []
        assert not any(canary in reader.card(secret) for canary in CANARIES)

    # Shared: Bob finds it, mentions it, and his agent has it. Every cache that there is becomes warm.
    set_visibility(by=cast.alice, artifact=secret, visibility="project")
    assert CANARIES[0] in bob.seen("/api/mentions", {"q": "zebraf", "conversation": theirs["bob"]})
    address = f"/api/conversations/{theirs['bob']}"
    for body in (f"Read {token(NAME, secret.pk)}", f"and @{NAME} again"):
        cast.api("bob").post(f"{address}/messages", {"body": body})
    assert CONTENT in bob.seen(f"{address}/context")
    assert {canary for _, _, canary in leaks(bob, theirs["bob"], secret, upload)} >= set(CANARIES[:2])
    assert leaks(carol, theirs["carol"], secret, upload, everywhere=False) == []
    assert all(canary in bob.card(secret) for canary in CANARIES)
    assert bob.still_good(secret)

    # Private again: from the next request on nothing is left of it, in Bob's own messages either.
    set_visibility(by=cast.alice, artifact=secret, visibility="private")
    for reader in (bob, carol):
        assert leaks(reader, theirs[reader.name], secret, upload) == []
    assert not any(canary in bob.card(secret) for canary in CANARIES)
    assert bob.still_good(secret) == []
    assert "unavailable" in bob.seen(f"{address}/messages")
    receipt = cast.api("bob").get(f"{address}/context").json()["receipt"]["mentions"]
    assert {(row["artifact"], row["included"], row["reason"]) for row in receipt} == {
        (None, False, "unavailable")
    }


def test_counts_do_not_tell_of_others_mentions(cast: Cast, secret: Any) -> None:
    set_visibility(by=cast.alice, artifact=secret, visibility="project")
    theirs = conversation_of(cast, "bob")
    before = cast.api("adam").get(f"/api/artifacts/{secret.pk}/mentions").json()
    cast.api("bob").post(f"/api/conversations/{theirs}/messages", {"body": token(NAME, secret.pk)})
    cast.api("alice").post(
        f"/api/conversations/{cast.conversation.pk}/messages", {"body": token(NAME, secret.pk)}
    )
    assert cast.api("adam").get(f"/api/artifacts/{secret.pk}/mentions").json() == before
    assert cast.api("bob").get(f"/api/artifacts/{secret.pk}/mentions").json()["count"] == 1


def test_a_private_name_and_an_absent_one_answer_alike(cast: Cast, secret: Any) -> None:
    """The dropdown tells by nothing whether somebody else has such a name."""
    present = cast.api("bob").get("/api/mentions", {"q": "zebrafinch ledger"})
    absent = cast.api("bob").get("/api/mentions", {"q": "ostrich ledgerdomain"})
    assert present.content == absent.content
    assert present.content == b'{"current_conversation":[],"saved_artifacts":[]}'
