"""What a member may do to a project, and why not."""

from typing import TYPE_CHECKING
from uuid import UUID

from projects.models import Membership, Role

if TYPE_CHECKING:
    from accounts.models import User

Ability = bool | str

ADMINISTRATORS_ONLY = "Only the project's administrators can do this."


def project_abilities(role: str) -> dict[str, Ability]:
    """Verb → True, or the sentence that says why not."""
    administers: Ability = True if role == Role.ADMINISTRATOR else ADMINISTRATORS_ONLY
    return {"view": True, "update": administers, "manage_members": administers}


def administers(user: "User", project_id: UUID) -> bool:
    """Whether `user` is an administrator of the project now."""
    return (
        Membership.objects.active().filter(project=project_id, user=user.pk, role=Role.ADMINISTRATOR).exists()
    )
