"""The OpenAPI schema: generated without a warning, and true of what the API really answers."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft202012Validator

from tests.cast import Cast
from tests.uploads.received import received, send

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def strict(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: strict(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def errors(schema: dict[str, Any], path: str, method: str, answer: Any) -> Iterator[str]:
    """What is wrong with `answer` by the schema's own account of `method path`."""
    responses = schema["paths"][path][method]["responses"]
    assert str(answer.status_code) in responses, f"{method} {path} does not document {answer.status_code}"
    described = strict(responses[str(answer.status_code)]["content"]["application/json"]["schema"])
    whole = {**described, "components": strict(schema["components"])}
    for error in Draft202012Validator(whole).iter_errors(answer.json()):
        yield f"{method} {path}: {error.json_path}: {error.message}"


def test_every_route_of_the_contract_is_described(schema: dict[str, Any]) -> None:
    paths = schema["paths"]
    promised = {
        "/api/projects": "get post",
        "/api/projects/{id}": "get patch",
        "/api/projects/{project_id}/members": "get post",
        "/api/projects/{project_id}/members/{user_id}": "patch delete",
        "/api/conversations": "get post",
        "/api/conversations/{id}": "get patch delete",
        "/api/conversations/{conversation_id}/messages": "get post",
        "/api/conversations/{conversation_id}/tool-results": "post",
        "/api/conversations/{conversation_id}/programs": "post",
        "/api/conversations/{conversation_id}/context": "get",
        "/api/conversations/{conversation_id}/artifacts": "get",
        "/api/conversations/{conversation_id}/uploads": "get post",
        "/api/conversations/{conversation_id}/uploads/{file_id}": "get patch delete",
        "/api/conversations/{conversation_id}/memory/sessionMeta": "get",
        "/api/turns/{id}": "get",
        "/api/artifacts": "get",
        "/api/artifacts/{id}": "get patch delete",
        "/api/artifacts/{id}/save": "post",
        "/api/artifacts/{id}/share": "post",
        "/api/artifacts/{id}/versions": "get post",
        "/api/mentions": "get",
        "/api/upload-config": "get",
        "/api/files/public": "get",
    }
    for path, methods in promised.items():
        assert path in paths, path
        assert set(methods.split()) <= set(paths[path]), path


def test_answers_are_as_described(schema: dict[str, Any], cast: Cast) -> None:
    artifact, upload = cast.artifact(saved="project"), received(cast)
    cast.artifact("t", "table", [{"a": 1}])
    alice, adam, conversation = (
        cast.api("alice"),
        cast.api("adam"),
        f"/api/conversations/{cast.conversation.pk}",
    )
    turn = alice.post(f"{conversation}/programs", {"code": "print(1)"})
    in_conversation = "/api/conversations/{conversation_id}"
    answers = [
        ("/api/projects", "get", alice.get("/api/projects")),
        ("/api/projects", "post", alice.post("/api/projects", {"name": "New"})),
        ("/api/projects/{id}", "get", alice.get(f"/api/projects/{cast.project.pk}")),
        ("/api/projects/{id}", "patch", adam.patch(f"/api/projects/{cast.project.pk}", {"max_files": 5})),
        ("/api/projects/{project_id}/members", "get", alice.get(f"/api/projects/{cast.project.pk}/members")),
        (
            "/api/projects/{project_id}/members",
            "post",
            adam.post(f"/api/projects/{cast.project.pk}/members", {"user": "carol"}),
        ),
        ("/api/conversations", "get", alice.get("/api/conversations")),
        ("/api/conversations", "post", alice.post("/api/conversations", {"project": str(cast.project.pk)})),
        ("/api/conversations/{id}", "get", alice.get(conversation)),
        (f"{in_conversation}/messages", "post", alice.post(f"{conversation}/messages", {"body": "see @t"})),
        (f"{in_conversation}/messages", "get", alice.get(f"{conversation}/messages")),
        (f"{in_conversation}/programs", "post", turn),
        ("/api/turns/{id}", "get", alice.get(f"/api/turns/{turn.json()['id']}")),
        (f"{in_conversation}/artifacts", "get", alice.get(f"{conversation}/artifacts")),
        ("/api/artifacts", "get", alice.get("/api/artifacts")),
        ("/api/artifacts", "get", cast.api("bob").get("/api/artifacts?scope=shared")),
        ("/api/artifacts/{id}", "get", alice.get(f"/api/artifacts/{artifact.pk}")),
        ("/api/artifacts/{id}", "patch", alice.patch(f"/api/artifacts/{artifact.pk}", {"name": "x"})),
        ("/api/artifacts/{id}/versions", "get", alice.get(f"/api/artifacts/{artifact.pk}/versions")),
        (
            "/api/artifacts/{id}/versions",
            "post",
            alice.post(f"/api/artifacts/{artifact.pk}/versions", {"data": "2"}),
        ),
        ("/api/artifacts/{id}/share", "post", cast.api("bob").post(f"/api/artifacts/{artifact.pk}/share")),
        ("/api/artifacts/{id}/mentions", "get", alice.get(f"/api/artifacts/{artifact.pk}/mentions")),
        (f"{in_conversation}/uploads", "get", alice.get(f"{conversation}/uploads")),
        (f"{in_conversation}/uploads", "post", send(cast, ("b.txt", b"x"), ("c.exe", b"MZ"))),
        (
            f"{in_conversation}/uploads/{{file_id}}",
            "get",
            alice.get(f"{conversation}/uploads/{upload.file_id}"),
        ),
        (
            f"{in_conversation}/uploads/{{file_id}}/content",
            "get",
            alice.get(f"{conversation}/uploads/{upload.file_id}/content"),
        ),
        ("/api/upload-config", "get", alice.get(f"/api/upload-config?project={cast.project.pk}")),
    ]
    found = [error for path, method, answer in answers for error in errors(schema, path, method, answer)]
    assert found == []


def test_no_field_is_answered_that_is_not_described(schema: dict[str, Any], cast: Cast) -> None:
    upload = received(cast)
    described = schema["components"]["schemas"]
    for name, row in (
        ("Artifact", cast.api("alice").get(f"/api/artifacts/{cast.artifact().pk}").json()),
        ("Conversation", cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}").json()),
        ("Project", cast.api("alice").get(f"/api/projects/{cast.project.pk}").json()),
        (
            "Upload",
            cast.api("alice")
            .get(f"/api/conversations/{cast.conversation.pk}/uploads/{upload.file_id}")
            .json(),
        ),
    ):
        assert set(row) == set(described[name]["properties"]), name


def test_the_schema_and_its_page_are_served(cast: Cast) -> None:
    assert cast.api("alice").get("/api/schema").status_code == 200
    assert cast.api("alice").get("/api/docs").status_code == 200


def test_the_bytes_of_a_conversations_artifact_may_be_of_any_type(schema: dict[str, Any]) -> None:
    described = schema["paths"]["/api/conversations/{conversation_id}/artifacts/{id}"]["get"]
    assert set(described["responses"]["200"]["content"]) == {"*/*"}
