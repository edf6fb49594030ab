"""THE visibility rule, written once (docs/rules.md 1)."""

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Q

from projects.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


_SHARED = Q(saved_at__isnull=False, visibility="project")
# With more projects than this, one scan costs less than one for each.
_MOST_PIECES = 30


class ArtifactQuerySet(ProjectScopedQuerySet[Any]):
    # Who reads, and whether own and shared artifacts may be among the rows: what `pieces` needs to know.
    _reader: "User | None" = None
    _has_own = _has_shared = True
    # An expression that says how well a row matches what was searched for (artifacts/search).
    best: Any = None

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._reader, clone.best = self._reader, self.best
        clone._has_own, clone._has_shared = self._has_own, self._has_shared
        return clone

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Artifacts that `user` may see: an active member who owns it, or it is saved for the project."""
        if not user.is_authenticated:
            return self.none()
        visible = self.in_projects_of(user).filter(Q(owner=user) | _SHARED)
        visible._reader = user
        return visible

    def pieces(self) -> list[Self]:
        """Parts without overlap that together are these rows, each one in the order of an index.

        The newest of all are then among the newest of each: nothing has to sort what is visible. The parts only
        narrow; what is visible stays `visible_to`'s to say.
        """
        reader = self._reader
        if reader is None:
            return [self]
        own = [self.filter(owner=reader)] if self._has_own else []
        if not self._has_shared:
            return own
        memberships = apps.get_model("projects", "Membership").objects.filter(user=reader)
        projects = list(memberships.values_list("project_id", flat=True)[: _MOST_PIECES + 1])
        if len(projects) > _MOST_PIECES:
            return [self]
        return [*own, *(self.filter(_SHARED, project=project).exclude(owner=reader) for project in projects)]

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
                own = self.filter(owner=user)
                own._has_shared = False
                return own
            case "shared":
                shared = self.shared().exclude(owner=user)
                shared._has_own = False
                return shared
            case "saved":
                return self.saved()
        return self


class VersionQuerySet(models.QuerySet[Any]):
    def readable_by(self, user: "User | AnonymousUser") -> Self:
        """Versions that `user` may see of an artifact that they may see: all of one's own, of others the published."""
        return self.filter(Q(published=True) | Q(artifact__owner_id=user.pk))

    def published(self) -> Self:
        return self.filter(published=True)
