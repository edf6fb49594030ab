"""The system call filter, executed here step by step for both architectures."""

import struct

import pytest

from playground.sandbox.seccomp import build_filter

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, ENOTTY, EAFNOSUPPORT = 1, 38, 25, 97
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def judge(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the kernel would answer; classic BPF as far as filters use it."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, arch or ARCH[machine], 0, *padded)
    code = build_filter(machine)
    program = [struct.unpack_from("=HBBI", code, offset) for offset in range(0, len(code), 8)]
    position, value = 0, 0
    while True:
        operation, if_true, if_false, operand = program[position]
        position += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
            continue
        holds = {
            0x15: value == operand,
            0x25: value > operand,
            0x35: value >= operand,
            0x45: bool(value & operand),
        }[operation]
        position += if_true if holds else if_false


def refused(error: int) -> int:
    return 0x00050000 | error


# name -> numbers (x86_64, aarch64)
GRANTED = {"read": (0, 63), "write": (1, 64), "openat": (257, 56), "mmap": (9, 222), "execve": (59, 221)}
DENIED = {
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "process_vm_writev": (311, 271),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "chroot": (161, 51),
    "unknown": (9999, 9999),
}


@pytest.mark.parametrize("machine", ARCH)
@pytest.mark.parametrize("name", GRANTED)
def test_granted(machine: str, name: str) -> None:
    assert judge(machine, GRANTED[name][machine == "aarch64"]) == ALLOW


@pytest.mark.parametrize("machine", ARCH)
@pytest.mark.parametrize("name", DENIED)
def test_denied(machine: str, name: str) -> None:
    assert judge(machine, DENIED[name][machine == "aarch64"]) == refused(EPERM)


@pytest.mark.parametrize(
    ("machine", "clone", "socket", "ioctl"), [("x86_64", 56, 41, 16), ("aarch64", 220, 198, 29)]
)
def test_arguments(machine: str, clone: int, socket: int, ioctl: int) -> None:
    assert judge(machine, clone, 17) == ALLOW
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert judge(machine, clone, 17 | flag) == refused(EPERM)
    assert judge(machine, 435) == refused(ENOSYS)
    for family in (1, 2, 10):
        assert judge(machine, socket, family, 1, 0) == ALLOW
    for family in (0, 3, 16, 17, 38, 40):
        assert judge(machine, socket, family, 1, 0) == refused(EAFNOSUPPORT)
    assert judge(machine, ioctl, 0, 0x5401) == ALLOW
    for command in (0x5412, 0x541C, 0x1_0000_5412, 0):
        assert judge(machine, ioctl, 0, command) == refused(ENOTTY)


def test_other_architectures() -> None:
    assert judge("x86_64", 20, arch=0x40000003) == KILL  # i386
    assert judge("x86_64", 0x40000000 | 39) == KILL  # x32
    assert judge("aarch64", 20, arch=0x40000028) == KILL  # arm
    with pytest.raises(ValueError, match="riscv64"):
        build_filter("riscv64")
