"""What the processes of a run use, read from the host's /proc: for limits that no RLIMIT puts on all
together."""

import os
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watch:
    """Adds up CPU time and memory of process 1 of a pid namespace and of all below it.

    A process whose parent died becomes a child of process 1, so the walk misses none.
    """

    init: int  # host's process id
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    peak_memory: int = 0

    def sample(self, limit: int) -> None:
        """Measure now. Shared pages are counted once only if the plain sum exceeds `limit`: that is slow."""
        cpu, resident = 0, 0
        members = self._members()
        for pid in members:
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            cpu += sum(int(field) for field in fields[11:15])  # utime, stime, and both of reaped children
            resident += int(fields[21]) * _PAGE
        if resident > limit:
            resident = sum(_proportional(pid) for pid in members)
        self.cpu_seconds = max(self.cpu_seconds, cpu / _TICKS)
        self.memory_bytes = resident
        self.peak_memory = max(self.peak_memory, resident)

    def _members(self) -> list[int]:
        found, queue = [], [self.init]
        while queue:
            pid = queue.pop()
            found.append(pid)
            queue += _children(pid)
        return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                children += map(int, file.read().split())
    except OSError:
        pass  # it ended meanwhile
    return children


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
