"""A virus scanner for tests: Debian's clamd where it is installed, else a server that speaks its protocol."""

import contextlib
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers import free_port

# The pieces are put together here, so that no scanner takes this file for what it is about.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
STARTING = 60  # seconds; clamd compiles its signatures first


def program() -> str | None:
    return shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


@contextlib.contextmanager
def real(folder: Path, *, over: str) -> Iterator[str]:
    """clamd with one signature of its own, over `tcp` or `unix`; yields its URL."""
    signatures = folder / "signatures"
    signatures.mkdir()
    (signatures / "own.ndb").write_text(f"Test.EICAR:0:*:{EICAR.hex()}\n")
    for part in (folder, signatures):
        part.chmod(0o755)
    port, path = free_port(), folder / "clamd.socket"
    where = f"LocalSocket {path}" if over == "unix" else f"TCPSocket {port}\nTCPAddr 127.0.0.1"
    config = folder / "clamd.conf"
    config.write_text(
        f"Foreground yes\nDatabaseDirectory {signatures}\n{where}\nUser root\nStreamMaxLength 2M\nMaxThreads 4\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program() or "clamd", "-c", str(config)], stdout=log, stderr=log)
    address: tuple[str, int] | str = str(path) if over == "unix" else ("127.0.0.1", port)
    try:
        _await(address, process, folder / "log")
        yield f"unix://{path}" if over == "unix" else f"tcp://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _await(address: tuple[str, int] | str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + STARTING
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            if probe.connect_ex(address) == 0:
                return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"clamd did not start:\n{log.read_text()}")
        time.sleep(0.1)


class _Talk(socketserver.StreamRequestHandler):
    """One INSTREAM, judged by whether the test signature is in it."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
            if len(content) > 2 * 1024 * 1024:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.wfile.write(b"stream: Test.EICAR FOUND\0" if EICAR in content else b"stream: OK\0")


@contextlib.contextmanager
def imitated() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
