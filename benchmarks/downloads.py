"""Downloads of 10 MB and 100 KB: by nginx for the site and by nginx alone, and by the embedded server.

    python -m benchmarks.downloads --seconds 4 --json figures.json

"nginx for the site" is `SERVE_CONTENT=nginx` with the site's own configuration: two web processes look at the token and
the right, nginx sends the file. "nginx alone" is the same file out of the same nginx, asked of nobody. The embedded
server is `manage.py run` on SQLite. `wrk` asks from 8 clients, of 10 MB from 4, on the same processors.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.load import cpu_of, is_there, load
from tests.servers import own_folder
from tests.site import Person, running_site
from tests.stack import ROOT, Stack

SIZES = {"100 KB": (100 * 1024, 8), "10 MB": (10 * 1024 * 1024, 4)}  # bytes, clients
NEEDED = ("postgres", "redis", "migrate", "web", "nginx")
UNLIMITED = {"API_RATE": "100000000/min", "LOG_LEVEL": "ERROR"}


class Files(Stack):
    """Of docker-compose.yml what a download needs, with its files on a disk that nginx sees."""

    def _in_order(self) -> list[str]:
        return [name for name in super()._in_order() if name in NEEDED]

    def environment(self, service: str) -> dict[str, str]:
        more = {**UNLIMITED, "WEB_CONCURRENCY": "2"} if service == "web" else {}
        return {**super().environment(service), **more}

    def manage(self, *arguments: str, **environment: str) -> str:
        return subprocess.check_output(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**self.environment("migrate"), **environment}, text=True,
        )  # fmt: skip


@contextmanager
def stack() -> Iterator[Files]:
    """The site behind nginx, which gives its files away under /bare/ as well."""
    with own_folder("stack") as folder:
        site = Files(folder, S3_BUCKET="", SERVE_CONTENT="nginx", SECURE_SSL_REDIRECT="false")
        (folder / "tls").mkdir()
        (folder / "tls" / "bare.conf").write_text(f"location /bare/ {{ alias {folder}/data/files/; }}\n")
        try:
            site.start()
            yield site
        finally:
            site.stop()


def person_of(site: Any) -> Person:
    made = site.manage(
        "bootstrap", "--username", "reader", "--password-env", "PW", "--project", "Bench", "--print-token",
        PW=secrets.token_urlsafe(20),
    )  # fmt: skip
    said = json.loads(made.splitlines()[-1])
    return Person(site, said["project"], said["token"])


def made(person: Person) -> dict[str, str]:
    """The address of an artifact of each size."""
    answer = person.post(
        f"conversations/{person.conversation()}/tool-results",
        data={
            "result": json.dumps(
                {
                    "tool": "bench",
                    "artifacts": [{"name": f"{name}.bin", "type": "file", "part": name} for name in SIZES],
                }
            )
        },
        files={name: (f"{name}.bin", os.urandom(size)) for name, (size, _) in SIZES.items()},
    )
    answer.raise_for_status()
    rows = answer.json()["artifacts"]
    return {
        name: f"{person.site.url}/api/artifacts/{row['id']}/download"
        for name, row in zip(SIZES, rows, strict=True)
    }


def of_nginx(seconds: float) -> Iterator[dict[str, Any]]:
    """For either size nginx alone first, then nginx for the site."""
    with stack() as site:
        person = person_of(site)
        root = site.folder / "data" / "files"
        groups: dict[str, Callable[[], float]] = {
            name: (lambda pid=process.pid: cpu_of([pid]))  # type: ignore[misc]
            for name, process in site.running.items()
            if name in ("web", "nginx", "postgres", "redis")
        }
        addresses = made(person)
        files = {path.stat().st_size: path for path in root.rglob("*") if path.is_file()}
        for name, (size, clients) in SIZES.items():
            bare = f"{site.url}/bare/{files[size].relative_to(root)}"
            for server, address, token in (
                ("nginx alone", bare, ""), ("nginx for the site", addresses[name], person.token),
            ):  # fmt: skip
                load(address, clients=clients, seconds=2, token=token, groups={})
                figure = load(address, clients=clients, seconds=seconds, token=token, groups=groups)
                yield {"case": f"{name}, {server}", **asdict(figure)}


def of_embedded(seconds: float) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, running_site(Path(folder), **UNLIMITED) as site:
        person = site.person("reader")
        (web,) = site.children("site-web")
        for name, address in made(person).items():
            load(address, clients=SIZES[name][1], seconds=2, token=person.token, groups={})
            figure = load(
                address, clients=SIZES[name][1], seconds=seconds, token=person.token,
                groups={"web": lambda: cpu_of([web])},
            )  # fmt: skip
            yield {"case": f"{name}, embedded server", **asdict(figure)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=4, help="of asking, for each case")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    if not is_there():
        print("Downloads: left out, the program wrk is missing (scripts/setup dev installs it)")
        return 0
    print(f"{'':28}{'a second':>10}{'MB/s':>9}{'cpu ms':>9}{'p50 ms':>9}{'p95 ms':>9}  cpu ms of each")
    figures, alone = [], 0.0
    for measure in (of_nginx, of_embedded):
        for figure in measure(chosen.seconds):
            if "alone" in figure["case"]:
                alone = figure["a_second"]
            elif "nginx" in figure["case"]:
                figure["of nginx alone"] = round(figure["a_second"] / alone, 3)
            figures.append(figure)
            parts = ", ".join(f"{name} {cpu}" for name, cpu in figure["cpu"].items())
            share = f"; {figure['of nginx alone']} of nginx alone" if "of nginx alone" in figure else ""
            print(
                f"{figure['case']:28}{figure['a_second']:10.0f}{figure['mb_a_second']:9.0f}"
                f"{sum(figure['cpu'].values()):9.2f}{figure['p50']:9.1f}{figure['p95']:9.1f}  {parts}{share}",
                flush=True,
            )
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
