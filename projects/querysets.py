"""Which projects, and the base of THE visibility rule (docs/rules.md 1)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models

if TYPE_CHECKING:
    from accounts.models import User
    from projects.models import Membership

M = TypeVar("M", bound=models.Model)


def _active_memberships(user: "User | AnonymousUser") -> "models.QuerySet[Membership]":
    """The user's memberships; none for somebody who is not signed in or was deactivated."""
    # By name: the models import this module for their managers.
    memberships: models.QuerySet[Membership] = apps.get_model("projects", "Membership").objects.all()
    if not user.is_authenticated:
        return memberships.none()
    return memberships.filter(user=user, user__is_active=True)


class _IsAmong(models.Func):
    """Whether a value is among what a statement finds, which PostgreSQL asks once and keeps."""

    arg_joiner, template = " = ANY(ARRAY", "%(expressions)s)"
    arity = 2
    output_field: Any = models.BooleanField()


class ProjectScopedQuerySet(models.QuerySet[M]):
    """Rows that belong to a project, reached by `project_path`: a child declares its path and inherits the rule."""

    project_path = "project"
    # Whether PostgreSQL reads the projects first, once, and compares each row with them as it walks: for rows that are
    # many, each of which it would join with the memberships, which takes several times as long.
    is_compared = False

    def in_projects_of(self, user: "User | AnonymousUser") -> Self:
        """Rows of projects that `user` is an active member of."""
        projects = _active_memberships(user).values("project_id")
        if self.is_compared and connection.vendor == "postgresql" and user.is_authenticated:
            return self.filter(_IsAmong(models.F(f"{self.project_path}_id"), models.Subquery(projects)))
        return self.filter(**{f"{self.project_path}__in": projects})


class OwnedQuerySet(ProjectScopedQuerySet[M]):
    """Rows that only their owner sees, and only while a member: conversations, messages, turns, uploads."""

    owner_path = "owner"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.in_projects_of(user).filter(**{self.owner_path: user})


def is_active_member(project: Any, user: Any) -> models.Exists:
    """As an expression: whether `user` is an active member of `project`; either may be a reference to a column."""
    memberships = apps.get_model("projects", "Membership").objects.active()
    return models.Exists(memberships.filter(project=project, user=user))


class ProjectQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.filter(pk__in=_active_memberships(user).values("project_id"))

    def with_role_of(self, user: "User") -> Self:
        """Adds `role`: the user's role in each project."""
        role = _active_memberships(user).filter(project=models.OuterRef("pk")).values("role")[:1]
        return self.annotate(role=models.Subquery(role))

    def administered_only_by(self, people: Iterable[int]) -> Self:
        """Projects that have an active administrator, and none but `people` (keys of users)."""
        memberships = apps.get_model("projects", "Membership").objects.active()
        administrators = memberships.filter(project=models.OuterRef("pk"), role="administrator")
        people = list(people)
        return self.filter(
            models.Exists(administrators.filter(user__in=people)),
            ~models.Exists(administrators.exclude(user__in=people)),
        )


class MembershipQuerySet(ProjectScopedQuerySet[Any]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return self.in_projects_of(user)

    def active(self) -> Self:
        """Of people who can still sign in."""
        return self.filter(user__is_active=True)


class AuditEntryQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """The lines about the projects that `user` administers."""
        administered = _active_memberships(user).filter(role="administrator")
        return self.filter(project__in=administered.values("project_id"))
