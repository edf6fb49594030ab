"""GET /api/upload-config?project=: what the page checks before it sends."""

import uuid

import pytest

from projects.models import Project
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

PROMISED = {
    ".pdf", ".docx", ".txt", ".json", ".csv", ".xls", ".xlsx", ".ppt", ".pptx", ".htm", ".html", ".rtf",
    ".gif", ".png", ".jpg", ".jpeg", ".bmp",
}  # fmt: skip


def test_it_tells_the_limits_of_the_project(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=4, max_file_size_mb=2, max_tokens=999)
    answer = cast.api("alice").get(f"/api/upload-config?project={cast.project.pk}")
    assert answer.status_code == 200
    config = answer.json()
    assert set(config) == {"extensions", "maxFileCount", "maxFileSize", "maxTokens", "direct"}
    assert config["direct"] is False
    assert (config["maxFileCount"], config["maxFileSize"], config["maxTokens"]) == (4, 2 * 1024 * 1024, 999)
    assert set(config["extensions"]) >= PROMISED


@pytest.mark.parametrize("project", ["", "nonsense", "%00", "5", "[]"])
def test_what_is_no_id_is_refused(cast: Cast, project: str) -> None:
    answer = cast.api("alice").get(f"/api/upload-config?project={project}")
    assert answer.status_code == 400
    assert "project" in answer.json()["errors"]


def test_somebody_elses_project_is_as_absent_as_none(cast: Cast) -> None:
    foreign = cast.api("alice").get(f"/api/upload-config?project={cast.elsewhere.pk}")
    absent = cast.api("alice").get(f"/api/upload-config?project={uuid.uuid4()}")
    assert foreign.status_code == absent.status_code == 404
    assert (foreign.content, foreign.headers) == (absent.content, absent.headers)
    assert cast.api(None).get(f"/api/upload-config?project={cast.project.pk}").status_code == 401
    assert cast.api("alice").get("/api/upload-config").status_code == 400
