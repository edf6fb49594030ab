"""After a run, however it ended: no process, no mount, no file, no control group."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.sandbox import Limits, RunResult, cgroups, owner, remove_leftovers

Run = Callable[..., RunResult]

DAEMON = """
    import os, signal, time
    reader, writer = os.pipe()
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                os.execv("/bin/sleep", ["sleep", "{marker}"])
            os._exit(0)
    os.close(writer)
    os.read(reader, 1)  # comes back when all have become another program, which closes the pipe
    print("started")
    {end}
"""
SLEEPS = "time.sleep(60)"


def processes_with(marker: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def daemon(end: str) -> tuple[str, str]:
    marker = str(int.from_bytes(os.urandom(5)) + 10**6)
    return marker, DAEMON.format(marker=marker, end=end)


@pytest.mark.parametrize("end", ["pass", "os._exit(1)", "1 / 0", SLEEPS, "os.kill(os.getpid(), 9)"])
def test_double_forked_children_die(run: Run, end: str) -> None:
    marker, code = daemon(end)
    said: list[str] = []
    # Who would sleep on is ended once the others are there, however long a busy machine takes to start them.
    result = run(code, on_output=said.append, cancelled=lambda: end == SLEEPS and "started" in "".join(said))
    assert "started" in result.stdout
    assert result.exit == ("cancelled" if end == SLEEPS else "done" if end == "pass" else "failed")
    assert processes_with(marker) == []


def test_descriptors_and_threads_are_closed(run: Run) -> None:
    run("print(1)")
    before, threads = descriptors(), threading.active_count()
    for _ in range(3):
        run("import os\nos.fork()\n1 / 0")
    assert descriptors() == before
    assert threading.active_count() == threads


@pytest.mark.slow
def test_a_hundred_timeouts_leave_nothing(run: Run) -> None:
    marker, code = daemon(SLEEPS)
    for _ in range(100):
        result = run(code, limits=Limits(wall_seconds=0.15))
        assert result.exit == "timed_out"
        result.close()
    assert processes_with(marker) == []


WORKER = """
    import sys, tempfile
    tempfile.tempdir = sys.argv[1]
    from playground.sandbox import run_program
    run_program(sys.stdin.read(), on_output=lambda text: print(text, flush=True))
"""


def test_programs_die_with_their_worker(temporary_folder: Path) -> None:
    """kill -9 of the worker: the kernel ends the program, and the next worker sweeps the folder."""
    marker, code = daemon(SLEEPS)
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER), str(temporary_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(textwrap.dedent(code))
    worker.stdin.close()
    assert worker.stdout.readline() == "started\n"
    pidfds = [os.pidfd_open(int(pid)) for pid in processes_with(marker)]
    assert len(pidfds) == 3
    its_own = owner.prefix(worker.pid)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    for pidfd in pidfds:
        wait_for_end(pidfd)
        os.close(pidfd)
    assert processes_with(marker) == []
    assert [path.name.startswith(its_own) for path in temporary_folder.iterdir()] == [True]
    assert remove_leftovers() >= 1
    assert list(temporary_folder.iterdir()) == []
    for parent in cgroups._parents().values():
        assert list(parent.glob(f"{its_own}*")) == []


def wait_for_end(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(5000), "the process lives on"


def test_leftovers_of_the_living_stay(run: Run, temporary_folder: Path) -> None:
    result = run("open('x', 'w').write('x')")
    remove_leftovers()
    assert result.files[0].path.read_text() == "x"


def test_a_worker_that_has_the_id_of_the_one_before_removes_what_that_one_left(
    temporary_folder: Path,
) -> None:
    """In a container that is started again each worker has the same id."""
    before = temporary_folder / f"sandbox-{os.getpid()}.1-left"
    before.mkdir()
    assert remove_leftovers() >= 1
    assert not before.exists()
