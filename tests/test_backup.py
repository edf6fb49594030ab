"""`manage.py backup` of a site at work, `restore` into an empty one: every row, every file, earlier links."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from artifactsite.backup import archive
from tests import servers
from tests.faults.database import Writer
from tests.site import ROOT, Person, Site, running_site, wait_for

DATABASE_URL, REDIS_URL = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
KEYS = {
    "SECRET_KEY": "secret-of-one-test-0123456789-0123456789-0123456789",
    "LINK_SIGNING_KEYS": "key-of-one-test-0123456789-0123456789-0123456789-0",
}

Rows = dict[str, list[dict[str, Any]]]


def content(made: bytes) -> tuple[Rows, dict[str, str]]:
    """The rows of each table, and the SHA-256 of each file, of an archive."""
    rows: Rows = {}
    files: dict[str, str] = {}
    for member in archive.members(io.BytesIO(made)):
        if member.name.startswith(archive.ROWS):
            head, *lines = [json.loads(line) for line in member.whole().split(b"\n")]
            rows.setdefault(member.name.split("/")[1], []).extend(
                dict(zip(head, line, strict=True)) for line in lines
            )
        elif member.name.startswith(archive.FILES):
            key = member.name.removeprefix(archive.FILES)
            files[key] = hashlib.sha256(member.source.read()).hexdigest()
    return rows, files


def manage(site: Site, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=site.environment, input=stdin, capture_output=True)


def furnish(person: Person) -> tuple[str, dict[str, Any]]:
    """A conversation with forty artifacts of 8 KB, one of them saved, and an upload that was read and has a link."""
    conversation = person.conversation("to be kept")
    artifacts = [
        {"name": f"report {n}", "type": "text", "data": f"harvest {n} " + "x" * 8000} for n in range(40)
    ]
    answer = person.post(
        f"conversations/{conversation}/tool-results", json={"tool": "t", "artifacts": artifacts}
    )
    assert answer.status_code == 201, answer.text
    saved = answer.json()["artifacts"][0]["id"]
    name = {"name": "Yield of the year", "description": "", "visibility": "private"}
    assert person.post(f"artifacts/{saved}/save", json=name).status_code == 200
    upload = person.upload(conversation, "notes.txt", b"The West grew fastest.")
    return conversation, person.finished_upload(conversation, upload["fileId"])


def is_whole(site: Site, token: str, conversation: str, upload: dict[str, Any]) -> None:
    """The restored site does what the first one did: link, text, search and names by the database's own indexes."""
    link = requests.get(f"{site.url}/api/files/public?{upload['downloadUrl'].partition('?')[2]}", timeout=30)
    assert link.content == b"The West grew fastest."
    person = Person(site, "", token)
    text = person.get(f"conversations/{conversation}/uploads/{upload['fileId']}/content").json()
    assert "The West grew fastest" in text["text"]
    assert person.get("artifacts?q=harvest 7").json()["count"] > 0
    assert person.get("artifacts?q=yield").json()["count"] > 0
    suggested = person.get(f"mentions?q=yield&conversation={conversation}").json()
    assert {row["name"] for row in suggested["saved_artifacts"]} == {"Yield of the year"}
    # New rows get numbers behind those that were restored.
    assert person.upload(conversation, "more.txt", b"more")["status"] == "stored"


def begun(site: Site) -> "tuple[subprocess.Popen[bytes], bytes]":
    """A backup that has written its rows and waits at its files, as the pipe is full; and what it wrote so far."""
    command = [sys.executable, "manage.py", "backup", "-"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    read = b""
    while b"files/uploads/" not in read:
        piece = process.stdout.read(4096)
        assert piece, process.stderr.read() if process.stderr else ""
        read += piece
    return process, read


def test_a_backup_under_load_restores_into_an_empty_site(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(), new.mkdir()
    with running_site(old) as site:
        alice = site.person("alice")
        alice.call("PATCH", f"projects/{alice.project}", json={"max_files": 1000})
        conversation, upload = furnish(alice)
        doomed, _ = furnish(alice)
        stopping = threading.Event()
        writers = [Writer(alice, alice.conversation(), stopping) for _ in range(2)]
        for writer in writers:
            writer.start()
        wait_for(lambda: all(len(writer.messages) > 4 for writer in writers))
        before = {message for writer in writers for message in [*writer.messages]}
        process, made = begun(site)
        # What the rows name is deleted before its files are copied, and still has to be in the backup. At
        # once, though there are writers: while a backup runs nothing is taken.
        assert alice.call("DELETE", f"conversations/{doomed}").status_code == 204
        site.manage("collect_garbage", "--at-once")
        assert process.stdout is not None
        made += process.stdout.read()
        assert process.wait() == 0, process.stderr.read() if process.stderr else ""
        stopping.set()
        for writer in writers:
            writer.join()
        assert sum(set(writer.answers) <= {201} for writer in writers) == 2
        files = site.manage("collect_garbage", "--at-once")
        assert int(files.split()[0]) >= 40, "what a backup held is collected after it"
    rows, files_in = content(made)
    assert not (old / "data/files/holds").exists() or not any((old / "data/files/holds").iterdir())
    named = {row["file"]: row["sha256"] for row in rows["artifacts.version"] + rows["uploads.upload"]}
    assert named.items() <= files_in.items()
    assert len([key for key in files_in if doomed in key]) == 41
    there = {row["id"] for row in rows["conversations.message"]}
    assert {row["conversation_id"] for row in rows["conversations.message"]} >= {conversation, doomed}
    assert before <= there

    target = Site(new)
    done = manage(target, "restore", "-", stdin=made)
    assert done.returncode == 0, done.stderr
    again = manage(target, "backup", "-")
    assert again.returncode == 0, again.stderr
    assert content(again.stdout) == (rows, files_in)
    target.start()
    try:
        is_whole(target, alice.token, conversation, upload)
    finally:
        target.stop()
    refused = manage(target, "restore", "-", stdin=made)
    assert refused.returncode == 1
    assert b"This site is not empty" in refused.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, bytes]:
    """A site that is stopped, and its backup."""
    site = Site(tmp_path_factory.mktemp("small"))
    site.start()
    try:
        furnish(site.person("alice"))
    finally:
        site.stop()
    done = manage(site, "backup", "-")
    assert done.returncode == 0, done.stderr
    return site, done.stdout


# One process for several archives: what it costs is its start.
RESTORE_EACH = """
import sys
from django.core.management import CommandError, call_command
for path in sys.stdin.read().split():
    try:
        call_command("restore", path)
    except CommandError as error:
        print(str(error).replace(chr(10), " "))
"""


def test_a_changed_or_cut_archive_restores_nothing(small: tuple[Site, bytes], tmp_path: Path) -> None:
    _, made = small
    target = Site(tmp_path)
    in_rows = made.replace(b"notes.txt", b"n0tes.txt", 1)
    in_file = made.replace(b"harvest 7 xxx", b"harvest 7 yyy")
    assert in_file != made
    assert in_rows != made
    archives = [in_rows, in_file, made[: len(made) // 2], b"nothing", made]
    paths = [tmp_path / f"{number}.tar" for number in range(len(archives))]
    for path, archive_ in zip(paths, archives, strict=True):
        path.write_bytes(archive_)
    names = " ".join(map(str, paths)).encode()
    done = manage(target, "shell", "--no-imports", "-c", RESTORE_EACH, stdin=names)
    assert done.returncode == 0, done.stderr
    *refused, last = [line for line in done.stdout.decode().splitlines() if "estored" in line]
    assert len(refused) == 4
    assert all("Nothing was restored" in line for line in refused), refused
    assert "are restored" in last  # which it would refuse if anything had been left
    checked = manage(target, "restore", "--check", "-", stdin=made)
    assert b"are as they were written" in checked.stdout
    cut = manage(target, "restore", "--check", "-", stdin=made[: len(made) // 2])
    assert (cut.returncode, b"Traceback" in cut.stderr) == (1, False)


def test_a_damaged_file_is_named_and_the_rest_is_backed_up(small: tuple[Site, bytes], tmp_path: Path) -> None:
    _, made = small
    target = Site(tmp_path)
    assert manage(target, "restore", "-", stdin=made).returncode == 0
    changed, gone = sorted((tmp_path / "data/files").rglob("*.txt"))[:2]
    changed.write_bytes(b"another content")
    gone.unlink()
    done = manage(target, "backup", str(tmp_path / "backup.tar"))
    assert done.returncode == 1
    for path in (changed, gone):
        assert path.name.encode() in done.stderr
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600
    checked = manage(target, "restore", "--check", str(tmp_path / "backup.tar"))
    assert checked.returncode == 0
    assert changed.name.encode() in checked.stderr


def test_a_backup_of_an_older_release_restores(small: tuple[Site, bytes], tmp_path: Path) -> None:
    """As if the uploads had been those of the release before their second migration."""
    _, made = small
    added = {"run", "quarantine", "cpu_seconds", "peak_bytes"}
    older = io.BytesIO()
    writer = archive.Writer(older)
    for member in archive.members(io.BytesIO(made)):
        if member.name == archive.HEAD:
            head = json.loads(member.whole())
            head["migrations"] = [
                [app, name] for app, name in head["migrations"] if app != "uploads" or name == "0001_initial"
            ]
            writer.put(member.name, json.dumps(head).encode())
        elif member.name.startswith(f"{archive.ROWS}uploads.upload/"):
            columns, *lines = [json.loads(line) for line in member.whole().split(b"\n")]
            kept = [number for number, column in enumerate(columns) if column not in added]
            assert len(kept) == len(columns) - len(added)
            writer.put(
                member.name,
                b"\n".join(json.dumps([line[n] for n in kept]).encode() for line in [columns, *lines]),
            )
        elif member.name.startswith(archive.FILES):
            writer.put_file(
                member.name.removeprefix(archive.FILES), member.size, iter([member.source.read()])
            )
        elif member.name == archive.END:
            writer.close(json.loads(member.whole()))
        else:
            writer.put(member.name, member.whole())
    target = Site(tmp_path)
    done = manage(target, "restore", "-", stdin=older.getvalue())
    assert done.returncode == 0, done.stderr
    rows, _ = content(manage(target, "backup", "-").stdout)
    assert [row["quarantine"] for row in rows["uploads.upload"]] == [""]


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database of the site's own beside the tests'."""
    server, name = DATABASE_URL.rsplit("/", 1)[0], f"site_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{server}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.engines
@pytest.mark.skipif(not (DATABASE_URL and REDIS_URL), reason="needs DATABASE_URL and REDIS_URL")
def test_from_postgresql_and_a_bucket_to_sqlite_and_a_disk_and_back(database: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(), new.mkdir()
    with servers.s3() as bucket:
        engines = {"DATABASE_URL": database, "REDIS_URL": f"{REDIS_URL.rsplit('/', 1)[0]}/9", **bucket}
        site = Site(old, **engines)
        site.environment |= KEYS
        site.start()
        try:
            alice = site.person("alice")
            conversation, upload = furnish(alice)
            process, made = begun(site)
            late = alice.post(
                f"conversations/{conversation}/messages", json={"body": "written during the backup"}
            )
            assert late.status_code == 201
            assert process.stdout is not None
            made += process.stdout.read()
            assert process.wait() == 0
        finally:
            site.stop()
        rows, files = content(made)
        assert late.json()["id"] not in {row["id"] for row in rows["conversations.message"]}
        small = Site(new, **KEYS)
        done = manage(small, "restore", "-", stdin=made)
        assert done.returncode == 0, done.stderr
        assert b"differs" not in done.stderr
        assert b"LINK_SIGNING_KEYS" not in done.stderr
        back = manage(small, "backup", "-").stdout
        assert content(back) == (rows, files)
        done = manage(site, "restore", "--replace", "-", stdin=back)
        assert done.returncode == 0, done.stderr
        assert content(manage(site, "backup", "-").stdout) == (rows, files)
        site.start()
        try:
            is_whole(site, alice.token, conversation, upload)
        finally:
            site.stop()
