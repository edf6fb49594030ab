"""The site on its real engines: PostgreSQL, and Celery workers rung by Redis; also when one of them is killed."""

import os
import signal
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from redis import Redis

from tests.site import Person, Site, let_programs_in, running_site, wait_for

DATABASE_URL, REDIS_URL = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(not (DATABASE_URL and REDIS_URL), reason="needs DATABASE_URL and REDIS_URL"),
]
SLOW = 'import time\nprint("started", flush=True)\ntime.sleep(2)\nartifact("made", "once")'


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database of the site's own beside the tests'."""
    server, name = DATABASE_URL.rsplit("/", 1)[0], f"site_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{server}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    let_programs_in(folder)
    # A database of Redis that no test's cache uses.
    broker = f"{REDIS_URL.rsplit('/', 1)[0]}/9"
    with running_site(folder, DATABASE_URL=database, REDIS_URL=broker, JOB_LEASE_SECONDS="3") as site:
        yield site


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


def test_celery_extracts_and_runs_programs(alice: Person) -> None:
    conversation = alice.conversation()
    upload = alice.upload(conversation, "notes.txt", b"The West grew fastest.")
    assert alice.finished_upload(conversation, upload["fileId"])["status"] == "ready"
    code = "print(open('files/notes.txt').read())\nartifact('Answer', 'West')"
    turn = alice.finished_turn(alice.run(conversation, code))
    assert (turn["status"], turn["output"]) == ("done", "The West grew fastest.")
    assert [row["name"] for row in turn["artifacts"]] == ["Answer"]


def test_the_site_has_new_connections_where_the_database_ended_all(database: str, alice: Person) -> None:
    name = database.rsplit("/", 1)[1]
    with psycopg.connect(database, autocommit=True) as connection:
        others = "FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid) {others}", [name])
    # The first may meet the connection that was lost.
    wait_for(lambda: alice.get("conversations").ok, seconds=30)
    assert alice.get("conversations").ok


def test_celery_workers_stand_back_for_the_pages(site: Site) -> None:
    niceness = {
        words: {os.getpriority(os.PRIO_PROCESS, pid) for pid in site.children(words)}
        for words in ("site-web", "celery --app artifactsite worker")
    }
    (web,) = niceness["site-web"]
    assert niceness["celery --app artifactsite worker"] == {min(19, web + 10)}


def test_a_program_survives_its_celery_worker(site: Site, alice: Person) -> None:
    conversation = alice.conversation()
    turn = alice.run(conversation, SLOW)
    events = alice.get(f"turns/{turn}/events", stream=True)
    assert any(b"started" in line for line in events.iter_lines())
    for worker in site.children("celery --app artifactsite worker"):
        os.kill(worker, signal.SIGKILL)
    assert alice.finished_turn(turn, seconds=120)["status"] == "done"
    made = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
    assert [(row["name"], row["version"]) for row in made] == [("made", 1)]


def test_nothing_is_lost_when_redis_forgets_everything(site: Site, alice: Person) -> None:
    conversation = alice.conversation()
    broker = Redis.from_url(site.environment["REDIS_URL"])
    uploads = [alice.upload(conversation, f"note-{n}.txt", b"words")["fileId"] for n in range(5)]
    broker.flushdb()
    for file_id in uploads:
        assert alice.finished_upload(conversation, file_id, seconds=60)["status"] == "ready"


def test_a_celery_worker_that_is_asked_to_stop_finishes_or_hands_back(site: Site, alice: Person) -> None:
    conversation = alice.conversation()
    turns = [alice.run(conversation, code) for code in (SLOW, SLOW.replace("sleep(2)", "sleep(20)"))]
    for turn in turns:
        events = alice.get(f"turns/{turn}/events", stream=True)
        assert any(b"started" in line for line in events.iter_lines())
    for worker in site.children("--queues turns"):
        os.kill(worker, signal.SIGTERM)
    assert alice.finished_turn(turns[0], seconds=30)["status"] == "done"
    assert alice.finished_turn(turns[1], seconds=120)["status"] == "done"
    assert "handed back" in site.log.read_text()
    made = alice.get(f"conversations/{conversation}/artifacts").json()["results"]
    assert [row["version"] for row in made] == [1]
