"""Runs one program inside the sandbox. Executed by the programs' own Python, with no packages needed.

Until the host has answered, only this file's code runs; it gives up what the host need not share with the
program. Every module imported before the program starts is paid for by every program, so this file keeps to
those that are built in, _socket and resource; what only some programs need is imported when they do.
"""

import _ast
import _socket
import marshal
import os
import resource
import sys

_PROGRAM = "program.py"
_ERROR_FILE = "/sandbox/values/error.json"
_MAX_DETAIL = 20_000  # characters
# Address space that a program leaves for the account of its own end: modules are imported for it.
_SPARE_BYTES = 16_000_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    import traceback
    from types import CodeType
    from typing import TypedDict

    class Task(TypedDict):
        """What the host asks for."""

        code: str
        memory: str  # JSON
        limits: dict[str, tuple[int, int]]  # RLIMIT name -> soft and hard


class Memory:
    """What the program knows of its conversation."""

    def __init__(self, contents: str) -> None:
        self._contents = contents

    def get_content(self, name: str) -> object:
        """The content called `name`, as the API returns it; KeyError if there is none."""
        import json

        return json.loads(self._contents)[name]


class Source:
    """Shows the program's lines to whoever asks the module's loader for them: tracebacks, inspect, warnings."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_source(self, _name: str) -> str:
        return self._code


def main() -> None:
    control = _socket.socket(fileno=int(sys.argv[1]))
    task = _meet_host(control, with_proxy=sys.argv[2] == "1")
    control.detach()
    os.closerange(3, 4096)
    _set_limits(task["limits"])
    sys.path += ["/runner", "/sandbox/work"]
    sys.argv = [_PROGRAM]
    _prepare_matplotlib()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    own_pid = os.getpid()
    error = _run(task["code"], Memory(task["memory"]))
    if os.getpid() != own_pid:  # a fork() that ran off the end of the program
        sys.stdout.flush()
        os._exit(0)
    if error is not None:
        import json

        with open(_ERROR_FILE, "w", encoding="utf-8") as file:
            json.dump(error, file)
    sys.exit(0 if error is None else 1)


def _meet_host(control: "_socket.socket", *, with_proxy: bool) -> "Task":
    """Hand the host the folder that it will collect from, and the proxy's socket; get the task.

    The socket belongs to this network namespace, so only this run reaches the proxy, which serves it from
    outside.
    """
    descriptors = [os.open("/sandbox", os.O_RDONLY | os.O_DIRECTORY)]
    if with_proxy:
        listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            os.environ[name] = address
        descriptors.append(listener.detach())
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
    control.sendmsg([b"R"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    received = []
    while piece := control.recv(1 << 16):
        received.append(piece)
    task: Task = marshal.loads(b"".join(received))  # noqa: S302  # from the host
    return task


def _set_limits(limits: dict[str, tuple[int, int]]) -> None:
    """Lower the limits, which a process without privileges cannot raise again."""
    for name, wanted in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        _soft, given = resource.getrlimit(number)
        most = sys.maxsize if given == resource.RLIM_INFINITY else given
        spare = _SPARE_BYTES if name == "AS" else 0
        resource.setrlimit(number, (min(wanted[0], most) - spare, min(wanted[1], most)))


def _use_spare_memory() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _prepare_matplotlib() -> None:
    """It wants a folder that it can write to, and would look through all fonts if its cache were not
    there."""
    folder = os.environ["MPLCONFIGDIR"]
    os.makedirs(folder, exist_ok=True)
    source = "/env/mplconfig"
    for name in os.listdir(source) if os.path.isdir(source) else ():
        if name.endswith(".json"):
            os.symlink(f"{source}/{name}", f"{folder}/{name}")


def _run(code: str, memory: Memory) -> dict[str, str] | None:
    """Execute the program; what went wrong as {"code", "detail"}."""
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    module.__dict__.update(
        __file__=_PROGRAM, __loader__=Source(code), artifact=_artifact, memory=memory, display=_display
    )
    try:
        body, last = _compile(code)
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:  # ValueError: a NUL; then: nesting
        return {"code": "syntax_error", "detail": _describe(error, code)}
    try:
        exec(body, module.__dict__)
        if last is not None:
            _return(eval(last, module.__dict__))
        if "matplotlib.pyplot" in sys.modules:
            import sandbox_artifacts

            sandbox_artifacts.keep_open_figures()
    except SystemExit as stop:
        return _exit_error(stop)
    except MemoryError as error:
        detail = f"The program needed more memory than it may use.\n{_describe(error, code)}"
        return {"code": "out_of_memory", "detail": detail}
    except BaseException as error:
        return {"code": "exception", "detail": _describe(error, code)}
    return None


def _compile(code: str) -> "tuple[CodeType, CodeType | None]":
    """The program, and its last line apart if that is an expression, to be shown as a notebook does."""
    tree = compile(code, _PROGRAM, "exec", _ast.PyCF_ONLY_AST)  # what ast.parse does
    last = None
    if tree.body and isinstance(tree.body[-1], _ast.Expr):
        expression = tree.body.pop()
        assert isinstance(expression, _ast.Expr)
        last = compile(_ast.Expression(expression.value), _PROGRAM, "eval")
    return compile(tree, _PROGRAM, "exec"), last


def _artifact(name: str, value: object) -> None:
    """Keep `value` as an artifact called `name`: text, table, visualization or file."""
    import sandbox_artifacts  # late: most programs start faster without it

    sandbox_artifacts.artifact(name, value)


def _display(*values: object) -> None:
    """Show values in the middle of a program as the last line would be."""
    for value in values:
        _show(value)


def _return(value: object) -> None:
    """Show the last line's value, and keep it as an artifact where it is of a type that is kept."""
    _show(value)
    if isinstance(value, (str, list, dict)):
        import sandbox_artifacts

        if sandbox_artifacts.is_result(value):
            try:
                sandbox_artifacts.artifact(sandbox_artifacts.free_name("output"), value)
            except (ValueError, TypeError, OSError) as error:
                # Nobody asked for it: the program did what it was to do all the same.
                print(f"The last line's value is not kept as an artifact: {error}")


def _show(value: object) -> None:
    if value is None:
        return
    if not isinstance(value, (str, int, float, bytes, list, tuple, dict, set)):
        import sandbox_artifacts

        if any(value is figure for figure in sandbox_artifacts.open_figures()):
            return  # kept at the end, with the other figures that are open
        if sandbox_artifacts.is_displayable(value):
            sandbox_artifacts.artifact(sandbox_artifacts.free_name("output"), value)
    print(repr(value))


def _exit_error(stop: SystemExit) -> dict[str, str] | None:
    if stop.code in (None, 0):
        return None
    reason = f"status {stop.code}" if isinstance(stop.code, int) else str(stop.code)
    return {"code": "exit_status", "detail": f"The program ended itself: {reason}"[:_MAX_DETAIL]}


def _describe(error: BaseException, code: str) -> str:
    """The traceback, of the program's own lines only, and its end where it is too long."""
    _use_spare_memory()
    import linecache
    import traceback

    # The program may have written a file of this name, which would be read in the place of its lines.
    linecache.cache[_PROGRAM] = (len(code), None, code.splitlines(keepends=True), _PROGRAM)
    try:
        text = "".join(_trim(traceback.TracebackException.from_exception(error)).format())
    except Exception:  # a hostile or broken __str__
        text = type(error).__name__
    text = text.strip()
    return text if len(text) <= _MAX_DETAIL else "...\n" + text[-_MAX_DETAIL:]


def _trim(report: "traceback.TracebackException") -> "traceback.TracebackException":
    waiting = [report]
    while waiting:
        current = waiting.pop()
        own = [frame for frame in current.stack if frame.filename == _PROGRAM]
        current.stack = type(current.stack).from_list(own)
        related = [current.__cause__, current.__context__, *(getattr(current, "exceptions", None) or ())]
        waiting += [each for each in related if each is not None]
    return report


if __name__ == "__main__":
    main()
