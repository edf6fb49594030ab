"""Uploads and extraction, measured through the real pipeline: received, queued, claimed, read in a confined child.

    python -m benchmarks.uploads all                    all of the following: `make corpus`
    python -m benchmarks.uploads corpus [extension …]   recall, CPU time and memory by format, beside its rivals
    python -m benchmarks.uploads hostile                bombs, damaged and cut files: how each ends
    python -m benchmarks.uploads queue [count]          many small documents: the pipeline's own share
    python -m benchmarks.uploads request [figures.json] one file from its request until it is ready, all CPU counted
    python -m benchmarks.uploads clients                four clients and a running site, by the clock: a calm machine's

Each makes a site of its own in a temporary folder (SQLite). All but `clients` need the shared documents
(tests/corpus.py).
"""

import contextlib
import http.client
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests import corpus
from tests.corpus import Score, documents, judge

ROOT = Path(__file__).resolve().parents[1]
MB = 1024 * 1024
MAX_SECONDS, MAX_BYTES = 60.0, 512 * MB
NEIGHBOUR = b"An ordinary neighbour of whatever else is read."


@dataclass
class Outcome:
    """How one file ended: `code` is empty for a text; CPU is that of the reader's process alone."""

    status: str
    code: str
    text: str
    cpu_seconds: float
    peak_bytes: int
    seconds: float
    recognised: bool = False  # some of its text came from OCR


class Bench:
    """A project on a site of its own, and a way in for files."""

    def __init__(self) -> None:
        from accounts.models import User
        from conversations.services import create_conversation
        from projects.models import Project
        from projects.services import create_project

        self.user = User.objects.create_user("bench", "bench@example.org", "correct horse battery")
        self.project = create_project(by=self.user, name="Bench")
        Project.objects.filter(pk=self.project.pk).update(max_files=1000, max_file_size_mb=200)
        self.project.refresh_from_db()
        self._new_conversation = lambda: create_conversation(by=self.user, project=self.project, title="")

    def receive(self, name: str, content: bytes) -> Any:
        """The upload, or the code with which it was refused."""
        from django.core.files.uploadedfile import SimpleUploadedFile

        from uploads.services import receive

        files = [SimpleUploadedFile(name, content)]
        accepted, rejected = receive(by=self.user, conversation=self._new_conversation(), files=files)
        return accepted[0] if accepted else rejected[0].code

    def read(self, upload: Any) -> Outcome:
        """Works off the upload's job until the upload is final, as a worker does."""
        from django.db import connection
        from django.utils import timezone

        from jobs.models import Job
        from jobs.services import execute
        from uploads.models import PENDING

        started = time.monotonic()
        try:
            upload.refresh_from_db()
            while upload.status in PENDING:
                Job.objects.filter(target=upload.pk, state="queued").update(available_at=timezone.now())
                execute(Job.objects.filter(target=upload.pk).latest("created_at").pk)
                upload.refresh_from_db()
            seconds = time.monotonic() - started
            text = upload.extraction.text if upload.status == "ready" else ""
            by_ocr = upload.status == "ready" and "tesseract" in upload.extraction.engine
            return Outcome(
                upload.status, upload.error_code, text, upload.cpu_seconds, upload.peak_bytes, seconds, by_ocr
            )
        finally:
            connection.close()

    def client(self) -> tuple[Any, str]:
        """A client with a token of the user's, and the address where one of their conversations takes files."""
        from django.conf import settings
        from django.test import Client

        from accounts.services import create_token

        settings.ALLOWED_HOSTS = ["testserver"]
        _, token = create_token(by=self.user, name="bench")
        address = f"/api/conversations/{self._new_conversation().pk}/uploads"
        return Client(headers={"Authorization": f"Bearer {token}"}), address

    def through(self, name: str, content: bytes) -> Outcome:
        upload = self.receive(name, content)
        return Outcome("refused", upload, "", 0, 0, 0) if isinstance(upload, str) else self.read(upload)


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="artifactsite-bench-") as folder:
        for name in ("DATABASE_URL", "REDIS_URL", "S3_BUCKET", "CLAMD_URL"):
            os.environ.pop(name, None)
        os.environ |= {
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "artifactsite.settings",
            "LOG_LEVEL": "ERROR",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from uploads import services

        try:
            yield Bench()
        finally:
            services._pool.close()


def _cpu() -> float:
    """CPU seconds of this process with its extraction server and all children of either that have ended."""
    from uploads import services

    own = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    total = sum(usage.ru_utime + usage.ru_stime for usage in own)
    server = services._pool._server
    if server is not None:
        with contextlib.suppress(OSError):
            numbers = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


# --- corpus -----------------------------------------------------------------------------------------------


def measure_corpus(extensions: list[str]) -> None:
    scores: dict[str, Score] = defaultdict(Score)
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    peaks: Counter[str] = Counter()
    recognised: dict[Path, float] = {}
    chosen = documents(*extensions)
    with bench() as site:
        warm_up(site)
        began = _cpu()
        for document in chosen:
            found = site.through(document.path.name, document.path.read_bytes())
            score = scores[document.extension]
            ended[document.extension][found.code or "ready"] += 1
            score.cpu_seconds.append(found.cpu_seconds)
            if found.recognised:
                recognised[document.path] = found.cpu_seconds
            peaks[document.extension] = max(peaks[document.extension], found.peak_bytes)
            if not document.is_locked:
                judge(score, document, found.text)
        spent = _cpu() - began
    print(
        f"{'':6}{'files':>6}{'ready':>6}{'recall':>8}{'of':>4}{'snippets':>10}{'CPU ms':>8}{'peak MB':>8}  others"
    )
    for extension, score in sorted(scores.items()):
        codes = ended[extension]
        others = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()) if code != "ready")
        print(
            f"{extension:6}{codes.total():6}{codes['ready']:6}{score.recall:8.3f}{len(score.recalls):4}"
            f"{score.snippet_share:10.3f}{mean_milliseconds(score):8.1f}{peaks[extension] / MB:8.0f}  {others}"
        )
    print(
        f"macro recall without json {macro_recall(scores):.3f};"
        f" {len(chosen) / spent:.1f} documents a CPU second, all of the pipeline counted"
    )
    for rival in RIVALS:
        beside(rival, chosen, scores, recognised)


def macro_recall(scores: dict[str, Score]) -> float:
    rated = [score.recall for extension, score in scores.items() if extension != "json" and score.recalls]
    return sum(rated) / max(1, len(rated))


def warm_up(site: Bench) -> None:
    """Starts the server and has it import every parser, so that this is not counted to the first documents."""
    for document in one_of_each():
        site.through(document.path.name, document.path.read_bytes() + b"\n" * 99)


def one_of_each() -> list[corpus.Document]:
    """The smallest document of each extension."""
    found = sorted(documents(), key=lambda document: -document.path.stat().st_size)
    return list({document.extension: document for document in found}.values())


@dataclass(frozen=True)
class Rival:
    """Another product, installed in an environment of its own: how it is made ready, and how it reads `path`."""

    name: str
    package: str
    ready: str
    read: str
    pictures: bool = False  # it reads them, by Tesseract as we do


RIVALS = (
    Rival(
        "markitdown",
        "markitdown[pdf,docx,pptx,xlsx,xls]",
        "from markitdown import MarkItDown; reader = MarkItDown(enable_plugins=False)",
        "reader.convert(path).text_content",
    ),
    Rival(
        "kreuzberg",
        "kreuzberg",
        "import kreuzberg;"
        " ocr = kreuzberg.OcrConfig(backend='tesseract', language='eng'); config = kreuzberg.ExtractionConfig(ocr=ocr)",
        "kreuzberg.extract_file_sync(path, config=config).content",
        pictures=True,
    ),
)
# CPU of its threads and of what it starts.
READER = """
import json, os, resource, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # some of its parts print
def spent():
    own, below = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime
{ready}
for line in sys.stdin:
    path = line.rstrip("\\n")
    began = spent()
    try:
        text, error = {read}, ""
    except Exception as problem:
        text, error = "", type(problem).__name__
    print(json.dumps([text, error, spent() - began]), file=answers, flush=True)
"""
PATIENCE = 120.0  # seconds that a rival may take for one file


def installed(rival: Rival, folder: str) -> str:
    """The Python of an environment with the rival in it; empty, with a word why, where it can't be had."""
    python = Path(folder) / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    install = [*uv, "pip", "install", "-q", "--python", str(python), rival.package]
    for command in ([*uv, "venv", "-q", folder], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{rival.name} could not be installed, so it is not compared: {done.stderr.strip()[-300:]}")
            return ""
    return str(python)


def beside(
    rival: Rival, chosen: list[corpus.Document], ours: dict[str, Score], recognised: dict[Path, float]
) -> None:
    """The same files by a rival. What needs OCR is apart from the others in CPU time."""
    if not rival.pictures:
        chosen = [document for document in chosen if document.path.suffix.lower() not in corpus.PICTURES]
    theirs: dict[str, Score] = defaultdict(Score)
    failed = Counter[str]()
    cpu = 0.0
    with tempfile.TemporaryDirectory(prefix=f"{rival.name}-") as folder:
        python = installed(rival, folder)
        if not python:
            return
        code = READER.format(ready=rival.ready, read=rival.read)
        reader: subprocess.Popen[str] | None = None
        for document in chosen:
            reader = reader or subprocess.Popen(
                [python, "-W", "ignore", "-c", code],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            assert reader.stdin is not None
            assert reader.stdout is not None
            stop = threading.Timer(PATIENCE, reader.kill)
            stop.start()
            reader.stdin.write(f"{document.path}\n")
            reader.stdin.flush()
            answer = reader.stdout.readline()
            stop.cancel()
            if not answer:
                print(f"{rival.name}'s process ended by {reader.wait()} on {document.path.name}")
                reader = None
            text, error, seconds = json.loads(answer) if answer else ("", "ended", 0.0)
            theirs[document.extension].cpu_seconds.append(seconds)
            cpu += 0.0 if document.path in recognised else seconds
            failed[document.extension] += bool(error) and not document.is_locked
            if not document.is_locked:
                judge(theirs[document.extension], document, text)
        if reader is not None:
            reader.communicate()
    print(f"\nBeside {rival.name}, on the same files{'' if rival.pictures else ' without pictures'}:")
    for extension in sorted(theirs):
        own, other = ours[extension], theirs[extension]
        print(
            f"{extension:6} recall {own.recall:.3f} to {other.recall:.3f}, CPU ms a document"
            f" {mean_milliseconds(own):.1f} to {mean_milliseconds(other):.1f}; it failed on {failed[extension]}"
        )
    theirs_all = sum(sum(score.cpu_seconds) for score in theirs.values())
    ours_all = sum(sum(ours[extension].cpu_seconds) for extension in theirs)
    by_ocr = [recognised[document.path] for document in chosen if document.path in recognised]
    plain = len(chosen) - len(by_ocr)
    print(
        f"macro recall without json {macro_recall({name: ours[name] for name in theirs}):.3f}"
        f" to {macro_recall(theirs):.3f}; it failed on {failed.total()}\n"
        f"CPU of {plain} files without OCR: {ours_all - sum(by_ocr):.1f} s confined to {cpu:.1f} s bare,"
        f" {plain / max(0.001, ours_all - sum(by_ocr)):.0f} to {plain / max(0.001, cpu):.0f} a CPU second:"
        f" {cpu / max(0.001, ours_all - sum(by_ocr)):.1f} times\n"
        f"CPU of {len(by_ocr)} with OCR, where it does any: {sum(by_ocr):.1f} to {theirs_all - cpu:.1f} s:"
        f" {(theirs_all - cpu) / max(0.001, sum(by_ocr)):.1f} times"
    )


def mean_milliseconds(score: Score) -> float:
    return 1000 * sum(score.cpu_seconds) / max(1, len(score.cpu_seconds))


# --- hostile ----------------------------------------------------------------------------------------------


def hostile_files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names, and what makes the content: nothing is held before its turn."""
    from tests.uploads.bombs import BOMBS, xml_in_a_package

    yield from BOMBS.items()
    for path in sorted(corpus.HOSTILE.rglob("*")):
        if not path.is_file() or path.parent == corpus.HOSTILE:
            continue
        yield path.name, path.read_bytes
        if path.parent.name == "xml":
            content = path.read_bytes()
            for folder, extension in (("word", "docx"), ("xl", "xlsx"), ("ppt", "pptx")):
                yield f"{path.stem}.{extension}", partial(xml_in_a_package, content, folder)
            yield f"{path.name}.html", path.read_bytes
        elif path.suffix in (".doc", ".vsd", ".vsdx", ".pub", ".msg"):
            yield f"{path.name}.{'docx' if path.suffix == '.vsdx' else 'ppt'}", path.read_bytes
    for document in documents():
        for share in (0.1, 0.5, 0.9):
            yield f"{share} {document.path.name}", partial(_cut, document.path, share)


def _cut(path: Path, share: float) -> bytes:
    content = path.read_bytes()
    return content[: int(len(content) * share)]


def measure_hostile() -> None:
    """Each hostile file with a neighbour read at the same time; complains of whatever breaks a promise."""
    ended: Counter[str] = Counter()
    worst_seconds, worst_bytes, complaints = 0.0, 0, []
    with bench() as site, ThreadPoolExecutor(2) as pool:
        warm_up(site)
        from uploads import services

        server = services._pool._server
        for number, (name, make) in enumerate(hostile_files()):
            upload = site.receive(name, make())
            if isinstance(upload, str):
                ended[f"refused: {upload}"] += 1
                continue
            neighbour = site.receive("neighbour.txt", NEIGHBOUR + b" %d" % number)
            reading = [pool.submit(site.read, one) for one in (upload, neighbour)]
            found, beside = (future.result() for future in reading)
            ended[f"{found.status}: {found.code}" if found.code else found.status] += 1
            worst_seconds, worst_bytes = max(worst_seconds, found.seconds), max(worst_bytes, found.peak_bytes)
            if found.seconds > MAX_SECONDS or found.peak_bytes > MAX_BYTES:
                complaints.append(f"{name}: {found.seconds:.0f} s, {found.peak_bytes / MB:.0f} MB")
            if beside.status != "ready":
                complaints.append(f"the neighbour of {name}: {beside.code}")
            if found.seconds > 10:
                print(f"{name}: {found.status} {found.code} after {found.seconds:.1f} s", flush=True)
        if services._pool._server is not server:
            complaints.append("the extraction server was lost")
    for outcome, count in sorted(ended.items()):
        print(f"{count:6} {outcome}")
    print(
        f"at most {worst_seconds:.1f} s and {worst_bytes / MB:.0f} MB;"
        f" {ended.total()} files, {len(complaints)} complaints"
    )
    print("\n".join(complaints))
    sys.exit(bool(complaints))


# --- queue ------------------------------------------------------------------------------------------------


def measure_queue(count: int) -> None:
    """`count` mixed small documents, bare and through the pipeline, on the same cores in the same run."""
    from uploads.extraction import ExtractionError, ExtractionPool, sniff

    small = [
        d
        for d in documents()
        if d.path.suffix.lower() not in corpus.PICTURES and d.path.stat().st_size < 200_000
    ]
    chosen = list(itertools.islice(itertools.cycle(small), count))
    with bench() as site:
        warm_up(site)
        before = _cpu()
        # A byte more behind each makes it another file: the same bytes would be read only once.
        uploads = [
            site.receive(document.path.name, document.path.read_bytes() + b"\n" * (number // len(small)))
            for number, document in enumerate(chosen)
        ]
        received, began = _cpu() - before, time.monotonic()
        before = _cpu()
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(site.read, [upload for upload in uploads if not isinstance(upload, str)]))
        whole, seconds = _cpu() - before, time.monotonic() - began
        from uploads import services

        bare = services._pool = ExtractionPool(2)

        def read(document: corpus.Document) -> None:
            with document.path.open("rb") as file:
                media_type = sniff(file, document.path.name)
            with contextlib.suppress(ExtractionError):
                bare.extract(document.path, filename=document.path.name, media_type=media_type)

        for document in one_of_each():
            read(document)
        before, began = _cpu(), time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(read, chosen))
        library, bare_seconds = _cpu() - before, time.monotonic() - began
    print(
        f"{len(found)} documents: receiving {1000 * received / len(found):.1f} ms CPU each; then"
        f" {len(found) / seconds:.1f} a second through the pipeline, {len(chosen) / bare_seconds:.1f} by the library"
        f" alone; {1000 * whole / len(found):.1f} to {1000 * library / len(chosen):.1f} ms CPU each:"
        f" the pipeline's own share is {1000 * (whole / len(found) - library / len(chosen)):.1f} ms"
    )
    print(dict(Counter(outcome.code or outcome.status for outcome in found)))


# --- request ----------------------------------------------------------------------------------------------

ROUNDS = 100


def measure_request(json_file: Path | None = None) -> None:
    """CPU of the request, and of all until the file is ready, in web and worker, for files of usual kinds.

    Of each part the median and the calmest tenth: other work on the machine lengthens CPU time, too.
    """
    figures: dict[str, float] = {}
    from tests.uploads.extraction import documents as made

    table = b"".join(b"%d,North,%d.50,2026-01-15,some words\n" % (row, row * 7) for row in range(26_000))
    kinds: dict[str, Callable[[int], tuple[str, bytes]]] = {
        "a PDF of 2 pages": lambda number: ("a.pdf", made.pdf([f"Page of {number}", "Second page"])),
        "a text of a line": lambda number: ("a.txt", b"Some words, %d." % number),
        f"a CSV of {len(table) / MB:.1f} MB": lambda number: ("a.csv", table + b"%d,,,,\n" % number),
    }
    with bench() as site:
        from jobs.services import execute_next
        from uploads.models import Upload

        warm_up(site)
        while execute_next("extraction"):
            """What the warming up left."""
        client, address = site.client()
        for kind, make in kinds.items():
            parts: dict[str, list[float]] = defaultdict(list)
            for number in range(-3, ROUNDS):
                name, content = make(number)
                began = time.process_time()
                _sent(client, address, name, content)
                asked, before = time.process_time(), _server_cpu()
                execute_next("extraction")
                if number >= 0:
                    parts["request"].append(asked - began)
                    parts["worker"].append(time.process_time() - asked)
                    parts["extraction server"].append(_server_cpu() - before)
                    parts["child"].append(Upload.objects.latest("created_at").cpu_seconds)
            parts["ready"] = [sum(spent) for spent in zip(*parts.values(), strict=True)]
            figures |= {f"{kind}, {part}": _milliseconds(spent, 50) for part, spent in parts.items()}
            told = (
                f"{part} {_milliseconds(spent, 50):.1f} ({_milliseconds(spent, 10):.1f})"
                for part, spent in parts.items()
            )
            print(f"{kind}, ms CPU at the median (and at the calmest tenth): {', '.join(told)}")
        smallest = []
        for _ in range(ROUNDS):
            began = time.process_time()
            client.get("/api/upload-config", {"project": str(site.project.pk)})
            smallest.append(time.process_time() - began)
        print(
            "beside it the smallest request with a token:"
            f" {_milliseconds(smallest, 50):.1f} ({_milliseconds(smallest, 10):.1f})"
        )
    if json_file:
        json_file.write_text(json.dumps(figures, indent=1) + "\n")


def _server_cpu() -> float:
    """CPU seconds of the extraction server by itself, as the kernel's scheduler counts them: to the nanosecond."""
    from uploads import services

    server = services._pool._server
    return int(Path(f"/proc/{server.process.pid}/schedstat").read_text().split()[0]) / 1e9 if server else 0.0


def _milliseconds(seconds: list[float], share: int) -> float:
    """What `share` percent stay below."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def _sent(client: Any, address: str, name: str, content: bytes) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client.post(address, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 201, answer.content


# --- clients ----------------------------------------------------------------------------------------------

CLIENTS, ROOMS_EACH, FILES_A_ROOM = 4, 6, 10


def measure_clients() -> None:
    """Small PDFs from several clients at once into a running site, then one after the other."""
    from tests.site import running_site, wait_for
    from tests.uploads.extraction import documents as made

    with (
        tempfile.TemporaryDirectory(prefix="artifactsite-bench-") as folder,
        running_site(Path(folder), API_RATE="100000000/min", LOG_LEVEL="ERROR") as site,
    ):
        person = site.person("bench")

        def all_of(rooms: list[str]) -> list[float]:
            to = http.client.HTTPConnection("127.0.0.1", site.port)
            named = [(room, f"File {file} of {room}") for room in rooms for file in range(FILES_A_ROOM)]
            return [
                _posted(to, person.token, room, made.pdf([words, "Page two"]))[0] for room, words in named
            ]

        def is_ready(room: str) -> bool:
            uploads = person.get(f"conversations/{room}/uploads").json()["results"]
            return all(upload["status"] == "ready" for upload in uploads)

        rooms = [[person.conversation() for _ in range(ROOMS_EACH)] for _ in range(CLIENTS)]
        # The first file starts the extraction server, which is not what is measured.
        room = person.conversation()
        person.finished_upload(room, person.upload(room, "a.pdf", made.pdf(["First"]))["fileId"])
        before, began = _cpu_of(site), time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            answered = list(itertools.chain(*pool.map(all_of, rooms)))
        queued = time.monotonic() - began
        for room in itertools.chain(*rooms):
            wait_for(partial(is_ready, room), seconds=300, pause=0.5)
        whole, spent, count = time.monotonic() - began, _cpu_of(site) - before, len(answered)
        print(
            f"{count} PDFs of 2 pages from {CLIENTS} clients: {count / queued:.1f} queued a second,"
            f" {count / whole:.1f} ready a second; {1000 * spent / count:.1f} ms CPU each in all the site's"
            f" processes, asking what is ready included; answered in {_spread(answered)}"
        )
        alone, there = [], []
        to = http.client.HTTPConnection("127.0.0.1", site.port)
        for room in (person.conversation() for _ in range(ROOMS_EACH)):
            for file in range(FILES_A_ROOM):
                began = time.monotonic()
                seconds, pk = _posted(to, person.token, room, made.pdf([f"Alone {file} {room}", "Page two"]))
                alone.append(seconds)
                person.finished_upload(room, pk)
                to.close()  # the server hangs up on whoever is silent for long
                there.append(time.monotonic() - began)
        print(f"one after the other: answered in {_spread(alone)}; its text there after {_spread(there)}")


def _posted(to: http.client.HTTPConnection, token: str, room: str, content: bytes) -> tuple[float, str]:
    """Seconds until a file was answered for, and its id. By hand: the client's CPU is the site's loss."""
    named = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=x"}
    began = time.monotonic()
    body = named + content + b"\r\n--x--\r\n"
    to.request("POST", f"/api/conversations/{room}/uploads", body, headers)
    answer = to.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 201, told
    return time.monotonic() - began, told["accepted"][0]["fileId"]


def _cpu_of(site: Any) -> float:
    """CPU seconds of all processes of a site, those that have ended included."""
    from tests.site import descendants

    total = 0
    for pid in (site.process.pid, *descendants(site.process.pid)):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, stat[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def _spread(seconds: list[float]) -> str:
    return f"{_milliseconds(seconds, 50):.0f} ms at the median, {_milliseconds(seconds, 95):.0f} at p95"


PARTS = ("corpus", "queue", "request", "clients", "hostile")


def measure_all() -> None:
    """Every part in a process of its own, whatever came of those before it; fails where one of them did."""
    failed = []
    for part in PARTS:
        print(f"\n=== {part}", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.uploads", part]
        failed += [part] if subprocess.run(command, cwd=ROOT, check=False).returncode else []
        print(f"=== {part}: {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def main(arguments: list[str]) -> None:
    command, *rest = arguments or ["corpus"]
    if command != "clients" and not corpus.CORPUS.is_dir():
        sys.exit(corpus.ABSENT)
    match command:
        case "all":
            measure_all()
        case "hostile":
            measure_hostile()
        case "queue":
            measure_queue(int(rest[0]) if rest else 500)
        case "request":
            measure_request(Path(rest[0]) if rest else None)
        case "clients":
            measure_clients()
        case "corpus":
            measure_corpus(rest)
        case _:
            sys.exit(f"There is no part {command!r}: all, {', '.join(PARTS)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
