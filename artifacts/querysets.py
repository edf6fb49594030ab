"""THE visibility rule, written once (docs/rules.md 1)."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, Exists, F, Manager, OuterRef, Q, QuerySet, UUIDField, Value, When
from django.db.models.expressions import RawSQL

from projects.querysets import ProjectScopedQuerySet, is_active_member

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


# True of every artifact: the index of what one has in a project is for whoever says so.
IN_A_PROJECT = Q(latest_number__gte=0)
_SHARED = Q(saved_at__isnull=False, visibility="project")
# With more projects than this, one scan costs less than one for each.
_MOST_PARTS = 30
# Up to so many of each part PostgreSQL reads them all, by one plan; of more it takes no more than it needs, by a plan
# of each part, which costs more than reading few.
MOST_BY_ONE_PLAN = 700
_MEMBERS_PROJECT = "member.project_id"


def projects_of(reader: "User | None") -> list[UUID]:
    """The projects that have `reader` for a member, active or not: where to look, not what may be seen."""
    memberships = apps.get_model("projects", "Membership").objects.filter(user=reader)
    return list(memberships.values_list("project_id", flat=True))


Cut = Callable[["ArtifactQuerySet"], QuerySet[Any, Any]]


def _sql(queryset: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    sql, params = queryset.query.sql_with_params()
    return sql, params


def _of_each_project(cut: QuerySet[Any, Any], reader: "User") -> tuple[str, Sequence[Any]]:
    """The statement for a cut of `member.project_id`, for each project that `reader` is a member of."""
    sql, params = _sql(cut)
    members = f"projects_membership AS member CROSS JOIN LATERAL ({sql}) AS of_project"
    return f"SELECT of_project.* FROM {members} WHERE member.user_id = %s", [*params, reader.pk]  # noqa: S608


def _stored(pk: UUID) -> Any:
    """An id as a statement carries it."""
    return UUIDField().get_db_prep_value(pk, connection)


class ArtifactQuerySet(ProjectScopedQuerySet[Any]):
    is_compared = True
    # Who reads, and whether own and shared artifacts may be among the rows: what `merged` needs to know.
    _reader: "User | None" = None
    _has_own = _has_shared = _in_parts = True
    _own = Q()
    # The reader's projects, where they are known already.
    _known_projects: "Sequence[UUID] | None" = None
    # An expression that says how well a row matches what was searched for (artifacts/search).
    best: Any = None
    # Whether so many of what is visible are among the rows that they are best met by walking an index in order.
    is_walked = False

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._reader, clone.best = self._reader, self.best
        clone._has_own, clone._has_shared = self._has_own, self._has_shared
        clone._in_parts, clone.is_walked = self._in_parts, self.is_walked
        clone._known_projects, clone._own = self._known_projects, self._own
        return clone

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Artifacts that `user` may see: an active member who owns it, or it is saved for the project."""
        if not user.is_authenticated:
            return self.none()
        visible = self.in_projects_of(user).filter(Q(owner=user) | _SHARED)
        visible._reader = user
        return visible

    def of_a_member_of(self, projects: Sequence[UUID]) -> Self:
        """The same rows, of a reader whose projects are known to be these: `merged` needn't ask for them."""
        known = self._clone()
        known._known_projects = projects
        return known

    def of_one_project(self) -> Self:
        """These rows, which are of one project: one's own are met by the index that knows it."""
        if not self._has_shared:
            return self.filter(IN_A_PROJECT)
        here = self._clone()
        here._own = IN_A_PROJECT
        return here

    def as_one(self) -> Self:
        """These rows not in parts: an index that knows no order finds them."""
        one = self._clone()
        one._in_parts = False
        return one

    @property
    def is_merged(self) -> bool:
        return self._in_parts and self._reader is not None and self._has_shared

    @property
    def reader_pk(self) -> int:
        """Who reads; 0: nobody."""
        return self._reader.pk if self._reader is not None else 0

    def readers(self) -> list[int | UUID]:
        """Whose rows may be among these: the reader's own, and those shared with their projects."""
        if self._reader is None:
            return []
        own: list[int | UUID] = [self._reader.pk] if self._has_own else []
        return [*own, *self._projects()] if self._has_shared else own

    def _projects(self) -> Sequence[UUID]:
        return projects_of(self._reader) if self._known_projects is None else self._known_projects

    def merged(
        self, cut: "Cut", *, most: int, ordered: bool = True, limit: int | None = None
    ) -> tuple[str, Sequence[Any]]:
        """One statement with `cut`, at most `most` rows, of each of the parts that together are these rows.

        With `limit`, many, the cuts are of all rows, and each ends at so many by a parameter.

        The parts don't overlap, and each is in the order of an index. The newest of all are then among the newest of
        each: nothing has to sort what is visible. The parts only narrow; what is visible stays `visible_to`'s to say.
        Without an order wanted, one plan stops at as many as are asked for. Raises EmptyResultSet.
        """
        reader = self._reader

        def part_of(rows: Self) -> tuple[str, Sequence[Any]]:
            sql, params = _sql(cut(rows))
            return (sql, params) if limit is None else (f"{sql} LIMIT %s", [*params, limit])

        if reader is None or not self.is_merged:
            return part_of(self)
        parts = [part_of(self.filter(self._own, owner=reader))] if self._has_own else []
        shared = self.filter(_SHARED).exclude(owner=reader)
        is_read_whole = limit is None and (most <= MOST_BY_ONE_PLAN or not ordered)
        if connection.vendor == "postgresql" and is_read_whole:
            members = RawSQL(_MEMBERS_PROJECT, [])  # noqa: S611 - a column
            parts.append(_of_each_project(cut(shared.filter(project=members)), reader))
        else:
            projects = self._projects()
            if len(projects) > _MOST_PARTS:
                return part_of(self)
            # Django words it once, for a project that is none, and each takes its place.
            none = uuid4()
            sql, params = part_of(shared.filter(project=none))
            parts += [
                (sql, [_stored(project) if param == _stored(none) else param for param in params])
                for project in projects
            ]
        if not parts:
            raise EmptyResultSet
        # SQLite wants parts with an order or a limit of their own in another SELECT.
        union = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql, _ in parts)  # noqa: S608 - Django's SQL
        return union, [param for _, params in parts for param in params]

    def newest(self, most: int) -> Self:
        """Of these rows the `most` that are newest, in that order."""

        def cut(part: Self) -> QuerySet[Any, Any]:
            return part.order_by("-created_at", "-pk").values_list("created_at", "pk")[:most]

        try:
            keys, params = self.merged(cut, most=most)
        except EmptyResultSet:
            return self.none()
        first = f"SELECT pk FROM ({keys}) AS k ORDER BY created_at DESC, pk DESC LIMIT {most}"  # noqa: S608 - Django's SQL
        return self.filter(pk__in=RawSQL(first, params)).order_by("-created_at", "-pk")  # noqa: S611

    def deleted_by(self, user: "User | AnonymousUser") -> Self:
        """Of `with_deleted` what `user` has deleted of their own and may still bring back."""
        if not user.is_authenticated:
            return self.none()
        return self.in_projects_of(user).filter(owner=user, deletion__by=user)

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

    def left_behind(self) -> Self:
        """Shared with a project that their owner is no active member of any more."""
        return self.shared().filter(~is_active_member(OuterRef("project"), OuterRef("owner")))

    def with_standing_of(self, user: "User | AnonymousUser") -> Self:
        """Adds what `abilities` asks about people, of what is somebody else's: of their own, nothing is asked.

        `owner_left`, and `reader_administers`: whether `user` administers the project.
        """
        memberships = apps.get_model("projects", "Membership").objects.active()
        administers = memberships.filter(project=OuterRef("project"), user=user.pk, role="administrator")
        own = When(owner=user.pk, then=Value(None))
        return self.annotate(
            owner_left=Case(own, default=~is_active_member(OuterRef("project"), OuterRef("owner"))),
            reader_administers=Case(own, default=Exists(administers)),
        )


class TallyQuerySet(ProjectScopedQuerySet[Any]):
    """`visible_to` and `in_scope` once more, of numbers of artifacts instead of artifacts: docs/decisions/0014."""

    is_compared = True

    def in_scope(self, scope: str, user: "User") -> "list[TallyQuerySet]":
        """What together is of a gallery scope of what `user` may see; `n` is how many more or fewer that are."""
        here = self.in_projects_of(user)
        own, shared = here.filter(owner_id=user.pk), here.filter(owner_id=self.model.EVERYBODY)
        more, fewer = F("amount"), -F("amount")
        match scope:
            case "mine":
                return [own.annotate(n=more)]
            case "shared":
                return [shared.annotate(n=more), own.filter(is_shared=True).annotate(n=fewer)]
            case "saved":
                return [
                    shared.annotate(n=more),
                    own.filter(is_saved=True, is_shared=False).annotate(n=more),
                ]
        return [shared.annotate(n=more), own.filter(is_shared=False).annotate(n=more)]


class OutputQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Outputs whose artifact `user` may see: one that was transferred needn't be its maker's to see any more."""
        artifacts = apps.get_model("artifacts", "Artifact").objects.visible_to(user)
        return self.filter(Exists(artifacts.filter(pk=OuterRef("version__artifact"))))


class ArtifactManager(Manager.from_queryset(ArtifactQuerySet)):  # type: ignore[misc]
    """Artifacts that are there: what was deleted is gone for everybody at once, though it can still be undone.

    The default of the model, so that no list, count, search, mention or relation has to think of it.
    """

    def get_queryset(self) -> ArtifactQuerySet:
        there: ArtifactQuerySet = super().get_queryset().filter(deletion__isnull=True)
        return there


class OutputManager(Manager.from_queryset(OutputQuerySet)):  # type: ignore[misc]
    """What messages carry, without what was deleted."""

    def get_queryset(self) -> OutputQuerySet:
        there: OutputQuerySet = super().get_queryset().filter(version__artifact__deletion__isnull=True)
        return there


class VersionQuerySet(QuerySet[Any]):
    def readable_by(self, user: "User | AnonymousUser") -> Self:
        """Versions that `user` may see of an artifact that they may see: all of one's own, of others the published."""
        return self.filter(Q(published=True) | Q(artifact__owner_id=user.pk))

    def published(self) -> Self:
        return self.filter(published=True)
