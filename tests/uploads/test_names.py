"""Names of files as programs of all ages write them into a form: each file is taken, or says why not."""

import io
from typing import Any

import pytest

from artifactsite.lib.multipart import ReadableHeaders
from tests.cast import Cast
from tests.uploads.received import uploads_of

pytestmark = pytest.mark.django_db

LONG = "長" * 240


def body_of(*headers: bytes) -> bytes:
    """A form with one file for each of the headers' ends."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="file"; '
        + header
        + b"\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
        for header in headers
    ]
    return b"".join(parts) + b"--x--\r\n"


def sent(cast: Cast, *headers: bytes) -> Any:
    form = "multipart/form-data; boundary=x"
    return cast.api("alice").generic("POST", uploads_of(cast), body_of(*headers), content_type=form)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'filename="caf\xe9.txt"', "café.txt"),
        (b'filename="\x93so\x94 called.txt"', "“so” called.txt"),
        ('filename="café.txt"'.encode(), "café.txt"),
        (b"filename*=UTF-8''caf%C3%A9.txt", "café.txt"),
        (b"filename*=iso-8859-1'en'caf%E9.txt", "café.txt"),
        (b"filename=\"cafe.txt\"; filename*=UTF-8''caf%C3%A9.txt", "café.txt"),
        (b"filename*=no-such-charset''caf%C3%A9.txt", "café.txt"),
        (b'filename*0="in two"; filename*1=" parts.txt"', "in two parts.txt"),
        (rb'filename="a \"quoted\" one.txt"', 'a "quoted" one.txt'),
        (rb'filename="C:\folder\last.txt"', "last.txt"),
        (b'filename="a;b.txt"', "a;b.txt"),
        (b"filename=no quotes.txt", "no quotes.txt"),
        (f'filename="{LONG}.txt"'.encode(), LONG[:196] + ".txt"),
        (b"filename*=UTF-8''" + b"%E9%95%B7" * 240 + b".txt", LONG[:196] + ".txt"),
    ],
)
def test_a_name_is_understood_however_it_is_written(cast: Cast, header: bytes, name: str) -> None:
    answer = sent(cast, header)
    assert answer.status_code == 201, answer.content
    assert [row["filename"] for row in answer.json()["accepted"]] == [name]


def test_a_file_without_a_name_is_refused_and_not_passed_over(cast: Cast) -> None:
    nameless = (b'filename=""', b'filename=".."', b'filename="folder/"', b'filename="\\"', b'filename=" "')
    answer = sent(cast, *nameless, b'filename="good.txt"')
    assert answer.status_code == 201, answer.content
    assert [row["filename"] for row in answer.json()["accepted"]] == ["good.txt"]
    assert [row["code"] for row in answer.json()["rejected"]] == ["unnamed"] * len(nameless)


def test_headers_are_found_wherever_the_pieces_of_a_body_end() -> None:
    content = bytes(range(256)) + b"\r\n\r\n-- filename=" * 3

    def body(name: bytes) -> bytes:
        head = b'--mark\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
        return (head + content + b"\r\n") * 2 + b"--mark--\r\n"

    class Drops(io.BytesIO):
        """Gives as few bytes at a time as it likes."""

        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(step)

    for step in (1, 7, 64, 10_000):
        readable = ReadableHeaders(Drops(body(b"caf\xe9.txt")), b"mark")
        assert b"".join(iter(lambda: readable.read(50), b"")) == body("café.txt".encode()), step  # noqa: B023
    # A header without an end is passed on, and none of it is kept.
    endless = ReadableHeaders(io.BytesIO(b"--mark" + b"x" * 1_000_000), b"mark")
    assert len(endless.read(10**7)) == 1_000_006
