"""What a whole site costs: to start, to hold in memory, and to download from.

    python -m benchmarks.site --json figures.json

Starts `manage.py run` on a data folder that it has used before and stops at the first page. Seconds of CPU are those of
all its processes, memory is what each has to itself and its share of what several have (PSS).
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0  # seconds for a start, and for the next uploads to be read
IN_A_CONVERSATION = 10  # uploads, as many as a new project allows
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--lists", type=int, default=2000, help="lists between idle and loaded memory")
    parser.add_argument("--uploads", type=int, default=200, help="small files before them, each worked off")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    # Ended by a signal, the site still has to be stopped: turn it into an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        with site.running():
            token, project = site.account()
        floor = [bare_django() for _ in range(chosen.starts)]
        figures["bare django.setup, cpu s"] = min(floor)
        starts = []
        for _ in range(chosen.starts):
            with site.running() as started:
                starts.append(started)
        figures["start to first page, s"] = min(start.seconds for start in starts)
        figures["start to first page, cpu s"] = min(start.cpu for start in starts)
        with site.running():
            site.settle()
            idle = site.memory()
            figures |= {f"idle {name}, MB": size for name, size in idle.items()}
            # The process that reads documents is there from the first one on.
            site.upload(1, token, project)
            site.settle()
            warm = site.memory()
            figures |= {f"after 1 upload {name}, MB": size for name, size in warm.items()}
            site.upload(chosen.uploads, token, project)
            for _ in range(chosen.lists):
                site.get("/api/artifacts?size=50", token)
            site.settle()
            loaded = site.memory()
            said = f"after {chosen.uploads} uploads and {chosen.lists} lists"
            figures |= {f"{said} {name}, MB": size for name, size in loaded.items()}
            figures["loaded, of what it was after 1 upload"] = loaded["all"] / warm["all"]
    for name, figure in figures.items():
        print(f"{name:48}{figure:10.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def bare_django() -> float:
    """CPU seconds of a process that only sets Django up, with none but its own apps."""
    program = (
        "import django, resource; from django.conf import settings;"
        "settings.configure(INSTALLED_APPS=['django.contrib.admin', 'django.contrib.auth',"
        " 'django.contrib.contenttypes', 'django.contrib.sessions', 'django.contrib.messages']);"
        "django.setup(); import django.core.handlers.wsgi, django.contrib.admin.sites;"
        "used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime + used.ru_stime)"
    )
    return float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT))


@dataclass(frozen=True)
class Started:
    seconds: float
    cpu: float


class Site:
    """`manage.py run` with SQLite in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        from tests.servers import free_port

        self.folder, self.port = folder, free_port()
        self.settings = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DATA_DIR": str(folder), "PORT": str(self.port), "LOG_LEVEL": "ERROR", "API_RATE": "100000000/min",
            "SECRET_KEY": secrets.token_urlsafe(50), "LINK_SIGNING_KEYS": secrets.token_urlsafe(50),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[Started]:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while not self._answers():
                if self.process.poll() is not None or time.monotonic() - began > PATIENCE:
                    raise RuntimeError("the site did not start")
                time.sleep(0.02)
            yield Started(time.monotonic() - began, self.cpu())
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def _answers(self) -> bool:
        try:
            return self.get("/sign-in") > 0
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the first page answers {error.code}: scripts/static-files first?") from error
        except OSError:
            return False

    def get(self, address: str, token: str = "") -> int:
        """Bytes of the answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{address}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return len(answer.read())

    def account(self) -> tuple[str, str]:
        """A token and a project of one who is new."""
        command = [
            *(
                sys.executable,
                "manage.py",
                "bootstrap",
                "--username",
                "bench",
                "--password-env",
                "SECRET_KEY",
            ),
            *("--project", "Bench", "--print-token"),
        ]
        made = json.loads(subprocess.check_output(command, cwd=ROOT, env=self.settings).splitlines()[-1])
        return made["token"], made["project"]

    def upload(self, count: int, token: str, project: str) -> None:
        """Small documents, in several conversations, until the worker has read them all."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {token}"
        url = f"http://127.0.0.1:{self.port}/api/conversations"
        waiting = []
        for number in range(count):
            if number % IN_A_CONVERSATION == 0:
                begun = session.post(url, json={"project": project, "title": ""})
                begun.raise_for_status()
                uploads = f"{url}/{begun.json()['id']}/uploads"
                waiting.append(uploads)
            name = f"{number}.txt"
            sent = session.post(uploads, files={"file": (name, f"Words of document {number}. " * 50)})
            sent.raise_for_status()
        until = time.monotonic() + PATIENCE
        while waiting:
            rows = session.get(waiting[0], params={"size": IN_A_CONVERSATION}).json()["results"]
            if all(row["status"] == "ready" for row in rows):
                waiting.pop(0)
                until = time.monotonic() + PATIENCE
            elif time.monotonic() > until:
                raise RuntimeError("the worker did not read all uploads in time")
            else:
                time.sleep(0.5)

    def processes(self) -> dict[int, str]:
        """All of the site's, by what they are: web, worker, others."""
        if self.process is None:
            raise RuntimeError("the site is not running")
        found, below = {}, {self.process.pid}
        for path in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                name = (path / "comm").read_text().strip()
            except OSError:
                continue
            if int(path.name) in below or parent in below:
                below.add(int(path.name))
                found[int(path.name)] = {"site-web": "web", "site-worker": "worker"}.get(name, "others")
        return found

    def cpu(self) -> float:
        """Seconds that its processes have used until now, and those that ended and were waited for."""
        used = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += sum(map(int, fields[11:15]))
        return used / TICKS

    def settle(self) -> None:
        """Until the worker has begun its work: its start takes longer than the first page."""
        before = -1.0
        while (now := self.cpu()) - before > 0.05:
            before = now
            time.sleep(1)

    def memory(self) -> dict[str, float]:
        sizes = {"web": 0.0, "worker": 0.0, "others": 0.0}
        for pid, kind in self.processes().items():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes[kind] += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024
        return {**sizes, "all": sum(sizes.values())}


if __name__ == "__main__":
    sys.exit(main())
