"""What turns cost those who browse, and what a program's start costs.

    python -m benchmarks.turns                  # 20 turns at once
    python -m benchmarks.turns --turns 40
    python -m benchmarks.turns --only start     # or --only gallery

The site is `manage.py run` as a process of its own, its model a scripted server. Every turn runs a program that is
busy for a second and then streams an answer. Meanwhile the gallery's page is asked for, over and over; its 95th
percentile is set beside the one without turns, measured before and after them on the same site. Ends with 1 where
turns more than double it. `--only start` measures a program's start alone: in the sandbox, with the way out that
programs of conversations have, beside the bare interpreter, run in turns.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from playground.sandbox import FetchResponse, run_program
from tests.fake_openai import Endpoint, fake_openai
from tests.site import ROOT, Person, Site, running_site

ARTIFACTS, IDLE_REQUESTS, STARTS = 200, 80, 15
INTERPRETER = str(ROOT / ".sandbox-venv" / "bin" / "python")
PROGRAMS = ("pass", "import pandas")
PAUSE = 0.03  # seconds between two requests of one who browses
MOST = 2.0  # times the idle percentile
BUSY = """import time
end = time.process_time() + 1
while time.process_time() < end:
    sum(range(10_000))
print("done")"""
ANSWER = "A sentence of the answer, with **some** words in it.\n\n" * 40


class NoFetcher:
    def open(self, url: str) -> FetchResponse | None:
        return None


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def browser_of(site: Site) -> requests.Session:
    session = requests.Session()
    page = session.get(f"{site.url}/sign-in").text
    form = {"login": "alice", "password": "correct horse battery"}
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    form["csrfmiddlewaretoken"] = found[1]
    answer = session.post(f"{site.url}/sign-in", data=form, headers={"Referer": site.url})
    assert answer.ok
    assert "sign-in" not in answer.url, "signing in failed"
    return session


def one(session: requests.Session, site: Site) -> float:
    began = time.perf_counter()
    answer = session.get(f"{site.url}/artifacts?scope=all")
    took = time.perf_counter() - began
    assert answer.status_code == 200
    time.sleep(PAUSE)
    return took


def fill(alice: Person) -> None:
    conversation = alice.conversation()
    for start in range(0, ARTIFACTS, 20):
        rows = [
            {"name": f"Report {number}", "type": "text", "data": f"Report {number}\n" * 50}
            for number in range(start, start + 20)
        ]
        assert alice.post(
            f"conversations/{conversation}/tool-results", json={"tool": "t", "artifacts": rows}
        ).ok


def started(alice: Person, endpoint: Endpoint, count: int) -> list[str]:
    call = {"calls": [{"name": "python_exec", "arguments": {"code": BUSY}}]}
    endpoint.script("m", *[call] * count, *[{"text": ANSWER}] * count)
    turns = []
    for _ in range(count):
        path = f"conversations/{alice.conversation()}/messages"
        turns.append(alice.post(path, json={"body": "Work", "respond": True}).json()["turn"])
    return turns


def is_open(alice: Person, turn: str) -> bool:
    return alice.get(f"turns/{turn}").json()["status"] in ("queued", "running")


def gallery(count: int) -> float:
    """The ratio of the percentiles."""
    with tempfile.TemporaryDirectory() as name, fake_openai() as endpoint:
        folder = Path(name)
        folder.chmod(0o755)
        with running_site(folder, AGENT_BASE_URL=f"{endpoint.url}/v1", AGENT_MODEL="m") as site:
            alice = site.person("alice")
            fill(alice)
            session = browser_of(site)
            for _ in range(20):
                one(session, site)
            idle = [one(session, site) for _ in range(IDLE_REQUESTS)]
            began = time.monotonic()
            turns = started(alice, endpoint, count)
            busy: list[float] = []
            while any(is_open(alice, turn) for turn in turns[-3:]) or len(busy) < 20:
                busy += [one(session, site) for _ in range(10)]
            while any(is_open(alice, turn) for turn in turns):
                busy.append(one(session, site))
            took = time.monotonic() - began
            idle += [one(session, site) for _ in range(IDLE_REQUESTS)]
            ended = [alice.get(f"turns/{turn}").json() for turn in turns]
    # Turns that did no work cost nothing, which would say nothing.
    failed = [turn for turn in ended if turn["status"] != "done"]
    assert not failed, f"{len(failed)} turns failed, the first with {failed[0]['error']}"
    print(f"{count} turns at once, done in {took:.0f} s")
    for name, seconds in (("without turns", idle), ("beside them", busy)):
        median = statistics.median(seconds)
        print(
            f"gallery {name}: p50 {median * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms ({len(seconds)} requests)"
        )
    ratio = p95(busy) / p95(idle)
    print(f"p95 beside turns to p95 without: {ratio:.2f}")
    return ratio


def bare(code: str) -> tuple[float, float]:
    """Seconds on the clock and on a processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([INTERPRETER, "-I", "-c", code], check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sandboxed(code: str) -> tuple[float, float]:
    """The same; the worker's own share is in both."""
    worker, began = time.process_time(), time.perf_counter()
    with run_program(code, fetcher=NoFetcher()) as result:
        inside = result.cpu_seconds
    return time.perf_counter() - began, inside + time.process_time() - worker


def start() -> dict[str, float]:
    """Run in turns, so that what else the machine does falls on both. Milliseconds."""
    figures = {}
    print("a program's start, ms: medians in the sandbox and in the bare interpreter")
    for code in PROGRAMS:
        sandboxed(code)
        pairs = [(sandboxed(code), bare(code)) for _ in range(STARTS)]
        for place, what in enumerate(("clock", "cpu")):
            inside = statistics.median(pair[0][place] for pair in pairs) * 1000
            outside = statistics.median(pair[1][place] for pair in pairs) * 1000
            above, ratio = inside - outside, inside / outside
            figures |= {f"{code}, {what}": inside, f"{code} bare, {what}": outside}
            print(
                f"  {code:16} {what:6} {inside:5.0f} and {outside:5.0f}: {above:.0f} above, {ratio:.1f} times"
            )
    return figures


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--only", choices=["start", "gallery"])
    parser.add_argument("--json", type=Path, help="also write the figures of a program's start there")
    chosen = parser.parse_args()
    if chosen.only != "gallery":
        figures = start()
        if chosen.json:
            chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return int(chosen.only != "start" and gallery(chosen.turns) > MOST)


if __name__ == "__main__":
    sys.exit(main())
