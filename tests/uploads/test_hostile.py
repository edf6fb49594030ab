"""Hostile files through the real pipeline: each ends in time and in bounds, and harms nobody beside it.

The affordable ones; `python -m benchmarks.uploads hostile` takes all, with every corpus file cut short.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.models import Project
from tests.cast import Cast
from tests.uploads.bombs import BOMBS, QUICK, xml_in_a_package
from tests.uploads.received import received, send
from uploads import services
from uploads.models import PENDING, Extraction, Upload, UploadStatus

pytestmark = pytest.mark.django_db

DoJobs = Callable[[], int]
FINAL_SECONDS = 60
MAX_BYTES = 512 * 1024 * 1024
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in BOMBS if name not in QUICK]


@pytest.fixture(autouse=True)
def _room(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=1000)


def judged(upload: Upload, seconds: float) -> None:
    upload.refresh_from_db()
    assert upload.status not in PENDING
    assert seconds < FINAL_SECONDS
    assert upload.peak_bytes < MAX_BYTES
    if upload.status == UploadStatus.FAILED:
        assert upload.error_code not in ("given_up", "crashed")
        assert upload.error_message


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_a_bomb_ends_and_its_neighbour_is_read(cast: Cast, do_jobs: DoJobs, name: str) -> None:
    upload, neighbour = received(cast, name, BOMBS[name]()), received(cast, "neighbour.txt", name.encode())
    server = services._pool._server
    started = time.monotonic()
    do_jobs()
    judged(upload, time.monotonic() - started)
    assert Extraction.objects.get(upload=neighbour).text == name
    assert server is None or services._pool._server is server, "the server lives on"


def taken(cast: Cast, paths: list[tuple[str, bytes]]) -> list[Upload]:
    """The uploads of what is accepted by its name and content."""
    for name, content in paths:
        assert send(cast, (name, content)).status_code in (201, 400)
    return list(Upload.objects.oldest_first())


@pytest.mark.parametrize(
    "extension", ["docx", *(pytest.param(name, marks=pytest.mark.slow) for name in ("pptx", "xls", "xlsx"))]
)
def test_hostile_office_files_end(cast: Cast, do_jobs: DoJobs, shared: Path, extension: str) -> None:
    found = sorted((shared / "hostile" / "office").glob(f"*.{extension}"))
    uploads = taken(cast, [(path.name, path.read_bytes()) for path in found])
    assert uploads
    neighbour = received(cast)
    started = time.monotonic()
    do_jobs()
    for upload in uploads:
        judged(upload, (time.monotonic() - started) / len(uploads))
    neighbour.refresh_from_db()
    assert neighbour.status == UploadStatus.READY


@pytest.mark.parametrize(
    "folder", ["word", *(pytest.param(name, marks=pytest.mark.slow) for name in ("xl", "ppt"))]
)
def test_hostile_xml_inside_a_package_ends(cast: Cast, do_jobs: DoJobs, shared: Path, folder: str) -> None:
    extension = {"word": "docx", "xl": "xlsx", "ppt": "pptx"}[folder]
    found = sorted(path for path in (shared / "hostile" / "xml").iterdir() if path.is_file())
    names = [(f"{path.stem}.{extension}", xml_in_a_package(path.read_bytes(), folder)) for path in found]
    uploads = taken(cast, names)
    assert len(uploads) == len(names)
    do_jobs()
    for upload in uploads:
        judged(upload, 0)
        text = "".join(Extraction.objects.filter(upload=upload).values_list("text", flat=True))
        assert "root:" not in text
        assert len(text) < 1_000_000
