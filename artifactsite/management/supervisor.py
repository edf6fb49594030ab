"""Keeps the site's processes alive. Plain Python without Django: it is there all the time and should cost little.

`manage.py run` becomes this program:
supervisor.py --host H --port P --url U --listener FD --child NAME PID COMMAND... ';' [--once STAMP COMMAND... ';']

PID is that of a child which runs already and was this process's before it became this program; 0: none does.
"""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

END = ";"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a child that died is started again
WAITED_FOR = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
STEADY = 60.0  # a child that lived this long starts with the first pause again
PATIENCE = 10.0  # seconds for children to finish what they do after being asked to stop
FAILED_STARTS = 3  # of the web server, before it ever answered

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
HEAPS, M_ARENA_MAX = 2, -8  # many threads, few heaps: a third less memory
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
CAN_FORK = _libc is not None  # elsewhere a system's own libraries may not survive it


def say(sentence: str) -> None:
    print(sentence, flush=True)


def in_child() -> None:
    """Be asked to stop when the supervisor dies, however it dies."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def in_forked_child() -> None:
    """The same, and what a child that is started by its command has from its beginning."""
    in_child()
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if _libc and hasattr(_libc, "mallopt"):
        _libc.mallopt(M_ARENA_MAX, HEAPS)  # MALLOC_ARENA_MAX is read when a program starts


class Child:
    def __init__(
        self, name: str, command: Sequence[str], inherits: Sequence[int] = (), pid: int | None = None
    ) -> None:
        self.name, self.command, self.inherits = name, command, inherits
        self.pid = pid
        self.started = time.monotonic()
        self.pause = FIRST_PAUSE
        self.due = 0.0
        self.failures = 0

    def start(self) -> None:
        process = subprocess.Popen(
            self.command,
            preexec_fn=in_child,
            start_new_session=True,
            pass_fds=self.inherits,
            stdin=subprocess.DEVNULL,
        )
        process.returncode = 0  # the supervisor reaps; Popen must not wonder about it
        self.pid, self.started = process.pid, time.monotonic()

    def ended(self, status: int, *, said: bool) -> None:
        self.pid = None
        if not said:
            return
        code = os.waitstatus_to_exitcode(status)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        if time.monotonic() - self.started > STEADY:
            self.pause = FIRST_PAUSE
        say(f"The {self.name} process {how}; it starts again in {self.pause:.0f} s.")
        self.due = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        self.failures += 1

    def signal(self, number: int) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Supervisor:
    def __init__(self, children: list[Child], *, host: str, port: int, url: str, once: "Once | None") -> None:
        self.children, self.host, self.port, self.url, self.once = children, host, port, url, once
        self.everyone = [*children, *([once] if once else [])]
        self.stopping = 0
        self.answered = False

    def run(self) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        if _libc:
            _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        code = 0
        while not self.stopping:
            now = time.monotonic()
            for child in self.children:
                if child.pid is None and now >= child.due:
                    child.start()
            self.reap()
            web = self.children[0]
            if not self.answered and web.failures >= FAILED_STARTS:
                say("The web server can't start; its message is above.")
                code = 1
                break
            if not self.answered and self.answers():
                self.answered = True
                say(f"\nArtifactsite answers at {self.url} (Ctrl-C stops it)\n")
                if self.once:
                    self.once.start()
            self.wait(0.1 if not self.answered else 1.0)
        self.end()
        return code

    def wait(self, seconds: float) -> None:
        """Until a child ends, a stop signal comes, or the time is over."""
        seen = signal.sigtimedwait(WAITED_FOR, seconds)
        if seen and seen.si_signo != signal.SIGCHLD:
            self.stopping += 1
            if self.stopping == 1:
                say("\nStopping (once more to stop at once)")

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.everyone:
                if child.pid == pid:
                    child.ended(status, said=not self.stopping)
                    self.end_orphans()

    def end(self) -> None:
        """Asks all to stop, waits, then ends whatever is left, down to the children's children."""
        self.stopping = max(self.stopping, 1)
        for child in self.everyone:
            child.signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        while any(child.pid for child in self.everyone) and time.monotonic() < until and self.stopping == 1:
            self.wait(0.1)
            self.reap()
        late = [child.name for child in self.everyone if child.pid]
        if late:
            say(
                f"Still busy after {PATIENCE:.0f} s, ended: {', '.join(late)}"
                if self.stopping == 1
                else "Ended."
            )
        for child in self.everyone:
            child.signal(signal.SIGKILL)
        for _ in range(100):
            self.reap()
            if not self.end_orphans():
                return
            time.sleep(0.02)

    def end_orphans(self) -> int:
        """What a child left behind became ours (the subreaper's), and goes too. Returns how many."""
        left = strangers(os.getpid(), {child.pid for child in self.everyone})
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return len(left)

    def answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        connection = http.client.HTTPConnection(host, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"127.0.0.1:{self.port}"})
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Once(Child):
    """Work for the first start: done when it ended well, tried again at the next start otherwise."""

    def __init__(self, stamp: Path, command: Sequence[str]) -> None:
        super().__init__("first start's", command)
        self.stamp = stamp

    def ended(self, status: int, *, said: bool) -> None:
        self.pid = None
        if os.waitstatus_to_exitcode(status) == 0:
            self.stamp.touch()
        elif said:
            say("The first start's extra work failed (its message is above); the next start tries again.")


def strangers(parent: int, known: set[int | None]) -> list[int]:
    """The processes below `parent`, without the known ones and what is below those. From /proc, if there is one."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, its_parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            below.setdefault(int(its_parent), []).append(int(path.parent.name))
    found = [pid for pid in below.get(parent, []) if pid not in known]
    for pid in found:
        found += below.get(pid, [])
    return found


def main(arguments: list[str]) -> int:
    given: dict[str, str] = {}
    children: list[Child] = []
    once: Once | None = None
    rest = iter(arguments)
    for option in rest:
        value = next(rest)
        if option == "--child":
            pid = int(next(rest)) or None
            inherits = [] if children else [int(given["listener"])]
            children.append(Child(value, list(iter(rest.__next__, END)), inherits, pid))
        elif option == "--once":
            once = Once(Path(value), list(iter(rest.__next__, END)))
        else:
            given[option.removeprefix("--")] = value
    site = Supervisor(children, host=given["host"], port=int(given["port"]), url=given["url"], once=once)
    return site.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
