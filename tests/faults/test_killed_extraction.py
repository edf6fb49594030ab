"""kill -9 of whoever takes part in an extraction: nothing lost or doubled (docs/security.md 44).

The suite does a few runs; `make faults` does 200, in batches with a site of their own.
"""

import contextlib
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.ledger import Account
from tests.site import Person, Site, descendants, running_site, wait_for
from tests.uploads.extraction.documents import docx, paragraph, pdf

RUNS = 6
BATCH = 25
PAGES = 3000
FINAL_SECONDS = 300
SETTINGS = {"JOB_LEASE_SECONDS": "3"}


def documents_of(run: int) -> dict[str, bytes]:
    """A long document, and short ones beside it; no two runs have the same bytes."""
    return {
        f"long-{run}.pdf": pdf(f"page {number} of run {run}" for number in range(PAGES)),
        f"short-{run}.docx": docx(paragraph(f"the short one of run {run}")),
        f"plain-{run}.txt": f"the plain one of run {run}".encode(),
    }


def expected(name: str) -> str:
    kind, run = name.rsplit(".", 1)[0].split("-")
    return f"page {PAGES - 1} of run {run}" if kind == "long" else f"the {kind} one of run {run}"


def children(site: Site) -> list[int]:
    """The processes that read a document at this moment."""
    return [pid for server in servers(site) for pid in descendants(server)]


def servers(site: Site) -> list[int]:
    forked = site.children("uploads.extraction.server")
    return [pid for pid in forked if not any(pid in descendants(other) for other in forked if other != pid)]


def workers(site: Site) -> list[int]:
    return site.children("site-worker")


def supervisors(site: Site) -> list[int]:
    return [site.process.pid] if site.process else []


VICTIMS: dict[str, Callable[[Site], list[int]]] = {
    "child": children, "server": servers, "worker": workers, "supervisor": supervisors,
}  # fmt: skip
# A worker that dies soon after its start is started later and later, so it is not killed in most runs.
WEIGHTS = (6, 3, 2, 1)


@dataclass
class Books:
    """Every file that was acknowledged, by name, with its conversation and id."""

    account: Account
    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)


def kill_somebody(site: Site, chance: random.Random, victim: str = "") -> str:
    """Ends one process with no word of warning; a killed site is started again. Returns who it was."""
    there = {who: pids for who, look in VICTIMS.items() if (pids := look(site)) and victim in ("", who)}
    if not there:
        return "nobody"
    (who,) = chance.choices(list(there), [WEIGHTS[list(VICTIMS).index(who)] for who in there])
    family = list(descendants(site.process.pid)) if site.process else []
    with contextlib.suppress(ProcessLookupError):
        os.kill(chance.choice(there[who]), signal.SIGKILL)
    if who == "supervisor":
        assert site.process is not None
        site.process.wait()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), seconds=60)
        site.start()
    return who


def one_run(
    site: Site, person: Person, run: int, chance: random.Random, books: Books, victim: str = ""
) -> None:
    conversation = person.conversation(f"run {run}")
    for name, content in documents_of(run).items():
        books.acknowledged[name] = (conversation, person.upload(conversation, name, content)["fileId"])
    started = time.monotonic()
    time.sleep(chance.random() * 1.2)
    books.account.injected[kill_somebody(site, chance, victim)] += 1
    for name in documents_of(run):
        _, file_id = books.acknowledged[name]
        upload = person.finished_upload(conversation, file_id, seconds=FINAL_SECONDS)
        assert upload["status"] == "ready", (name, upload)
        text = person.get(f"conversations/{conversation}/uploads/{file_id}/content").json()["text"]
        if upload["truncated"]:
            # A machine that others keep busy gave the reader too little time: it says so, whoever was killed.
            books.account.notes.append(f"{name} was cut for time at page {text.count('<!-- page ')}")
        else:
            assert text.count(expected(name)) == 1, (name, text.count(expected(name)), len(text))
    books.account.took(time.monotonic() - started)


def check_books(site: Site, books: Books) -> None:
    """Rows and files after all of it: one of each for every file that was acknowledged."""
    data = Path(site.environment["DATA_DIR"])
    account = books.account
    with contextlib.closing(sqlite3.connect(data / "artifactsite.sqlite3")) as database:

        def rows(query: str) -> list[tuple[object, ...]]:
            return database.execute(query).fetchall()

        wait_for(lambda: not rows("SELECT 1 FROM jobs_job WHERE state IN ('queued', 'running')"), seconds=60)
        uploads = rows("SELECT filename, file FROM uploads_upload")
        names = [str(name) for name, _ in uploads]
        account.acknowledged += len(books.acknowledged)
        account.lost += len(set(books.acknowledged) - set(names))
        account.doubled += len(names) - len(set(names))
        assert sorted(names) == sorted(books.acknowledged)
        assert rows("SELECT count(*), count(DISTINCT upload_id) FROM uploads_extraction") == [
            (len(uploads),) * 2
        ]
        assert not rows("SELECT 1 FROM jobs_job WHERE state != 'done'")
    stored = {str(path.relative_to(data / "files")) for path in (data / "files").rglob("*") if path.is_file()}
    assert stored == {str(key) for _, key in uploads}


def kill_often(folder: Path, seed: int, victims: list[str], account: Account) -> None:
    """One site, and one kill for each of `victims`; an empty name is whoever chance picks."""
    chance, books = random.Random(seed), Books(account)
    with running_site(folder, **SETTINGS) as site:
        person = site.person("alice")
        for run, victim in enumerate(victims):
            one_run(site, person, run, chance, books, victim)
        check_books(site, books)


def test_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    # Each at least once.
    kill_often(tmp_path, 44, [*VICTIMS, *[""] * (RUNS - len(VICTIMS))], Account("test"))


def inject(seed: int, account: Account) -> None:
    with tempfile.TemporaryDirectory(prefix="artifactsite-kills-") as folder:
        kill_often(Path(folder), seed, [""] * BATCH, account)
