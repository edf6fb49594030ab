"""THE visibility rule, written once (design.md rule 1)."""

from typing import TYPE_CHECKING, Self

from django.db.models import Q

from projects.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


_SHARED = Q(saved_at__isnull=False, visibility="project")


class ArtifactQuerySet(ProjectScopedQuerySet["Artifact"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Artifacts that `user` may see: an active member who owns it, or it is saved for the project."""
        if not user.is_authenticated:
            return self.none()
        return self.in_projects_of(user).filter(Q(owner=user) | _SHARED)

    def chat(self) -> Self:
        return self.filter(saved_at__isnull=True)

    def saved(self) -> Self:
        return self.filter(saved_at__isnull=False)

    def shared(self) -> Self:
        """Saved for the whole project."""
        return self.filter(_SHARED)

    def in_scope(self, scope: str, user: "User") -> Self:
        """A gallery scope of what is visible: `mine`, `shared` (with me by others), `saved`, `all`."""
        match scope:
            case "mine":
                return self.filter(owner=user)
            case "shared":
                return self.shared().exclude(owner=user)
            case "saved":
                return self.saved()
        return self
