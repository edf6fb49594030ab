"""Half a gigabyte in and out in bounded memory."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import Person, Site, running_site

SIZE = 500 * 1024 * 1024
ROOM = 48 * 1024 * 1024  # bytes that the web process may grow by
BOUNDARY = "part-of-a-test"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def pieces(size: int = SIZE) -> Iterator[bytes]:
    piece = bytes(range(256)) * 4096
    yield from (piece for _ in range(size // len(piece)))


def form(size: int) -> Iterator[bytes]:
    result = json.dumps({"tool": "t", "artifacts": [{"name": "big.bin", "type": "file", "part": "p"}]})
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="result"\r\n\r\n{result}\r\n'
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="p"; filename="p"\r\n\r\n'
    yield head.encode()
    yield from pieces(size)
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


class Sized:
    """A body that streams and says how long it is."""

    def __init__(self, size: int = SIZE) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size + sum(len(piece) for piece in form(0))

    def __iter__(self) -> Iterator[bytes]:
        return form(self.size)


def peak_memory(pid: int) -> int:
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024


def test_a_large_file_streams_through(site: Site) -> None:
    alice: Person = site.person("alice")
    conversation = alice.conversation()
    (web,) = site.children("site-web")
    before = peak_memory(web)
    answer = alice.post(
        f"conversations/{conversation}/tool-results",
        data=Sized(),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )
    assert answer.status_code == 201, answer.text
    row = answer.json()["artifacts"][0]
    assert row["size"] == SIZE
    sha = hashlib.sha256()
    with alice.get(row["url"], stream=True) as download:
        for chunk in download.iter_content(1024 * 1024):
            sha.update(chunk)
    wanted = hashlib.sha256()
    for piece in pieces():
        wanted.update(piece)
    assert sha.hexdigest() == wanted.hexdigest()
    assert peak_memory(web) - before < ROOM
