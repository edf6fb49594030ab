"""Who may do what: every route × method × the cast × every visibility state, against one table.

A route that the table doesn't know fails, as does one that the table knows and the site doesn't. Each call is taken
back again, so that none sees what another did and one set-up serves a whole state.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from artifacts.models import Artifact
from artifacts.services import save_artifact
from conversations.models import Conversation
from jobs.models import Job
from playground.services import cancel_turn, start_program
from projects.services import remove_member, update_project
from tests.cast import Cast
from tests.routes import all_routes
from uploads.links import token_for
from uploads.models import Upload, UploadStatus
from uploads.services import receive

pytestmark = pytest.mark.django_db
engines = pytest.mark.engines  # whatever asks the rule; methods, CSRF and the admin's door don't

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTORS = ("dora", None, "carol", "bob", "adam", "alice")
REMOVED, DEACTIVATED = "project, owner removed", "project, owner deactivated"
STATES = (
    "chat",
    "private",
    "project",
    "project, sharing off",
    REMOVED,
    DEACTIVATED,
    "private, owner removed",
)
ONLY_OF_ARTIFACTS = {"private", "project", "project, sharing off"}


@dataclass
class Scene:
    """What the routes point at."""

    cast: Cast
    artifact: Artifact
    upload: Upload
    turn: Any

    @cached_property
    def ids(self) -> dict[str, Any]:
        return {
            "project": self.cast.project.pk,
            "conversation": self.cast.conversation.pk,
            "artifact": self.artifact.pk,
            "turn": self.turn.pk,
            "job": Job.objects.get(target=self.turn.pk).pk,
            "file": self.upload.file_id,
            "link": token_for(self.upload),
            "bob": self.cast.bob.pk,
        }


@pytest.fixture
def scene(cast: Cast) -> Scene:
    file = ContentFile(b"some words", name="notes.txt")
    (upload,), _ = receive(by=cast.alice, conversation=cast.conversation, files=[file])
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.FAILED)
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="1")
    cancel_turn(by=cast.alice, turn=turn)
    return Scene(cast, cast.artifact("table", "table", [{"a": 1}]), upload, turn)


def put_in_state(scene: Scene, state: str) -> None:
    cast, artifact = scene.cast, scene.artifact
    for actor in ACTORS:
        cast.api(actor)
    if state != "chat":
        save_artifact(by=cast.alice, artifact=artifact, visibility=state.partition(",")[0])
    if state.endswith("sharing off"):
        update_project(by=cast.adam, project=cast.project, allow_artifact_sharing=False)
    if state.endswith("removed"):
        remove_member(by=cast.adam, project=cast.project, user_id=cast.alice.pk)
    if state.endswith("deactivated"):
        cast.alice.is_active = False
        cast.alice.save()
    artifact.refresh_from_db()


# --- the rules ----------------------------------------------------------------------------------

Expectation = Callable[[str | None, str, int], int]
SIGNED_OUT = {"dora", None}


def is_removed(actor: str | None, state: str) -> bool:
    return actor == "alice" and state.endswith("removed")


def everybody(actor: str | None, state: str, ok: int) -> int:
    return ok


def linked(actor: str | None, state: str, ok: int) -> int:
    """What a signed link reads: for everybody, as long as its owner could read it."""
    return 404 if state.endswith(("removed", "deactivated")) else ok


def signed_in(actor: str | None, state: str, ok: int) -> int:
    return 401 if actor in SIGNED_OUT or (actor == "alice" and state == DEACTIVATED) else ok


def member(actor: str | None, state: str, ok: int) -> int:
    return 404 if actor == "carol" or is_removed(actor, state) else signed_in(actor, state, ok)


def administrator(actor: str | None, state: str, ok: int) -> int:
    seen = member(actor, state, ok)
    return 403 if seen == ok and actor in ("alice", "bob") else seen


def own(actor: str | None, state: str, ok: int) -> int:
    """Conversations and what hangs on them: their owner's only."""
    return 404 if actor in ("bob", "adam") else member(actor, state, ok)


def reader(actor: str | None, state: str, ok: int) -> int:
    return member(actor, state, ok) if state.startswith("project") else own(actor, state, ok)


def owner(actor: str | None, state: str, ok: int) -> int:
    return 403 if state.startswith("project") and actor in ("bob", "adam") else reader(actor, state, ok)


def nobody(actor: str | None, state: str, ok: int) -> int:
    """There is none: whose deletion may be undone is tests/artifacts/test_undo.py's."""
    return signed_in(actor, state, 404)


def transferring(actor: str | None, state: str, ok: int) -> int:
    """An administrator's, of what they may see, once its owner left."""
    seen = reader(actor, state, ok)
    if seen == ok and actor == "adam" and state not in (REMOVED, DEACTIVATED):
        return 409
    return 403 if seen == ok and actor in ("alice", "bob") else seen


def nothing_there(actor: str | None, state: str, ok: int) -> int:
    """What a table does not have: a picture, a page of a document."""
    return signed_in(actor, state, 404)


def staff(actor: str | None, state: str, ok: int) -> int:
    """Operations: nobody of the cast is of the staff (tests/test_operations.py has somebody who is)."""
    return signed_in(actor, state, 404)


OF_ARTIFACTS = {reader, owner, transferring, nothing_there}


def is_tried(rule: Expectation, state: str) -> bool:
    """Where artifacts alone have states, the rest needn't be tried again; what is everybody's hangs on no state."""
    if rule is everybody:
        return state == "chat"
    return state not in ONLY_OF_ARTIFACTS or rule in OF_ARTIFACTS


@dataclass(frozen=True)
class Row:
    """One method of one route: who may, what success answers, and a body that succeeds."""

    rule: Expectation
    ok: int = 200
    body: Any = None
    format: str = "json"
    # Success depends on the state too (saving twice is a conflict, say).
    by_state: dict[str, int] | None = None


def new_file() -> dict[str, Any]:
    return {"file": SimpleUploadedFile("more.txt", b"words")}


NOT_SAVED_TWICE = {"private": 409, "project": 409, "project, sharing off": 409}
P, C, A, U = (
    "api/projects",
    "api/conversations/<uuid:conversation_id>",
    "api/artifacts/<uuid:pk>",
    "/<str:file_id>",
)
TABLE: dict[str, dict[str, Row]] = {
    P: {"GET": Row(signed_in), "POST": Row(signed_in, 201, {"name": "New"})},
    f"{P}/<uuid:pk>": {"GET": Row(member), "PATCH": Row(administrator, 200, {"max_files": 3})},
    f"{P}/<uuid:pk>/agent": {
        "GET": Row(administrator),
        "PATCH": Row(administrator, 200, {"agent_model": "m"}),
    },
    # No agent is connected here, which only an administrator is told.
    f"{P}/<uuid:pk>/agent/try": {"POST": Row(administrator, 409)},
    f"{P}/<uuid:project_id>/audit": {"GET": Row(administrator)},
    f"{P}/<uuid:project_id>/members": {
        "GET": Row(member),
        "POST": Row(administrator, 201, {"user": "carol", "role": "collaborator"}),
    },
    f"{P}/<uuid:project_id>/members/<int:user_id>": {
        "PATCH": Row(administrator, 200, {"role": "administrator"}),
        # Bob may take himself out.
        "DELETE": Row(
            lambda actor, state, ok: ok if actor == "bob" else administrator(actor, state, ok), 204
        ),
    },
    "api/conversations": {
        "GET": Row(signed_in),
        "POST": Row(
            lambda actor, state, ok: (
                400 if actor == "carol" or is_removed(actor, state) else signed_in(actor, state, ok)
            ),
            201,
            "project",
        ),
    },
    "api/conversations/<uuid:pk>": {
        "GET": Row(own),
        "PATCH": Row(own, 200, {"title": "Renamed"}),
        "DELETE": Row(own, 204),
    },
    f"{C}/messages": {"GET": Row(own), "POST": Row(own, 201, {"body": "hello"})},
    f"{C}/messages/<uuid:pk>/retry": {"POST": Row(own, 202)},
    f"{C}/tool-results": {"POST": Row(own, 201, {"tool": "t", "content": "x"})},
    f"{C}/programs": {"POST": Row(own, 202, {"code": "1"})},
    f"{C}/context": {"GET": Row(own)},
    "api/turns/<uuid:pk>": {"GET": Row(own)},
    "api/turns/<uuid:pk>/cancel": {"POST": Row(own, 200)},
    "api/artifacts": {"GET": Row(signed_in)},
    A: {"GET": Row(reader), "PATCH": Row(owner, 200, {"name": "Renamed"}), "DELETE": Row(owner, 204)},
    # Nothing is deleted here; tests/artifacts/test_undo.py has who may bring something back.
    f"{A}/undelete": {"POST": Row(owner, 409)},
    f"{A}/save": {"POST": Row(owner, 200, {"name": "Kept"}, by_state=NOT_SAVED_TWICE)},
    f"{A}/transfer": {"POST": Row(transferring, 200, {"to": "bob"})},
    f"{A}/data": {"GET": Row(reader)},
    f"{A}/download": {"GET": Row(reader)},
    f"{A}/definition": {"GET": Row(reader)},
    f"{A}/preview": {"GET": Row(reader)},
    f"{A}/thumbnail": {"GET": Row(nothing_there)},
    f"{A}/rows": {"GET": Row(reader)},
    f"{A}/versions": {"GET": Row(reader), "POST": Row(owner, 201, {"type": "table", "data": [{"a": 2}]})},
    f"{A}/versions/<int:number>/restore": {"POST": Row(owner, 201)},
    f"{A}/diff": {"GET": Row(reader)},
    f"{A}/mentions": {"GET": Row(reader)},
    f"{A}/share": {"POST": Row(reader, 201)},
    f"{C}/artifacts": {"GET": Row(own)},
    f"{C}/artifacts/<uuid:pk>": {"GET": Row(own)},
    # The first takes what the list would show, which is nothing for those who own nothing.
    "api/artifacts/zip": {"GET": Row(own), "POST": Row(reader, 200, "selection")},
    "api/mentions": {"GET": Row(signed_in)},
    f"{C}/uploads": {"GET": Row(own), "POST": Row(own, 201, new_file, "multipart")},
    f"{C}/uploads{U}": {
        "GET": Row(own),
        "PATCH": Row(own, 200, {"isActive": False}),
        "DELETE": Row(own, 204),
    },
    f"{C}/uploads/retry-failed": {"POST": Row(own)},
    # It is off here, and nothing is under way; tests/uploads/test_direct.py has the rest.
    f"{C}/uploads/direct": {"POST": Row(own, 409, {"filename": "a.txt", "size": 1})},
    f"{C}/uploads/direct/<uuid:upload_id>/complete": {"POST": Row(nothing_there)},
    f"{C}/uploads{U}/retry": {"POST": Row(own)},
    f"{C}/uploads{U}/revoke-url": {"POST": Row(own)},
    f"{C}/uploads{U}/content": {"GET": Row(own)},
    "api/upload-config": {"GET": Row(member)},
    f"{C}/memory/sessionMeta": {"GET": Row(own)},
    "api/files/public": {"GET": Row(linked)},
    "api/operations": {"GET": Row(staff)},
    "api/operations/jobs": {"GET": Row(staff)},
    "api/operations/jobs/<uuid:pk>/requeue": {"POST": Row(staff)},
    "api/operations/jobs/<uuid:pk>/cancel": {"POST": Row(staff)},
    "api/schema": {"GET": Row(everybody)},
    "api/docs": {"GET": Row(everybody)},
}
QUERIES = {"api/upload-config": "?project={project}", "api/files/public": "?h={link}"}
# A stream on the ASGI side; its own tests are in tests/playground/test_turn_events.py and here below.
LIVE_PAGES = {"turns/<uuid:pk>/live"}
STREAMS = {"api/turns/<uuid:pk>/events"} | LIVE_PAGES
NOTHING = {"api/^"}


def address(route: str, scene: Scene, *, foreign: bool = False) -> str:
    """The route with the scene's ids; `foreign`: with ids that don't exist."""
    kinds = ("project", "conversation", "artifact", "turn", "job")
    subject = next((name for name in kinds if f"/{name}s/" in f"/{route}"), "")
    ids = {
        "messages/<uuid:pk>": f"messages/{scene.turn.message_id}",
        "<uuid:message_id>": scene.turn.message_id,
        "<uuid:pk>": scene.ids.get("artifact" if "artifacts/<uuid:pk>" in route else subject),
        "<uuid:project_id>": scene.ids["project"],
        "<uuid:conversation_id>": scene.ids["conversation"],
        "<uuid:upload_id>": uuid.uuid4(),
        "<str:file_id>": scene.ids["file"],
        "<int:user_id>": scene.ids["bob"],
        "<int:number>": 1,
    }
    for part, value in ids.items():
        if foreign and isinstance(value, uuid.UUID):
            value = uuid.uuid4()
        route = route.replace(part, str(value))
    return "/" + route


def call(scene: Scene, actor: str | None, method: str, route: str, row: Row | None) -> int:
    path = address(route, scene) + QUERIES.get(route, "").format(**scene.ids)
    body = row.body() if row and callable(row.body) else row.body if row else None
    if body == "project":
        body = {"project": str(scene.cast.project.pk)}
    if body == "selection":
        body = {"ids": [str(scene.artifact.pk)]}
    client = scene.cast.api(actor)
    answer = (
        client.generic(method, path)
        if body is None
        else getattr(client, method.lower())(path, body, format=row.format if row else "json")
    )
    return answer.status_code


API = [route for route in all_routes() if route.startswith("api/")]


def test_the_table_knows_every_route_of_the_api() -> None:
    assert set(API) == set(TABLE) | STREAMS - LIVE_PAGES | NOTHING


def taken_back(act: Callable[[], int]) -> int:
    """What `act` answers; what it did is undone."""
    with transaction.atomic():
        seen = act()
        transaction.set_rollback(True)
    cache.clear()
    return seen


@engines
@pytest.mark.parametrize("state", STATES)
def test_the_rule_by_itself(scene: Scene, state: str) -> None:
    """Without the doors before it, which stop whoever was deactivated."""
    put_in_state(scene, state)
    for actor in ACTORS:
        person = getattr(scene.cast, actor) if actor else AnonymousUser()
        sees = Artifact.objects.visible_to(person).filter(pk=scene.artifact.pk).exists()
        assert sees is (reader(actor, state, 200) == 200), actor
        mine = Conversation.objects.visible_to(person).filter(pk=scene.cast.conversation.pk).exists()
        assert mine is (own(actor, state, 200) == 200), actor


@engines
def test_the_rule_asks_for_saving_whatever_the_table_forbids(scene: Scene) -> None:
    """That only saved artifacts are shared is a constraint too, without which the rule still holds."""
    forbid, allow = "PRAGMA ignore_check_constraints = OFF", "PRAGMA ignore_check_constraints = ON"
    if connection.vendor == "postgresql":
        allow = "ALTER TABLE artifacts_artifact DROP CONSTRAINT artifact_shared_is_saved"
        forbid = "SELECT 1"  # it is back with the end of the test's transaction
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE" if connection.vendor == "postgresql" else "SELECT 1")
        cursor.execute(allow)
        try:
            Artifact.objects.filter(pk=scene.artifact.pk).update(visibility="project")
        finally:
            cursor.execute(forbid)
    assert Artifact.objects.visible_to(scene.cast.alice).filter(pk=scene.artifact.pk).exists()
    assert not Artifact.objects.visible_to(scene.cast.bob).filter(pk=scene.artifact.pk).exists()


Outcome = dict[tuple[str, str, str | None], int]


def differing(seen: Outcome, wanted: Outcome) -> dict[Any, str]:
    return {case: f"{seen[case]}, not {wanted[case]}" for case in wanted if seen[case] != wanted[case]}


@engines
@pytest.mark.parametrize("state", STATES)
def test_the_matrix(scene: Scene, state: str) -> None:
    put_in_state(scene, state)
    seen: Outcome = {}
    wanted: Outcome = {}
    for route, methods in TABLE.items():
        for method, row in methods.items():
            if not is_tried(row.rule, state):
                continue
            for actor in ACTORS:
                case = route, method, actor
                seen[case] = taken_back(partial(call, scene, actor, method, route, row))
                wanted[case] = row.rule(actor, state, (row.by_state or {}).get(state, row.ok))
    assert differing(seen, wanted) == {}


@pytest.mark.parametrize("actor", ACTORS)
def test_a_method_that_a_route_does_not_have_is_refused(scene: Scene, actor: str | None) -> None:
    for route, methods in TABLE.items():
        open_to_all = all(row.rule in (everybody, linked) for row in methods.values())
        for method in set(METHODS) - set(methods):
            wanted = 405 if open_to_all else signed_in(actor, "chat", 405)
            assert call(scene, actor, method, route, None) == wanted, (method, route)


@engines
@pytest.mark.parametrize("route", [route for route in TABLE if "<" in route])
def test_what_one_may_not_see_looks_like_what_does_not_exist(scene: Scene, route: str) -> None:
    method = next(iter(TABLE[route]))
    client = scene.cast.api("carol")
    hidden, absent = (
        client.generic(method, address(route, scene, foreign=foreign)) for foreign in (False, True)
    )
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert hidden.status_code == 404
    assert hidden.headers.items() == absent.headers.items()


@engines
@pytest.mark.parametrize("route", sorted(STREAMS))
def test_streams_are_their_owners_only(scene: Scene, route: str) -> None:
    path = address(route, scene)
    seen = {actor: scene.cast.api(actor).get(path).status_code for actor in ACTORS}
    assert seen == {actor: own(actor, "chat", 200) for actor in ACTORS}


def test_unsafe_calls_with_a_session_need_the_csrf_token(scene: Scene) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.cast.alice)
    for route, methods in TABLE.items():
        for method, row in methods.items():
            if method != "GET":
                answer = client.generic(method, address(route, scene), "{}", content_type="application/json")
                assert answer.status_code == 403, (route, method)
                assert answer.json()["code"] in ("permission_denied", "csrf_failed"), row


# --- pages --------------------------------------------------------------------------------------

# Who is let in, for GET and for POST; what a form then says of its fields is its own test's matter.
PAGES: dict[str, dict[str, Expectation]] = {
    "": {"GET": signed_in},
    "account": {"GET": signed_in},
    "account/theme": {"POST": everybody},
    "account/tokens": {"POST": signed_in},
    "account/password": {"GET": signed_in, "POST": signed_in},
    "account/password/set": {"GET": signed_in, "POST": signed_in},
    "account/inactive": {"GET": everybody},
    # Whoever is in no project can start none.
    "conversations": {
        "GET": signed_in,
        "POST": lambda actor, state, ok: 409 if is_removed(actor, state) else signed_in(actor, state, ok),
    },
    "conversations/<uuid:pk>": {"GET": own},
    "conversations/<uuid:pk>/rename": {"POST": own},
    "conversations/<uuid:pk>/delete": {"POST": own},
    "conversations/<uuid:pk>/messages": {"GET": own, "POST": own},
    "conversations/<uuid:pk>/messages/<uuid:message_id>/retry": {"POST": own},
    "conversations/<uuid:pk>/markdown": {"GET": own},
    "conversations/<uuid:pk>/context": {"GET": own},
    "conversations/<uuid:pk>/uploads": {"GET": own, "POST": own},
    "conversations/<uuid:pk>/uploads/retry-failed": {"POST": own},
    "conversations/<uuid:pk>/uploads/<str:file_id>/text": {"GET": own},
    "conversations/<uuid:pk>/uploads/<str:file_id>/active": {"POST": own},
    "conversations/<uuid:pk>/uploads/<str:file_id>/retry": {"POST": own},
    "conversations/<uuid:pk>/uploads/<str:file_id>/delete": {"POST": own},
    "conversations/<uuid:pk>/uploads/<str:file_id>/new-link": {"POST": own},
    "turns/<uuid:pk>": {"GET": own},
    "turns/<uuid:pk>/cancel": {"POST": own},
    "turns/<uuid:pk>/receipt": {"GET": own},
    "projects/<uuid:pk>/open": {"POST": member},
    "projects/<uuid:pk>/try-agent": {"POST": administrator},
    "projects/<uuid:pk>/settings": {"GET": administrator, "POST": administrator},
    "projects/<uuid:pk>/audit": {"GET": administrator},
    "projects/<uuid:pk>/left-behind": {"GET": administrator, "POST": administrator},
    "projects/<uuid:pk>/members": {"POST": administrator},
    "projects/<uuid:pk>/members/<int:user_id>": {"POST": administrator},
    "operations": {"GET": staff},
    "operations/jobs/<uuid:pk>/requeue": {"POST": staff},
    "operations/jobs/<uuid:pk>/cancel": {"POST": staff},
    "artifacts": {"GET": signed_in},
    # What of a selection is whose, its tests say: tests/artifacts/test_selection.py.
    "artifacts/delete": {"POST": signed_in},
    "artifacts/save": {"POST": signed_in},
    "artifacts/zip": {"POST": signed_in},
    "artifacts/deletions/<uuid:pk>/undo": {"POST": nobody},
    "artifacts/<uuid:pk>": {"GET": reader},
    "artifacts/<uuid:pk>/image": {"GET": nothing_there},
    "artifacts/<uuid:pk>/frame": {"GET": nothing_there},
    "artifacts/<uuid:pk>/media": {"GET": nothing_there},
    "artifacts/<uuid:pk>/page": {"GET": nothing_there},
    "artifacts/<uuid:pk>/rows": {"GET": reader},
    "artifacts/<uuid:pk>/grid": {"POST": reader},
    "artifacts/<uuid:pk>/card": {"GET": reader},
    "artifacts/<uuid:pk>/tile": {"GET": reader},
    "artifacts/<uuid:pk>/diff": {"GET": reader},
    "artifacts/<uuid:pk>/save": {"GET": owner, "POST": owner},
    "artifacts/<uuid:pk>/content": {"GET": owner, "POST": owner},
    "artifacts/<uuid:pk>/edit": {"GET": owner, "POST": owner},
    "artifacts/<uuid:pk>/visibility": {"GET": owner, "POST": owner},
    "artifacts/<uuid:pk>/transfer": {"GET": transferring, "POST": transferring},
    "artifacts/<uuid:pk>/delete": {"GET": owner, "POST": owner},
    "artifacts/<uuid:pk>/versions/<int:number>/restore": {"POST": owner},
}
OK = {"projects/<uuid:pk>/try-agent": 409}  # as for the API
OK_BY_STATE = {
    **{("artifacts/<uuid:pk>/save", state): status for state, status in NOT_SAVED_TWICE.items()},
    ("artifacts/<uuid:pk>/visibility", "chat"): 409,
}
# For everybody, and about nobody; signing in and out, and what machines ask.
OPEN = {"healthz", "readyz", "metrics", "sign-in", "sign-out"}
OWN_TOKEN = {"account/tokens/<uuid:public_id>/revoke"}


def session_of(scene: Scene, actor: str | None) -> Client:
    client = Client()
    if actor is not None:
        person = getattr(scene.cast, actor)
        client.force_login(person)
    return client


def outcome(answer: Any) -> int:
    """401 for being led to sign-in, the refusal's own status, and 200 for being let in."""
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in"):
        return 401
    return answer.status_code if answer.status_code in (401, 403, 404, 405, 409, 500) else 200


def visit(client: Client, method: str, path: str) -> int:
    return outcome(client.get(path) if method == "GET" else client.post(path, {}))


def test_the_tables_know_every_route() -> None:
    routes = {route for route in all_routes() if not route.startswith(("api/", "admin/"))}
    assert routes == set(PAGES) | OPEN | OWN_TOKEN | LIVE_PAGES


@engines
@pytest.mark.parametrize("state", STATES)
def test_the_matrix_of_pages(scene: Scene, state: str) -> None:
    put_in_state(scene, state)
    sessions = {actor: session_of(scene, actor) for actor in ACTORS}
    seen: Outcome = {}
    wanted: Outcome = {}
    for route, methods in PAGES.items():
        path = address(route, scene)
        for method, rule in methods.items():
            if not is_tried(rule, state):
                continue
            for actor, client in sessions.items():
                case = route, method, actor
                seen[case] = taken_back(partial(visit, client, method, path))
                wanted[case] = rule(actor, state, OK_BY_STATE.get((route, state), OK.get(route, 200)))
    assert differing(seen, wanted) == {}


@pytest.mark.parametrize("actor", list(ACTORS))
def test_the_admin_is_for_staff_only(scene: Scene, actor: str | None) -> None:
    client = session_of(scene, actor)
    ids = {"<path:object_id>": str(scene.artifact.pk), "<uuid:public_id>": str(uuid.uuid4()), "<id>": "1"}
    for route in all_routes():
        if not route.startswith("admin/") or route in ("admin/login/", "admin/logout/", "admin/jsi18n/"):
            continue
        path = "/" + route
        for part, value in ids.items():
            path = path.replace(part, value)
        for method in ("get", "post"):
            answer = getattr(client, method)(path)
            assert answer.status_code in (302, 403, 404), (method, path, answer.status_code)
            if answer.status_code == 302:
                assert "/login/" in answer["Location"] or "/sign-in" in answer["Location"], (method, path)


@engines
def test_a_token_is_revoked_by_its_owner_only(scene: Scene) -> None:
    token = scene.cast.alice.auth_token_set.first()
    if token is None:
        scene.cast.api("alice")
        token = scene.cast.alice.auth_token_set.get()
    path = f"/account/tokens/{token.public_id}/revoke"
    assert outcome(session_of(scene, "adam").post(path)) == 404
    assert outcome(session_of(scene, "alice").post(path)) == 200
    assert not scene.cast.alice.auth_token_set.filter(pk=token.pk).exists()
