"""The site of docker-compose.yml through its nginx: what only shows with the real door, engines and configuration."""

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.servers import own_folder
from tests.site import Person, wait_for
from tests.stack import Stack, running_stack

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="once is enough: with the engines"),
    pytest.mark.skipif(
        not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="needs nginx: make setup"
    ),
]
PAGE = b"<script>parent.document.title='taken'</script>" + b"x" * 5000
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with own_folder("stack") as folder, running_stack(folder, tls=True, SERVE_CONTENT="presigned") as stack:
        yield stack


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Person:
    person = stack.person("alice", PASSWORD)
    trusting(stack, person.session)
    return person


def trusting(stack: Stack, session: requests.Session) -> requests.Session:
    """With the stack's own certificate, whatever the environment says about others."""
    session.verify, session.trust_env = str(stack.certificate), False
    return session


def delivered(alice: Person, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
    """Files as a tool of a conversation made them; their rows."""
    conversation = alice.conversation()
    result = {"tool": "t", "artifacts": [{"name": name, "type": "file", "part": name} for name, _ in files]}
    parts = [("result", (None, json.dumps(result), "application/json"))]
    answer = alice.post(
        f"conversations/{conversation}/tool-results",
        files=[*parts, *((name, (name, content)) for name, content in files)],
    )
    assert answer.status_code == 201, answer.text
    rows: list[dict[str, Any]] = answer.json()["artifacts"]
    return rows


def test_people_sign_in_over_tls_and_plain_requests_are_sent_there(stack: Stack, alice: Person) -> None:
    plain = requests.get(
        f"http://127.0.0.1:{stack.ports['nginx']}/sign-in", allow_redirects=False, timeout=20
    )
    assert plain.status_code == 301
    assert plain.headers["Location"].startswith("https://")
    browser = trusting(stack, requests.Session())
    page = browser.get(f"{stack.url}/sign-in", timeout=20)
    assert page.headers["Strict-Transport-Security"]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "login": "alice", "password": PASSWORD}
    inside = browser.post(
        f"{stack.url}/sign-in", data=form, headers={"Referer": f"{stack.url}/sign-in"}, timeout=20
    )
    assert inside.ok, inside.text[:500]
    assert all(cookie.secure for cookie in browser.cookies)
    assert "alice" in browser.get(f"{stack.url}/artifacts", timeout=20).text
    assert browser.get(f"{stack.url}/metrics", timeout=20).status_code == 404


def test_work_is_done_and_events_come_while_it_runs(alice: Person) -> None:
    conversation = alice.conversation()
    upload = alice.upload(conversation, "notes.txt", b"The West grew fastest.")
    code = 'import time\nprint("begun", flush=True)\ntime.sleep(3)\nartifact("made", "by a program")'
    turn = alice.run(conversation, code)
    came: dict[str, float] = {}
    with alice.get(f"turns/{turn}/events", stream=True, headers={"Accept": "text/event-stream"}) as events:
        for line in events.iter_lines(chunk_size=1):
            if b"begun" in line:
                came.setdefault("begun", time.monotonic())
            if line.startswith(b"event: done"):
                came["done"] = time.monotonic()
                break
    # Collected by nginx they would come all at once.
    assert came["done"] - came["begun"] > 1
    assert alice.finished_turn(turn)["artifacts"][0]["name"] == "made"
    assert alice.finished_upload(conversation, upload["fileId"])["status"] == "ready"


def test_a_workers_lines_are_for_machines_and_name_the_request(stack: Stack, alice: Person) -> None:
    conversation = alice.conversation()
    alice.post(
        f"conversations/{conversation}/uploads",
        files=[("file", ("a.txt", b"words"))],
        headers={"X-Request-ID": "asked-by-this-test"},
    )

    def lines() -> list[dict[str, Any]]:
        said = stack.log("worker-extraction").splitlines()
        assert not [line for line in said if re.match(r"\[\d{4}-", line)], "Celery's own format"
        return [json.loads(line) for line in said if line.startswith("{")]

    def done() -> list[dict[str, Any]]:
        mine = [one for one in lines() if one.get("request_id") == "asked-by-this-test"]
        return [one for one in mine if one["event"] == "job done"]

    (told,) = wait_for(done)
    assert (told["task"], told["level"]) == ("uploads.extract", "info")


def test_a_download_by_the_bucket(alice: Person) -> None:
    (row,) = delivered(alice, ("data.bin", PAGE))
    sent = alice.get(row["url"], allow_redirects=False)
    assert sent.status_code == 302
    assert "X-Amz-Signature" in sent.headers["Location"]
    assert requests.get(sent.headers["Location"], timeout=20).content == PAGE


class Slow:
    """A body of which the second half comes only when it may."""

    def __init__(self, head: bytes, tail: bytes) -> None:
        self.head, self.tail, self.may = head, tail, threading.Event()

    def __len__(self) -> int:
        return len(self.head) + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        assert self.may.wait(60)
        yield self.tail


def test_an_upload_is_passed_on_while_it_comes(stack: Stack, alice: Person) -> None:
    incoming = stack.folder / "data" / "incoming"
    file = b"word " * 400_000
    start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.txt"\r\n\r\n'
    body = Slow(start + file, file + b"\r\n--b--\r\n")
    conversation, answers = alice.conversation(), []
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sending = threading.Thread(
        target=lambda: answers.append(
            alice.post(f"conversations/{conversation}/uploads", data=body, headers=headers)
        )
    )
    sending.start()
    # What has come is with the site before the rest was sent, and nginx has not kept it for itself.
    try:
        wait_for(lambda: sum(path.stat().st_size for path in incoming.glob("*")) > 500_000, seconds=30)
        assert not [path for path in (stack.folder / "nginx" / "body").rglob("*") if path.is_file()]
    finally:
        body.may.set()
        sending.join()
    assert answers[0].status_code == 201, answers[0].text
    assert answers[0].json()["accepted"][0]["size"] == 2 * len(file)


def is_held(answer: requests.Response) -> None:
    """What keeps content away from the site's origin (docs/security.md 14)."""
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in answer.headers


def test_content_that_nginx_sends_is_held_like_the_sites_own(stack: Stack, alice: Person) -> None:
    stack.restart("web", SERVE_CONTENT="nginx", S3_BUCKET="")
    page, gone = delivered(alice, ("page.html", PAGE), ("gone.html", b"gone"))
    modes = {path.stat().st_mode & 0o777 for path in (stack.folder / "data/files").rglob("*.html")}
    assert modes == {0o640}, "the site's group reads it, as nginx does, and nobody else"
    whole = alice.get(page["url"])
    assert (whole.status_code, whole.content) == (200, PAGE)
    assert "X-Accel-Redirect" not in whole.headers
    assert whole.headers["ETag"] == f'"{hashlib.sha256(PAGE).hexdigest()}"' or whole.headers["ETag"]
    assert whole.headers["Content-Disposition"].startswith("attachment")
    part = alice.get(page["url"], headers={"Range": "bytes=8-13"})
    assert (part.status_code, part.content) == (206, PAGE[8:14])
    assert part.headers["Content-Range"] == f"bytes 8-13/{len(PAGE)}"
    beyond = alice.get(page["url"], headers={"Range": f"bytes={len(PAGE)}-"})
    assert beyond.status_code == 416
    same = alice.get(page["url"], headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    head = alice.call("HEAD", page["url"])
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(PAGE)))
    for path in (stack.folder / "data/files").rglob("*.html"):
        if path.read_bytes() == b"gone":
            path.unlink()
    lost = alice.get(gone["url"])
    assert lost.status_code == 404
    for answer in (whole, part, beyond, same, head, lost):
        is_held(answer)
        assert "Cookie" in answer.headers.get("Vary", ""), "no cache in between gives it to somebody else"
    # Nobody asks nginx for a file by its name.
    key = next((stack.folder / "data/files").rglob("*.html")).relative_to(stack.folder / "data/files")
    assert alice.get(f"{stack.url}/_files/{key}").status_code == 404
