"""What a large table costs a running site: handed over in a part of its own, then taken out in every way.

    python -m benchmarks.tables [rows]

Memory is the web process's peak of resident memory in each step (VmHWM), over what it held before.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.site import Person, running_site

WAYS = ("data", "download?format=csv", "download?format=json", "download?format=xlsx", "definition")


def written(path: Path, rows: int) -> None:
    with path.open("w") as file:
        for number in range(rows):
            row = {"id": number, "formula": f"=A{number}", "note": 'a, "b"\n', "value": number * 1.5}
            file.write(("," if number else "[") + json.dumps(row))
        file.write("]")


@contextmanager
def measured(pid: int, what: str) -> Iterator[list[str]]:
    """Prints what a step took, with what the step adds to the list."""

    def figure(name: str) -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split(f"{name}:")[1].split()[0]) // 1024

    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    before, started, notes = figure("VmRSS"), time.monotonic(), list[str]()
    yield notes
    seconds = time.monotonic() - started
    print(f"{what:22} peak {figure('VmHWM'):5} MB, {before} before; {seconds:6.1f} s; {', '.join(notes)}")


def take(person: Person, path: str, notes: list[str]) -> None:
    headers = {"Authorization": f"Bearer {person.token}"}
    answer = person.session.get(f"{person.site.url}/api/{path}", headers=headers, stream=True, timeout=1200)
    size = sum(len(piece) for piece in answer.iter_content(1 << 20))
    notes += [str(answer.status_code), f"{size / 1e6:.0f} MB"]


def main(rows: int) -> None:
    with TemporaryDirectory() as folder, running_site(Path(folder)) as site:
        person = site.person("measurer")
        conversation, path = person.conversation(), Path(folder) / "rows.json"
        written(path, rows)
        (web,) = site.children("site-web")
        result = {"tool": "measure", "artifacts": [{"name": "rows", "type": "table", "part": "rows"}]}
        with measured(web, "tool-results") as notes, path.open("rb") as file:
            answer = person.post(
                f"conversations/{conversation}/tool-results",
                data={"result": json.dumps(result)},
                files={"rows": file},
            )
            notes += [str(answer.status_code), f"{path.stat().st_size / 1e6:.0f} MB"]
        artifact = answer.json()["artifacts"][0]["id"]
        for way in WAYS:
            with measured(web, way) as notes:
                take(person, f"artifacts/{artifact}/{way}", notes)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
