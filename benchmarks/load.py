"""Many clients at once, by `wrk`, and what the servers' processes spend meanwhile."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
REPORT = """
local threads = {}
function setup(thread) table.insert(threads, thread) end
function response(status) if status ~= 200 then wrong = (wrong or 0) + 1 end end
function done(summary, latency)
    local refused = summary.errors.connect + summary.errors.read + summary.errors.timeout
    for _, thread in ipairs(threads) do refused = refused + (thread:get("wrong") or 0) end
    io.stderr:write(string.format(
        '{"requests": %d, "bytes": %.0f, "microseconds": %d, "failed": %d, "p50": %.3f, "p95": %.3f}',
        summary.requests, summary.bytes, summary.duration, refused,
        latency:percentile(50) / 1000, latency:percentile(95) / 1000))
end
"""


@dataclass(frozen=True)
class Load:
    """What came of some seconds of asking for one address: a second's requests and megabytes, milliseconds."""

    a_second: float
    mb_a_second: float
    p50: float
    p95: float
    cpu: dict[str, float]  # of a request, by group of processes


def is_there() -> bool:
    return shutil.which("wrk") is not None


def load(
    address: str, *, clients: int, seconds: float, token: str = "", groups: dict[str, Callable[[], float]]
) -> Load:
    """Asks for `address` from `clients` connections. RuntimeError where an answer is not 200. `groups` are clocks of
    the CPU seconds that groups of processes have used."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(REPORT)
        script.flush()
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", script.name]
        command += ["-H", f"Authorization: Bearer {token}"] if token else []
        before = {name: clock() for name, clock in groups.items()}
        done = subprocess.run([*command, address], capture_output=True, text=True, check=True)
        spent = {name: clock() - before[name] for name, clock in groups.items()}
    found = json.loads(done.stderr.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise RuntimeError(f"{address}: {found['failed']} of {found['requests']} requests failed")
    lasted = found["microseconds"] / 1e6
    return Load(
        a_second=round(found["requests"] / lasted, 1),
        mb_a_second=round(found["bytes"] / lasted / 1e6, 1),
        p50=found["p50"],
        p95=found["p95"],
        cpu={name: round(1000 * used / found["requests"], 2) for name, used in spent.items()},
    )


def cpu_of(pids: Iterable[int]) -> float:
    """Seconds that processes and all below them have used, and those below that ended and were waited for."""
    used, wanted = 0, set(pids)
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) in wanted or int(fields[1]) in wanted:
            wanted.add(int(stat.parent.name))
            used += sum(map(int, fields[11:15]))
    return used / TICKS
