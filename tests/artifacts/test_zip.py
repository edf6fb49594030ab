"""Bulk download: one streamed ZIP of what is visible, with names kept and safe, in bounded memory."""

import base64
import io
import tracemalloc
import uuid
import zipfile
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from artifacts.models import Artifact, Version
from artifacts.zips import archive, members_of, safe_name
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]
ADDRESS = "/api/artifacts/zip"


def unpacked(answer: Any) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def file(cast: Cast, name: str, data: bytes, **facts: Any) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(data).decode(), **facts)


def test_what_was_selected_comes_as_its_download_would(cast: Cast) -> None:
    chosen = [
        cast.artifact("Summary", "text", "All well"),
        cast.artifact("People", "table", [{"a": 1}]),
        file(cast, "plot.png", b"\x89PNG\r\n\x1a\n"),
    ]
    file(cast, "other.bin", b"x")
    answer = cast.api("alice").post(ADDRESS, {"ids": [str(one.pk) for one in chosen]})
    assert answer["Content-Type"] == "application/zip"
    assert "artifacts.zip" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"
    assert answer.streaming
    assert unpacked(answer) == {
        "plot.png": b"\x89PNG\r\n\x1a\n",
        "People.csv": b"a\r\n1\r\n",
        "Summary.txt": b"All well",
    }


def test_all_that_match_the_filters_of_the_list(cast: Cast) -> None:
    file(cast, "a.png", b"1")
    file(cast, "b.py", b"2")
    file(cast, "penguin.py", b"3")
    client = cast.api("alice")
    assert set(unpacked(client.get(ADDRESS))) == {"a.png", "b.py", "penguin.py"}
    assert set(unpacked(client.get(ADDRESS, {"type": "code"}))) == {"b.py", "penguin.py"}
    assert set(unpacked(client.get(ADDRESS, {"q": "peng"}))) == {"penguin.py"}
    assert client.get(ADDRESS, {"q": "walrus"}).status_code == 404
    assert client.get(ADDRESS, {"type": "song"}).status_code == 400


def test_doubles_are_numbered(cast: Cast) -> None:
    from conversations.services import create_conversation

    for number in range(3):
        conversation = create_conversation(by=cast.alice, project=cast.project)
        file(cast, "plot.png" if number else "PLOT.png", bytes([number]), conversation=conversation)
    found = unpacked(cast.api("alice").get(ADDRESS))
    assert found == {"plot.png": b"\2", "plot (2).png": b"\1", "PLOT (3).png": b"\0"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "_.."),
        ("C:\\x.txt", "C__x.txt"),
        ("/root", "_root"),
        ("plain name.txt", "plain name.txt"),
        ("naïve 東京.md", "naïve 東京.md"),
        ("   ", "_"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_one_that_is_not_visible_refuses_all_as_one_that_does_not_exist(cast: Cast) -> None:
    mine, shared = cast.artifact("a"), cast.artifact("b", saved="project")
    bob = cast.api("bob")
    hidden = bob.post(ADDRESS, {"ids": [str(shared.pk), str(mine.pk)]})
    absent = bob.post(ADDRESS, {"ids": [str(shared.pk), str(uuid.uuid4())]})
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert hidden.status_code == 404
    assert set(unpacked(bob.post(ADDRESS, {"ids": [str(shared.pk)]}))) == {"b.txt"}
    assert bob.post(ADDRESS, {"ids": []}).status_code == 400
    assert bob.post(ADDRESS, {"ids": ["x"]}).status_code == 400


def test_a_file_that_is_gone_is_told_of_and_costs_no_other(cast: Cast) -> None:
    file(cast, "stays.bin", b"1")
    gone = file(cast, "gone.bin", b"2")
    default_storage.delete(Version.objects.get(artifact=gone).file)
    found = unpacked(cast.api("alice").get(ADDRESS))
    assert found["stays.bin"] == b"1"
    assert b"gone.bin" in found["Files left out.txt"]
    assert "gone.bin" not in found


def test_memory_holds_a_piece_and_not_the_file(cast: Cast) -> None:
    size = 48 * 1024 * 1024
    artifact = file(cast, "large.png", b"1")
    key = Version.objects.get(artifact=artifact).file
    default_storage.delete(key)
    default_storage.save(key, ContentFile(bytes(size)))
    Version.objects.update(size=size)
    members = members_of(Artifact.objects.all())
    tracemalloc.start()
    sent = sum(len(piece) for piece in archive(members))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > size
    assert peak < 8 * 1024 * 1024
