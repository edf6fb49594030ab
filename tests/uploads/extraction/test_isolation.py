"""What a document can't do: crash, hang, swell, spy, or take its neighbours with it."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from uploads.extraction import ExtractionError, ExtractionLimits, ExtractionPool
from uploads.extraction.sniff import DOCX, PDF, TEXT

from . import documents

PATIENCE_SECONDS = 20
NEVER = 100.0  # as the share of the limits at which a reader stops by itself
ROOT = Path(__file__).resolve().parents[3]


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for `condition` to become true; fail where it doesn't."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.005)


def server_of(pool: ExtractionPool) -> psutil.Process:
    assert pool._server is not None
    return psutil.Process(pool._server.process.pid)


@pytest.fixture
def harmless(tmp_path: Path) -> Path:
    path = tmp_path / "harmless.txt"
    path.write_text("harmless")
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A small DOCX that takes many seconds."""
    path = tmp_path / "endless.docx"
    path.write_bytes(documents.docx(documents.paragraph("x") * 400_000))
    return path


def read_text(pool: ExtractionPool, path: Path) -> str:
    return pool.extract(path, filename=path.name, media_type=TEXT).text


def failure(pool: ExtractionPool, path: Path, media_type: str, limits: ExtractionLimits) -> ExtractionError:
    with pytest.raises(ExtractionError) as caught:
        pool.extract(path, filename=path.name, media_type=media_type, limits=limits)
    return caught.value


def test_pdf_that_aborts_pdfium_goes_to_the_other_reader(
    pool: ExtractionPool, tmp_path: Path, harmless: Path
) -> None:
    form = documents.stream(
        b"/X Do /X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 4 0 R >> >>",
    )
    path = tmp_path / "recursive.pdf"
    path.write_bytes(documents.pdf_of_contents([b"/X Do"], b"/XObject << /X 4 0 R >>", [form]))
    read_text(pool, harmless)
    server = server_of(pool)
    extracted = pool.extract(path, filename="x.pdf", media_type=PDF)
    assert extracted.engine == "pypdf"
    assert "simpler one" in extracted.warnings[-1]
    assert read_text(pool, harmless) == "harmless"
    assert server_of(pool) == server


def test_reading_gives_way_to_the_pages_of_the_same_machine(pool: ExtractionPool, harmless: Path) -> None:
    read_text(pool, harmless)
    assert server_of(pool).nice() == max(10, os.nice(0))


def test_a_crash_is_reported_and_costs_nobody_else(
    pool: ExtractionPool, endless: Path, harmless: Path
) -> None:
    read_text(pool, harmless)
    server = server_of(pool)
    with ThreadPoolExecutor(1) as other:
        result = other.submit(failure, pool, endless, DOCX, ExtractionLimits())
        until(server.children)
        server.children()[0].send_signal(signal.SIGSEGV)
        assert result.result().code == "crashed"
    assert read_text(pool, harmless) == "harmless"
    assert server_of(pool) == server


def test_too_much_cpu(pool: ExtractionPool, endless: Path) -> None:
    error = failure(pool, endless, DOCX, ExtractionLimits(cpu_seconds=1, soft_share=NEVER))
    assert error.code == "timed_out"
    assert error.retry
    assert error.cpu_seconds < 3


def test_too_much_time(pool: ExtractionPool, endless: Path, harmless: Path) -> None:
    read_text(pool, harmless)
    error = failure(pool, endless, DOCX, ExtractionLimits(wall_seconds=0.3, soft_share=NEVER))
    assert error.code == "timed_out"
    assert not server_of(pool).children()


def test_a_reader_stops_in_time_with_what_it_has(pool: ExtractionPool, endless: Path) -> None:
    extracted = pool.extract(
        endless, filename="x.docx", media_type=DOCX, limits=ExtractionLimits(cpu_seconds=2, soft_share=0.5)
    )
    assert extracted.text.startswith("x")
    assert extracted.truncated
    assert "time" in extracted.warnings[0]


def test_too_much_memory(pool: ExtractionPool, endless: Path, harmless: Path) -> None:
    error = failure(pool, endless, DOCX, ExtractionLimits(data_bytes=30_000_000))
    assert error.code == "out_of_memory"
    assert read_text(pool, harmless) == "harmless"


@pytest.mark.slow
def test_a_bomb_of_a_gigabyte_in_a_page(pool: ExtractionPool, tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    content = b"".join([*(packer.compress(b" " * 10_000_000) for _ in range(100)), packer.flush()])
    bomb = documents.pdf_of_contents([b""]).replace(
        b"<< /Length 0 >>\nstream\n",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b" % (len(content), content),
    )
    path = tmp_path / "bomb.pdf"
    path.write_bytes(bomb)
    started = time.monotonic()
    with contextlib.suppress(ExtractionError):
        assert len(pool.extract(path, filename="x.pdf", media_type=PDF).text) < 100
    assert time.monotonic() - started < 50


def test_neighbours_of_a_bad_document(pool: ExtractionPool, endless: Path, harmless: Path) -> None:
    read_text(pool, harmless)
    server = server_of(pool)
    with ThreadPoolExecutor(2) as threads:
        bad = threads.submit(failure, pool, endless, DOCX, ExtractionLimits(soft_share=NEVER))
        until(server.children)
        (child,) = server.children()
        assert [read_text(pool, harmless) for _ in range(10)] == ["harmless"] * 10
        assert not bad.done()
        child.kill()
        assert bad.result().code == "crashed"


def test_the_server_is_replaced_when_it_was_killed(pool: ExtractionPool, harmless: Path) -> None:
    read_text(pool, harmless)
    first = server_of(pool)
    first.kill()
    first.wait()
    assert read_text(pool, harmless) == "harmless"
    assert server_of(pool) != first


def test_a_stop_that_is_sent_to_all_processes_ends_no_reading(
    pool: ExtractionPool, tmp_path: Path, harmless: Path
) -> None:
    path = tmp_path / "long.docx"
    path.write_bytes(documents.docx(documents.paragraph("word") * 30_000))
    read_text(pool, harmless)
    server = server_of(pool)
    with ThreadPoolExecutor(1) as other:
        result = other.submit(pool.extract, path, filename="x.docx", media_type=DOCX)
        until(server.children)
        for process in (*server.children(), server):
            process.send_signal(signal.SIGTERM)
        assert result.result().text.count("word") == 30_000
    assert server_of(pool) == server


def test_a_document_survives_the_death_of_its_server(
    pool: ExtractionPool, tmp_path: Path, harmless: Path
) -> None:
    path = tmp_path / "long.docx"
    path.write_bytes(documents.docx(documents.paragraph("word") * 30_000))
    read_text(pool, harmless)
    first = server_of(pool)
    with ThreadPoolExecutor(1) as other:
        result = other.submit(pool.extract, path, filename="x.docx", media_type=DOCX)
        until(first.children)
        child = first.children()[0]
        first.kill()
        assert result.result().text.count("word") == 30_000
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_server_dies_with_its_owner(harmless: Path) -> None:
    script = (
        "import sys, os; from pathlib import Path; from uploads.extraction import ExtractionPool\n"
        "pool = ExtractionPool()\n"
        f"pool.extract(Path({str(harmless)!r}), filename='x.txt', media_type='text/plain')\n"
        "print(pool._server.process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    server = int(done.stdout)
    until(lambda: not psutil.pid_exists(server) or psutil.Process(server).status() == psutil.STATUS_ZOMBIE)


def test_a_thread_may_end_before_the_server(pool: ExtractionPool, harmless: Path) -> None:
    thread = threading.Thread(target=read_text, args=(pool, harmless))
    thread.start()
    thread.join()
    server = server_of(pool)
    assert read_text(pool, harmless) == "harmless"
    assert server_of(pool) == server


def test_a_forked_copy_has_a_server_of_its_own(pool: ExtractionPool, harmless: Path) -> None:
    read_text(pool, harmless)
    ours = server_of(pool).pid
    child = os.fork()
    if child == 0:
        code = 1
        try:
            good = read_text(pool, harmless) == "harmless" and server_of(pool).pid != ours
            pool.close()
            code = 0 if good else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read_text(pool, harmless) == "harmless"
    assert server_of(pool).pid == ours


def test_progress_and_giving_up(pool: ExtractionPool, tmp_path: Path, harmless: Path) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(documents.pdf([f"page {number}" for number in range(300)]))
    seen: list[tuple[int, int]] = []
    pool.extract(
        path, filename="x.pdf", media_type=PDF, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (300, 300)
    assert seen == sorted(seen)

    def give_up(done: int, total: int) -> None:
        raise KeyError("the lease was lost")

    with pytest.raises(KeyError):
        pool.extract(path, filename="x.pdf", media_type=PDF, on_progress=give_up)
    assert read_text(pool, harmless) == "harmless"
    until(lambda: not server_of(pool).children())


@pytest.mark.slow
def test_many_that_end_together_do_not_end_the_server(tmp_path: Path) -> None:
    """A child's end and the last progress of another may come in the same moment."""
    pool = ExtractionPool(8)
    paths = [tmp_path / f"{number}.txt" for number in range(400)]
    for path in paths:
        path.write_text(path.name)

    def read(path: Path) -> str:
        progress = [].append
        return pool.extract(
            path, filename=path.name, media_type=TEXT, on_progress=lambda *parts: progress(parts)
        ).text

    read(paths[0])
    server = server_of(pool)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, paths)) == [path.name for path in paths]
    assert server_of(pool) == server
    pool.close()


def test_nothing_is_left_open(pool: ExtractionPool, harmless: Path) -> None:
    read_text(pool, harmless)
    before = server_of(pool).num_fds(), psutil.Process().num_fds()
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: read_text(pool, harmless), range(40))) == {"harmless"}
    until(lambda: server_of(pool).num_fds() <= before[0])
    assert psutil.Process().num_fds() <= before[1]


def test_no_secret_reaches_the_server(
    pool: ExtractionPool, harmless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgres://hunter2")
    read_text(pool, harmless)
    assert "hunter2" not in str(server_of(pool).environ())


def test_a_closed_pool_can_be_used_again(pool: ExtractionPool, harmless: Path) -> None:
    read_text(pool, harmless)
    server = server_of(pool)
    pool.close()
    assert not server.is_running()
    assert read_text(pool, harmless) == "harmless"


CONFINED = """
import os, socket, sys
from pathlib import Path
from uploads.extraction.confine import lock_down
from uploads.extraction.protocol import ExtractionLimits
folder = Path(sys.argv[1])
print(*lock_down(ExtractionLimits(), [folder / "document"]))
def attempt(name, action):
    try:
        action()
        print(name, "possible")
    except OSError as error:
        print(name, "refused")
attempt("document", lambda: (folder / "document").read_bytes())
attempt("secret", lambda: (folder / "secret").read_bytes())
attempt("passwords", lambda: Path("/etc/passwd").read_bytes())
attempt("write", lambda: (folder / "new").write_bytes(b"x"))
attempt("overwrite", lambda: (folder / "document").write_bytes(b"x"))
attempt("internet", lambda: socket.create_connection(("127.0.0.1", 9), 1))
attempt("unix socket", lambda: socket.socket(socket.AF_UNIX))
attempt("fork", os.fork)
attempt("program", lambda: os.execv("/bin/true", ["true"]))
attempt("kill", lambda: os.kill(os.getppid(), 0))
"""


def test_what_a_confined_process_may_do(tmp_path: Path) -> None:
    for name in ("document", "secret"):
        (tmp_path / name).write_text(name)
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    layers, *lines = done.stdout.splitlines()
    outcome = dict(line.rsplit(" ", 1) for line in lines)
    assert outcome.pop("document") == "possible"
    if "landlock" not in layers:
        for name in ("secret", "passwords", "write", "overwrite"):
            outcome.pop(name)
    if "seccomp" not in layers:
        pytest.skip("no seccomp on this machine")
    assert set(outcome.values()) == {"refused"}


def test_limits_survive_the_way_to_the_server() -> None:
    limits = ExtractionLimits(max_pages=3, ocr_languages="eng+deu")
    assert ExtractionLimits.from_json({**limits.to_json(), "unknown": 1}) == limits


def test_the_server_s_memory_lies_in_large_pages(pool: ExtractionPool, harmless: Path) -> None:
    allowed = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    kernel = tuple(int(part) for part in platform.release().split(".")[:2])
    if kernel < (6, 1) or not allowed.exists() or "[never]" in allowed.read_text():
        pytest.skip("this kernel makes no large pages when asked")
    read_text(pool, harmless)
    sums = Path(f"/proc/{server_of(pool).pid}/smaps_rollup").read_text()
    (kilobytes,) = re.findall(r"^AnonHugePages: +(\d+) kB$", sums, re.MULTILINE)
    assert int(kilobytes) > 10_000
