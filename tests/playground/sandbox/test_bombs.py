"""Programs that try to use up the machine: dead within the limit and two seconds, and told why."""

import dataclasses
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.sandbox import Limits, RunResult, cgroups

Run = Callable[..., RunResult]

LIMITS = Limits(
    wall_seconds=3,
    cpu_seconds=2,
    memory_bytes=300_000_000,
    processes=32,
    file_bytes=20_000_000,
    disk_bytes=50_000_000,
    stdout_bytes=100_000,
)
GRACE_SECONDS = 2
# Where the host lets us make no control group, memory is looked at, many times a second.
UNSEEN_BYTES = 0 if "memory" in cgroups._parents() else 150_000_000

BOMBS = {
    "fork": (
        """
        import os, time
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
        """,
        {"timed_out"},
    ),
    "fork, each its own session": (
        """
        import os, time
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except OSError:
                time.sleep(0.01)
        """,
        {"timed_out"},
    ),
    "threads": (
        """
        import threading, time
        while True:
            try:
                threading.Thread(target=time.sleep, args=(60,)).start()
            except RuntimeError:
                time.sleep(0.01)
        """,
        {"timed_out"},
    ),
    "memory": ("parts = []\nwhile True:\n    parts.append(bytearray(10_000_000))", {"out_of_memory"}),
    "memory of many processes": (
        """
        import os, time
        for _ in range(20):
            if os.fork() == 0:
                data = bytearray(os.urandom(1000)) * 200_000
                time.sleep(60)
        time.sleep(60)
        """,
        {"out_of_memory"},
    ),
    "memory of orphans": (
        """
        import os, time
        for _ in range(20):
            if os.fork() == 0:
                if os.fork() == 0:
                    os.setsid()
                    data = bytearray(os.urandom(1000)) * 200_000
                    time.sleep(60)
                os._exit(0)
        time.sleep(60)
        """,
        {"out_of_memory"},
    ),
    "processor": ("while True:\n    pass", {"timed_out"}),
    "processor of many processes": (
        "import os\nfor _ in range(4):\n    os.fork()\nwhile True:\n    pass",
        {"timed_out"},
    ),
    "processor, signal ignored": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass",
        {"timed_out"},
    ),
    "sleep": ("import time\ntime.sleep(60)", {"timed_out"}),
    "stopped": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", {"timed_out"}),
    "signals ignored": (
        """
        import signal, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(60)
        """,
        {"timed_out"},
    ),
    "disk": (
        """
        for number in range(1000):
            with open(f"file-{number}", "wb") as file:
                file.write(bytes(10_000_000))
        """,
        {"failed"},
    ),
    "one file": ("open('file', 'wb').write(bytes(30_000_000))", {"failed"}),
    "shared memory": ("open('/dev/shm/file', 'wb').truncate(2**40)", {"failed"}),
    "printing": ("while True:\n    print('x' * 1000)", {"output_limit"}),
    "printing from a child": (
        "import os\nos.fork()\nos.setsid() if os.getppid() == 1 else None\nwhile True:\n    os.write(2, b'x' * 60000)",
        {"output_limit"},
    ),
    "inodes": (
        "import os\nnumber = 0\nwhile True:\n    os.mknod(f'/tmp/{number}')\n    number += 1",
        {"timed_out", "out_of_memory", "failed"},
    ),
    "pipes": (
        "import os, time\nkept = []\nwhile True:\n    kept.append(os.pipe())",
        {"failed"},
    ),
    "regular expression": ("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", {"timed_out"}),
    "recursion": ("def f():\n    f()\nf()", {"failed"}),
    "big number": ("x = 9 ** 9 ** 9", {"timed_out", "out_of_memory"}),
}


@pytest.mark.parametrize(("code", "exits"), BOMBS.values(), ids=BOMBS.keys())
def test_bomb(run: Run, code: str, exits: set[str]) -> None:
    limits = dataclasses.replace(LIMITS, wall_seconds=1, cpu_seconds=1) if exits == {"timed_out"} else LIMITS
    began = time.monotonic()
    result = run(code, limits=limits)
    assert time.monotonic() - began < limits.wall_seconds + GRACE_SECONDS
    assert result.exit in exits
    assert result.error is not None
    assert result.error.detail
    assert len(result.stdout) <= LIMITS.stdout_bytes
    assert result.peak_memory <= LIMITS.memory_bytes + LIMITS.disk_bytes + UNSEEN_BYTES


def test_memory_within_the_limit_is_granted(run: Run) -> None:
    result = run("data = bytearray(200_000_000)\nprint(len(data))", limits=LIMITS)
    assert (result.exit, result.stdout) == ("done", "200000000\n")


def test_a_fork_bomb_does_not_starve_another_run(run: Run) -> None:
    """The limit on processes counts for each run, not for all of them together."""
    started, stop = threading.Event(), threading.Event()
    bomb = "print('on')\n" + textwrap.dedent(BOMBS["fork"][0])
    options = {"limits": LIMITS, "on_output": lambda _: started.set(), "cancelled": stop.is_set}
    thread = threading.Thread(target=run, args=(bomb,), kwargs=options)
    thread.start()
    try:
        assert started.wait(10)
        other = "import os\nfor _ in range(20):\n    if os.fork() == 0:\n        os._exit(0)\nprint('ok')"
        assert run(other, limits=LIMITS).stdout == "ok\n"
    finally:
        stop.set()
        thread.join()


def test_the_hosts_memory_file_says_nothing_was_left(run: Run) -> None:
    """A tmpfs that outlived its run would keep its pages."""
    before = _shared_memory()
    run("open('file', 'wb').write(bytes(15_000_000))\n" * 2, limits=LIMITS).close()
    assert _shared_memory() - before < 10_000_000


def _shared_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) * 1024
    raise AssertionError
