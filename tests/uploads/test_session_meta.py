"""GET …/memory/sessionMeta, and the placeholder in instructions."""

import json

import pytest

from projects.models import Project
from tests.cast import Cast
from tests.uploads.received import received, uploads_of
from uploads.sessionmeta import fill_in

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

PLACEHOLDER = "{{memory.sessionMeta.artifacts}}"


def address(cast: Cast) -> str:
    return f"/api/conversations/{cast.conversation.pk}/memory/sessionMeta"


def test_a_conversation_without_files_has_an_empty_list(cast: Cast) -> None:
    assert cast.api("alice").get(address(cast)).json() == {"content": {"artifacts": []}}


def test_it_lists_all_files_oldest_first_with_exactly_the_promised_fields(cast: Cast) -> None:
    first, second = received(cast, "app-export.json", b"{}"), received(cast, "sales.csv", b"a,b\n1,2\n")
    cast.api("alice").patch(f"{uploads_of(cast)}/{first.file_id}", {"isActive": False})
    answer = cast.api("alice").get(address(cast))
    assert answer.status_code == 200
    shown = {row["fileId"]: row for row in cast.api("alice").get(uploads_of(cast)).json()["results"]}
    assert answer.json() == {
        "content": {
            "artifacts": [
                {
                    "fileId": upload.file_id,
                    "type": "file",
                    "filename": name,
                    "mimetype": media_type,
                    "isActive": active,
                    "downloadUrl": shown[upload.file_id]["downloadUrl"],
                }
                for upload, name, media_type, active in (
                    (first, "app-export.json", "application/json", False),
                    (second, "sales.csv", "text/csv", True),
                )
            ]
        }
    }


def test_a_deleted_file_is_not_listed(cast: Cast) -> None:
    upload = received(cast)
    cast.api("alice").delete(f"{uploads_of(cast)}/{upload.file_id}")
    assert cast.api("alice").get(address(cast)).json() == {"content": {"artifacts": []}}


def test_nobody_else_reads_it(cast: Cast) -> None:
    received(cast)
    for person, status in (("bob", 404), ("adam", 404), ("carol", 404), (None, 401)):
        assert cast.api(person).get(address(cast)).status_code == status


def test_the_placeholder_becomes_the_list_as_json(cast: Cast) -> None:
    received(cast, "Über.json", b"{}")
    artifacts = cast.api("alice").get(address(cast)).json()["content"]["artifacts"]
    filled = fill_in(f"Files: {PLACEHOLDER}.", cast.conversation)
    assert json.loads(filled.removeprefix("Files: ").removesuffix(".")) == artifacts
    assert "Über" in filled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{{ memory.sessionMeta.artifacts }}",
        "{{memory.sessionMeta}}",
        "{{memory.get_content('sessionMeta')}}",
        "{% debug %} {{ settings.SECRET_KEY }} {0.__class__} %(x)s ${HOME} #{1+1}",
        "{{memory.sessionMeta.artifacts",
    ],
)
def test_nothing_else_is_evaluated(cast: Cast, text: str) -> None:
    received(cast)
    assert fill_in(text, cast.conversation) == text


def test_a_filename_that_looks_like_a_placeholder_is_not_filled_in_again(cast: Cast) -> None:
    received(cast, f"{PLACEHOLDER}.txt")
    filled = fill_in(PLACEHOLDER, cast.conversation)
    assert json.loads(filled)[0]["filename"] == f"{PLACEHOLDER}.txt"


def test_instructions_reach_the_agent_filled_in(cast: Cast) -> None:
    upload = received(cast)
    Project.objects.filter(pk=cast.project.pk).update(agent_instructions=f"Use {PLACEHOLDER}")
    context = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/context").json()
    assert upload.file_id in context["instructions"]
    assert PLACEHOLDER not in context["instructions"]
