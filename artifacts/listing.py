"""Lists of artifacts, as API and gallery show them: read as values, by statements that Django words once.

Which rows there are is `ArtifactQuerySet.visible_to`'s to say, as everywhere; this is how they are fetched.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from artifacts import search
from artifacts.filters import TYPES, Wanted
from artifacts.models import Artifact, Grid, Thumbnail, Version
from artifacts.querysets import MOST_BY_ONE_PLAN, ArtifactQuerySet, projects_of
from artifactsite.lib import pagination, worded
from artifactsite.lib.pagination import Cursor, CursorOrPagePagination, counted
from artifactsite.lib.worded import Values, instance
from conversations.models import Conversation
from projects.models import Project

# What a row takes of each model, by the way to it. The rest would be read when it is asked for, row by row.
_SHOWN: dict[str, tuple[str, ...]] = {
    "": (
        "id", "name", "kind", "gallery_type", "saved_at", "description", "visibility", "latest_number", "created_at",
        "updated_at", "project_id", "owner_id", "conversation_id", "current_id",
        # Of people's standing, as `with_standing_of` adds it.
        "owner_left", "reader_administers",
    ),
    "project": ("allow_artifact_sharing",),
    "owner": ("username",),
    "conversation": ("owner_id", "title"),
    "current": ("number", "file", "media_type", "size", "sha256", "preview", "message_id"),
    "current__thumbnail": ("id", "file", "width", "height"),
    "current__grid": ("id", "summary"),
}  # fmt: skip
_COLUMNS = [f"{path}__{name}" if path else name for path, names in _SHOWN.items() for name in names]
_ENDS = list(accumulate(map(len, _SHOWN.values())))
#  way, names, the places of their columns
_SLICES = [
    (path, names, end - len(names), end) for (path, names), end in zip(_SHOWN.items(), _ENDS, strict=True)
]
_ROOMS = (1, 8, 21, 49, 51, 101)  # ids of a statement
# What an address may ask for that doesn't change the words of the statement, only its values.
_VALUES = "project", "conversation", "created_after", "created_before"
_PROJECT = "project of the reader "  # and its place


@dataclass(frozen=True)
class Listing:
    """Of what `reader` may see what is wanted; with `within`, of that conversation of the reader's own."""

    reader: int
    wanted: Wanted
    within: UUID | None = None
    # What was read for it; of those that `replace` makes out of it too.
    _read: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    model = Artifact

    @property
    def values(self) -> dict[str, Any]:
        given = {name: getattr(self.wanted, name) for name in _VALUES}
        given |= {"reader": self.reader, "within": self.within}
        given |= {f"{_PROJECT}{place}": project for place, project in enumerate(self._projects())}
        return {name: value for name, value in given.items() if value is not None}

    def _projects(self) -> list[UUID]:
        """The reader's projects, where statements name each: not on PostgreSQL, which reads them itself."""
        if not self.is_merged or connection.vendor == "postgresql":
            return []
        if "projects" not in self._read:
            self._read["projects"] = projects_of(User(pk=self.reader))
        projects: list[UUID] = self._read["projects"]
        return projects

    @property
    def kind(self) -> Hashable:
        """What changes the words."""
        wanted = self.wanted
        return wanted.type, wanted.kind, wanted.scope, wanted.owner_left, wanted.q, *self.values

    def rows(self, values: Values | None = None) -> ArtifactQuerySet:
        """The queryset, with these values instead of its own."""
        values = self.values if values is None else values
        reader = User(pk=values["reader"])
        wanted = replace(self.wanted, **{name: values[name] for name in _VALUES if name in values})
        visible = Artifact.objects.visible_to(reader)
        if projects := [value for name, value in values.items() if name.startswith(_PROJECT)]:
            visible = visible.of_a_member_of(projects)
        found = wanted.of(visible, reader)
        return found.filter(conversation_id=values["within"]) if "within" in values else found

    def is_one_plan(self, most: int, *, ordered: bool = True) -> bool:
        """Whether one plan is right for `most` rows, whoever asks for whichever project."""
        if self.wanted.q or self.wanted.project or self.wanted.conversation or self.within:
            return False  # a project may have three of somebody's artifacts, or thirty thousand
        few = most <= MOST_BY_ONE_PLAN or not ordered
        return not self.is_merged or (connection.vendor == "postgresql" and few)

    @property
    def is_merged(self) -> bool:
        return _is_merged(self.wanted.scope)


@cache
def _is_merged(scope: str) -> bool:
    return Listing(0, Wanted(scope=scope)).rows({"reader": 0}).is_merged


# Lists that had many more than are counted, and until when that is believed (seconds of the monotonic clock).
_long: dict[Listing, float] = {}
BELIEVED, MOST_BELIEVED = 30.0, 10_000


def count_of(listing: Listing) -> int | None:
    """How many there are, to EXACT_COUNT, else None.

    Counting so far costs a page more than its rows. Where a fifth more than that were there just now, it is left out:
    a list doesn't lose thousands of its rows in half a minute, and if it does, says "more" for so long.
    """
    now, exact = time.monotonic(), pagination.EXACT_COUNT
    if _long.get(listing, 0) > now:
        return None
    most = exact + exact // 5 + 1
    kind = None if listing.wanted.q else ("count", most, listing.kind)
    found = worded.found(
        kind,
        lambda given: counted(listing.rows(given), most),
        listing.values,
        is_one_plan=listing.is_one_plan(most, ordered=False),
    )
    count: int = found[0][0] if found else 0
    if count >= most:
        if len(_long) >= MOST_BELIEVED:
            _long.clear()
        _long[listing] = now + BELIEVED
    return count if count <= exact else None


def counts_of_types(listing: Listing) -> dict[str, int | None]:
    """How many there are of each type but "all", each to EXACT_COUNT, else None.

    What a search finds is gone through once where it is no more than that in all; each type anew only of more.
    """
    of_types = {name: stored for name, stored in TYPES.items() if stored is not None}
    if listing.wanted.q:
        most = pagination.EXACT_COUNT + 1
        wanted = replace(listing, wanted=replace(listing.wanted, type=""))
        rows = worded.found(None, lambda _: _counted_by_type(wanted.rows(), most), {})
        found: dict[str, int] = dict(rows)
        if sum(found.values()) < most:
            return {name: found.get(stored, 0) for name, stored in of_types.items()}
    return {name: count_of(replace(listing, wanted=replace(listing.wanted, type=name))) for name in of_types}


def _counted_by_type(rows: ArtifactQuerySet, most: int) -> worded.Words:
    """The statement that counts at most `most` of the rows, by gallery type. Raises EmptyResultSet."""
    found, params = rows.merged(
        lambda part: part.order_by().values_list("gallery_type")[:most], most=most, ordered=False
    )
    bounded = f"SELECT gallery_type FROM ({found}) AS r LIMIT {most}"  # noqa: S608 - Django's SQL
    return f"SELECT gallery_type, COUNT(*) FROM ({bounded}) AS s GROUP BY gallery_type", params  # noqa: S608


class ArtifactPagination(CursorOrPagePagination):
    """The API's paging over a Listing. Its artifacts have what `_SHOWN` names, and of a search each its `match`."""

    reader: int | None = None  # of the listing that is paged

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        if not isinstance(queryset, Listing):
            return super().paginate_queryset(queryset, request, view)
        query = queryset.wanted.query
        self.reader = queryset.reader
        # What a search finds is another matter with each word: it is worded anew.
        rows = super().paginate_queryset(queryset.rows() if query else queryset, request, view)  # type: ignore[arg-type]
        if query and rows:
            search.explain(rows, query)
        return rows

    def _bounded_count(self, queryset: Any) -> int | None:
        return count_of(queryset) if isinstance(queryset, Listing) else super()._bounded_count(queryset)

    def _behind(self, queryset: Any, cursor: Cursor, count: int) -> list[Any]:
        if not isinstance(queryset, Listing):
            return super()._behind(queryset, cursor, count)
        values = {**queryset.values, "at": cursor.value, "pk": UUID(cursor.pk)}

        def rows(given: Values) -> ArtifactQuerySet:
            place = Cursor(given["at"], str(given["pk"]), cursor.backwards)
            return queryset.rows(given).filter(self._is_behind(place))

        return self._shown(queryset, rows, values, 0, count, reverse=cursor.backwards)

    def _first(self, queryset: Any, start: int, count: int, *, reverse: bool = False) -> list[Any]:
        if isinstance(queryset, Listing):
            return self._shown(queryset, queryset.rows, queryset.values, start, count, reverse=reverse)
        if self.reader is None:
            return super()._first(queryset, start, count, reverse=reverse)
        keys = worded.found(None, lambda _: self._keys(queryset, start, count, reverse=reverse), {})
        return self._chosen(queryset, keys)

    def _shown(
        self,
        listing: Listing,
        rows: Callable[[Values], ArtifactQuerySet],
        values: Values,
        start: int,
        count: int,
        *,
        reverse: bool,
    ) -> list[Artifact]:
        """`count` of the rows from `start`. Their ids are found first, which an index can do alone, whoever asks."""
        kind = self.field, self.descending, reverse, listing.kind, tuple(values)
        is_one_plan = listing.is_one_plan(count)
        if is_one_plan and not listing.is_merged:
            keys = worded.found(
                kind,
                lambda given: self._walked_keys(rows(given), given["start"], given["count"], reverse=reverse),
                {**values, "start": start, "count": count},
            )
        else:
            keys = worded.found(
                None if start else (*kind, count),
                lambda given: self._keys(rows(given), start, count, reverse=reverse),
                values,
                is_one_plan=is_one_plan,
            )
        return self._chosen(listing, keys)  # type: ignore[arg-type]

    def _rows(self, queryset: Any, keys: Sequence[UUID]) -> list[Any]:
        return super()._rows(queryset, keys) if self.reader is None else shown(self.reader, keys)


def shown(reader: int, keys: Sequence[UUID]) -> list[Artifact]:
    """The artifacts with these ids that `reader` may see, in this order."""
    if not keys:
        return []
    # One statement for lists of nearly the same length: ids that nothing has stand in the places that are left.
    room = next((length for length in _ROOMS if length >= len(keys)), len(keys))
    filled = [*keys, *(UUID(int=place) for place in range(room - len(keys)))]
    values = {f"key{place}": key for place, key in enumerate(filled)}

    def make(given: Values) -> QuerySet[Any, Any]:
        wanted = [value for name, value in given.items() if name != "reader"]
        reader = User(pk=given["reader"])
        visible = Artifact.objects.visible_to(reader).with_standing_of(reader)
        return visible.filter(pk__in=wanted).values_list(*_COLUMNS)

    found = worded.rows(("shown", room), make, {"reader": reader, **values})
    by_key = {artifact.pk: artifact for artifact in _artifacts(found)}
    return [by_key[key] for key in keys if key in by_key]


# --- rows into models ------------------------------------------------------------------------------------


def _artifacts(rows: Iterable[tuple[Any, ...]]) -> list[Artifact]:
    """Artifacts with what belongs to them, as `select_related` would give them; people and projects once for all."""
    once: dict[Any, Any] = {}
    return [_artifact(row, once) for row in rows]


def _artifact(row: tuple[Any, ...], once: dict[Any, Any]) -> Artifact:
    of = {path: dict(zip(names, row[start:end], strict=True)) for path, names, start, end in _SLICES}
    facts, version, thumbnail, grid = of[""], of["current"], of["current__thumbnail"], of["current__grid"]
    project, owner, conversation = facts["project_id"], facts["owner_id"], facts["conversation_id"]
    if project not in once:
        once[project] = instance(Project, {"id": project, **of["project"]}, {})
    if owner not in once:
        once[owner] = instance(User, {"id": owner, **of["owner"]}, {})
    if conversation and conversation not in once:
        once[conversation] = instance(Conversation, {"id": conversation, **of["conversation"]}, {})
    made = {
        "thumbnail": instance(Thumbnail, thumbnail, {}) if thumbnail["id"] else None,
        "grid": instance(Grid, grid, {}) if grid["id"] else None,
    }
    current = facts["current_id"] and instance(
        Version, {"id": facts["current_id"], "artifact_id": facts["id"], **version}, made
    )
    related = {
        "project": once[project],
        "owner": once[owner],
        "conversation": conversation and once[conversation],
        "current": current,
    }
    return instance(Artifact, facts, related)
