"""The Django admin: what it shows, to whom, at what cost, and what it never shows."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Token, User
from accounts.services import create_token
from artifacts.services import set_visibility
from conversations.services import create_conversation
from jobs.models import Job, JobState, Queue
from mentions.services import post_message
from projects.models import Membership, Role
from tests.cast import Cast
from uploads.models import Upload
from uploads.services import receive

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

CANARY = "canary-7f3a"


@pytest.fixture
def admin_client(cast: Cast) -> Client:
    """Signed in as somebody who may do everything in the admin and belongs to no project."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "correct horse battery"))
    return client


def private_things(cast: Cast) -> None:
    """One of everything that has a private name or body."""
    conversation = create_conversation(by=cast.alice, project=cast.project, title=f"{CANARY} title")
    message = post_message(by=cast.alice, conversation=conversation, role="user", body=f"{CANARY} body")
    assert message.pk
    cast.artifact(f"{CANARY} chat", data=f"{CANARY} content", conversation=conversation)
    cast.artifact(f"{CANARY} saved", saved="private", conversation=conversation)
    receive(
        by=cast.alice,
        conversation=conversation,
        files=[SimpleUploadedFile(f"{CANARY}.txt", f"{CANARY} text".encode())],
    )
    create_token(by=cast.alice, name=f"{CANARY} token")
    Job.objects.create(
        task="x", target=uuid.uuid4(), queue=Queue.TURNS, state=JobState.FAILED, error=f"ValueError: {CANARY}"
    )


def pages_of_the_admin() -> list[str]:
    """The list of every model, and the page of every row in it."""
    found = ["/admin/"]
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found.append(base)
        found += [
            f"{base}{row.pk}/{page}/"
            for row in model._default_manager.all()[:20]
            for page in ("change", "history")
        ]
    return found


def test_no_page_shows_what_is_private(cast: Cast, admin_client: Client) -> None:
    private_things(cast)
    for path in pages_of_the_admin():
        answer = admin_client.get(path, follow=True)
        assert answer.status_code == 200, path
        assert CANARY not in answer.content.decode(), path


@pytest.mark.parametrize(
    "model", ["artifacts/artifact", "uploads/upload", "conversations/conversation", "conversations/message"]
)
def test_searching_for_a_private_name_finds_nothing(cast: Cast, admin_client: Client, model: str) -> None:
    private_things(cast)
    answer = admin_client.get(f"/admin/{model}/", {"q": CANARY})
    assert answer.context["cl"].result_count == 0


def test_the_name_of_a_shared_artifact_is_shown_until_it_is_private_again(
    cast: Cast, admin_client: Client
) -> None:
    artifact = cast.artifact("Everybody's table", saved="project")
    assert "Everybody&#x27;s table" in admin_client.get("/admin/artifacts/artifact/").content.decode()
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    assert "Everybody" not in admin_client.get("/admin/artifacts/artifact/").content.decode()


@pytest.mark.parametrize(
    "model",
    ["artifacts/artifact", "uploads/upload", "conversations/conversation", "jobs/job", "accounts/token"],
)
def test_rows_that_people_and_services_own_are_read_only(
    cast: Cast, admin_client: Client, model: str
) -> None:
    private_things(cast)
    assert admin_client.get(f"/admin/{model}/add/").status_code == 403
    app, name = model.split("/")
    row = next(
        m for m in admin.site._registry if m._meta.label_lower == f"{app}.{name}"
    )._default_manager.all()[0]
    for verb in ("change", "delete"):
        answer = admin_client.post(f"/admin/{model}/{row.pk}/{verb}/", {"post": "yes", "name": "taken"})
        assert answer.status_code in (302, 403), verb
    assert type(row)._default_manager.filter(pk=row.pk).exists()


def more_rows(cast: Cast, number: int) -> None:
    for index in range(number):
        person = User.objects.create_user(f"member-{index}-{uuid.uuid4().hex[:6]}")
        Membership.objects.create(project=cast.project, user=person)
        conversation = create_conversation(by=person, project=cast.project)
        cast.artifact("A", conversation=conversation)
        receive(by=person, conversation=conversation, files=[SimpleUploadedFile("a.txt", b"text")])
        create_token(by=person, name="t")


@pytest.mark.parametrize(
    "model",
    [
        "projects/project", "artifacts/artifact", "uploads/upload", "conversations/conversation",
        "conversations/message", "accounts/token", "accounts/user", "jobs/job", "projects/auditentry",
    ],
)  # fmt: skip
def test_a_list_costs_the_same_for_many_rows(cast: Cast, admin_client: Client, model: str) -> None:
    def cost() -> int:
        admin_client.get(f"/admin/{model}/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert admin_client.get(f"/admin/{model}/").status_code == 200
        return len(queries)

    more_rows(cast, 2)
    few = cost()
    more_rows(cast, 8)
    assert cost() == few


def test_a_project_shows_its_figures(cast: Cast, admin_client: Client) -> None:
    cast.artifact("One", data="12345")
    cast.artifact("One", data="1234567")
    conversation = cast.conversation
    receive(by=cast.alice, conversation=conversation, files=[SimpleUploadedFile("a.txt", b"0123456789")])
    rows = admin_client.get("/admin/projects/project/").context["cl"].result_list
    project = next(row for row in rows if row.pk == cast.project.pk)
    figures = (project.member_total, project.conversation_total, project.artifact_total, project.upload_total)
    assert figures == (4, 1, 1, 1)
    assert project.bytes_total == 5 + 7 + 10


def project_form(cast: Cast, **changes: Any) -> dict[str, Any]:
    project = cast.project
    rows = list(project.memberships.order_by("pk"))
    form: dict[str, Any] = {
        "name": project.name, "slug": project.slug, "allow_artifact_sharing": "on", "max_files": 10,
        "max_file_size_mb": 25, "max_tokens": 800_000, "agent_instructions": "", "preview_hosts": "[]",
        "program_cpu_seconds": project.program_cpu_seconds, "program_wall_seconds": project.program_wall_seconds,
        "program_memory_mb": project.program_memory_mb, "program_output_mb": project.program_output_mb,
        "memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows),
    }  # fmt: skip
    for index, row in enumerate(rows):
        form |= {
            f"memberships-{index}-id": row.pk, f"memberships-{index}-project": str(project.pk),
            f"memberships-{index}-user": row.user_id, f"memberships-{index}-role": row.role,
        }  # fmt: skip
    return {**form, **changes}


def test_settings_are_changed_and_audited(cast: Cast, admin_client: Client) -> None:
    form = project_form(cast)
    del form["allow_artifact_sharing"]
    answer = admin_client.post(f"/admin/projects/project/{cast.project.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    cast.project.refresh_from_db()
    assert cast.project.allow_artifact_sharing is False
    entry = LogEntry.objects.get_for_object(cast.project).filter(action=LogEntry.Action.UPDATE).latest()
    assert entry.changes["allow_artifact_sharing"] == ["True", "False"]
    assert entry.actor is not None
    assert entry.actor.username == "root"


@pytest.mark.parametrize(
    "change",
    [
        {"max_files": 0},
        {"max_tokens": 10**12},
        {"preview_hosts": '["x; script-src *"]'},
        {"preview_hosts": '"x"'},
    ],
)
def test_settings_beyond_their_ceilings_are_refused(
    cast: Cast, admin_client: Client, change: dict[str, Any]
) -> None:
    path = f"/admin/projects/project/{cast.project.pk}/change/"
    assert admin_client.post(path, project_form(cast, **change)).status_code == 200
    cast.project.refresh_from_db()
    assert (cast.project.max_files, cast.project.max_tokens, cast.project.preview_hosts) == (10, 800_000, [])


def test_the_last_administrator_stays(cast: Cast, admin_client: Client) -> None:
    rows = list(cast.project.memberships.order_by("pk"))
    index = next(i for i, row in enumerate(rows) if row.role == Role.ADMINISTRATOR)
    path = f"/admin/projects/project/{cast.project.pk}/change/"
    for change in ({f"memberships-{index}-role": "collaborator"}, {f"memberships-{index}-DELETE": "on"}):
        assert (
            "Make somebody else one first"
            in admin_client.post(path, project_form(cast, **change)).content.decode()
        )
    assert cast.project.memberships.filter(role=Role.ADMINISTRATOR).count() == 1


def test_whom_a_project_cannot_do_without_is_neither_deactivated_nor_deleted(
    cast: Cast, admin_client: Client
) -> None:
    person = f"/admin/accounts/user/{cast.adam.pk}"
    form = {
        "username": "adam", "email": "", "first_name": "", "last_name": "", "is_active": "",
        "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00",
    }  # fmt: skip
    together = {"action": "delete_selected", "_selected_action": [cast.adam.pk, cast.bob.pk], "post": "yes"}
    doors = [
        (f"{person}/change/", form),
        (f"{person}/delete/", {"post": "yes"}),
        ("/admin/accounts/user/", together),
    ]
    for path, values in doors:
        answer = admin_client.post(path, values)
        assert (answer.status_code, "Make somebody else one first" in answer.content.decode()) == (200, True)
        assert cast.project.name in answer.content.decode()
    # Two who are the last together are as much the last.
    Membership.objects.filter(project=cast.project, user=cast.bob).update(role=Role.ADMINISTRATOR)
    assert admin_client.post("/admin/accounts/user/", together).status_code == 200
    assert User.objects.filter(pk__in=[cast.adam.pk, cast.bob.pk], is_active=True).count() == 2
    assert admin_client.post(f"{person}/change/", form).status_code == 302
    # With adam deactivated bob is the last one.
    assert (
        admin_client.post(f"/admin/accounts/user/{cast.bob.pk}/delete/", {"post": "yes"}).status_code == 200
    )
    assert admin_client.post(f"{person}/delete/", {"post": "yes"}).status_code == 302
    assert list(User.objects.filter(pk__in=[cast.adam.pk, cast.bob.pk])) == [cast.bob]


def test_a_token_is_revoked_and_its_digest_never_shown(cast: Cast, admin_client: Client) -> None:
    token, secret = create_token(by=cast.alice, name="laptop")
    pages = ["/admin/accounts/token/", f"/admin/accounts/token/{token.public_id}/revoke/", "/admin/"]
    for path in pages:
        html = admin_client.get(path).content.decode()
        assert token.digest not in html
        assert secret not in html
        assert "laptop" not in html
    assert Token.objects.filter(public_id=token.public_id).exists()
    answer = admin_client.post(pages[1], follow=True)
    assert not Token.objects.filter(public_id=token.public_id).exists()
    assert token.digest not in answer.content.decode()
    assert token.digest not in admin_client.get("/admin/").content.decode()


def test_failed_jobs_run_again(cast: Cast, admin_client: Client, do_jobs: Callable[[], int]) -> None:
    upload = receive(
        by=cast.alice, conversation=cast.conversation, files=[SimpleUploadedFile("a.txt", b"text")]
    )[0][0]
    Upload.objects.filter(pk=upload.pk).update(status="failed", error_code="given_up")
    Job.objects.filter(target=upload.pk).update(state=JobState.FAILED, error="OSError: gone")
    failed = Job.objects.get(target=upload.pk)
    answer = admin_client.post(
        "/admin/jobs/job/", {"action": "requeue", "_selected_action": str(failed.pk)}, follow=True
    )
    assert "Queued again: 1" in answer.content.decode()
    assert Job.objects.filter(target=upload.pk, state=JobState.QUEUED).count() == 1


@pytest.mark.parametrize("who", ["alice", "adam", "carol", None])
def test_nobody_else_gets_in(cast: Cast, who: str | None) -> None:
    client = Client()
    if who:
        client.force_login(getattr(cast, who))
    for model in admin.site._registry:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert re.search("sign-in|login", answer["Location"])


def test_the_audit_log_holds_who_sees_it_and_no_name(cast: Cast) -> None:
    artifact = cast.artifact(f"{CANARY} name", saved="project")
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    entries = LogEntry.objects.get_for_object(artifact)
    assert any((entry.changes or {}).get("visibility") == ["project", "private"] for entry in entries)
    for entry in LogEntry.objects.all():
        assert CANARY not in f"{entry.object_repr} {entry.changes}"
