"""SQLite with ten writers beside the worker (docs/security.md 50)."""

import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.faults.database import Writer
from tests.faults.ledger import Account
from tests.site import running_site, wait_for

SECONDS = 30.0


def inject(seed: int, account: Account) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="artifactsite-writers-") as folder,
        running_site(Path(folder)) as site,
    ):
        person = site.person("alice")
        person.call("PATCH", f"projects/{person.project}", json={"max_files": 1000})
        stopping = threading.Event()
        writers = [Writer(person, person.conversation(), stopping) for _ in range(10)]
        for writer in writers:
            writer.start()
        time.sleep(SECONDS)
        stopping.set()
        for writer in writers:
            writer.join(60)
        account.injected["ten writers, 30 s"] += 1
        account.acknowledged = sum(len(writer.messages) + len(writer.uploads) for writer in writers)
        for writer in writers:
            count = person.get(f"conversations/{writer.conversation}").json()
            account.lost += len(writer.messages) - count["message_count"]
            account.lost += len(writer.uploads) - count["upload_count"]
        answers = sum((writer.answers for writer in writers), Counter[int]())
        locked = site.log.read_text().count("database is locked")
        account.notes.append(f"answers {dict(answers)}; 'database is locked' in the log {locked} times")
        assert set(answers) == {201}, answers
        assert not locked
        wait_for(lambda: all(
            row["status"] == "ready"
            for writer in writers
            for row in person.get(f"conversations/{writer.conversation}/uploads?size=100").json()["results"]
        ), seconds=300, pause=1)  # fmt: skip
