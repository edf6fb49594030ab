"""What this process is called, and how far it stands back for others."""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

PR_SET_NAME = 15


def call_myself(name: str) -> None:
    """The name that `ps -e` and `top` show, of at most 15 characters: a forked process has its parent's command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())


def stand_back(niceness: int) -> None:
    """Give way to the pages. Linux shares a processor among sessions first (sched(7), autogroups), and `manage.py run`
    gives each process one, so the session has to stand back too."""
    niceness = os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # no such groups: niceness is all there is
            Path("/proc/self/autogroup").write_text(str(niceness))
