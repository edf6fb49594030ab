"""kill -9 of the worker in the middle of things: nothing lost, nothing doubled (docs/security.md 44)."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import Person, Site, let_programs_in, running_site, wait_for

PAGES = 12_000
PROGRAM = """
import time
print("started", flush=True)
time.sleep(2)
artifact("made", "once")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    let_programs_in(folder)
    with running_site(folder, JOB_LEASE_SECONDS="3") as site:
        yield site


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


def long_pdf() -> bytes:
    """A PDF of so many pages that there is time to kill its reader."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for number in range(PAGES):
        text = f"BT /F 12 Tf 72 700 Td (word{number} of a long document) Tj ET".encode()
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(text), text))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % len(objects)
        )
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (PAGES, b" ".join(b"%d 0 R" % kid for kid in kids))
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def kill_worker(site: Site) -> None:
    (worker,) = site.children("site-worker")
    os.kill(worker, signal.SIGKILL)


def test_an_extraction_survives_its_worker(site: Site, alice: Person) -> None:
    conversation = alice.conversation()
    file_id = alice.upload(conversation, "long.pdf", long_pdf())["fileId"]
    address = f"conversations/{conversation}/uploads/{file_id}"
    wait_for(lambda: alice.get(address).json()["status"] == "extracting")
    kill_worker(site)
    upload = alice.finished_upload(conversation, file_id, seconds=90)
    assert upload["status"] == "ready"
    assert "word3 of a long document" in alice.get(f"{address}/content").json()["text"]
    assert alice.get(f"conversations/{conversation}/uploads").json()["count"] == 1


def test_a_program_survives_its_worker(site: Site, alice: Person) -> None:
    conversation = alice.conversation()
    turn = alice.run(conversation, PROGRAM)
    events = alice.get(f"turns/{turn}/events", stream=True)
    assert any(b"started" in line for line in events.iter_lines())
    kill_worker(site)
    assert alice.finished_turn(turn, seconds=90)["status"] == "done"
    made = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
    assert [(row["name"], row["version"]) for row in made] == [("made", 1)]
    messages = alice.get(f"conversations/{conversation}/messages").json()["results"]
    assert [message["role"] for message in messages] == ["tool", "user"]


def test_the_site_leaves_no_process_behind(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        below = [pid for words in ("manage.py", "uploads.extraction") for pid in site.children(words)]
        assert len(below) >= 2
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), seconds=15)


def test_a_worker_that_is_asked_to_stop_hands_back_what_takes_too_long(tmp_path: Path) -> None:
    let_programs_in(tmp_path)
    with running_site(tmp_path, DRAIN_SECONDS="1") as site:
        alice = site.person("alice")
        conversation = alice.conversation()
        turn = alice.run(conversation, PROGRAM.replace("sleep(2)", "sleep(6)"))
        events = alice.get(f"turns/{turn}/events", stream=True)
        assert any(b"started" in line for line in events.iter_lines())
        (worker,) = site.children("site-worker")
        # All of its group, as a terminal does it: the program is not in it.
        os.killpg(worker, signal.SIGTERM)
        wait_for(lambda: worker not in site.children("site-worker"), seconds=8)
        # The lease is 15 s: whoever is asked before that has been handed the turn.
        wait_for(lambda: alice.get(f"turns/{turn}").json()["status"] == "done", seconds=60)
        made = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
        assert [(row["name"], row["version"]) for row in made] == [("made", 1)]
        assert "handed back" in site.log.read_text()
        assert "lease ran out" not in site.log.read_text()
