"""/artifacts/{id}/content: text, Markdown and code edited in the page."""

import base64

import pytest
from django.test import Client

from artifacts.models import Artifact
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def address(artifact: Artifact) -> str:
    return f"/artifacts/{artifact.pk}/content"


def data(cast: Cast, artifact: Artifact) -> bytes:
    return b"".join(cast.api("alice").get(f"/api/artifacts/{artifact.pk}/download").streaming_content)


def file(cast: Cast, name: str, raw: bytes) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(raw).decode())


def test_what_is_typed_is_the_next_version(cast: Cast, alice: Client) -> None:
    artifact = cast.artifact(data="one", saved="project")
    assert 'name="after" value="1"' in alice.get(address(artifact)).content.decode()
    answer = alice.post(address(artifact), {"text": "two\r\n  three\r\n", "after": "1"})
    assert (answer.status_code, answer["Location"]) == (302, f"/artifacts/{artifact.pk}")
    assert data(cast, artifact) == b"two\n  three\n"
    assert cast.api("bob").get(f"/api/artifacts/{artifact.pk}").json()["version"] == 2


@pytest.mark.parametrize(
    ("name", "original", "typed", "stored"),
    [
        ("a.py", b"x = 1\n", "x = 2\r\n", b"x = 2\n"),
        ("a.md", b"a\r\nb\r\n", "a\r\nc\r\n", b"a\r\nc\r\n"),
        ("a.csv", b"\xef\xbb\xbfa;b\n", "a;c\r\n", b"\xef\xbb\xbfa;c\n"),
        ("a.txt", b"x", "", b""),
    ],
)
def test_line_ends_marks_and_types_stay_as_they_were(
    cast: Cast, alice: Client, name: str, original: bytes, typed: str, stored: bytes
) -> None:
    artifact = file(cast, name, original)
    before = cast.api("alice").get(f"/api/artifacts/{artifact.pk}").json()
    # Another name doesn't make another type of it.
    cast.api("alice").patch(f"/api/artifacts/{artifact.pk}", {"name": "Renamed"})
    assert alice.post(address(artifact), {"text": typed, "after": "1"}).status_code == 302
    assert data(cast, artifact) == stored
    after = cast.api("alice").get(f"/api/artifacts/{artifact.pk}").json()
    assert (after["media_type"], after["type"]) == (before["media_type"], before["type"])


def test_nothing_is_written_over_a_version_that_came_meanwhile(cast: Cast, alice: Client) -> None:
    artifact = cast.artifact(data="one")
    cast.artifact(data="two of the tool")
    refused = alice.post(address(artifact), {"text": "<two> of mine", "after": "1"})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Version 2 was made meanwhile" in page
    assert "&lt;two&gt; of mine</textarea>" in page
    assert "diff?from=1&amp;to=2" in page
    assert data(cast, artifact) == b"two of the tool"
    assert 'name="after" value="2"' in page
    assert alice.post(address(artifact), {"text": "<two> of mine", "after": "2"}).status_code == 302
    assert data(cast, artifact) == b"<two> of mine"


def test_what_is_no_text_is_refused(cast: Cast, alice: Client) -> None:
    refused = {
        "a.png": file(cast, "a.png", b"\x89PNG"),
        "table": cast.artifact("t", "table", [{"a": 1}]),
        "latin": file(cast, "a.txt", b"caf\xe9"),
        "long": file(cast, "b.txt", b"x" * (600 * 1024)),
    }
    for name, artifact in refused.items():
        for answer in (
            alice.get(address(artifact)),
            alice.post(address(artifact), {"text": "x", "after": "1"}),
        ):
            assert answer.status_code == 400, name
        assert artifact.versions.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"text": "x"}, {"text": "x", "after": "0"}, {"text": "a\0b", "after": "1"}]
)
def test_bad_forms_change_nothing_and_keep_what_was_typed(
    cast: Cast, alice: Client, body: dict[str, str]
) -> None:
    artifact = cast.artifact(data="one")
    answer = alice.post(address(artifact), body)
    assert answer.status_code == 400
    assert body.get("text", "").replace("\0", "") in answer.content.decode().replace("\0", "")
    assert artifact.versions.count() == 1


def test_a_reader_edits_nothing(cast: Cast) -> None:
    artifact = cast.artifact(data="one", saved="project")
    bob = Client()
    bob.force_login(cast.bob)
    assert bob.get(address(artifact)).status_code == 403
    assert bob.post(address(artifact), {"text": "x", "after": "1"}).status_code == 403
    assert "Edit" not in bob.get(f"/artifacts/{artifact.pk}").content.decode()
