"""The disk is full: a clean error, reads go on, and it recovers without a restart (docs/security.md 45, 48)."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.faults.ledger import Account
from tests.faults.writes import Acts, audit, on_disk, settle, still_there
from tests.site import running_site

SIZE = 96  # MB of the disk
LEFT = (0, 8, 64, 300, 700, 1500, 3000)  # KB left on it when something is written


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of its own, which takes an administrator (tmpfs)."""
    with tempfile.TemporaryDirectory(prefix="artifactsite-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", folder]
        subprocess.run(command, check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, *, left: int) -> Path:
    """Takes all room but `left` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
        file.truncate(max(0, file.tell() - left))
    return ballast


def inject(seed: int, account: Account) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="artifactsite-log-") as folder,
        small_disk() as disk,
        running_site(Path(folder), DATA_DIR=str(disk), JOB_LEASE_SECONDS="3") as site,
    ):
        acts = Acts(site)
        acts.upload()
        acts.deliver()
        kept = acts.person.get("artifacts").json()["results"][0]["url"]
        content = acts.person.get(kept).content
        for left in LEFT:
            ballast = fill(disk, left=left * 1024)
            for act in (acts.upload, acts.deliver, lambda: acts.upload(2 * 1024 * 1024), acts.note):
                act()
                account.injected["disk full"] += 1
            reads(acts, kept, content, account)
            ballast.unlink()
            before = acts.answers["201"]
            acts.upload()
            assert acts.answers["201"] == before + 1, f"no recovery: {acts.answers}"
        settle(site, acts, account)
        still_there(site, acts, 0, account)
        audit(site, on_disk(disk / "files"), account)


def reads(acts: Acts, kept: str, content: bytes, account: Account) -> None:
    """With no room at all the gallery, a file, a page and the health check are as ever."""
    person = acts.person
    assert person.get("artifacts").status_code == 200
    assert person.get(kept).content == content
    assert person.get(f"conversations/{acts.conversation}/messages").status_code == 200
    assert requests.get(f"{person.site.url}/sign-in", timeout=20).status_code == 200
    account.injected["reads on a full disk"] += 4
