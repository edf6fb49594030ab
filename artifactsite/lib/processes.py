"""What this process is called."""

import ctypes
import sys

PR_SET_NAME = 15


def call_myself(name: str) -> None:
    """The name that `ps -e` and `top` show, of at most 15 characters: a forked process has its parent's command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())
