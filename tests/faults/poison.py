"""A file that kills its worker, each time (docs/security.md 49)."""

import contextlib
import os
import signal
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
        address = f"conversations/{conversation}/uploads/{poison}"
        started = time.monotonic()
        for attempt in range(3):
            wait_for(
                lambda: (
                    person.get(address).json()["status"] == "extracting" and site.children("manage.py worker")
                )
            )
            # Whoever has taken it up by now dies of it.
            wait_for(lambda: site.children("uploads.extraction.server"), seconds=60)
            for worker in site.children("manage.py worker"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            account.injected["kill -9 of the worker that reads it"] += 1
            if attempt == 0:
                others = [person.upload(conversation, *other)["fileId"] for other in others]
            wait_for(lambda: site.children("manage.py worker"), seconds=60)
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
