"""Runs a program: starts the engine, watches it, ends it, and takes out what it made."""

import codecs
import contextlib
import functools
import json
import marshal
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import cgroups, owner
from .broker import Broker
from .certificates import authority_pem
from .collect import Collector, Stamp, stamp
from .engine import (
    MARSHAL_VERSION,
    Engine,
    engine_arguments,
    find_engine,
    program_command,
    program_environment,
    stage_inputs,
)
from .model import Exit, Fetcher, InputFile, Limits, ProgramError, RunResult, SandboxUnavailable
from .seccomp import build_filter
from .watch import Watch

_START_SECONDS = 20.0
_DEATH_SECONDS = 10.0
_TICK_SECONDS = 0.05
_TICK_SECONDS_UNLIMITED = 0.02  # where nothing but the watch limits memory
_FLOOD = 10  # a program that prints so many times what is kept is stopped
_PIPE_READ = 1 << 16
# Joins the run's control groups before bwrap exists, so that none of its processes is ever outside of them.
_JOIN = 'for file in $1; do echo $$ > "$file" || exit 125; done; shift; exec "$@"'


def run_program(
    code: str,
    *,
    inputs: Sequence[InputFile] = (),
    memory: dict[str, object] | None = None,
    fetcher: Fetcher | None = None,
    limits: Limits | None = None,
    workdir_in: Path | None = None,
    workdir_out: Path | None = None,
    on_output: Callable[[str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RunResult:
    """Run Python `code` in the sandbox and wait for its end.

    `memory` must be JSON; memory.get_content(name) returns memory[name]. The files of the folder `workdir_in`
    are put into the working folder first; those that are there at the end go to `workdir_out`, an empty
    folder. `on_output` gets what the program prints as it comes, no more than the result keeps; `cancelled`
    is asked about 20 times a second. Call it from a thread that outlives it: the kernel ends the run with its
    thread.

    Raises SandboxUnavailable where the host cannot protect itself; then nothing was executed. Raises OSError
    or ValueError for inputs that are not regular files and when the host's disk fails. A failing program
    raises nothing: see RunResult.exit. The caller closes the result.
    """
    limits = limits or Limits()
    engine = find_engine()
    folder = Path(tempfile.mkdtemp(prefix=owner.prefix()))
    try:
        with _Run(engine, folder, list(inputs), limits, fetcher) as run:
            run.put_files(workdir_in)
            run.begin(code, memory or {})
            outcome = run.follow(on_output, cancelled)
            run.end()
            return run.result(outcome, workdir_out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(folder / "inputs", ignore_errors=True)


def remove_leftovers() -> int:
    """Remove the temporary folders and control groups of processes that were killed; answers how many.

    Their programs died with them. For the start of a worker.
    """
    folders = [path for path in Path(tempfile.gettempdir()).glob(owner.ANY) if _is_orphan(path)]
    for path in folders:
        shutil.rmtree(path, ignore_errors=True)
    return len(folders) + cgroups.remove_orphans()


def _is_orphan(path: Path) -> bool:
    ours = path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.geteuid()
    return ours and owner.is_gone(path.name)


@dataclass(frozen=True)
class _Outcome:
    exit: Exit
    error: ProgramError | None


@dataclass
class _Output:
    """What the program prints: the first part is kept and passed on, the rest only counted."""

    limit: int
    on_output: Callable[[str], None] | None = None
    text: list[str] = field(default_factory=list)
    received: int = 0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    @property
    def truncated(self) -> bool:
        return self.received > self.limit

    def take(self, data: bytes) -> None:
        room = max(0, self.limit - self.received)
        self.received += len(data)
        self._pass_on(self._decoder.decode(data[:room]))

    def finish(self) -> None:
        """What is left of a character that was cut."""
        self._pass_on(self._decoder.decode(b"", final=True))

    def _pass_on(self, text: str) -> None:
        if text:
            self.text.append(text)
            if self.on_output is not None:
                self.on_output(text)


class _Descriptors:
    """Open descriptors, all closed at the end."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def keep(self, descriptor: int) -> int:
        self._open.add(descriptor)
        return descriptor

    def close(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._open.discard(descriptor)
            os.close(descriptor)

    def close_all(self) -> None:
        self.close(*tuple(self._open))


def _stand_back(init: int) -> None:
    """Give a program's scheduling group the niceness of its worker.

    Linux shares a processor among sessions first (sched(7), autogroups); niceness counts only within one. A program
    has a session of its own, so without this each would get as much as the whole web server.
    """
    # Advice: absent where the kernel has no such groups, refused where it is asked too often.
    with contextlib.suppress(OSError):
        Path(f"/proc/{init}/autogroup").write_text(str(os.nice(0)))


class _Run:
    """One engine process and what belongs to it. Leaving the context ends and removes all of it."""

    def __init__(
        self, engine: Engine, folder: Path, inputs: list[InputFile], limits: Limits, fetcher: Fetcher | None
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._fetcher = fetcher
        self._descriptors = _Descriptors()
        self._before: dict[str, Stamp] = {}
        self._output = _Output(limits.stdout_bytes)
        self._began = self._wall = 0.0
        self._stage = stage_inputs(engine, folder / "inputs", inputs, authority_pem() if fetcher else b"")
        self._group = cgroups.make_group(limits)
        limited = self._group is not None and "memory" in self._group.folders
        self._tick = _TICK_SECONDS if limited else _TICK_SECONDS_UNLIMITED
        with contextlib.ExitStack() as cleanup:
            if self._group is not None:
                cleanup.callback(self._group.remove)
            cleanup.callback(self._descriptors.close_all)
            self._start(engine, cleanup)
            self._cleanup = cleanup.pop_all()

    def __enter__(self) -> "_Run":
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    # Start

    def _start(self, engine: Engine, cleanup: contextlib.ExitStack) -> None:
        keep = self._descriptors.keep
        info_read, info_write = map(keep, os.pipe())
        self._stdout, stdout_write = map(keep, os.pipe())
        os.set_blocking(self._stdout, False)
        seccomp_fd = keep(_memory_file(_filter()))
        texts = {path: keep(_memory_file(content)) for path, content in self._stage.texts.items()}
        arguments = engine_arguments(
            engine, self._stage, self._limits, texts=texts, seccomp_fd=seccomp_fd, info_fd=info_write
        )
        # By descriptor: a program can read /proc/1/cmdline, and the host's paths are not its concern.
        arguments_fd = keep(_memory_file(b"".join(os.fsencode(argument) + b"\0" for argument in arguments)))
        control, theirs = socket.socketpair()
        cleanup.callback(control.close)
        cleanup.callback(theirs.close)
        program = program_command(engine, self._stage, theirs.fileno(), self._fetcher is not None)
        groups = " ".join(self._group.join_files) if self._group else ""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _JOIN, "sh", groups, engine.bwrap, "--args", str(arguments_fd), *program],
            stdin=subprocess.DEVNULL,
            stdout=stdout_write,
            stderr=stdout_write,
            env=program_environment(),
            cwd="/",
            process_group=0,  # a signal to all of the worker's group is for the worker, which decides what ends
            pass_fds=(info_write, seccomp_fd, arguments_fd, theirs.fileno(), *texts.values()),
        )
        cleanup.callback(self._kill_engine)
        self._engine_pidfd = keep(os.pidfd_open(self._process.pid))
        theirs.close()
        self._descriptors.close(info_write, stdout_write, seccomp_fd, arguments_fd, *texts.values())
        self._meet_runner(control, info_read, cleanup)

    def _meet_runner(self, control: socket.socket, info_read: int, cleanup: contextlib.ExitStack) -> None:
        """Wait until the runner is inside and has handed out what the host needs. No program runs before."""
        expected = 1 if self._fetcher is None else 2
        control.settimeout(_START_SECONDS)
        try:
            message, descriptors, _flags, _address = socket.recv_fds(control, 1, expected)
        except OSError:
            message, descriptors = b"", []
        for descriptor in descriptors:
            self._descriptors.keep(descriptor)
        if not message or len(descriptors) != expected:
            raise SandboxUnavailable(self._why_not_started())
        self._control = control
        self._root = descriptors[0]
        init = int(json.loads(os.read(info_read, 4096))["child-pid"])
        self._init_pidfd = self._descriptors.keep(os.pidfd_open(init))
        cleanup.callback(self._kill_all)
        _stand_back(init)
        self._watch = Watch(init)
        self._broker: Broker | None = None
        if self._fetcher is not None:
            listener = socket.socket(fileno=os.dup(descriptors[1]))
            self._descriptors.close(descriptors[1])
            self._broker = Broker(listener, self._fetcher, self._limits.fetch_bytes)
            cleanup.callback(self._broker.stop)

    def _why_not_started(self) -> str:
        self._kill_engine()
        self._drain()
        said = " ".join("".join(self._output.text).split())[-500:]
        hint = "bubblewrap needs root with CAP_SYS_ADMIN, or unprivileged user namespaces"
        return f"The sandbox could not be started ({hint}). It said: {said or 'nothing'}"

    def put_files(self, source: Path | None) -> None:
        """Copy a host folder into the working folder, through the descriptor of the tmpfs."""
        if source is None:
            return
        work = os.open("work", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
        try:
            self._put_folder(source, work, "")
        finally:
            os.close(work)

    def _put_folder(self, source: Path, target: int, prefix: str) -> None:
        with os.scandir(source) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False) and name != "files":
                    os.mkdir(entry.name, dir_fd=target)
                    inner = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=target)
                    try:
                        self._give(inner, 0o755)
                        self._put_folder(Path(entry.path), inner, f"{name}/")
                    finally:
                        os.close(inner)
                elif entry.is_file(follow_symlinks=False):
                    self._before[name] = self._put_file(entry.path, target, entry.name)

    def _put_file(self, source: str, target: int, name: str) -> Stamp:
        with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as reader:
            created = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=target)
            with open(created, "wb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
                writer.flush()
                self._give(created, 0o644)
        return stamp(os.stat(name, dir_fd=target, follow_symlinks=False))

    def _give(self, descriptor: int, mode: int) -> None:
        os.fchmod(descriptor, mode)
        if os.geteuid() == 0:
            os.fchown(descriptor, self._stage.uid, self._stage.uid)

    def begin(self, code: str, memory: dict[str, object]) -> None:
        """Hand over the program; from here on the clock runs."""
        if self._broker is not None:
            self._broker.start()
        self._watch.sample(self._limits.memory_bytes)
        task = {"code": code, "memory": json.dumps(memory), "limits": _resource_limits(self._limits)}
        self._control.sendall(marshal.dumps(task, MARSHAL_VERSION))
        self._began = time.monotonic()
        self._control.close()

    # Run

    def follow(
        self, on_output: Callable[[str], None] | None, cancelled: Callable[[], bool] | None
    ) -> _Outcome | None:
        """Pass on what is printed until the program ends (None) or has to be ended (why)."""
        self._output.on_output = on_output
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        poll.register(self._engine_pidfd, select.POLLIN)
        next_tick = 0.0
        while True:
            events = dict(poll.poll(self._tick * 1000))
            if self._stdout in events and not self._read_output():
                poll.unregister(self._stdout)
            if self._output.received > _FLOOD * self._limits.stdout_bytes:
                return _Outcome("output_limit", _output_error(self._limits))
            if self._engine_pidfd in events:
                return None
            if time.monotonic() >= next_tick:
                outcome = self._excess(cancelled)
                if outcome is not None:
                    return outcome
                next_tick = time.monotonic() + self._tick

    def _excess(self, cancelled: Callable[[], bool] | None) -> _Outcome | None:
        """Why the program has to be ended now, if it has to."""
        limits = self._limits
        if cancelled is not None and cancelled():
            return _Outcome("cancelled", ProgramError("cancelled", "The program was cancelled."))
        if time.monotonic() - self._began >= limits.wall_seconds:
            return _Outcome("timed_out", _time_error(limits))
        self._watch.sample(limits.memory_bytes)
        if self._cpu_seconds() > limits.cpu_seconds:
            return _Outcome("timed_out", _cpu_error(limits))
        if self._watch.memory_bytes > limits.memory_bytes or self._oom_kills():
            return _Outcome("out_of_memory", _memory_error(limits))
        return None

    def _read_output(self) -> bool:
        """Take what is there; False at the end of the pipe."""
        try:
            data = os.read(self._stdout, _PIPE_READ)
        except BlockingIOError:
            return True
        self._output.take(data)
        return bool(data)

    def _drain(self) -> None:
        """Take what the dead left in the pipe, which holds little."""
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        while poll.poll(0) and self._read_output():
            pass

    def _cpu_seconds(self) -> float:
        exact = self._group.cpu_seconds() if self._group else 0.0
        return exact or self._watch.cpu_seconds

    def _oom_kills(self) -> int:
        return self._group.oom_kills() if self._group else 0

    # End

    def end(self) -> None:
        """Kill whatever is left and wait until it is gone: the pid namespace ends with its process 1, and
        that ends only after all others. Nothing may be collected before."""
        self._kill_all()
        self._process.wait()
        self._wall = time.monotonic() - self._began
        if self._broker is not None:
            self._broker.stop()
        self._drain()

    def _kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init_pidfd, signal.SIGKILL)
        poll = select.poll()
        poll.register(self._init_pidfd, select.POLLIN)
        if not poll.poll(_DEATH_SECONDS * 1000):
            raise OSError("The program's processes do not end.")

    def _kill_engine(self) -> None:
        self._process.kill()
        self._process.wait()

    def result(self, forced: _Outcome | None, workdir_out: Path | None) -> RunResult:
        limits = self._limits
        collected = Collector(self._root, self._folder / "outputs", limits, self._before).collect(workdir_out)
        outcome = forced or self._judge(self._process.returncode, collected.error)
        self._output.finish()
        return RunResult(
            exit=outcome.exit,
            stdout="".join(self._output.text),
            truncated=self._output.truncated,
            error=outcome.error,
            values=collected.values,
            files=collected.files,
            dropped=collected.dropped,
            cpu_seconds=self._cpu_seconds(),
            wall_seconds=self._wall,
            peak_memory=(self._group.peak_memory() if self._group else 0) or self._watch.peak_memory,
            folder=self._folder,
        )

    def _judge(self, status: int, reported: ProgramError | None) -> _Outcome:
        """What the engine's exit status (128 + signal, if one ended the program) and the runner's word
        mean."""
        if status == 0:
            return _Outcome("done", None)
        if self._oom_kills():
            return _Outcome("out_of_memory", _memory_error(self._limits))
        if status == 128 + signal.SIGXCPU:
            return _Outcome("timed_out", _cpu_error(self._limits))
        if reported is not None:
            return _Outcome("out_of_memory" if reported.code == "out_of_memory" else "failed", reported)
        if status > 128:
            name = next(
                (each.name for each in signal.Signals if each == status - 128), f"signal {status - 128}"
            )
            return _Outcome("failed", ProgramError("crashed", f"The program was ended by {name}."))
        return _Outcome("failed", ProgramError("exit_status", f"The program ended itself: status {status}"))


def _resource_limits(limits: Limits) -> dict[str, tuple[int, int]]:
    """RLIMIT name -> soft and hard."""
    return {
        "AS": (limits.memory_bytes, limits.memory_bytes),
        # SIGXCPU at the soft limit tells why; the hard one is for who ignores it.
        "CPU": (limits.cpu_seconds, limits.cpu_seconds + 1),
        "NPROC": (limits.processes, limits.processes),
        "FSIZE": (limits.file_bytes, limits.file_bytes),
        "NOFILE": (512, 512),
        "MEMLOCK": (65536, 65536),
        "CORE": (0, 0),
        "MSGQUEUE": (0, 0),
    }


@functools.lru_cache(maxsize=1)
def _filter() -> bytes:
    try:
        return build_filter()
    except ValueError as error:
        raise SandboxUnavailable(f"Programs cannot be run safely on this machine. {error}") from None


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("sandbox")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _time_error(limits: Limits) -> ProgramError:
    return ProgramError("timed_out", f"The program was stopped after {limits.wall_seconds:g} seconds.")


def _cpu_error(limits: Limits) -> ProgramError:
    return ProgramError(
        "cpu_limit", f"The program used more than {limits.cpu_seconds} seconds of processor time."
    )


def _memory_error(limits: Limits) -> ProgramError:
    size = limits.memory_bytes // 1_000_000
    return ProgramError(
        "out_of_memory", f"The program needed more memory than the {size:,} MB that it may use."
    )


def _output_error(limits: Limits) -> ProgramError:
    size = _FLOOD * limits.stdout_bytes
    return ProgramError("output_limit", f"The program printed more than {size:,} bytes and was stopped.")
