"""A control group for each run, where the host lets us make one: exact limits for all its processes together.

Best effort: without one, RLIMITs hold per process and watch.py adds up what the processes use.
"""

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from . import owner
from .model import Limits

_ENGINE_PROCESSES = 3  # bwrap itself, its process 1, the shell that becomes bwrap


@dataclass(frozen=True)
class Group:
    """The folders of one run's group: one in version 2, one a controller in version 1."""

    folders: dict[str, Path]  # controller -> folder

    @property
    def join_files(self) -> list[str]:
        """Where a process writes its id to become a member."""
        return sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})

    def oom_kills(self) -> int:
        """How many processes the kernel killed for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            for line in self._read("memory", name).splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0

    def cpu_seconds(self) -> float:
        nanoseconds = self._read("cpuacct", "cpuacct.usage")
        if nanoseconds:
            return int(nanoseconds) / 1e9
        for line in self._read("cpu", "cpu.stat").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        return 0.0

    def peak_memory(self) -> int:
        """Bytes at the highest; 0 where unknown."""
        for name in ("memory.peak", "memory.max_usage_in_bytes"):
            value = self._read("memory", name)
            if value:
                return int(value)
        return 0

    def _read(self, controller: str, name: str) -> str:
        try:
            return (self.folders[controller] / name).read_text().strip()
        except (KeyError, OSError):
            return ""

    def remove(self) -> None:
        """Needs all members dead; the kernel may take a moment to notice that they are."""
        for folder in set(self.folders.values()):
            _remove(folder)


def _remove(folder: Path) -> bool:
    for _attempt in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            break
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False


def make_group(limits: Limits) -> Group | None:
    """A limited group below this process's own, or None where the host offers none."""
    name = owner.prefix() + secrets.token_hex(8)
    parents = _parents()
    group = Group({})
    try:
        for controller, parent in parents.items():
            folder = parent / name
            folder.mkdir(exist_ok=True)
            group.folders[controller] = folder
        _limit(group, limits)
    except OSError:
        group.remove()
        return None
    return group if group.folders else None


def remove_orphans() -> int:
    """Remove the empty groups of processes that no longer live; answers how many."""
    removed = 0
    for parent in set(_parents().values()):
        for folder in parent.glob(owner.ANY):
            if owner.is_gone(folder.name):
                removed += _remove(folder)
    return removed


def _limit(group: Group, limits: Limits) -> None:
    # The tmpfs counts as memory, hence the disk's share on top.
    memory = limits.memory_bytes + limits.disk_bytes
    processes = limits.processes + _ENGINE_PROCESSES
    if "memory" in group.folders:
        folder = group.folders["memory"]
        if (folder / "memory.max").exists():
            _write(folder / "memory.max", memory)
            _write(folder / "memory.oom.group", 1)
            _write(folder / "memory.swap.max", 0, needed=False)
        else:
            _write(folder / "memory.limit_in_bytes", memory)
            _write(folder / "memory.memsw.limit_in_bytes", memory, needed=False)
    if "pids" in group.folders:
        _write(group.folders["pids"] / "pids.max", processes)


def _write(file: Path, value: int, *, needed: bool = True) -> None:
    with contextlib.nullcontext() if needed else contextlib.suppress(OSError):
        file.write_text(str(value))


def _parents() -> dict[str, Path]:
    """The folder for each controller below which we may make groups."""
    own = _own_paths()
    found: dict[str, Path] = {}
    for root, mount_point, kind, options in _cgroup_mounts():
        if kind == "cgroup":
            for controller in {"memory", "pids", "cpuacct"} & options:
                folder = _below(mount_point, root, own.get(controller, "/"))
                if os.access(folder, os.W_OK):
                    found.setdefault(controller, folder)
        elif "" in own:
            folder = _below(mount_point, root, own[""])
            for controller in _delegated(folder) if os.access(folder, os.W_OK) else []:
                found.setdefault(controller, folder)
    return found


def _own_paths() -> dict[str, str]:
    """Controller -> this process's group; "" for version 2."""
    paths: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _number, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def _cgroup_mounts() -> list[tuple[str, Path, str, set[str]]]:
    """(root within the hierarchy, mount point, cgroup or cgroup2, super block's options)"""
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _dash, after = line.partition(" - ")
        kind, _source, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            fields = before.split(" ")
            mounts.append((fields[3], Path(fields[4]), kind, set(options.split(","))))
    return mounts


def _below(mount_point: Path, root: str, path: str) -> Path:
    if root != "/" and path.startswith(root):
        path = path[len(root) :]
    folder = mount_point / path.lstrip("/")
    return folder if folder.is_dir() else mount_point


def _delegated(folder: Path) -> list[str]:
    """Controllers of version 2 that a child of `folder` has. Those have to be enabled by whoever set up the
    service: a group that has processes of its own cannot enable them."""
    try:
        enabled = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return []
    return [controller for controller in ("memory", "pids", "cpu") if controller in enabled]
