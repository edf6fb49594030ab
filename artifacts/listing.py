"""Lists of artifacts, as API and gallery show them: read as values, by statements that Django words once.

Which rows there are is `ArtifactQuerySet.visible_to`'s to say, as everywhere; this is how they are fetched.
"""

import json
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, UUIDField
from django.db.models.expressions import RawSQL

from accounts.models import User
from artifacts import search, tally
from artifacts.filters import TYPES, Wanted
from artifacts.models import Artifact, Grid, Thumbnail, Version, Visibility
from artifacts.querysets import MOST_BY_ONE_PLAN, ArtifactQuerySet, projects_of
from artifactsite.lib import pagination, worded
from artifactsite.lib.pagination import Cursor, CursorOrPagePagination, counted
from artifactsite.lib.worded import Values, instance
from conversations.models import Conversation
from projects.models import Project


class Row(NamedTuple):
    """An artifact as lists read it, by the way to each value; what a list shows needs no other statement."""

    id: UUID
    name: str
    kind: str
    gallery_type: str
    saved_at: datetime | None
    description: str
    visibility: str
    latest_number: int
    created_at: datetime
    updated_at: datetime
    project_id: UUID
    owner_id: int
    conversation_id: UUID | None
    current_id: UUID | None
    # Of people's standing, as `with_standing_of` adds it.
    owner_left: bool | None
    reader_administers: bool | None
    project__allow_artifact_sharing: bool
    owner__username: str
    conversation__owner_id: int | None
    conversation__title: str | None
    current__number: int
    current__file: str
    current__media_type: str
    current__size: int
    current__sha256: str
    current__preview: dict[str, Any]
    current__message_id: UUID | None
    current__thumbnail__id: int | None
    current__thumbnail__file: str | None
    current__thumbnail__width: int | None
    current__thumbnail__height: int | None
    current__thumbnail__reason: str | None
    current__grid__id: int | None
    current__grid__summary: dict[str, Any] | None

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def is_shared(self) -> bool:
        return self.saved_at is not None and self.visibility == Visibility.PROJECT


def _slices() -> dict[str, tuple[tuple[str, ...], int, int]]:
    """The way to each model of a Row → the names of its values, and their places."""
    ways = [name.rpartition("__")[0] for name in Row._fields]
    found = {}
    for way in dict.fromkeys(ways):
        start, end = ways.index(way), len(ways) - ways[::-1].index(way)
        found[way] = tuple(name.rpartition("__")[2] for name in Row._fields[start:end]), start, end
    return found


_SLICES = _slices()
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
        # PostgreSQL reads them itself, but for very many rows.
        if self.is_merged and connection.vendor != "postgresql":
            given |= self.projects
        return {name: value for name, value in given.items() if value is not None}

    @property
    def projects(self) -> dict[str, UUID]:
        """The reader's projects, for statements that name each."""
        if "projects" not in self._read:
            found = enumerate(projects_of(User(pk=self.reader)))
            self._read["projects"] = {f"{_PROJECT}{place}": project for place, project in found}
        projects: dict[str, UUID] = self._read["projects"]
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

    def is_one_plan(self, most: int, *, ordered: bool = True, field: str = "") -> bool:
        """Whether one plan is right for `most` rows in the order of `field`, whoever asks for whichever project."""
        if self.wanted.q or self.wanted.conversation or self.within:
            return False
        if self.wanted.project and field != "created_at":
            return False  # it may have three of somebody's artifacts, or thirty thousand
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

    The tally says it where it can. Where a fifth more than that were there just now, nobody is asked: a list doesn't
    lose thousands of its rows in half a minute, and if it does, says "more" for so long.
    """
    now, exact = time.monotonic(), pagination.EXACT_COUNT
    if _long.get(listing, 0) > now:
        return None
    most = exact + exact // 5 + 1
    count = _tallied(listing) if _is_tallied(listing) else _counted(listing, most)
    if count >= most:
        if len(_long) >= MOST_BELIEVED:
            _long.clear()
        _long[listing] = now + BELIEVED
    return _to_exact(count)


def _is_tallied(listing: Listing) -> bool:
    return listing.within is None and tally.tells(listing.wanted)


def _tallied(listing: Listing) -> int:
    return sum(tally.by_type(listing.reader, listing.wanted).values())


def _counted(listing: Listing, most: int) -> int:
    """How many there are, to `most`. Counting so far costs a page more than its rows."""
    found = worded.found(
        None if listing.wanted.q else ("count", most, listing.kind),
        lambda given: counted(listing.rows(given), most),
        listing.values,
        is_one_plan=listing.is_one_plan(most, ordered=False),
    )
    return found[0][0] if found else 0


def _to_exact(count: int) -> int | None:
    return count if count <= pagination.EXACT_COUNT else None


def counts_of_types(listing: Listing) -> dict[str, int | None]:
    """How many there are of each type but "all", each to EXACT_COUNT, else None.

    Where there is no tally, what a search finds is gone through once where it is no more than that in all; each type
    anew only of more.
    """
    of_types = {name: stored for name, stored in TYPES.items() if stored is not None}
    of_all = replace(listing, wanted=replace(listing.wanted, type=""))
    if _is_tallied(of_all):
        tallied = tally.by_type(of_all.reader, of_all.wanted)
        return {name: _to_exact(tallied.get(stored, 0)) for name, stored in of_types.items()}
    if listing.wanted.q:
        most = pagination.EXACT_COUNT + 1
        rows = worded.found(None, lambda _: _counted_by_type(of_all.rows(), most), {})
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


class RowPagination(CursorOrPagePagination):
    """Paging over a Listing, whose rows are `Row`s; over other querysets as everywhere."""

    reader: int | None = None  # of the listing that is paged

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        # Why each row was found, by its id; empty but for a search.
        self.matches: dict[UUID, search.Match] = {}
        self._counts: dict[Listing, int | None] = {}
        if not isinstance(queryset, Listing):
            return super().paginate_queryset(queryset, request, view)
        query = queryset.wanted.query
        self.reader = queryset.reader
        # What a search finds is another matter with each word: it is worded anew.
        rows = super().paginate_queryset(queryset.rows() if query else queryset, request, view)  # type: ignore[arg-type]
        if query and rows:
            self.matches = search.explain(rows, query)
        return rows

    def _bounded_count(self, queryset: Any) -> int | None:
        if not isinstance(queryset, Listing):
            return super()._bounded_count(queryset)
        if queryset not in self._counts:
            self._counts[queryset] = count_of(queryset)
        return self._counts[queryset]

    def _is_beyond(self, listing: Listing, start: int) -> bool:
        """Whether the tally knows that nothing is there: to find that out, all that is not wanted would be read."""
        wanted = listing.wanted
        if not (wanted.type or wanted.kind or wanted.project) or not _is_tallied(listing):
            return False
        count = self._bounded_count(listing)
        return count is not None and count <= start

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
            if self._is_beyond(queryset, start):
                return []
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
    ) -> list[Row]:
        """`count` of the rows from `start`. Their ids are found first, which an index can do alone, whoever asks."""
        kind: Hashable = (self.field, self.descending, reverse, listing.kind, tuple(values))
        is_deep = listing.is_merged and start + count > MOST_BY_ONE_PLAN
        is_one_plan = listing.is_one_plan(count, field=self.field)
        is_walked = is_one_plan and (is_deep or not listing.is_merged)
        if is_walked:
            values = {**values, "start": start, "count": count}
            if is_deep:
                values |= {**listing.projects, "end": start + count}
                kind = kind, "of each project", len(listing.projects)
        else:
            # How deep a page is changes the words, in more ways than are worth keeping.
            kind = None if start else (kind, count)

        def keys(given: Values) -> worded.Words:
            if is_walked:
                end = given.get("end")
                return self._walked_keys(
                    rows(given), given["start"], given["count"], end=end, reverse=reverse
                )
            return self._keys(rows(given), start, count, reverse=reverse)

        if not is_one_plan or connection.vendor != "postgresql":
            found = worded.found(kind, keys, values, is_one_plan=is_one_plan)
            return self._chosen(listing, found)  # type: ignore[arg-type]
        order = self._order("k", reverse=reverse)
        # What is visible is in the statement for the ids.
        return _looked_up(kind, lambda _: Artifact.objects.all(), keys, values, order)

    def _rows(self, queryset: Any, keys: Sequence[UUID]) -> list[Any]:
        return super()._rows(queryset, keys) if self.reader is None else rows_of(self.reader, keys)


class ArtifactPagination(RowPagination):
    """The same as the gallery takes it: artifacts with what belongs to them, and of a search each its `match`."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        rows = super().paginate_queryset(queryset, request, view)
        if rows is None or not isinstance(queryset, Listing):
            return rows
        artifacts = artifacts_of(rows)
        for artifact in artifacts:
            if artifact.pk in self.matches:
                artifact.match = self.matches[artifact.pk]  # type: ignore[attr-defined]
        return artifacts


def rows_of(reader: int, keys: Sequence[UUID]) -> list[Row]:
    """The artifacts with these ids that `reader` may see, in this order; one statement, however many they are."""
    if connection.vendor == "postgresql":
        listed = "SELECT * FROM unnest(%s::uuid[]) WITH ORDINALITY AS listed (pk, place)"
        stored = f"{{{','.join(map(str, keys))}}}"
    else:
        listed = "SELECT value AS pk, key AS place FROM json_each(%s)"
        stored = json.dumps([key.hex for key in keys])

    def visible(given: Values) -> ArtifactQuerySet:
        return Artifact.objects.visible_to(User(pk=given["reader"]))

    values = {"reader": reader, "keys": stored}
    return _looked_up("listed", visible, lambda given: (listed, [given["keys"]]), values, "k.place")


def _looked_up(
    kind: Hashable,
    among: Callable[[Values], ArtifactQuerySet],
    keys: Callable[[Values], worded.Words],
    values: Values,
    order: str,
) -> list[Row]:
    """Of `among` the rows with the ids that the statement `keys` gives as `pk`; `order` is of its columns, as `k`.

    Each is looked up by itself. PostgreSQL would rather keep a plan that reads all people, projects and memberships.
    """
    is_postgres = connection.vendor == "postgresql"

    def make(given: Values) -> QuerySet[Any, Any]:
        rows = among(given).with_standing_of(User(pk=given["reader"]))
        if is_postgres:
            rows = rows.filter(pk=RawSQL("k.pk", [], output_field=UUIDField()))
        return rows.values_list(*Row._fields)

    def of_each(rows: worded.Words, given: Values) -> worded.Words:
        (its, its_params), (ids, params) = rows, keys(given)
        beside = f"LATERAL ({its} LIMIT 1) AS r" if is_postgres else f"({its}) AS r WHERE r.id = k.pk"
        sql = f"SELECT r.* FROM ({ids}) AS k CROSS JOIN {beside} ORDER BY {order}"  # noqa: S608 - Django's SQL
        return sql, [*params, *its_params]

    return [Row._make(row) for row in worded.rows(kind, make, values, around=of_each)]


# --- rows into models ------------------------------------------------------------------------------------


def artifacts_of(rows: Iterable[Row]) -> list[Artifact]:
    """Artifacts with what belongs to them, as `select_related` would give them; people and projects once for all."""
    once: dict[Any, Any] = {}
    return [_artifact(row, once) for row in rows]


def _artifact(row: Row, once: dict[Any, Any]) -> Artifact:
    of = {
        path: dict(zip(names, row[start:end], strict=True)) for path, (names, start, end) in _SLICES.items()
    }
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
