"""GET …/download and the conversation's own route: headers, Range, ETag, HEAD, names."""

import base64
import json
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.models import Artifact
from artifactsite.lib.names import clean_name, content_disposition
from tests.cast import Cast

pytestmark = pytest.mark.django_db
engines = pytest.mark.engines  # rows and numbers; ranges and headers are the same over either database

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)


def file(cast: Cast, name: str = "data.bin", content: bytes = CONTENT) -> Artifact:
    return cast.artifact(name, "file", base64.b64encode(content).decode())


def paths(artifact: Artifact) -> list[str]:
    return [
        f"/api/artifacts/{artifact.pk}/download",
        f"/api/conversations/{artifact.conversation_id}/artifacts/{artifact.pk}",
    ]


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def get(cast: Cast, artifact: Artifact, **headers: str) -> Any:
    return cast.api("alice").get(
        paths(artifact)[0], headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


@engines
def test_both_routes_send_the_same_download(cast: Cast) -> None:
    artifact = file(cast)
    first, second = (cast.api("alice").get(path) for path in paths(artifact))
    assert bytes_of(first) == bytes_of(second) == CONTENT
    assert first.headers == second.headers
    assert first["Content-Disposition"].startswith('attachment; filename="data.bin"')
    assert first["Content-Length"] == str(SIZE)
    assert first["Accept-Ranges"] == "bytes"
    assert re.fullmatch(r'"[0-9a-f]{64}"', first["ETag"])


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "data.bin", "code.js", "doc.xhtml", "feed.xml"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Range": "bytes=0-1"}, {"Range": "bytes=9999-"}, {"If-None-Match": "*"}, {"Accept": "image/png"}],
)
def test_every_answer_carries_the_headers_of_raw_content(
    cast: Cast, name: str, headers: dict[str, str]
) -> None:
    artifact = file(cast, name, b"<script>alert(1)</script>")
    client = cast.api("alice")
    for path in paths(artifact):
        for answer in (client.get(path, headers=headers), client.head(path, headers=headers)):
            assert answer.status_code in (200, 206, 304, 416)
            policy = answer["Content-Security-Policy"]
            assert policy.split(";")[0] == "sandbox"
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
            assert not answer.cookies
            if answer.status_code != 304:
                assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=10-19", 10, 19),
        ("bytes=1000-999999", 1000, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-100", SIZE - 100, SIZE - 1),
        ("bytes=-999999", 0, SIZE - 1),
    ],
)
def test_a_range_sends_its_bytes(cast: Cast, wanted: str, start: int, end: int) -> None:
    answer = get(cast, file(cast), Range=wanted)
    assert answer.status_code == 206
    assert bytes_of(answer) == CONTENT[start : end + 1]
    assert answer["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
    assert answer["Content-Length"] == str(end - start + 1)


@pytest.mark.parametrize(
    "wanted", [f"bytes={SIZE}-", "bytes=99999-", "bytes=-0", f"bytes={SIZE}-{SIZE + 5}", f"bytes={10**18}-"]
)
def test_a_range_beyond_the_end_is_not_satisfiable(cast: Cast, wanted: str) -> None:
    answer = get(cast, file(cast), Range=wanted)
    assert (answer.status_code, bytes_of(answer)) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "items=0-5",
        "bytes=a-b",
        "bytes=0-1,5-6",
        "bytes=٣-٤",
        "bytes=" + "9" * 50 + "-",
        "x" * 5000,
    ],
)
def test_a_range_that_is_none_is_ignored(cast: Cast, wanted: str) -> None:
    answer = get(cast, file(cast), Range=wanted.encode().decode("latin1"))
    assert (answer.status_code, bytes_of(answer)) == (200, CONTENT)


def test_ranges_of_an_empty_file(cast: Cast) -> None:
    artifact = file(cast, "empty.bin", b"")
    assert (get(cast, artifact).status_code, bytes_of(get(cast, artifact))) == (200, b"")
    assert get(cast, artifact)["Content-Length"] == "0"
    for wanted in ("bytes=0-", "bytes=-1"):
        assert get(cast, artifact, Range=wanted).status_code == 416


def test_who_has_it_already_is_told_so(cast: Cast) -> None:
    artifact = file(cast)
    etag = get(cast, artifact)["ETag"]
    for wanted in (etag, "*", f"W/{etag}", f'"other", {etag}', f' "a" ,{etag} '):
        answer = get(cast, artifact, If_None_Match=wanted)
        assert (answer.status_code, bytes_of(answer)) == (304, b"")
        assert answer["ETag"] == etag
    assert get(cast, artifact, If_None_Match='"other"').status_code == 200
    assert get(cast, artifact, If_None_Match=etag, Range="bytes=0-1").status_code == 304


def test_a_part_is_sent_only_of_what_the_client_has(cast: Cast) -> None:
    artifact = file(cast)
    etag = get(cast, artifact)["ETag"]
    assert get(cast, artifact, Range="bytes=0-1", If_Range=etag).status_code == 206
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT", ""):
        answer = get(cast, artifact, Range="bytes=0-1", If_Range=other)
        assert (answer.status_code, bytes_of(answer)) == (200, CONTENT)


@engines
def test_a_new_version_has_a_new_etag_and_the_old_one_keeps_its_own(cast: Cast) -> None:
    artifact = file(cast)
    old = get(cast, artifact)["ETag"]
    file(cast, content=b"new")
    answer = get(cast, artifact, If_None_Match=old)
    assert (answer.status_code, bytes_of(answer)) == (200, b"new")
    first = cast.api("alice").get(f"{paths(artifact)[0]}?version=1")
    assert (first["ETag"], bytes_of(first)) == (old, CONTENT)


def test_head_tells_what_get_would_send_and_sends_nothing(cast: Cast) -> None:
    artifact = file(cast)
    for path in paths(artifact):
        head, whole = cast.api("alice").head(path), cast.api("alice").get(path)
        assert (head.status_code, bytes_of(head)) == (200, b"")
        assert head.headers == whole.headers


@pytest.mark.parametrize("wanted", ["bytes=0-1", f"bytes={SIZE}-", "bytes=-1"])
def test_a_range_is_get_s_alone(cast: Cast, wanted: str) -> None:
    for path in paths(file(cast)):
        head = cast.api("alice").head(path, headers={"Range": wanted})
        assert (head.status_code, head["Content-Length"]) == (200, str(SIZE))
        assert "Content-Range" not in head


def test_not_modified_says_nothing_of_a_body(cast: Cast) -> None:
    for path in paths(file(cast)):
        answer = cast.api("alice").get(path, headers={"If-None-Match": "*"})
        assert answer.status_code == 304
        assert not {"Content-Length", "Content-Type"} & set(answer.headers)


@engines
def test_the_same_bytes_of_two_people_tell_neither_of_the_other(cast: Cast) -> None:
    """Identical content may be anybody's: reading needs the row, and an id is never answered by a hash."""
    mine = file(cast)
    for path in paths(mine):
        for person in ("bob", "adam", "carol"):
            answer = cast.api(person).get(path, headers={"If-None-Match": "*"})
            assert answer.status_code == 404
            assert "ETag" not in answer


@engines
def test_private_and_absent_are_the_same_to_a_stranger(cast: Cast) -> None:
    artifact = file(cast)
    absent = Artifact(pk=uuid.uuid4(), conversation_id=cast.conversation.pk)
    for suffix in ("", "?version=1", "?format=nonsense"):
        for private, none in zip(paths(artifact), paths(absent), strict=True):
            for person in ("bob", "carol"):
                first, second = cast.api(person).get(private + suffix), cast.api(person).get(none + suffix)
                assert first.status_code == second.status_code == 404
                assert first.content == second.content
                assert first.headers == second.headers


@engines
@pytest.mark.parametrize("version", ["0", "2", "99999999"])
def test_a_version_that_is_not_there_is_not_found(cast: Cast, version: str) -> None:
    answer = cast.api("alice").get(f"{paths(file(cast))[0]}?version={version}")
    assert answer.status_code == 404


@engines
@pytest.mark.parametrize("version", ["x", "-1", "1.0", "999999999999", "%00", "١"])
def test_a_version_that_is_no_number_is_refused(cast: Cast, version: str) -> None:
    answer = cast.api("alice").get(f"{paths(file(cast))[0]}?version={version}")
    assert (answer.status_code, "version" in answer.json()["errors"]) == (400, True)


def header_name(header: str) -> tuple[str, str]:
    """RFC 6266, read by an independent reader: (filename, filename*)."""
    match = re.fullmatch(
        r"attachment; filename=\"([^\"\\]*)\"; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)", header
    )
    assert match, header
    return match[1], unquote_to_bytes(match[2]).decode("utf-8")


@given(st.text(max_size=255))
def test_any_name_makes_a_header_that_reads_back(name: str) -> None:
    header = content_disposition("attachment", name)
    assert header.isascii()
    assert header.isprintable()
    plain, exact = header_name(header)
    safe = name.encode("utf-8", "replace").decode()
    assert exact == (safe.replace("/", "_").replace("\\", "_") or "download")
    assert plain
    assert not set(plain) & set('/\\"%;')


@engines
def test_naughty_names_come_back_in_the_header_of_their_download(cast: Cast, shared: Path) -> None:
    names = json.loads((shared / "hostile" / "naughty-strings.json").read_text())
    worst = [
        "a\r\nSet-Cookie: x=1",
        'a"; filename="evil.exe',
        "invoice\u202egnp.exe",
        "..",
        "a/../b",
        "a\\b",
        "\u2066x",
    ]
    usable = [name for name in names[::3] + worst if len(name) <= 255 and clean_name(name)]
    client = cast.api("alice")
    for start in range(0, len(usable), 200):
        items = [{"name": name, "type": "text", "data": name} for name in usable[start : start + 200]]
        body = {"tool": "t", "artifacts": items}
        answer = client.post(f"/api/conversations/{cast.conversation.pk}/tool-results", body)
        assert answer.status_code == 201, answer.content
    rows = client.get("/api/artifacts?size=100").json()["results"][:60]
    rows += [
        row
        for name in worst
        for row in client.get("/api/artifacts", {"q": clean_name(name)}).json()["results"][:3]
    ]
    for row in rows:
        assert not set(row["name"]) & set("\r\n\0\u202e\u2066")
        download = client.get(f"/api/artifacts/{row['id']}/download")
        assert download.status_code == 200
        assert "Set-Cookie" not in download
        _, exact = header_name(download["Content-Disposition"])
        assert exact.removesuffix(".txt") == row["name"].replace("/", "_").replace("\\", "_").removesuffix(
            ".txt"
        )
    for name in usable:
        _, exact = header_name(content_disposition("attachment", clean_name(name)))
        assert exact == clean_name(name).replace("/", "_").replace("\\", "_")
