"""PostgreSQL is killed and restarted under load (docs/security.md 47)."""

import contextlib
import signal
import threading
import time
from collections import Counter

import requests

from tests.faults.engines import until, whole_site
from tests.faults.ledger import Account
from tests.site import Person, Site

WRITERS = 6
HEALTHY_IN = 30.0


class Writer(threading.Thread):
    """Posts messages and files as fast as it may; remembers what was acknowledged."""

    def __init__(self, person: Person, conversation: str, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.person = Person(person.site, person.project, person.token)
        self.conversation, self.stopping = conversation, stopping
        self.messages: set[str] = set()
        self.uploads: set[str] = set()
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            with contextlib.suppress(requests.RequestException):
                self.once(number)

    def once(self, number: int) -> None:
        if number % 5:
            answer = self.person.post(
                f"conversations/{self.conversation}/messages", json={"body": f"word {number}"}
            )
            if answer.status_code == 201:
                self.messages.add(answer.json()["id"])
        else:
            file = ("file", (f"{number}.txt", f"{self.name} {number}".encode()))
            answer = self.person.post(f"conversations/{self.conversation}/uploads", files=[file])
            if answer.status_code == 201:
                self.uploads.add(answer.json()["accepted"][0]["fileId"].removeprefix("f-"))
        self.answers[answer.status_code] += 1


def is_ready(site: Site) -> bool:
    try:
        return requests.get(f"{site.url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def inject(seed: int, account: Account) -> None:
    with whole_site() as (site, database, _):
        person = site.person("alice")
        person.call("PATCH", f"projects/{person.project}", json={"max_files": 1000})
        stopping = threading.Event()
        writers = [Writer(person, person.conversation(), stopping) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for how, name in (
            (signal.SIGKILL, "kill -9 of PostgreSQL"),
            (signal.SIGINT, "restart of PostgreSQL"),
        ) * 2:
            time.sleep(4)
            database.end(how)
            time.sleep(2)
            database.start()
            account.injected[name] += 1
            account.took(until(lambda: is_ready(site), HEALTHY_IN, "not healthy again in time"))
        time.sleep(3)
        stopping.set()
        for writer in writers:
            writer.join(90)
        waits = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"
        until(lambda: database.rows(waits)[0][0] == 0, 300, "work was left over")
        messages = set.union(*(writer.messages for writer in writers))
        uploads = set.union(*(writer.uploads for writer in writers))
        account.acknowledged += len(messages) + len(uploads)
        there = {str(pk) for (pk,) in database.rows("SELECT id FROM conversations_message")}
        read = {str(pk) for (pk,) in database.rows("SELECT id FROM uploads_upload WHERE status = 'ready'")}
        account.lost = len(messages - there) + len(uploads - read)
        account.doubled = database.rows(
            "SELECT count(*) - count(DISTINCT (conversation_id, body)) FROM conversations_message"
        )[0][0]
        answers = sum((writer.answers for writer in writers), Counter[int]())
        account.notes.append(
            f"healthy again after at most {account.slowest:.1f} s; answers {dict(sorted(answers.items()))}"
        )
