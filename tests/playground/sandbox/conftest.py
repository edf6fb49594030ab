"""What the tests of the sandbox share. They run real programs; nothing is replaced."""

import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from playground.sandbox import Limits, RunResult, cgroups, owner, run_program

Run = Callable[..., RunResult]
FOLDER = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes many seconds; leave out with -m 'not slow'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("bwrap") is None:
        for item in items:
            if item.path.is_relative_to(FOLDER):
                item.add_marker(pytest.mark.skip(reason="bubblewrap (bwrap) is not installed"))


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The host's folder for temporary files; empty again at the end, like the control groups and mounts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    for parent in cgroups._parents().values():
        assert list(parent.glob(f"{owner.prefix()}*")) == []


@pytest.fixture
def run(temporary_folder: Path) -> Iterator[Run]:
    """run_program for an indented program, with short limits; results are closed at the end."""
    results = []

    def start(code: str, *, limits: Limits | None = None, **options: Any) -> RunResult:
        limits = limits or Limits(wall_seconds=20, cpu_seconds=15)
        result = run_program(textwrap.dedent(code), limits=limits, **options)
        results.append(result)
        return result

    yield start
    for result in results:
        result.close()


@pytest.fixture
def output(run: Run) -> Callable[..., str]:
    """What a program prints that must end well."""

    def start(code: str, **options: Any) -> str:
        result = run(code, **options)
        assert result.exit == "done", (result.error, result.stdout)
        return result.stdout

    return start
