"""The fixed cast: the same five people in every test."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import create_token
from artifacts.intake import content
from artifacts.models import Artifact
from artifacts.services import record_tool_result, save_artifact
from conversations.models import Conversation
from conversations.services import create_conversation
from projects.models import Membership, Project, Role

PASSWORD = "correct horse battery"


@dataclass
class Cast:
    """Alice owns what tests are about. Bob and Adam are in her project, Carol is not, Dora was deactivated."""

    alice: User
    bob: User
    adam: User
    carol: User
    dora: User
    project: Project
    elsewhere: Project
    _clients: dict[str, APIClient] = field(default_factory=dict)

    @cached_property
    def conversation(self) -> Conversation:
        """Alice's conversation in the project."""
        return create_conversation(by=self.alice, project=self.project, title="Quarterly figures")

    def api(self, user: User | str | None) -> APIClient:
        """An API client with the user's own token; None: nobody."""
        if user is None:
            return APIClient()
        person = getattr(self, user) if isinstance(user, str) else user
        if person.username not in self._clients:
            client = APIClient()
            _, secret = create_token(by=person, name="tests")
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
            self._clients[person.username] = client
        return self._clients[person.username]

    def artifact(
        self, name: str = "Q4 Sales", kind: str = "text", data: Any = "Up 4 %", **facts: Any
    ) -> Artifact:
        """An artifact of Alice's; `saved="private"` or `"project"` saves it."""
        saved = facts.pop("saved", None)
        item = {
            "name": name,
            "type": kind,
            **({"data": data} if kind != "file" else {"content_base64": data}),
        }
        conversation = facts.pop("conversation", self.conversation)
        message, _ = record_tool_result(
            by=conversation.owner, conversation=conversation, tool="test", outputs=[content(item, {})]
        )
        artifact = message.outputs.get().version.artifact
        if saved:
            save_artifact(by=conversation.owner, artifact=artifact, visibility=saved)
            artifact.refresh_from_db()
        return artifact


def make_cast() -> Cast:
    """Every test begins with these rows, so they are made at once, by few statements.

    What services, checks and the audit add when somebody makes them has tests of its own.
    """
    password = make_password(PASSWORD)
    people = {
        person.username: person
        for person in User.objects.bulk_create(
            User(username=name, email=f"{name}@example.org", password=password, is_active=name != "dora")
            for name in ("alice", "bob", "adam", "carol", "dora")
        )
    }
    project, elsewhere = Project.objects.bulk_create(
        Project(name=name, slug=name.lower()) for name in ("Research", "Elsewhere")
    )
    administrators = ((project, "adam"), (elsewhere, "carol"))
    Membership.objects.bulk_create(
        [
            Membership(project=place, user=people[name], role=Role.ADMINISTRATOR)
            for place, name in administrators
        ]
        + [Membership(project=project, user=people[name]) for name in ("alice", "bob", "dora")]
    )
    return Cast(**people, project=project, elsewhere=elsewhere)
