"""What turns cost those who browse, and what a program's start costs.

    python -m benchmarks.turns                  # 20 turns at once
    python -m benchmarks.turns --turns 40

The site is `manage.py run` as a process of its own, its model a scripted server. Every turn runs a program that is
busy for a second and then streams an answer. Meanwhile the gallery's page is asked for, over and over; its 95th
percentile is set beside the one without turns, measured before and after them on the same site. Ends with 1 where
turns more than double it. A program's start is the wall time of an empty program in the sandbox less that of the
bare interpreter, run in turns.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from playground.sandbox import run_program
from tests.fake_openai import Endpoint, fake_openai
from tests.site import ROOT, Person, Site, running_site

ARTIFACTS, IDLE_REQUESTS, STARTS = 200, 80, 15
PAUSE = 0.03  # seconds between two requests of one who browses
MOST = 2.0  # times the idle percentile
BUSY = """import time
end = time.process_time() + 1
while time.process_time() < end:
    sum(range(10_000))
print("done")"""
ANSWER = "A sentence of the answer, with **some** words in it.\n\n" * 40


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


def start() -> None:
    bare, sandboxed = [], []
    interpreter = str(ROOT / ".sandbox-venv" / "bin" / "python")
    run_program("pass").close()
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([interpreter, "-I", "-c", "pass"], check=True)
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        run_program("pass").close()
        sandboxed.append(time.perf_counter() - began)
    above = (statistics.median(sandboxed) - statistics.median(bare)) * 1000
    print(
        f"an empty program: {statistics.median(sandboxed) * 1000:.0f} ms, the bare interpreter "
        f"{statistics.median(bare) * 1000:.0f} ms: {above:.0f} ms above it"
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=20)
    count = parser.parse_args().turns
    start()
    return int(gallery(count) > MOST)


if __name__ == "__main__":
    sys.exit(main())
