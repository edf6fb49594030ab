"""Whose a run's temporary folder or control group is. Its name tells, also once the process that made it is gone."""

import os
from pathlib import Path

_PREFIX = "sandbox-"
ANY = f"{_PREFIX}*"


def prefix(pid: int | None = None) -> str:
    """How the names of what a process makes begin: with its id and its start.

    The id alone would not do: in a container every worker has the same, the one that was killed and the next.
    """
    pid = pid or os.getpid()
    return f"{_PREFIX}{pid}.{_started(pid)}-"


def is_gone(name: str) -> bool:
    """Whether the process that made what is called so no longer lives."""
    pid, _, started = name.removeprefix(_PREFIX).partition("-")[0].partition(".")
    if not pid.isdigit():
        return False
    alive = _started(int(pid))
    return not alive or started not in (alive, "")  # release 1.0.0 did not tell the start


def _started(pid: int) -> str:
    """When a process was started, in the kernel's ticks; "" if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
