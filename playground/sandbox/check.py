"""Proves on this host that the sandbox holds, by looking at it from inside."""

import json
import os

from . import cgroups
from .engine import find_engine
from .model import Limits, SandboxCheck, SandboxReport, SandboxUnavailable
from .run import run_program

_LIMITS = Limits(
    wall_seconds=15, cpu_seconds=10, memory_bytes=400_000_000, processes=8, disk_bytes=20_000_000
)

# Answers {name: [ok, detail]}. Call numbers: unshare, mount, keyctl, bpf.
_PROBE = """
import ctypes, errno, json, os, platform, resource, socket

libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (272, 165, 250, 321), "aarch64": (97, 40, 219, 280)}[platform.machine()]
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
found = {}


def refused(number, *arguments):
    return libc.syscall(number, *arguments) == -1 and ctypes.get_errno() == errno.EPERM


def network():
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("192.0.2.1", 80)) == errno.ENETUNREACH


def cannot_write(path):
    try:
        open(path, "w").close()
    except OSError:
        return True
    return False


found["user"] = [os.getuid() != 0 and os.geteuid() != 0, f"runs as user {os.getuid()}"]
capabilities = [status[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")]
found["capabilities"] = [set(capabilities) == {"0" * 16}, "none is held or can be gained"]
found["privileges"] = [status["NoNewPrivs"].strip() == "1", "no_new_privs is set"]
filtered = status["Seccomp"].strip() == "2" and all(refused(n, 0, 0, 0, 0, 0) for n in numbers)
found["system calls"] = [filtered, "unshare, mount, keyctl and bpf are refused"]
processes = [name for name in os.listdir("/proc") if name.isdigit()]
found["processes"] = [len(processes) <= 2, f"{len(processes)} processes are visible"]
found["network"] = [network(), "there is no route to anywhere"]
folders = ("", "/usr", "/etc", "/dev", "/env", "/runner")
readonly = all(cannot_write(f"{folder}/probe") for folder in folders)
found["files"] = [readonly, "only the working folder can be written to"]
limit = resource.getrlimit(resource.RLIMIT_AS)[1]
found["limits"] = [limit == 400000000, f"address space {limit} bytes"]
size = os.statvfs(".").f_blocks * os.statvfs(".").f_frsize
found["disk"] = [size <= 20000000 + 65536, f"the working folder holds {size} bytes"]
print(json.dumps(found))
"""


def check() -> SandboxReport:
    """Run a harmless probe in the sandbox and report each protection. Takes about 0.1 s; raises nothing."""
    try:
        engine = find_engine()
        checks = [SandboxCheck("engine", True, f"bubblewrap is {engine.bwrap}")]
        checks += _probe()
    except (SandboxUnavailable, OSError) as error:
        return SandboxReport(False, [SandboxCheck("engine", False, str(error))])
    checks.append(_groups())
    return SandboxReport(all(each.ok for each in checks), checks)


def _probe() -> list[SandboxCheck]:
    with run_program(_PROBE, limits=_LIMITS) as result:
        try:
            found = json.loads(result.stdout)
        except ValueError:
            detail = result.error.detail if result.error else result.stdout[-500:]
            return [SandboxCheck("probe", False, f"The probe failed: {detail}")]
        return [SandboxCheck(name, bool(ok), str(detail)) for name, (ok, detail) in found.items()]


def _groups() -> SandboxCheck:
    """Good to have, not needed: without groups each process is limited and their sum is watched."""
    group = cgroups.make_group(_LIMITS)
    if group is None:
        who = "root" if os.geteuid() == 0 else "this user"
        return SandboxCheck(
            "control groups", True, f"not available to {who}; memory and processes are watched instead"
        )
    held = ", ".join(sorted(group.folders))
    group.remove()
    return SandboxCheck("control groups", True, f"limits by {held}")
