"""What more processes give: one and two web processes, one and three workers over one PostgreSQL, Redis and bucket.

    python -m benchmarks.machines
    python -m benchmarks.machines --seconds 20 --json figures.json

Starts the processes of docker-compose.yml (tests/stack.py), fills 10,000 artifacts, and asks through nginx. Beside each
figure stands which processes kept how many processors busy: on a small machine it is those that run out.
Ends with 1 where something was lost or done twice.
"""

import argparse
import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.site import Person, descendants, wait_for
from tests.stack import Stack, running_stack
from tests.uploads.extraction.documents import pdf

ROWS, CLIENTS = 10_000, 8
JOBS = 120
CASES = {
    "gallery page of 50": "/api/artifacts?size=50&scope=all",
    "search, word in a third": "/api/artifacts?q=annual&size=50",
}
TICKS = os.sysconf("SC_CLK_TCK")
FILL = f"""
import json
from benchmarks.library import fill
from projects.models import Project
made = fill({ROWS})
Project.objects.update(max_files=1000)
print(json.dumps([made.token, made.project]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument(
        "--rounds", type=int, default=2, help="of one and two, in turns; the best of each counts"
    )
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[dict[str, Any]] = []
    settings = {"API_RATE": "100000000/min", "PUBLIC_RATE": "100000000/min", "LOG_LEVEL": "ERROR"}
    with (
        tempfile.TemporaryDirectory(prefix="artifactsite-machines-") as name,
        running_stack(Path(name), scale={"web": 2, "worker-extraction": 3}, **settings) as stack,
    ):
        token, project = json.loads(stack.manage("shell", "--no-imports", "-c", FILL).splitlines()[-1])
        reader = Person(stack, project, token)  # type: ignore[arg-type]
        wrong = [*done_once(stack, reader), *crossing(stack, reader)]
        wrong += requests_a_second(stack, token, chosen.seconds, chosen.rounds, figures)
        downloads(stack, reader, figures)
        jobs_a_second(stack, reader, figures)
        wrong += a_web_process_dies(stack, token, chosen.seconds)
    for complaint in wrong:
        print(f"WRONG: {complaint}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return int(bool(wrong))


# --- who uses the processors --------------------------------------------------------------------------


def used(stack: Stack) -> dict[str, float]:
    """CPU seconds until now, by kind of process; `client` is this one."""
    seconds: dict[str, float] = defaultdict(float)
    for name, process in stack.running.items():
        kind = name if name in stack.services else name.rpartition("-")[0]
        for pid in (process.pid, *descendants(process.pid)):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            seconds[kind] += sum(map(int, fields[11:15])) / TICKS
    seconds["client"] = time.process_time()
    return seconds


def shares(before: dict[str, float], after: dict[str, float], took: float, count: int) -> str:
    """CPU time of each of `count` things done, and the processors that each kind kept busy in `took` seconds."""
    busy = {kind: (after[kind] - before[kind]) / took for kind in after}
    told = [
        f"{kind} {share:.2f}"
        for kind, share in sorted(busy.items(), key=lambda one: -one[1])
        if share >= 0.02
    ]
    each = 1000 * took * sum(share for kind, share in busy.items() if kind != "client") / max(1, count)
    return (
        f"{each:6.1f} ms CPU each; {sum(busy.values()):.2f} of {os.cpu_count()} processors: {', '.join(told)}"
    )


def tell(figures: list[dict[str, Any]], what: str, processes: str, rate: float, unit: str, busy: str) -> None:
    print(f"{what:26}{processes:>12}{rate:9.1f} {unit:12}{busy}", flush=True)
    figures.append({"what": what, "processes": processes, "rate": round(rate, 1), "unit": unit, "busy": busy})


# --- requests -----------------------------------------------------------------------------------------


def ask(
    stack: Stack, address: str, token: str, seconds: float, meanwhile: Callable[[], None] | None = None
) -> Counter[int]:
    """Answers by status of CLIENTS that ask through nginx without a pause; 0: no answer."""
    answers: Counter[int] = Counter()
    end = time.monotonic() + seconds

    def client() -> None:
        mine: Counter[int] = Counter()
        line = http.client.HTTPConnection("127.0.0.1", stack.ports["nginx"], timeout=60)
        while time.monotonic() < end:
            try:
                line.request("GET", address, headers={"Authorization": f"Bearer {token}"})
                answer = line.getresponse()
                answer.read()
                mine[answer.status] += 1
            except (OSError, http.client.HTTPException):
                mine[0] += 1
                line.close()
        line.close()
        answers.update(mine)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    if meanwhile:
        meanwhile()
    for thread in threads:
        thread.join()
    return answers


def requests_a_second(
    stack: Stack, token: str, seconds: float, rounds: int, figures: list[dict[str, Any]]
) -> list[str]:
    wrong: list[str] = []
    best: dict[tuple[str, int], tuple[float, str]] = {}
    for _ in range(rounds):
        for count in (1, 2):
            stack.scale("web", count)
            for name, address in CASES.items():
                ask(stack, address, token, 1)
                began, before = time.monotonic(), used(stack)
                answers = ask(stack, address, token, seconds)
                took = time.monotonic() - began
                busy = shares(before, used(stack), took, answers[200])
                if set(answers) != {200}:
                    wrong.append(f"{name} with {count} web: answers {dict(answers)}")
                best[name, count] = max(best.get((name, count), (0.0, "")), (answers[200] / took, busy))
    for (name, count), (rate, busy) in sorted(best.items()):
        tell(figures, name, f"{count} web", rate, "requests/s", busy)
    return wrong


def a_web_process_dies(stack: Stack, token: str, seconds: float) -> list[str]:
    """kill -9 of one of two under load: nginx asks the other, so that reading goes on without an error."""
    stack.scale("web", 2)

    def kill() -> None:
        time.sleep(seconds / 2)
        os.kill(stack.running["web-2"].pid, signal.SIGKILL)

    answers = ask(stack, CASES["gallery page of 50"], token, seconds, kill)
    print(f"kill -9 of one of two web processes under load: answers {dict(answers)}")
    stack.end("web-2")
    return [] if set(answers) == {200} else [f"a web process died: answers {dict(answers)}"]


# --- downloads ----------------------------------------------------------------------------------------


def downloads(stack: Stack, reader: Person, figures: list[dict[str, Any]]) -> None:
    """10 MB again and again: through the web process, and by the bucket itself."""
    size, times = 10 * 1024 * 1024, 30
    artifact = delivered(reader, os.urandom(size))

    def download() -> None:
        got = reader.get(f"artifacts/{artifact}/download", allow_redirects=False)
        if got.status_code == 302:
            got = requests.get(got.headers["Location"], timeout=60)
        assert len(got.content) == size, got.status_code

    for how in ("direct", "presigned"):
        stack.scale("web", 1)
        stack.restart("web", SERVE_CONTENT=how)
        download()  # the first loads what the bucket's client needs
        began, before = time.monotonic(), used(stack)
        for _ in range(times):
            download()
        took = time.monotonic() - began
        busy = shares(before, used(stack), took, times)
        tell(figures, "download of 10 MB", how, times / took, "downloads/s", busy)
    stack.restart("web", SERVE_CONTENT="direct")


def delivered(person: Person, content: bytes) -> str:
    result = {"tool": "t", "artifacts": [{"name": "data.bin", "type": "file", "part": "data.bin"}]}
    parts = [("result", (None, json.dumps(result), "application/json")), ("data.bin", ("data.bin", content))]
    answer = person.post(f"conversations/{person.conversation()}/tool-results", files=parts)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["artifacts"][0]["id"]
    return made


# --- jobs ---------------------------------------------------------------------------------------------


@contextmanager
def resting(stack: Stack) -> Iterator[None]:
    """Workers that take nothing until all of the work is there, and then begin at the same moment."""
    pids = [process.pid for name, process in stack.running.items() if name.startswith("worker-extraction")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def documents(person: Person, count: int, pages: int) -> str:
    """A conversation with as many documents, each of its own."""
    conversation = person.conversation("jobs")
    for number in range(count):
        mark = f"{conversation} {number}"
        person.upload(conversation, f"{number}.pdf", pdf(f"{mark}, page {page}" for page in range(pages)))
    return conversation


def extracted(stack: Stack, conversation: str) -> tuple[int, int, float, int]:
    """How many have their text, how many wait, seconds from the first's start to the last's end, most attempts."""
    with stack.database() as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE u.status = 'ready'),"
            " count(*) FILTER (WHERE j.state IN ('queued', 'running')),"
            " extract(epoch FROM max(j.finished_at) - min(j.started_at))::float8, max(j.attempts)"
            " FROM uploads_upload u JOIN jobs_job j ON j.target = u.id WHERE u.conversation_id = %s",
            [conversation],
        ).fetchone()
    assert row is not None
    ready, waiting, seconds, attempts = row
    return ready, waiting, seconds or 0.0, attempts or 0


def jobs_a_second(stack: Stack, person: Person, figures: list[dict[str, Any]]) -> None:
    """Documents that keep a processor busy for a moment, by one and by three workers."""
    for count in (1, 3):
        stack.scale("worker-extraction", count)
        with resting(stack):
            conversation = documents(person, JOBS, 60)
            began, before = time.monotonic(), used(stack)
        while extracted(stack, conversation)[1]:
            time.sleep(0.5)
        ready, _, seconds, _ = extracted(stack, conversation)
        assert ready == JOBS, f"{ready} of {JOBS} documents have their text"
        busy = shares(before, used(stack), time.monotonic() - began, JOBS)
        tell(figures, "extraction of 60 pages", f"{count} workers", JOBS / seconds, "jobs/s", busy)


def done_once(stack: Stack, person: Person) -> list[str]:
    """Three workers take the same queue at once, and each job is done by one of them, once."""
    before = counted(stack)
    with resting(stack):
        conversation = documents(person, JOBS, 1)
    wait_for(lambda: not extracted(stack, conversation)[1], seconds=300, pause=0.5)
    ready, _, _, attempts = extracted(stack, conversation)
    runs = counted(stack) - before
    print(f"{JOBS} documents by three workers: {ready} ready, read {runs} times, {attempts} attempts at most")
    return [] if (ready, runs, attempts) == (JOBS, JOBS, 1) else ["documents were lost or read twice"]


def counted(stack: Stack) -> int:
    """How often a document was read, as the workers count it."""
    with stack.database() as connection:
        row = connection.execute(
            "SELECT coalesce(sum(count), 0)::int FROM jobs_figure WHERE name = 'extraction'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def crossing(stack: Stack, person: Person) -> list[str]:
    """A program is started at one web process; a browser at the other is told what it says, while it runs."""
    addresses = [f"http://127.0.0.1:{stack.ports[name]}" for name in ("web", "web-2")]
    came: dict[str, float] = {}
    code = 'import time\nprint("begun", flush=True)\ntime.sleep(3)\nprint("ended", flush=True)'
    conversation = person.conversation("two web processes")
    started = person.post(f"{addresses[0]}/api/conversations/{conversation}/programs", json={"code": code})
    assert started.status_code == 202, started.text
    where = f"{addresses[1]}/api/turns/{started.json()['id']}/events"
    with person.get(where, stream=True, headers={"Accept": "text/event-stream"}) as events:
        for line in events.iter_lines(chunk_size=1):
            for word in ("begun", "ended"):
                if word.encode() in line:
                    came.setdefault(word, time.monotonic())
            if line.startswith(b"event: done"):
                break
    apart = came.get("ended", 0) - came.get("begun", 0)
    print(
        f"events of a program, read at the other web process: {sorted(came)}, {apart:.1f} s apart (it slept 3)"
    )
    return [] if len(came) == 2 and apart > 1 else ["events did not come while the program ran"]


if __name__ == "__main__":
    sys.exit(main())
