"""What a member may do to a project, and why not."""

from projects.models import Role

Ability = bool | str

_ADMINISTRATORS_ONLY = "Only the project's administrators can do this."


def project_abilities(role: str) -> dict[str, Ability]:
    """Verb → True, or the sentence that says why not."""
    administers: Ability = True if role == Role.ADMINISTRATOR else _ADMINISTRATORS_ONLY
    return {"view": True, "update": administers, "manage_members": administers}
