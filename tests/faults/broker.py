"""Redis forgets everything, and is away for a while, with 500 files queued (docs/security.md 46)."""

import time

from redis import Redis as Client

from tests.faults.engines import until, whole_site
from tests.faults.ledger import Account
from tests.site import Person

FILES, A_REQUEST = 500, 50
RESUMES_IN, FINISHES_IN = 60.0, 600.0


def queue_files(person: Person, count: int = FILES) -> set[str]:
    """Small text files in one conversation; the ids that were acknowledged."""
    person.call("PATCH", f"projects/{person.project}", json={"max_files": count})
    conversation = person.conversation("many files")
    acknowledged: set[str] = set()
    for first in range(0, count, A_REQUEST):
        files = [("file", (f"{n}.txt", b"file number %d" % n)) for n in range(first, first + A_REQUEST)]
        answer = person.post(f"conversations/{conversation}/uploads", files=files)
        assert answer.status_code == 201, answer.text
        acknowledged |= {row["fileId"].removeprefix("f-") for row in answer.json()["accepted"]}
    return acknowledged


def inject(seed: int, account: Account) -> None:
    with whole_site() as (site, database, broker):

        def ready() -> int:
            return database.rows("SELECT count(*) FROM uploads_upload WHERE status = 'ready'")[0][0]

        def resumes(since: int) -> float:
            return until(lambda: ready() > since, RESUMES_IN, "work did not resume in time")

        acknowledged = queue_files(site.person("alice"))
        account.acknowledged += len(acknowledged)
        for _ in range(2):
            Client.from_url(broker.url).flushall()
            account.injected["FLUSHALL"] += 1
            account.took(resumes(ready()))
        broker.end()
        time.sleep(5)
        broker.start()
        account.injected["restart of Redis"] += 1
        account.took(resumes(ready()))
        seconds = until(
            lambda: ready() == len(acknowledged), FINISHES_IN, f"only {ready()} of {FILES} finished"
        )
        account.notes.append(
            f"work resumed after at most {account.slowest:.1f} s; all ready {seconds:.0f} s later"
        )
        texts = {str(pk) for (pk,) in database.rows("SELECT upload_id FROM uploads_extraction")}
        account.lost = len(acknowledged - texts)
        account.doubled = database.rows("SELECT count(*) FROM uploads_extraction")[0][0] - len(texts)
