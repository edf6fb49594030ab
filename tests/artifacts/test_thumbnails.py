"""Thumbnails: small, drawn by a job in a confined process, served like all content, gone with their artifact."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image
from pypdfium2 import PdfDocument

from artifacts import thumbnails
from artifacts.garbage import stored_keys, without_rows
from artifacts.models import Artifact, Thumbnail, Version
from artifacts.services import delete_artifact, finish_deletion, save_artifact, set_visibility
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def picture(size: tuple[int, int], form: str = "PNG", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 128).save(buffer, form)
    return buffer.getvalue()


def pdf() -> bytes:
    document, buffer = PdfDocument.new(), io.BytesIO()
    document.new_page(600, 800)
    document.save(buffer)
    return buffer.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of some hundred kilobytes that unpacks to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(3 * side + 1)) for _ in range(200)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def made(cast: Cast, name: str, data: bytes, **facts: Any) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(data).decode(), **facts)


def row(cast: Cast, who: str = "alice", **params: Any) -> dict[str, Any]:
    (found,) = cast.api(who).get("/api/artifacts", params).json()["results"]
    return found


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.png", picture((1600, 800)), (480, 240)),
        ("a.jpg", picture((300, 900), "JPEG"), (160, 480)),
        ("a.gif", picture((40, 30), "GIF", "P"), (40, 30)),
        ("a.webp", picture((500, 500), "WEBP"), (480, 480)),
        ("a.avif", picture((600, 300), "AVIF"), (480, 240)),
        ("8k.png", picture((7680, 4320)), (480, 270)),
        ("a.pdf", pdf(), (360, 480)),
    ],
)
def test_images_and_pdfs_get_a_small_picture(
    cast: Cast, do_jobs: Callable[[], int], name: str, data: bytes, size: tuple[int, int]
) -> None:
    made(cast, name, data)
    do_jobs()
    answer = cast.api("alice").get(row(cast)["thumbnail_url"])
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert answer["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in answer["Vary"]
    assert Image.open(io.BytesIO(answer.getvalue())).size == size
    again = cast.api("alice").get(row(cast)["thumbnail_url"], headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_until_it_is_drawn_an_image_stands_for_itself(cast: Cast) -> None:
    data = picture((20, 20))
    made(cast, "a.png", data)
    assert cast.api("alice").get(row(cast)["thumbnail_url"]).getvalue() == data


def test_a_new_version_has_a_new_address(cast: Cast, do_jobs: Callable[[], int]) -> None:
    made(cast, "a.png", picture((20, 20)))
    first = row(cast)["thumbnail_url"]
    made(cast, "a.png", picture((30, 30)))
    do_jobs()
    assert row(cast)["thumbnail_url"] != first
    assert Thumbnail.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.png", bomb(), "large"),
        ("b.png", b"\x89PNG\r\n\x1a\nnothing", ""),
        ("c.pdf", b"%PDF-1.7 nothing", ""),
    ],
)
def test_what_can_not_be_drawn_has_none_and_says_why(
    cast: Cast, do_jobs: Callable[[], int], name: str, data: bytes, word: str
) -> None:
    artifact = made(cast, name, data)
    do_jobs()
    assert row(cast)["thumbnail_url"] is None
    answer = cast.api("alice").get(f"/api/artifacts/{artifact.pk}/thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_thumbnail")
    assert word in answer.json()["detail"]
    assert Thumbnail.objects.get().reason == answer.json()["detail"]
    assert answer["Cache-Control"] == "private, no-cache"
    client = Client()
    client.force_login(cast.alice)
    assert answer.json()["detail"] in client.get("/artifacts").content.decode()


def test_a_bomb_is_not_sent_in_place_of_its_thumbnail(cast: Cast) -> None:
    artifact = made(cast, "a.png", bomb())
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}/thumbnail").status_code == 404


def test_what_is_no_picture_has_none(cast: Cast, do_jobs: Callable[[], int]) -> None:
    artifact = cast.artifact("a", "text", "words")
    assert do_jobs() == 1
    assert row(cast)["thumbnail_url"] is None
    assert cast.api("alice").get(f"/api/artifacts/{artifact.pk}/thumbnail").status_code == 404


def test_it_is_seen_by_those_who_see_the_artifact_and_only_as_long(
    cast: Cast, do_jobs: Callable[[], int]
) -> None:
    artifact = made(cast, "a.png", picture((20, 20)))
    do_jobs()
    url = row(cast)["thumbnail_url"]
    assert cast.api("bob").get(url).status_code == 404
    save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    answer = cast.api("bob").get(url)
    assert answer["Cache-Control"] == "private, no-cache"
    etag = answer["ETag"]
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    assert cast.api("bob").get(url, headers={"If-None-Match": etag}).status_code == 404


def test_it_goes_with_its_artifact_and_is_no_garbage_before(cast: Cast, do_jobs: Callable[[], int]) -> None:
    artifact = made(cast, "a.png", picture((20, 20)))
    do_jobs()
    key = Thumbnail.objects.get().file
    assert without_rows([key]) == []
    finish_deletion(delete_artifact(by=cast.alice, artifact=artifact).pk)
    assert not Thumbnail.objects.exists()


def test_making_it_twice_or_too_late_leaves_no_file_behind(cast: Cast, do_jobs: Callable[[], int]) -> None:
    artifact = made(cast, "a.png", picture((20, 20)))
    do_jobs()
    version = Version.objects.get()
    before = set(stored_keys())
    thumbnails.make(version.pk)
    drawn = thumbnails.pool.draw
    Artifact.objects.filter(pk=artifact.pk).update(current=None)
    Thumbnail.objects.all().delete()

    def draw_and_lose(*args: Any, **options: Any) -> Any:
        result = drawn(*args, **options)
        Version.objects.filter(pk=version.pk).delete()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thumbnails.pool, "draw", draw_and_lose)
        thumbnails.make(version.pk)
    assert set(stored_keys()) == before
    assert default_storage.exists(version.file)
