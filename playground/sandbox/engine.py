"""The command line of the engine, bubblewrap: what a program sees of the host, and what it may do.

Everything that a program can write to is one tmpfs of limited size at /sandbox; the rest is read-only or
absent.
"""

import functools
import marshal
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .model import InputFile, Limits, SandboxUnavailable
from .names import unique_input_names

_INSIDE = Path(__file__).parent / "inside"
_PROJECT = Path(__file__).parents[2]
_DEVICES = ("null", "zero", "full", "random", "urandom")
# Files of /proc that tell about the host beyond this namespace.
_MASKED = ("keys", "key-users", "kallsyms", "kcore", "kmsg", "modules", "sched_debug", "timer_list")
# As root every run gets a user id of its own that belongs to nobody: RLIMIT_NPROC counts per user id, so with
# a shared one the fork bomb of one run would starve the others.
_FIRST_UID, _LAST_UID = 0x70000000, 0x7FFF0000
_UID_IN_NAMESPACE = 64999
_random = random.SystemRandom()
# Sources on stdin, their names as arguments; answers what a .pyc file holds: magic number, flags, time, size, code.
_COMPILE = """
import importlib.util, marshal, sys
sources = zip(marshal.loads(sys.stdin.buffer.read()), sys.argv[1:])
codes = [marshal.dumps(compile(source, name, "exec")) for source, name in sources]
files = [importlib.util.MAGIC_NUMBER + bytes(12) + code for code in codes]
sys.stdout.buffer.write(marshal.dumps(files, 2))
"""

SANDBOX_FOLDER = "/sandbox"
MARSHAL_VERSION = 2  # which every Python reads: the worker's and the programs' may be two


@dataclass(frozen=True)
class Engine:
    """Where this host keeps what a run needs."""

    bwrap: str
    setpriv: str  # "" for an ordinary user, who has no privileges to drop
    environment: Path
    base_prefix: Path | None  # of a Python that lives outside /usr


def find_engine() -> Engine:
    """Look up the engine on PATH and the programs' environment; raises SandboxUnavailable."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxUnavailable(
            "Programs need bubblewrap; install the package bubblewrap (the command bwrap)."
        )
    setpriv = ""
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv") or ""
        if not setpriv:
            raise SandboxUnavailable("Programs need the command setpriv; install the package util-linux.")
    environment = Path(os.environ.get("SANDBOX_VENV") or _PROJECT / ".sandbox-venv")
    python = environment / "bin" / "python"
    if not python.exists():
        raise SandboxUnavailable("The programs' Python environment is missing; run scripts/sandbox-env.")
    return Engine(bwrap, setpriv, environment, _prefix_outside_usr(python))


def _prefix_outside_usr(python: Path) -> Path | None:
    prefix = python.resolve().parent.parent
    if prefix.is_relative_to("/tmp"):  # which is the program's own folder inside
        raise SandboxUnavailable(f"The programs' Python lies in {prefix}; use one that is not below /tmp.")
    return None if prefix.is_relative_to("/usr") else prefix


@dataclass(frozen=True)
class Stage:
    """What a run sees read-only, as copies: so that the sandbox's user may read them whatever the permissions of
    the originals, and so that nobody can exchange them between the check and the use."""

    uid: int
    texts: Mapping[str, bytes]  # path inside -> content, which bwrap writes into the root folder's tmpfs
    inputs: Path | None  # a folder of the host


def stage_inputs(engine: Engine, folder: Path, inputs: list[InputFile], ca_pem: bytes) -> Stage:
    """Copy the inputs to `folder`, which is made if there are any. Raises ValueError for one that is no regular
    file."""
    uid = _unused_uid() if os.geteuid() == 0 else _UID_IN_NAMESPACE
    texts = {
        "/etc/passwd": f"program:x:{uid}:{uid}:program:{SANDBOX_FOLDER}/tmp:/bin/sh\n".encode(),
        "/etc/group": f"program:x:{uid}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost\n",
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
        "/etc/ca.pem": ca_pem,
        **_compiled_runner(engine.environment),
    }
    if not inputs:
        return Stage(uid, texts, None)
    folder.mkdir()
    for item, name in zip(inputs, unique_input_names(inputs), strict=True):
        _copy_regular(item.path, folder / name)
    _let_everyone_read(folder)
    return Stage(uid, texts, folder)


def _compiled_runner(environment: Path) -> Mapping[str, bytes]:
    """The runner and its modules as path inside -> bytecode: compiling them takes a program as long as starting
    Python does."""
    python = environment / "bin" / "python"
    interpreter = python.stat()  # another one has another bytecode, and the environment may be built anew
    return _bytecode(str(python), interpreter.st_ino, interpreter.st_mtime_ns)


@functools.lru_cache(maxsize=2)
def _bytecode(python: str, _inode: int, _changed: int) -> Mapping[str, bytes]:
    sources = sorted(_INSIDE.glob("*.py"))
    done = subprocess.run(
        [python, "-I", "-S", "-c", _COMPILE, *(f"/runner/{source.name}" for source in sources)],
        input=marshal.dumps([source.read_bytes() for source in sources], MARSHAL_VERSION),
        env={},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")[-500:]
        raise SandboxUnavailable(f"The programs' Python cannot compile the runner. It said: {said}")
    compiled = marshal.loads(done.stdout)  # noqa: S302  # written by our own code, outside of any sandbox
    return {f"/runner/{source.stem}.pyc": code for source, code in zip(sources, compiled, strict=True)}


def _unused_uid() -> int:
    """A random user id out of those that exist here: root in a container may have few."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    end = max(int(first) + int(count) for first, _outside, count in ranges)
    if end > _LAST_UID:
        return _random.randrange(_FIRST_UID, _LAST_UID)
    if end < _UID_IN_NAMESPACE:
        raise SandboxUnavailable(
            "Root has too few user ids in this container to give programs one of their own."
        )
    return _random.randrange(end * 3 // 4, end - 2)


def _copy_regular(source: Path, target: Path) -> None:
    # O_NONBLOCK: opening a FIFO would wait for a writer.
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as reader:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"The input {target.name} is not a regular file.")
        with open(target, "xb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)


def _let_everyone_read(folder: Path) -> None:
    """Whatever the worker's umask; the folder above is closed to the host's other users."""
    for path, _folders, files in os.walk(folder):
        os.chmod(path, 0o755)
        for name in files:
            os.chmod(os.path.join(path, name), 0o444)


def engine_arguments(
    engine: Engine, stage: Stage, limits: Limits, *, texts: Mapping[str, int], seccomp_fd: int, info_fd: int
) -> list[str]:
    """bwrap's options, in the order in which it carries them out. `texts` are descriptors of the stage's, by path."""
    return [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session"),
        *_identity(engine),
        *_system_folders(),
        *("--proc", "/proc", *_masks()),
        *("--perms", "0755", "--dir", "/dev"),
        *(part for name in _DEVICES for part in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        *("--symlink", "/proc/self/fd", "/dev/fd"),
        *("--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/runner"),
        *(part for path, fd in texts.items() for part in ("--perms", "0444", "--file", str(fd), path)),
        *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
        *("--ro-bind-try", "/etc/fonts", "/etc/fonts"),
        *_python(engine),
        *("--perms", "0755", "--size", str(limits.disk_bytes), "--tmpfs", SANDBOX_FOLDER),
        *_writable_folders(),
        *(("--ro-bind", str(stage.inputs), f"{SANDBOX_FOLDER}/work/files") if stage.inputs else ()),
        # bwrap's root is a tmpfs without a limit, which an ordinary user's program would own.
        *("--remount-ro", "/", "--chdir", f"{SANDBOX_FOLDER}/work"),
        *("--seccomp", str(seccomp_fd), "--info-fd", str(info_fd)),
    ]


def _identity(engine: Engine) -> list[str]:
    """As root no user namespace: in one the program would stay user 0 of the host, whose processes no
    RLIMIT_NPROC counts. The capabilities kept are what setpriv needs to become somebody else."""
    if not engine.setpriv:
        uid = str(_UID_IN_NAMESPACE)
        return ["--unshare-user", "--uid", uid, "--gid", uid, "--cap-drop", "ALL"]
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
    return ["--cap-drop", "ALL", *(part for cap in kept for part in ("--cap-add", cap))]


def _system_folders() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options


def _masks() -> list[str]:
    paths = [f"/proc/{name}" for name in _MASKED if os.path.exists(f"/proc/{name}")]
    return [part for path in paths for part in ("--ro-bind", "/dev/null", path)]


def _python(engine: Engine) -> list[str]:
    options: list[str] = []
    if engine.base_prefix is not None:
        # bwrap would make the folders on the way 0700.
        for parent in reversed(engine.base_prefix.parents[:-1]):
            options += ["--perms", "0755", "--dir", str(parent)]
        options += ["--ro-bind", str(engine.base_prefix), str(engine.base_prefix)]
    return [*options, "--ro-bind", str(engine.environment), "/env"]


def _writable_folders() -> list[str]:
    options: list[str] = []
    for name in ("work", "tmp", "values", "shm"):
        options += ["--perms", "0777", "--dir", f"{SANDBOX_FOLDER}/{name}"]
    links = ("--symlink", f"{SANDBOX_FOLDER}/tmp", "/tmp", "--symlink", f"{SANDBOX_FOLDER}/shm", "/dev/shm")
    return [*options, *links, "--perms", "0755", "--dir", f"{SANDBOX_FOLDER}/work/files"]


def program_command(engine: Engine, stage: Stage, control_fd: int, proxy: bool) -> list[str]:
    """What bwrap executes: as root setpriv first, then the runner in the programs' Python."""
    drop: list[str] = []
    if engine.setpriv:
        identity = ["--reuid", str(stage.uid), "--regid", str(stage.uid), "--clear-groups"]
        nothing = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        drop = [engine.setpriv, *identity, *nothing]
    return [*drop, "/env/bin/python", "-I", "-B", "/runner/runner.pyc", str(control_fd), str(int(proxy))]


def program_environment() -> dict[str, str]:
    """All of the program's environment; also bwrap's own, whose /proc/1/environ the program may read."""
    threads = str(min(4, os.cpu_count() or 1))
    return {
        "PATH": "/env/bin:/usr/bin:/bin",
        "HOME": f"{SANDBOX_FOLDER}/tmp",
        "TMPDIR": "/tmp",
        "USER": "program",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": "/runner",  # for Pythons that a program starts; the runner itself ignores it
        "MPLBACKEND": "module://sandbox_figures",
        "MPLCONFIGDIR": f"{SANDBOX_FOLDER}/tmp/matplotlib",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "REQUESTS_CA_BUNDLE": "/etc/ca.pem",
        "CURL_CA_BUNDLE": "/etc/ca.pem",
        # Each thread of a numeric library, and each arena of malloc, reserves address space, which is
        # limited.
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "MALLOC_ARENA_MAX": "2",
    }
