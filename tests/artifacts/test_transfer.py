"""When an owner leaves: what they shared stays and an administrator gives it to a member; the rest stays unseen."""

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.files.base import ContentFile
from django.db.models import ProtectedError
from django.test import Client

from accounts.models import User
from artifacts.models import Artifact
from artifacts.services import set_visibility, transfer_ownership
from projects.models import Act, AuditEntry, Membership
from projects.services import add_member, remove_member
from tests.cast import Cast
from uploads.links import token_for
from uploads.services import receive

pytestmark = [pytest.mark.django_db, pytest.mark.engines]


def session(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def leave(cast: Cast) -> None:
    remove_member(by=cast.adam, project=cast.project, user_id=cast.alice.pk)


def test_what_was_shared_stays_and_the_rest_is_out_of_sight_at_once(cast: Cast) -> None:
    shared, private = cast.artifact("Shared", saved="project"), cast.artifact("Kept", saved="private")
    (upload,), _ = receive(
        by=cast.alice, conversation=cast.conversation, files=[ContentFile(b"words", name="notes.txt")]
    )
    link = f"/api/files/public?h={token_for(upload)}"
    assert Client().get(link).status_code == 200
    leave(cast)
    alice, bob = cast.api("alice"), cast.api("bob")
    assert bob.get(f"/api/artifacts/{shared.pk}").json()["owner_left"] is True
    for path in (
        f"artifacts/{shared.pk}",
        f"artifacts/{private.pk}",
        f"conversations/{cast.conversation.pk}",
    ):
        assert alice.get(f"/api/{path}").status_code == 404
    assert Client().get(link).status_code == 404
    for name in ("bob", "adam"):
        found = cast.api(name).get("/api/artifacts?scope=all&owner_left=true").json()["results"]
        assert [row["name"] for row in found] == ["Shared"]
    with pytest.raises(ProtectedError):
        cast.alice.delete()


def test_an_administrator_transfers_it_and_the_new_owner_owns_it(cast: Cast) -> None:
    artifact = cast.artifact(saved="project")
    path = f"/api/artifacts/{artifact.pk}/transfer"
    adam = cast.api("adam")
    assert adam.post(path, {"to": "bob"}).json()["code"] == "not_transferable"
    leave(cast)
    assert adam.get(f"/api/artifacts/{artifact.pk}").json()["abilities"]["transfer"] is True
    assert cast.api("bob").post(path, {"to": "bob"}).status_code == 403
    for nobody in ("carol", "alice", "dora", "no such person"):
        assert adam.post(path, {"to": nobody}).json()["code"] == "not_a_member"
    assert adam.post(path, {"to": "bob@example.org"}).json()["owner"] == "bob"
    entry = AuditEntry.objects.get(act=Act.OWNER_CHANGED)
    assert (entry.actor_name, entry.target) == ("adam", str(artifact.pk))
    page = session(cast.adam).get(f"/projects/{cast.project.pk}/audit").content.decode()
    assert "transferred a text from alice to bob" in page
    assert adam.post(path, {"to": "adam"}).json()["code"] == "not_transferable"
    assert (
        cast.api("bob").patch(f"/api/artifacts/{artifact.pk}", {"visibility": "private"}).status_code == 200
    )


def test_what_nobody_was_given_yet_stays_the_old_owners(cast: Cast) -> None:
    artifact = cast.artifact("Report", data="first", saved="project")
    cast.artifact("Report", data="canary: unpublished")
    leave(cast)
    transfer_ownership(by=cast.adam, artifact=artifact, to="bob")
    bob, path = cast.api("bob"), f"/api/artifacts/{artifact.pk}"
    row = bob.get(path).json()
    assert (row["version"], row["newer_version"], row["conversation"]) == (1, None, None)
    assert [version["version"] for version in bob.get(f"{path}/versions").json()["results"]] == [1]
    assert bob.get(f"{path}/data?version=2").status_code == 404
    add_member(by=cast.adam, project=cast.project, user="alice")
    mine = cast.api("alice").get("/api/artifacts").json()["results"]
    assert [(row["name"], row["saved"], row["version"]) for row in mine] == [("Report", False, 1)]
    assert cast.api("alice").get(f"/api/artifacts/{mine[0]['id']}/data").getvalue() == b"canary: unpublished"
    # Her conversation goes on with its own, and tells her nothing of what bob keeps to himself.
    cast.artifact("Report", data="third")
    assert bob.get(f"{path}/versions").json()["count"] == 1
    artifact.refresh_from_db()
    artifact.name = "canary of bob"
    artifact.save()
    set_visibility(by=cast.bob, artifact=artifact, visibility="private")
    for path in (
        f"/api/conversations/{cast.conversation.pk}/messages",
        f"/conversations/{cast.conversation.pk}",
    ):
        client: Any = cast.api("alice") if path.startswith("/api") else session(cast.alice)
        assert "canary of bob" not in client.get(path).content.decode()


def test_the_page_says_who_may_do_what_meanwhile(cast: Cast) -> None:
    artifact = cast.artifact(saved="project")
    leave(cast)
    page = f"/artifacts/{artifact.pk}"
    sentence = "alice is no longer a member of Research"
    for user, offered in ((cast.bob, False), (cast.adam, True)):
        html = session(user).get(page).content.decode()
        assert sentence in html
        assert (f'href="{page}/transfer"' in html) is offered
    assert "is no longer a member of Research" in session(cast.adam).get(f"{page}/transfer").content.decode()
    wrong = session(cast.adam).post(f"{page}/transfer", {"to": "carol"})
    assert wrong.status_code == 400
    assert 'value="carol"' in wrong.content.decode()
    assert session(cast.adam).post(f"{page}/transfer", {"to": "bob"}).status_code == 302
    assert sentence not in session(cast.bob).get(page).content.decode()


def test_all_that_somebody_left_goes_at_once_or_not_at_all(cast: Cast) -> None:
    left = [cast.artifact(f"Left {number}", saved="project") for number in range(3)]
    cast.artifact("canary kept", saved="private")
    leave(cast)
    adam, page = session(cast.adam), f"/projects/{cast.project.pk}/left-behind"
    html = adam.get(page).content.decode()
    assert all(f"Left {number}" in html for number in range(3))
    assert "canary" not in html
    ids = [str(artifact.pk) for artifact in left]
    refused = adam.post(page, {"id": ids, "to": "carol"})
    assert refused.status_code == 400
    assert refused.content.decode().count("checked") == 3
    assert not Artifact.objects.exclude(owner=cast.alice).exists()
    assert adam.post(page, {"id": ids[:2], "to": "bob"}).status_code == 302
    assert set(Artifact.objects.filter(owner=cast.bob)) == set(left[:2])
    assert session(cast.bob).get(page).status_code == 403
    assert session(cast.carol).get(page).status_code == 404


def test_the_django_admin_transfers_too(cast: Cast) -> None:
    artifact, stays = cast.artifact("A", saved="project"), cast.artifact("B", saved="private")
    root = User.objects.create_superuser("root", "root@example.org", "correct horse battery")
    client, path = session(root), "/admin/artifacts/artifact/"
    leave(cast)
    chosen = {"action": "transfer", ACTION_CHECKBOX_NAME: [artifact.pk]}
    assert "new owner" in client.post(path, chosen).content.decode()
    both = {**chosen, ACTION_CHECKBOX_NAME: [artifact.pk, stays.pk], "to": "bob"}
    assert "shared with the project can be transferred" in client.post(path, both).content.decode()
    assert client.post(path, {**chosen, "to": "bob"}).status_code == 302
    assert set(Artifact.objects.filter(owner=cast.bob)) == {artifact}
    assert AuditEntry.objects.get(act=Act.OWNER_CHANGED).actor_name == "root"
    Membership.objects.filter(user=cast.bob).delete()
    reader = User.objects.create_user("looker", is_staff=True)
    assert session(reader).post(path, {**chosen, "to": "adam"}).status_code == 403
    assert Artifact.objects.get(pk=artifact.pk).owner == cast.bob
