"""Faults at each step of a write: the bucket fails, the process is killed, the disk is full (docs/security.md 45).

What counts is what is left after garbage collection: no row without a file, no file without a row, and every file's
bytes those that its row says.
"""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import requests

from tests import servers
from tests.faults import faulty_s3
from tests.faults.engines import until
from tests.faults.faulty_s3 import CUT, CUT_ANSWER, HANGS, REFUSED, SILENT_SUCCESS, FaultyS3, Plan
from tests.faults.ledger import Account
from tests.site import Site, running_site

NAMED = "SELECT file, sha256 FROM artifacts_version UNION ALL SELECT file, sha256 FROM uploads_upload"
OTHERS = "SELECT file FROM artifacts_thumbnail WHERE file <> '' UNION ALL SELECT file FROM playground_workingfolder"
WAITING = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"
PICTURE = bytes.fromhex(  # a PNG of one pixel, of which a thumbnail is made
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
LARGE = 20 * 1024 * 1024  # bytes, which boto3 sends in parts
KILLS = 20
KILL = "kill -9 of the site"
BUCKET = (REFUSED, SILENT_SUCCESS, HANGS, CUT, CUT_ANSWER, KILL)


def rows(site: Site, query: str) -> list[tuple[str, ...]]:
    path = Path(site.environment["DATA_DIR"]) / "artifactsite.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        return connection.execute(query).fetchall()


def audit(site: Site, there: dict[str, str], account: Account) -> None:
    """Compares the SHA-256 of all that is in storage, by key, with the rows."""
    named = dict(rows(site, NAMED))
    others = {key for (key,) in rows(site, OTHERS)}
    without_file = (named.keys() | others) - there.keys()
    without_row = there.keys() - named.keys() - others
    other_bytes = [key for key, sha256 in named.items() if there.get(key, sha256) != sha256]
    account.lost += len(without_file) + len(other_bytes)
    account.doubled += len(without_row)
    account.notes.append(
        f"{len(named)} rows: {len(without_file)} without a file, {len(other_bytes)} with other bytes; "
        f"{len(without_row)} of {len(there)} files without a row after garbage collection"
    )


class Acts:
    """What people do while something fails; remembers what was acknowledged and how the rest was answered."""

    def __init__(self, site: Site) -> None:
        self.person = site.person("alice")
        self.person.call("PATCH", f"projects/{self.person.project}", json={"max_files": 1000})
        self.conversation = self.person.conversation()
        self.hashes: set[str] = set()
        self.answers: Counter[str] = Counter()
        self.number = 0

    def _content(self, size: int = 300) -> bytes:
        self.number += 1
        return f"{self.number} of this run\n".encode() * (size // 15)

    def _sent(self, send: Callable[[], requests.Response], *contents: bytes) -> None:
        try:
            status = send().status_code
        except requests.RequestException:
            self.answers["connection lost"] += 1
            return
        self.answers[str(status)] += 1
        if status == 201:
            self.hashes |= {hashlib.sha256(content).hexdigest() for content in contents}

    def upload(self, size: int = 300) -> None:
        content = self._content(size)
        file = ("file", (f"{self.number}.txt", content))
        path = f"conversations/{self.conversation}/uploads"
        self._sent(lambda: self.person.post(path, files=[file]), content)

    def upload_large(self) -> None:
        self.upload(LARGE)

    def deliver(self, size: int = 300) -> None:
        """Three artifacts at once: all or none."""
        contents = [self._content(size) for _ in range(2)] + [PICTURE + self._content()]
        names = [f"{self.number}-{n}.{'png' if n == 2 else 'txt'}" for n in range(3)]
        result = {"tool": "t", "artifacts": [{"name": name, "type": "file", "part": name} for name in names]}
        files = [(name, (name, content)) for name, content in zip(names, contents, strict=True)]
        path = f"conversations/{self.conversation}/tool-results"
        parts = [("result", (None, json.dumps(result), "application/json")), *files]
        self._sent(lambda: self.person.post(path, files=parts), *contents)

    def note(self) -> None:
        """A message, which is rows alone."""
        path = f"conversations/{self.conversation}/messages"
        self._sent(lambda: self.person.post(path, json={"body": "a word " * 2000}))

    def delete(self) -> None:
        """An upload and its file."""
        path = f"conversations/{self.conversation}/uploads"
        newest = self.person.get(path).json()["results"][0]
        with contextlib.suppress(requests.RequestException):
            answer = self.person.call("DELETE", f"{path}/{newest['fileId']}")
            self.answers[str(answer.status_code)] += 1


def settle(site: Site, acts: Acts, account: Account) -> None:
    """Waits for the work, then collects garbage. What was acknowledged has to be there, and nothing was a 500."""
    until(site._answers, 180, "the site did not come back")
    until(lambda: rows(site, WAITING)[0][0] == 0, 300, "work was left over")
    site.manage("collect_garbage", "--at-once")
    account.acknowledged += len(acts.hashes)
    account.notes.append(f"answers {dict(sorted(acts.answers.items()))}")
    assert not [status for status in acts.answers if status == "500"], acts.answers


def still_there(site: Site, acts: Acts, deleted: int, account: Account) -> None:
    known = {sha256 for _, sha256 in rows(site, NAMED)}
    account.lost += max(0, len(acts.hashes - known) - deleted)


# --- the bucket ---------------------------------------------------------------------------------------


def steps() -> Iterator[tuple[str, str, int]]:
    """What is done, and at which of its requests the bucket fails."""
    yield from (("upload", "PUT", 1), ("deliver", "PUT", 1), ("deliver", "PUT", 2), ("deliver", "PUT", 3))
    # The fourth is the thumbnail's, which the worker writes; a GET is its reading of the upload.
    yield from (("deliver", "PUT", 4), ("upload", "GET", 1))
    # Parts of a large file: begun by the first POST, ended by the second.
    yield from (("upload_large", "POST", 1), ("upload_large", "PUT", 2), ("upload_large", "POST", 2))
    yield ("delete", "DELETE", 1)


def inject_bucket(what: str, seed: int, account: Account) -> None:
    """At each step of each kind of write the same thing happens to the bucket's answer; or, for KILL, to the site."""
    with (
        servers.s3() as bucket,
        faulty_s3.faulty_s3(bucket["S3_ENDPOINT_URL"]) as faulty,
        tempfile.TemporaryDirectory(prefix="artifactsite-writes-") as folder,
    ):
        Path(folder).chmod(0o755)
        settings = {**bucket, "S3_ENDPOINT_URL": faulty.url, "S3_TIMEOUT_SECONDS": "1"}
        with running_site(Path(folder), **settings, JOB_LEASE_SECONDS="3") as site:
            acts, deleted = Acts(site), 0
            acts.upload()
            fault = (lambda: end_site(site)) if what == KILL else what
            for act, method, nth in steps():
                # Once, or whenever that object is asked for; a kill before the request is passed on, or after.
                for second in (False, True):
                    lasts, after = (False, second) if what == KILL else (second, False)
                    happen(faulty, Plan(fault, method, nth, lasts, after), acts, act, account)
                    deleted += act == "delete"
            settle(site, acts, account)
            still_there(site, acts, deleted, account)
            audit(site, in_bucket(bucket), account)


def happen(faulty: FaultyS3, plan: Plan, acts: Acts, act: str, account: Account) -> None:
    """Does something while the bucket fails as planned, and once more when it is well."""
    until(acts.person.site._answers, 180, "the site did not come back")
    faulty.plan, faulty.over = plan, type(faulty.over)()
    getattr(acts, act)()
    # What the worker writes comes soon after.
    with contextlib.suppress(AssertionError):
        until(lambda: plan.happened, 5, "it did not come to that")
    time.sleep(0.2)
    faulty.plan = None
    faulty.over.set()
    name = (
        plan.fault
        if isinstance(plan.fault, str)
        else f"kill -9 {'after' if plan.after else 'before'} a request"
    )
    account.injected[f"bucket: {name}"] += plan.happened


def end_site(site: Site) -> None:
    """kill -9 of the web server and the worker, at once."""
    for words in ("site-web", "site-worker"):
        for pid in site.children(words):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def in_bucket(bucket: dict[str, str]) -> dict[str, str]:
    client = boto3.client(
        "s3", endpoint_url=bucket["S3_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id=bucket["S3_ACCESS_KEY"], aws_secret_access_key=bucket["S3_SECRET_KEY"],
    )  # fmt: skip
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket["S3_BUCKET"])
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    body = lambda key: client.get_object(Bucket=bucket["S3_BUCKET"], Key=key)["Body"].read()  # noqa: E731
    return {key: hashlib.sha256(body(key)).hexdigest() for key in keys if not key.startswith((".", "holds/"))}


# --- the disk -----------------------------------------------------------------------------------------


def inject_kills(seed: int, account: Account) -> None:
    """The web server is killed at moments spread over a whole delivery to a disk."""
    with tempfile.TemporaryDirectory(prefix="artifactsite-writes-") as folder:
        Path(folder).chmod(0o755)
        with running_site(Path(folder), JOB_LEASE_SECONDS="3") as site:
            acts = Acts(site)
            started = time.monotonic()
            acts.deliver(8 * 1024 * 1024)
            whole = time.monotonic() - started
            for number in range(KILLS):
                kill_at(site, acts, whole * 1.1 * number / KILLS)
                account.injected["disk: kill -9 of the web server in a delivery"] += 1
            settle(site, acts, account)
            still_there(site, acts, 0, account)
            audit(site, on_disk(Path(site.environment["DATA_DIR"]) / "files"), account)


def kill_at(site: Site, acts: Acts, seconds: float) -> None:
    until(site._answers, 180, "the site did not come back")
    (web,) = site.children("site-web")
    killing = threading.Timer(seconds, lambda: os.kill(web, signal.SIGKILL))
    killing.start()
    acts.deliver(8 * 1024 * 1024)
    killing.join()


def on_disk(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and ".partial" not in path.parts]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
