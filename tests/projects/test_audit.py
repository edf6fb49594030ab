"""The audit log: each change is in it, with who made it, or is not made; administrators read and search it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from accounts.models import User
from artifacts.models import Artifact
from artifacts.services import save_artifact, set_visibility
from projects.models import Act, AuditEntry, Membership
from projects.services import create_project, update_project
from tests.cast import Cast
from uploads.models import Upload
from uploads.services import receive

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

Lines = list[tuple[str, str, str]]


def lines() -> Lines:
    return [(row.act, row.actor_name, row.about) for row in AuditEntry.objects.order_by("pk")]


def session(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def upload(cast: Cast) -> Upload:
    (one,), _ = receive(
        by=cast.alice, conversation=cast.conversation, files=[ContentFile(b"words", name="canary.txt")]
    )
    return one


@pytest.fixture
def acts(cast: Cast, upload: Upload) -> list[tuple[Callable[[], Any], str, str, str]]:
    """Every kind of change by API and by page: (do it, act, who, about)."""
    alice, adam = cast.api("alice"), cast.api("adam")
    pages, admin_pages = session(cast.alice), session(cast.adam)
    saved = cast.artifact("canary saved", saved="private")
    chat = cast.artifact("canary chat", "table", [{"a": 1}])
    mine, members = f"/api/artifacts/{saved.pk}", f"/api/projects/{cast.project.pk}/members"
    page, project = f"/artifacts/{saved.pk}", f"/projects/{cast.project.pk}"
    file = f"conversations/{cast.conversation.pk}/uploads/{upload.file_id}"
    return [
        (lambda: alice.patch(mine, {"visibility": "project"}), Act.SHARED, "alice", "text"),
        (lambda: alice.patch(mine, {"visibility": "private"}), Act.MADE_PRIVATE, "alice", "text"),
        (lambda: pages.post(f"{page}/visibility", {"to": "project"}), Act.SHARED, "alice", "text"),
        (lambda: pages.post(f"{page}/visibility", {"to": "private"}), Act.MADE_PRIVATE, "alice", "text"),
        (
            lambda: alice.post(f"/api/artifacts/{chat.pk}/save", {"name": "canary", "visibility": "project"}),
            Act.SHARED, "alice", "table",
        ),
        (lambda: alice.post(f"/api/{file}/revoke-url"), Act.LINK_REVOKED, "alice", "file"),
        (lambda: pages.post(f"/{file}/new-link"), Act.LINK_REVOKED, "alice", "file"),
        (lambda: adam.post(members, {"user": "carol"}), Act.MEMBER_ADDED, "adam", "carol"),
        (
            lambda: adam.patch(f"{members}/{cast.carol.pk}", {"role": "administrator"}),
            Act.ROLE_CHANGED, "adam", "carol",
        ),
        (
            lambda: admin_pages.post(f"{project}/members/{cast.carol.pk}", {"act": "remove"}),
            Act.MEMBER_REMOVED, "adam", "carol",
        ),
        (
            lambda: adam.patch(f"/api/projects/{cast.project.pk}", {"max_files": 4}),
            Act.SETTINGS_CHANGED, "adam", "Research",
        ),
    ]  # fmt: skip


def test_every_change_is_noted_with_who_made_it(
    cast: Cast, acts: list[tuple[Callable[[], Any], str, str, str]]
) -> None:
    AuditEntry.objects.all().delete()
    for do, *_ in acts:
        assert do().status_code < 400
    assert lines() == [tuple(wanted) for _, *wanted in acts]


@pytest.fixture
def log_is_broken() -> Iterator[None]:
    def refuse(**_: Any) -> None:
        raise RuntimeError("no line can be written")

    pre_save.connect(refuse, sender=AuditEntry)
    yield
    pre_save.disconnect(refuse, sender=AuditEntry)


def state() -> list[Any]:
    return [
        sorted(Artifact.objects.values_list("pk", "visibility", "saved_at", "name")),
        sorted(Membership.objects.values_list("pk", "user_id", "role")),
        sorted(Upload.objects.values_list("pk", "link_generation")),
    ]


def test_what_can_not_be_noted_is_not_done(
    cast: Cast, acts: list[tuple[Callable[[], Any], str, str, str]], log_is_broken: None
) -> None:
    before = state()
    for do, *_ in acts[:1] + acts[2:3] + acts[4:8] + acts[10:]:
        with pytest.raises(RuntimeError):
            do()
        assert state() == before
    cast.project.refresh_from_db()
    assert cast.project.max_files == 10


def test_changes_in_the_django_admin_are_noted(cast: Cast) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "correct horse battery")
    AuditEntry.objects.all().delete()
    client = session(root)
    form = {
        "username": "bob", "first_name": "", "last_name": "", "email": "bob@example.org", "is_staff": "on",
        "is_active": "on",
    }  # fmt: skip
    assert client.post(f"/admin/accounts/user/{cast.bob.pk}/change/", form).status_code == 302
    assert lines() == [(Act.ACCOUNT_CHANGED, "root", "bob")]
    page = client.get(f"/admin/projects/auditentry/{AuditEntry.objects.get().pk}/change/").content.decode()
    assert "is_staff: False → True" in page
    for verb, data in (("change", {"about": "nobody"}), ("delete", {"post": "yes"})):
        address = f"/admin/projects/auditentry/{AuditEntry.objects.get().pk}/{verb}/"
        assert client.post(address, data).status_code == 403
    assert client.get("/admin/projects/auditentry/", {"act": Act.SHARED}).context["cl"].result_count == 0
    assert client.get("/admin/projects/auditentry/", {"q": "bob"}).context["cl"].result_count == 1


def test_only_administrators_read_it_and_only_of_their_projects(cast: Cast) -> None:
    for name, status in (("adam", 200), ("alice", 403), ("carol", 404), (None, 401)):
        assert cast.api(name).get(f"/api/projects/{cast.project.pk}/audit").status_code == status
    update_project(by=cast.adam, project=cast.project, max_tokens=5)
    hers = create_project(by=cast.carol, name="Hers")
    told = cast.api("carol").get(f"/api/projects/{hers.pk}/audit").json()["results"]
    assert {row["about"] for row in told} == {"carol", "Hers"}


def test_it_tells_no_private_name_and_shared_names_only_while_they_are_shared(
    cast: Cast, upload: Upload
) -> None:
    artifact = cast.artifact("canary of alice", saved="project")
    address, page = f"/api/projects/{cast.project.pk}/audit", f"/projects/{cast.project.pk}/audit"
    adam = session(cast.adam)
    assert "canary of alice" in adam.get(page).content.decode()
    set_visibility(by=cast.alice, artifact=artifact, visibility="private")
    cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/uploads/{upload.file_id}/revoke-url")
    for answer in (
        adam.get(page),
        cast.api("adam").get(address),
        cast.api("adam").get(f"{address}?size=100"),
    ):
        assert answer.status_code == 200
        assert "canary" not in answer.content.decode()
    # What people do with their private things is nobody's to read.
    assert not AuditEntry.objects.filter(target=cast.artifact("x", saved="private").pk).exists()


def test_it_is_searched_by_who_what_and_when(cast: Cast) -> None:
    artifact = cast.artifact()
    save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    old = AuditEntry.objects.get(act=Act.SHARED)
    AuditEntry.objects.filter(pk=old.pk).update(
        created_at=timezone.now() - timedelta(days=9), actor_name="alice"
    )
    update_project(by=cast.adam, project=cast.project, max_tokens=5)
    adam, address = cast.api("adam"), f"/api/projects/{cast.project.pk}/audit"
    week = (timezone.now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def found(**query: str) -> list[str]:
        return [row["act"] for row in adam.get(address, query).json()["results"]]

    assert found(actor="alice") == found(act="shared") == found(created_before=week) == ["shared"]
    assert found(act="settings_changed", created_after=week) == ["settings_changed"]
    assert found(act="shared", created_after=week) == []
    assert adam.get(address, {"act": "nonsense"}).status_code == 400
    row = adam.get(address, {"act": "settings_changed"}).json()["results"][0]
    assert row["changes"] == {"max_tokens": ["800000", "5"]}
    pages, page = session(cast.adam), f"/projects/{cast.project.pk}/audit"
    day = (timezone.now() - timedelta(days=9)).date().isoformat()
    shown = pages.get(page, {"actor": "alice", "act": "shared", "since": day, "until": day}).context["page"]
    assert [line.what for line in shown.lines] == ["shared a text"]
    wrong = pages.get(page, {"since": "yesterday"})
    assert wrong.status_code == 400
    assert "Enter a valid date" in wrong.content.decode()


def test_it_is_paged_at_the_same_cost(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(120):
        update_project(by=cast.adam, project=cast.project, max_files=number % 2 + 1)
    pages, address = session(cast.adam), f"/projects/{cast.project.pk}/audit?act=settings_changed"
    seen: list[Any] = []
    while address:
        with django_assert_max_num_queries(12):
            page = pages.get(address).context["page"]
        seen += [line.moment for line in page.lines]
        address = page.older_url and f"/projects/{cast.project.pk}/audit{page.older_url}"
    assert len(seen) == 120
    assert seen == sorted(seen, reverse=True)


def test_a_key_is_masked_whole(cast: Cast, settings: Any) -> None:
    update_project(by=cast.adam, project=cast.project, agent_api_key="sk-canary-0123456789")
    row = (
        cast.api("adam")
        .get(f"/api/projects/{cast.project.pk}/audit?act=settings_changed")
        .json()["results"][0]
    )
    assert row["changes"] == {"agent_api_key_sealed": ["", "…"]}
