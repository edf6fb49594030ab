"""A file that kills its worker, each time (docs/security.md 49)."""

import contextlib
import os
import signal
import sqlite3
import tempfile
import time
from pathlib import Path

from tests.faults.ledger import Account
from tests.faults.test_killed_extraction import documents_of
from tests.site import running_site, wait_for


def inject(seed: int, account: Account) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="artifactsite-poison-") as folder,
        running_site(Path(folder), JOB_LEASE_SECONDS="3") as site,
    ):
        person = site.person("alice")
        conversation = person.conversation()
        ((name, content), *others) = documents_of(seed).items()
        poison = person.upload(conversation, name, content)["fileId"]
        database = sqlite3.connect(Path(site.environment["DATA_DIR"]) / "artifactsite.sqlite3")
        taken = "SELECT count(*) FROM jobs_job WHERE target = ? AND state = 'running' AND attempts = ?"
        target = poison.removeprefix("f-").replace("-", "")
        started = time.monotonic()
        for attempt in (1, 2, 3):
            wait_for(
                lambda attempt=attempt: database.execute(taken, (target, attempt)).fetchone()[0], pause=0.01
            )
            for worker in site.children("site-worker"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            account.injected["kill -9 of the worker that reads it"] += 1
            if attempt == 1:
                others = [person.upload(conversation, *other)["fileId"] for other in others]
        upload = person.finished_upload(conversation, poison, seconds=120)
        account.took(time.monotonic() - started)
        account.acknowledged = 1 + len(others)
        assert (upload["status"], upload["error"]["code"]) == ("failed", "given_up"), upload
        neighbours = [person.finished_upload(conversation, other)["status"] for other in others]
        account.lost = neighbours.count("failed")
        assert neighbours == ["ready"] * len(others), neighbours
        account.notes.append(
            f"given up after 3 attempts: {upload['error']['detail']} Neighbours: {neighbours}"
        )
