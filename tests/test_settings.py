"""Settings from the environment: a bad value stops the start with a sentence that names the variable."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a-secret-of-more-than-fifty-random-characters-0123456789"
SHARED_SECRETS = {"SECRET_KEY": SECRET, "LINK_SIGNING_KEYS": SECRET}
POSTGRES = {"DATABASE_URL": "postgres://site:hunter2@db.example:5432/site"}

GOOD: list[dict[str, str]] = [
    {},
    {"PORT": "9000", "DEBUG": "yes", "LOG_FORMAT": "json"},
    {"DEBUG": "0", "ALLOWED_HOSTS": "a.example, b.example"},
    {**SHARED_SECRETS, **POSTGRES},
    {"SITE_URL": "https://artifacts.example"},
    {"DIRECT_UPLOADS": "true", "S3_BUCKET": "site", "S3_ENDPOINT_URL": "https://s3.example"},
    {"LINK_SIGNING_KEYS": f"{SECRET},another-{SECRET}"},
]
BAD: list[tuple[str, dict[str, str]]] = [
    ("PORT", {"PORT": "eighty"}),
    ("PORT", {"PORT": "0"}),
    ("PORT", {"PORT": "65536"}),
    ("DEBUG", {"DEBUG": "maybe"}),
    ("SITE_URL", {"SITE_URL": "artifacts.example"}),
    ("SITE_URL", {"SITE_URL": "ftp://artifacts.example"}),
    ("REDIS_URL", {"REDIS_URL": "localhost:6379"}),
    ("SERVE_CONTENT", {"SERVE_CONTENT": "apache"}),
    ("DIRECT_UPLOADS", {"DIRECT_UPLOADS": "true", "S3_ENDPOINT_URL": "http://s3.example"}),
    ("DIRECT_UPLOADS", {"DIRECT_UPLOADS": "true", "S3_BUCKET": "site"}),
    ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
    ("LOG_LEVEL", {"LOG_LEVEL": "chatty"}),
    ("WORKER_THREADS", {"WORKER_THREADS": "0"}),
    ("CEILING_FILES", {"CEILING_FILES": "-1"}),
    ("GARBAGE_GRACE_HOURS", {"GARBAGE_GRACE_HOURS": "0"}),
    ("MAX_ARTIFACT_BYTES", {"MAX_ARTIFACT_BYTES": "2GB"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "all"}),
    ("SECRET_KEY", {"SECRET_KEY": "short"}),
    ("SECRET_KEY", {"SECRET_KEY": "django-insecure-" + SECRET}),
    ("SECRET_KEY", POSTGRES),
    ("LINK_SIGNING_KEYS", {**POSTGRES, "SECRET_KEY": SECRET}),
    ("SECRET_KEY_FILE", {"SECRET_KEY_FILE": "/nowhere/at/all"}),
    ("DATABASE_URL", {**SHARED_SECRETS, "DATABASE_URL": "hunter2"}),
    ("AGENT_BASE_URL", {"AGENT_BASE_URL": "localhost"}),
]
# A blank key would sign and accept what anybody can make.
BLANK_KEYS: list[tuple[str, dict[str, str]]] = [
    ("LINK_SIGNING_KEYS", {"LINK_SIGNING_KEYS": ","}),
    ("LINK_SIGNING_KEYS", {"LINK_SIGNING_KEYS": f"{SECRET},"}),
]


def started(given: dict[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import artifactsite.settings as s; print(s.SECRET_KEY, *s.LINK_SIGNING_KEYS)",
        ],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(folder), **given},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, "subprocess.CompletedProcess[str]"]:
    """Every start of this file, two at a time: what each wrote and how it ended."""
    cases = [*GOOD, *(given for _, given in BAD + BLANK_KEYS)]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda given: started(given, tmp_path_factory.mktemp("data")), cases)
        return {str(given): result for given, result in zip(cases, results, strict=True)}


def assert_stopped(result: "subprocess.CompletedProcess[str]", name: str) -> None:
    assert result.returncode != 0
    sentence = result.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in sentence
    assert name in sentence
    assert "hunter2" not in result.stderr, "a password must not be printed"


def test_good_values_start(starts: dict) -> None:
    for given in GOOD:
        assert starts[str(given)].returncode == 0, starts[str(given)].stderr


def test_bad_values_stop_the_start_and_name_their_variable(starts: dict) -> None:
    for name, given in BAD:
        assert_stopped(starts[str(given)], name)


def test_blank_signing_keys_stop_the_start(starts: dict) -> None:
    for name, given in BLANK_KEYS:
        assert_stopped(starts[str(given)], name)


def test_a_machine_of_its_own_makes_its_secrets_once_and_keeps_them(tmp_path: Path) -> None:
    first, second = (started({}, tmp_path).stdout for _ in range(2))
    assert first == second
    keys = first.split()
    assert len(keys) == 2
    assert keys[0] != keys[1]
    assert min(map(len, keys)) >= 50
    for file in (tmp_path / "secrets").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    assert started({"SECRET_KEY_FILE": str(file)}, tmp_path).stdout.split()[0] == SECRET


@pytest.mark.parametrize("list_of_all", ["docs/operations.md", ".env.example"])
def test_every_setting_is_listed(list_of_all: str) -> None:
    read = re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "artifactsite" / "settings.py").read_text())
    listed = set(re.findall(r"[A-Z][A-Z0-9_]+", (ROOT / list_of_all).read_text()))
    assert set(read) - listed == set()
