"""Attempts to get out of the sandbox, from inside, with ctypes. Each one must fail."""

import contextlib
import os
import socket
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.sandbox import InputFile, Limits, run_program

Output = Callable[..., str]

# A probe tells by `escaped` whether it got through; an OSError means that it did not.
PRELUDE = """
import ctypes, errno, mmap, os, platform, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = dict(
    ptrace=(101, 117), keyctl=(250, 219), add_key=(248, 217), request_key=(249, 218), bpf=(321, 280),
    perf_event_open=(298, 241), userfaultfd=(323, 282), io_uring_setup=(425, 425), kexec_load=(246, 104),
    init_module=(175, 105), finit_module=(313, 273), open_by_handle_at=(304, 265), name_to_handle_at=(303, 264),
    fanotify_init=(300, 262), reboot=(169, 142), swapon=(167, 224), acct=(163, 89), syslog=(103, 116),
    personality=(135, 92), memfd_create=(319, 279), shmget=(29, 194), mq_open=(240, 180), clock_settime=(227, 112),
    adjtimex=(159, 171), unshare=(272, 97), setns=(308, 268), clone=(56, 220), clone3=(435, 435), mount=(165, 40),
    umount2=(166, 39), pivot_root=(155, 41), open_tree=(428, 428), fsopen=(430, 430), move_mount=(429, 429),
    mount_setattr=(442, 442), process_vm_readv=(310, 270), process_vm_writev=(311, 271), pidfd_getfd=(438, 438),
    kcmp=(312, 272), chroot=(161, 51), sethostname=(170, 161), capset=(126, 91), quotactl=(179, 60),
    landlock_create_ruleset=(444, 444), seccomp=(317, 277), lookup_dcookie=(212, 18), vhangup=(153, 58),
)

def call(name, *arguments):
    number = NUMBERS[name][0 if platform.machine() == "x86_64" else 1]
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(number), *[
        ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_void_p(a) if isinstance(a, int) else a
        for a in arguments
    ])

def works(name, *arguments):
    # Refused for its own sake, not for a bad argument.
    return call(name, *arguments) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS)

def child(function):
    # True if the child process survives the function.
    pid = os.fork()
    if pid == 0:
        try:
            function()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0

def connects(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as probe:
        probe.settimeout(0.5)
        probe.connect(address)
        return True

def writes(path):
    with open(path, "ab") as file:
        file.write(b"x")
    return True

def reads(path):
    with open(path, "rb") as file:
        return bool(file.read(1))

escaped = False
try:
"""
EPILOGUE = """
except (OSError, ValueError):
    pass
print("ESCAPED" if escaped else "HELD")
"""


@dataclass(frozen=True)
class Host:
    """Things outside that a probe tries to reach."""

    tcp: int
    tcp6: int
    udp: socket.socket
    unix: Path
    abstract: str
    secret: Path
    canary: str


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    canary = "canary-" + os.urandom(8).hex()
    monkeypatch.setenv("SANDBOX_CANARY", canary)
    secret = tmp_path / "secret.txt"
    secret.write_text(canary)
    tmp_path.chmod(0o755)
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        tcp6 = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        folder = Path(f"/tmp/{canary}")  # a path short enough for a socket
        folder.mkdir()
        stack.callback(folder.rmdir)
        path = folder / "socket"
        unix.bind(str(path))
        stack.callback(path.unlink)
        unix.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{canary}")
        abstract.listen()
        yield Host(tcp.getsockname()[1], tcp6.getsockname()[1], udp, path, f"\\0{canary}", secret, canary)


TCP = {
    "host loopback": "connects(socket.AF_INET, ('127.0.0.1', {host.tcp}))",
    "host loopback, IPv6": "connects(socket.AF_INET6, ('::1', {host.tcp6}))",
    "any address": "connects(socket.AF_INET, ('0.0.0.0', {host.tcp}))",
    "elsewhere": "connects(socket.AF_INET, ('192.0.2.1', 80))",
    "cloud metadata": "connects(socket.AF_INET, ('169.254.169.254', 80))",
}
UDP = {
    "host loopback": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp})) and False",
    "elsewhere": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "broadcast": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('255.255.255.255', 9))",
    "multicast": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('224.0.0.251', 5353))",
}
DNS = {
    "name": "socket.getaddrinfo('example.com', 80)",
    "local resolver": "connects(socket.AF_INET, ('127.0.0.53', 53))",
}
UNIX = {
    "host path": "connects(socket.AF_UNIX, '{host.unix}')",
    "abstract": "connects(socket.AF_UNIX, '{host.abstract}')",
    "docker": "connects(socket.AF_UNIX, '/var/run/docker.sock')",
    "dbus": "connects(socket.AF_UNIX, '/run/dbus/system_bus_socket')",
}
OTHER_SOCKETS = {
    "netlink": "socket.socket(16, socket.SOCK_RAW)",
    "packet": "socket.socket(17, socket.SOCK_RAW)",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "ping": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)",
    "vsock": "socket.socket(40, socket.SOCK_STREAM)",
    "crypto": "socket.socket(38, socket.SOCK_SEQPACKET)",
    "sctp": "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)",
    "bluetooth": "socket.socket(31, socket.SOCK_RAW)",
}
FILES = {
    "secret": "reads('{host.secret}')",
    "secret by /proc/self/root": "reads('/proc/self/root{host.secret}')",
    "secret by ..": "reads('../../../../../..{host.secret}')",
    "secret by process 1": "reads('/proc/1/root{host.secret}')",
    "secret by process 1's folder": "reads('/proc/1/cwd/../../../..{host.secret}')",
    "shadow": "reads('/etc/shadow')",
    "project": "os.listdir('{project}')",
    "root's home": "os.listdir('/root')",
    "sysfs": "os.listdir('/sys')",
    "var": "os.listdir('/var')",
    "write /usr": "writes('/usr/probe')",
    "write /": "writes('/probe')",
    "write /etc/passwd": "writes('/etc/passwd')",
    "write the environment": "writes('/env/pyvenv.cfg')",
    "write the runner": "writes('/runner/runner.py')",
    "write an input": "writes('files/input.txt')",
    "delete an input": "os.unlink('files/input.txt') is None",
    "chmod an input": "os.chmod('files/input.txt', 0o777) is None",
    "write /dev": "writes('/dev/probe')",
    "disk": "reads('/dev/sda') or reads('/dev/vda')",
    "memory": "reads('/dev/mem')",
}
ENVIRONMENT = {
    "own": "'{host.canary}' in str(os.environ)",
    "process 1": "'{host.canary}' in open('/proc/1/environ').read()",
    "PATH only": "not set(os.environ) <= {known}",
}
PROC = {
    "host's processes": "os.path.exists('/proc/{pid}') or len([p for p in os.listdir('/proc') if p.isdigit()]) > 2",
    "kill": "os.kill({pid}, 0) is None",
    "kill process 1": "[os.kill(1, 9)] and not os.path.exists('/proc/1')",
    "kernel keys": "reads('/proc/keys')",
    "kcore": "reads('/proc/kcore')",
    "core_pattern": "writes('/proc/sys/kernel/core_pattern')",
    "sysrq": "writes('/proc/sysrq-trigger')",
    "symbols": "reads('/proc/kallsyms')",
    "oom score of process 1": "writes('/proc/1/oom_score_adj') and os.getuid() == 0",
    "host paths in process 1's arguments": "'{host.secret.parent}' in open('/proc/1/cmdline').read()",
}
CAPABILITIES = {
    "setuid": "os.setuid(0) is None",
    "setgid": "os.setgid(0) is None",
    "setgroups": "os.setgroups([0]) is None",
    "capset": "works('capset', struct.pack('II', 0x20080522, 0), struct.pack('6I', *[0xFFFFFFFF] * 6))",
    "held": "any(int(l.split()[1], 16) for l in open('/proc/self/status') if l.startswith('Cap'))",
    "mknod": "os.mknod('device', 0o60666, os.makedev(8, 0)) is None",
    "chroot": "works('chroot', b'.')",
    "hostname": "works('sethostname', b'x', 1)",
    "clock": "works('clock_settime', 0, struct.pack('qq', 0, 0))",
    "nice": "os.nice(-5)",
    "setuid binary": "os.system('su -c true >/dev/null 2>&1') == 0",
    "raise a limit": "__import__('resource').setrlimit(9, (2**40, 2**40)) is None",
}
USER_NAMESPACES = {
    "unshare user": "works('unshare', 0x10000000)",
    "unshare mount": "works('unshare', 0x20000)",
    "clone user": "works('clone', 0x10000000 | 17, 0, 0, 0, 0)",
    "clone net": "works('clone', 0x40000000 | 17, 0, 0, 0, 0)",
    "clone3": "works('clone3', struct.pack('Q10Q', 0x10000000, *[0] * 10), 88)",
    "setns": "works('setns', os.open('/proc/1/ns/net', 0), 0)",
    "setns own": "works('setns', os.open('/proc/self/ns/uts', 0), 0)",
}
MOUNT = {
    "mount": "works('mount', b'none', b'/tmp', b'tmpfs', 0, 0)",
    "remount": "works('mount', b'none', b'/usr', b'none', 0x1020, 0)",
    "umount": "works('umount2', b'/etc', 2)",
    "pivot_root": "works('pivot_root', b'.', b'.')",
    "open_tree": "works('open_tree', -100, b'/', 1)",
    "fsopen": "works('fsopen', b'tmpfs', 0)",
    "move_mount": "works('move_mount', -100, b'/usr', -100, b'/tmp', 0)",
    "mount_setattr": "works('mount_setattr', -100, b'/', 0, bytes(32), 32)",
}
PTRACE = {
    "attach": "works('ptrace', 16, 1, 0, 0)",
    "seize": "works('ptrace', 0x4206, 1, 0, 0)",
    "trace me": "works('ptrace', 0, 0, 0, 0)",
    "read memory": "works('process_vm_readv', os.getppid(), bytes(16), 1, bytes(16), 1, 0)",
    "write memory": "works('process_vm_writev', os.getppid(), bytes(16), 1, bytes(16), 1, 0)",
    "steal a descriptor": "works('pidfd_getfd', os.pidfd_open(os.getpid()), 0, 0)",
    "kcmp": "works('kcmp', os.getpid(), 1, 0, 0, 0)",
}
KEYS = {
    "keyctl": "works('keyctl', 0, -3, 0)",
    "keyctl session": "works('keyctl', 1, 0, 0)",
    "add_key": "works('add_key', b'user', b'probe', b'x', 1, -3)",
    "request_key": "works('request_key', b'user', b'probe', 0, 0)",
}
KERNEL = {
    "bpf": "works('bpf', 0, bytes(72), 72)",
    "io_uring": "works('io_uring_setup', 8, bytes(120))",
    "perf": "works('perf_event_open', bytes(120), 0, -1, -1, 0)",
    "userfaultfd": "works('userfaultfd', 1)",
    "kexec": "works('kexec_load', 0, 0, 0, 0)",
    "init_module": "works('init_module', b'', 0, b'')",
    "finit_module": "works('finit_module', 0, b'', 0)",
    "open_by_handle_at": "works('open_by_handle_at', -100, bytes(128), 0)",
    "name_to_handle_at": "works('name_to_handle_at', -100, b'/', struct.pack('II', 120, 0) + bytes(120), bytes(8), 0)",
    "fanotify": "works('fanotify_init', 0, 0)",
    "reboot": "works('reboot', 0xFEE1DEAD, 672274793, 0, 0)",
    "swapon": "works('swapon', b'/tmp', 0)",
    "acct": "works('acct', 0)",
    "syslog": "works('syslog', 3, bytes(100), 100)",
    "quotactl": "works('quotactl', 0x800001, 0, 0, 0)",
    "personality": "works('personality', 0x0040000)",
    "adjtimex": "works('adjtimex', bytes(208))",
    "memfd": "works('memfd_create', b'x', 0)",
    "System V memory": "works('shmget', 0, 4096, 0o1600)",
    "message queue": "works('mq_open', b'x', 0o102, 0o600, 0)",
    "own filter": "works('seccomp', 2, 0, 0)",
    "x32": "platform.machine() == 'x86_64' and child(lambda: libc.syscall(0x40000000 | 39))",
    "32 bit calls": "platform.machine() == 'x86_64' and child(lambda: legacy_call())",
}
TERMINALS = {
    "TIOCSTI": "libc.ioctl(0, 0x5412, b'x') == 0",
    "TIOCSTI, high bits": "libc.ioctl(1, ctypes.c_ulong(0x1_0000_5412), b'x') == 0",
    "TIOCSTI is refused by the filter": "libc.ioctl(-1, 0x5412, b'x') == 0 or ctypes.get_errno() != errno.ENOTTY",
    "TIOCLINUX is refused by the filter": "libc.ioctl(-1, 0x541C, b'x') == 0 or ctypes.get_errno() != errno.ENOTTY",
    "tty": "os.open('/dev/tty', os.O_RDWR)",
    "ptmx": "os.open('/dev/ptmx', os.O_RDWR)",
    "console": "os.open('/dev/console', os.O_RDWR)",
}
DESCRIPTORS = {
    "more than three": "len(os.listdir('/proc/self/fd')) > 4",  # the fourth lists
    "kinds": "[os.readlink(f'/proc/self/fd/{{n}}').split(':')[0] for n in range(3)] != ['/dev/null', 'pipe', 'pipe']",
    "all closed": "any(not fails(n) for n in range(3, 512))",
}
LEGACY_CALL = """
def legacy_call():
    # mov eax, 20 (getpid); int 0x80; ret
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()

def fails(number):
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
"""
KNOWN_VARIABLES = {
    *("PATH", "HOME", "TMPDIR", "USER", "LANG", "TZ", "PYTHONPATH", "MPLBACKEND", "MPLCONFIGDIR", "PWD"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MALLOC_ARENA_MAX"),
}


def probe(output: Output, host: Host, expression: str, **options: object) -> str:
    filled = expression.format(
        host=host,
        udp=host.udp.getsockname()[1],
        pid=os.getpid(),
        project=Path(__file__).parents[3],
        known=KNOWN_VARIABLES,
    )
    return output(f"{LEGACY_CALL}{PRELUDE}    escaped = bool({filled})\n{EPILOGUE}", **options).strip()


def group(probes: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("expression", probes.values(), ids=probes.keys())


@group(TCP)
def test_tcp(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(UDP)
def test_udp(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"
    with pytest.raises(BlockingIOError):
        host.udp.recv(10)


@group(DNS)
def test_dns(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(UNIX)
def test_unix_sockets(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(OTHER_SOCKETS)
def test_other_sockets(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(FILES)
def test_host_files(output: Output, host: Host, expression: str) -> None:
    inputs = [InputFile(host.secret, "input.txt")]
    assert probe(output, host, expression, inputs=inputs) == "HELD"
    assert host.secret.read_text() == host.canary
    assert host.secret.stat().st_mode & 0o777 == 0o644


@group(ENVIRONMENT)
def test_environment(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(PROC)
def test_proc(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(CAPABILITIES)
def test_capabilities(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(USER_NAMESPACES)
def test_namespaces(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(MOUNT)
def test_mount(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(PTRACE)
def test_ptrace(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(KEYS)
def test_keys(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(KERNEL)
def test_kernel(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(TERMINALS)
def test_terminals(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


@group(DESCRIPTORS)
def test_inherited_descriptors(output: Output, host: Host, expression: str) -> None:
    assert probe(output, host, expression) == "HELD"


def test_a_probe_that_gets_through_is_noticed(output: Output, host: Host) -> None:
    assert probe(output, host, "reads('/etc/passwd')") == "ESCAPED"


def test_other_runs(output: Output) -> None:
    """Two programs at the same time: neither sees the other's files, sockets or processes."""
    marker = "marker-" + os.urandom(8).hex()
    hides = f"""
        import os, socket, sys
        for folder in (".", "/tmp", "/dev/shm", "/sandbox/values"):
            open(f"{{folder}}/{marker}", "w").write("secret")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("\\0{marker}")
        listener.listen()
        tcp = socket.create_server(("127.0.0.1", 45678))
        print("ready")
        while True:
            pass
    """
    seeks = f"""
        import os, socket
        found = [path for path, _, names in os.walk("/sandbox") if "{marker}" in names]
        for family, address in ((socket.AF_UNIX, "\\0{marker}"), (socket.AF_INET, ("127.0.0.1", 45678))):
            with socket.socket(family) as probe:
                if probe.connect_ex(address) == 0:
                    found.append(address)
        print(found, len([name for name in os.listdir("/proc") if name.isdigit()]))
    """
    ready, done = threading.Event(), threading.Event()

    def hide() -> None:
        limits = Limits(wall_seconds=20)
        program = textwrap.dedent(hides)
        with run_program(program, limits=limits, on_output=lambda _: ready.set(), cancelled=done.is_set):
            pass

    thread = threading.Thread(target=hide)
    thread.start()
    try:
        assert ready.wait(10)
        assert output(seeks) == "[] 2\n"
    finally:
        done.set()
        thread.join()
