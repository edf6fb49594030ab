"""Root's workers are tested by all the rest; here the same without any privilege, as a developer runs it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SOMEBODY = 12345  # a user id that needs no account


@pytest.fixture
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, str]]:
    """A Python that somebody without rights may run, and its environment."""
    if os.geteuid() != 0:
        pytest.skip("all tests run as an ordinary user already")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), sysconfig.get_path("purelib")]),
    }
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if (
            python
            and as_somebody([python, "-c", "import pytest, playground.sandbox"], environment).returncode == 0
        ):
            return [python], environment
    pytest.skip("no Python here can be run by an ordinary user with this project's packages")


def as_somebody(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            arguments,
            user=SOMEBODY,
            group=SOMEBODY,
            extra_groups=[],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(arguments, 126, "", str(error))


def test_check(command: tuple[list[str], dict[str, str]]) -> None:
    python, environment = command
    code = "from playground.sandbox import check\nreport = check()\nprint(report)\nassert report.ok"
    done = as_somebody([*python, "-c", code], environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("file", ["test_escape.py", "test_bombs.py", "test_outputs.py", "test_leftovers.py"])
def test_everything(command: tuple[list[str], dict[str, str]], file: str) -> None:
    python, environment = command
    folder = Path(__file__).parent
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(PROJECT)]
    options += ["--import-mode=importlib", "--confcutdir", str(folder), "-m", "not slow"]
    done = as_somebody([*python, "-m", "pytest", *options, str(folder / file)], environment)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
