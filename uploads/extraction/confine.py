"""Locks a process that is about to read a hostile document: limits, no network, no new programs.

Every layer beyond the resource limits is Linux and may be missing on an old kernel or inside a strict
container; then the remaining ones hold. `lock_down` returns the names of those that are in force.

- `rlimits`: address space, heap, CPU, file size, open files, no core file (setrlimit)
- `landlock`: reads only Python, the system's libraries and data, and the document; opens nothing for writing
  (but /dev/null, and the one file that a table is written to)
- `seccomp`: no sockets, no new processes or programs, no tracing, keyrings, mounts, io_uring or BPF
- `netns`: an empty network namespace, set once on the server and inherited (`drop_network`)
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from .protocol import ExtractionLimits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_RESULT_BYTES_PER_CHARACTER = 4
_RESULT_EXTRA_BYTES = 4_000_000
_MAX_OPEN_FILES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def lock_down(limits: ExtractionLimits, readable: Iterable[Path], writable: Iterable[Path] = ()) -> list[str]:
    """Confine this process for good; `readable` lists files and folders beyond Python and the system's.

    `writable` are existing files that it may also write.
    """
    in_force = ["rlimits"]
    set_limits(limits)
    if sys.platform != "linux":
        return in_force
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _restrict_files(readable, writable):
        in_force.append("landlock")
    if _restrict_calls():
        in_force.append("seccomp")
    return in_force


def set_limits(limits: ExtractionLimits) -> None:
    """The kernel's resource limits: too much CPU or file size kills, too much memory is not given."""
    allowed = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_DATA: _allocated_bytes() + limits.data_bytes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.max_characters * _RESULT_BYTES_PER_CHARACTER + _RESULT_EXTRA_BYTES,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for which, wanted in allowed.items():
        hard = resource.getrlimit(which)[1]
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        # Of CPU time the soft one ends it by a signal of its own (SIGXCPU), which tells this from other ends.
        later = which == resource.RLIMIT_CPU and bound != hard
        resource.setrlimit(which, (bound, bound + later))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which must be single-threaded, ends."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, 9)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def drop_network() -> bool:
    """Move this single-threaded process into a network namespace without any interface, where permitted."""
    if sys.platform != "linux":
        return False
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    return bool(_libc.unshare(flags) == 0)


def _allocated_bytes() -> int:
    """Bytes of private writable memory that the process has already, as RLIMIT_DATA counts them."""
    try:
        with Path("/proc/self/statm").open(encoding="ascii") as statm:
            return int(statm.read().split()[5]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def _prctl(option: int, argument: int) -> bool:
    return bool(_libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) == 0)


# --- Landlock: which files

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_WRITE_FILE, _LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR, _LANDLOCK_TRUNCATE = (
    1 << 1,
    1 << 2,
    1 << 3,
    1 << 14,
)
_FILE_RIGHTS_BY_VERSION = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_LANDLOCK_TCP, _LANDLOCK_SCOPES = 0b11, 0b11


def _system_paths() -> list[Path]:
    """What the interpreter, its libraries and Tesseract read while they work."""
    fixed = (
        "/usr/lib /usr/lib64 /usr/local/lib /usr/share /lib /lib64 /etc/ld.so.cache /etc/localtime /etc/fonts"
        " /dev/null /dev/urandom /proc/self /proc/cpuinfo /proc/meminfo /sys/devices/system/cpu"
    )
    here = Path(__file__).parent
    paths = [Path(path) for path in fixed.split()]
    return [*paths, Path(sys.prefix), Path(sys.base_prefix), here, here.parent / "__init__.py"]


@functools.cache
def _landlock() -> tuple[int, int]:
    """The version that the kernel has, below 1 for none, and the rights on files that it knows."""
    version = int(_libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))
    return version, sum(bits for since, bits in _FILE_RIGHTS_BY_VERSION if version >= since)


@functools.cache
def _system_rights() -> list[tuple[str, int]]:
    """What may be done with each of the system's paths."""
    files = _landlock()[1]
    return [(str(path), _rights(path, files)) for path in _system_paths() if path.exists()]


def prepare() -> None:
    """Find out once, in the server, what would otherwise take every child a millisecond."""
    _system_rights()
    if platform.machine() in _FORBIDDEN:
        _filter_code(platform.machine())


def _restrict_files(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Allow reading the system's paths and below `readable`, and writing to `writable`; False without Landlock."""
    version, files = _landlock()
    if version < 1:
        return False
    words = (files, _LANDLOCK_TCP if version >= 4 else 0, _LANDLOCK_SCOPES if version >= 6 else 0)
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("<3Q", *words)
    ruleset = _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(length), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for name, rights in _system_rights():
            _allow(ruleset, name, rights)
        for path in readable:
            _allow(ruleset, str(path), _rights(path, files))
        for path in writable:
            _allow(ruleset, str(path), _rights(path, files, writing=True))
        return bool(_libc.syscall(_LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _rights(path: Path, files: int, *, writing: bool = False) -> int:
    """The rights to read a file, or all below a folder; `files` are those that the kernel knows."""
    rights = _LANDLOCK_READ_FILE | (_LANDLOCK_READ_DIR if path.is_dir() else 0)
    if writing or str(path) == os.devnull:  # Tesseract opens it for its messages and crashes without
        rights |= (_LANDLOCK_WRITE_FILE | _LANDLOCK_TRUNCATE) & files
    return rights


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Add a path to the rules, unless it doesn't exist."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = struct.pack("<Qi", rights, opened)
        _libc.syscall(_LANDLOCK_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    finally:
        os.close(opened)


# --- seccomp: which system calls

_FORBIDDEN: dict[str, dict[str, int]] = {
    "x86_64": {
        "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50,
        "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101,
        "rt_sigqueueinfo": 129, "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166,
        "init_module": 175, "tkill": 200, "kexec_load": 246, "add_key": 248, "request_key": 249,
        "keyctl": 250, "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "bpf": 321, "execveat": 322,
        "userfaultfd": 323,
    },
    "aarch64": {
        "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "unshare": 97, "kexec_load": 104,
        "init_module": 105, "ptrace": 117, "kill": 129, "tkill": 130, "rt_sigqueueinfo": 138, "socket": 198,
        "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206,
        "sendmsg": 211, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221,
        "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "finit_module": 273, "bpf": 280, "execveat": 281, "userfaultfd": 282,
    },
}  # fmt: skip
_FORBIDDEN_EVERYWHERE = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "pidfd_open": 434, "clone3": 435,
}  # fmt: skip
_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_CALLS = 0x40000000  # x86_64 answers to a second set of numbers from here on

_BPF_LOAD_WORD, _BPF_JUMP_EQUAL, _BPF_JUMP_AT_LEAST, _BPF_RETURN = 0x20, 0x15, 0x35, 0x06
_RETURN_ALLOW, _RETURN_ERRNO, _RETURN_KILL = 0x7FFF0000, 0x00050000, 0x80000000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _restrict_calls() -> bool:
    """Refuse the calls above with EPERM; False where the machine or the kernel is not known for it."""
    machine = platform.machine()
    if machine not in _FORBIDDEN:
        return False
    code = _filter_code(machine)
    program = _Program(len(code) // 8, code)
    return bool(
        _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program), 0, 0) == 0
    )


@functools.cache
def _filter_code(machine: str) -> bytes:
    """The BPF program: instructions of 8 bytes (code, jump if true, jump if false, operand)."""

    def instruction(code: int, operand: int, when_true: int = 0, when_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, when_true, when_false, operand)

    refuse = instruction(_BPF_RETURN, _RETURN_ERRNO | errno.EPERM)
    steps = [
        instruction(_BPF_LOAD_WORD, 4),
        instruction(_BPF_JUMP_EQUAL, _AUDIT_ARCHITECTURE[machine], when_true=1),
        instruction(_BPF_RETURN, _RETURN_KILL),
        instruction(_BPF_LOAD_WORD, 0),
        instruction(_BPF_JUMP_AT_LEAST, _X32_CALLS, when_false=1),
        refuse,
    ]
    for number in (_FORBIDDEN[machine] | _FORBIDDEN_EVERYWHERE).values():
        steps += [instruction(_BPF_JUMP_EQUAL, number, when_false=1), refuse]
    steps.append(instruction(_BPF_RETURN, _RETURN_ALLOW))
    return b"".join(steps)
