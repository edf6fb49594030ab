"""The gallery: the API's filters and paging, made into tiles, tabs and links."""

import uuid
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from rest_framework.request import Request

from accounts.models import User
from artifacts.filters import NotWanted, wanted
from artifacts.listing import ArtifactPagination, Listing, counts_of_types
from artifacts.models import Artifact
from artifacts.pages import (
    NO_BODY,
    Body,
    Source,
    address,
    body_of,
    icon_of,
    label_of,
    source_of,
)
from artifacts.querysets import ArtifactQuerySet
from artifactsite.lib.errors import Invalid
from artifactsite.lib.pages import is_fragment, zone_of
from artifactsite.lib.pagination import EXACT_COUNT, Cursor
from conversations.models import Conversation
from projects.models import Project

SIZE = 48
TILE_BEFORE = 24  # characters before what a search found: of a tile two short lines are seen
LONGEST_LIST_OF_PROJECTS = 500
LONGEST_LIST_OF_CONVERSATIONS = 100
TABS = {"all": "All", "images": "Images", "html": "HTML", "code": "Code", "files": "Files"}
SCOPES = {"mine": "Mine", "saved": "Saved", "shared": "Shared with me", "all": "All"}
SORTS = {
    "": "Newest, or best match",
    "-created_at": "Newest first",
    "created_at": "Oldest first",
    "-updated_at": "Recently changed",
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
}
VIEWS = {"grid": "Grid", "list": "List"}
#  parameter of the address → its default, which the address leaves out
PARAMETERS = {
    "type": "all", "scope": "mine", "project": "", "conversation": "", "kind": "", "q": "",
    "created_after": "", "created_before": "", "ordering": "", "view": "grid",
}  # fmt: skip

_NARROWING = {"q", "type", "kind", "project", "conversation", "created_after", "created_before"}
_OF_TYPE = {
    "images": "Plots and pictures that programs save are images: PNG, JPEG, GIF, SVG and WebP.",
    "html": "HTML files and visualizations are collected here.",
    "code": "Scripts, queries, configuration and Markdown that agents write are collected here.",
    "files": "Tables, documents, text and everything else is collected here.",
}


class _Paging(ArtifactPagination):
    """The API's paging as a page uses it: the tabs have counted already."""

    def _bounded_count(self, queryset: QuerySet[Any]) -> int | None:
        return None


def _beyond_defaults(values: dict[str, str]) -> dict[str, str]:
    """The values that differ from their defaults, in the order of PARAMETERS."""
    return {name: values[name] for name in PARAMETERS if values.get(name, "") not in ("", PARAMETERS[name])}


@dataclass(frozen=True)
class Asked:
    """What the visitor asked to see: the parameters of the address that differ from their defaults."""

    values: dict[str, str]

    @classmethod
    def of(cls, request: HttpRequest) -> "Asked":
        return cls.in_query(request.GET)

    @classmethod
    def in_query(cls, query: QueryDict) -> "Asked":
        """As the query of an address of the gallery says it."""
        given = {name: query.get(name, "").strip() for name in PARAMETERS}
        return cls(_beyond_defaults(given))

    def get(self, name: str) -> str:
        return self.values.get(name, PARAMETERS[name])

    def query(self, **changes: str) -> str:
        """The query of an address with some parameters changed; empty where all are as by default."""
        kept = _beyond_defaults({**self.values, **changes})
        return f"?{urlencode(kept)}" if kept else ""

    def url(self, **changes: str) -> str:
        """The address of the gallery with some parameters changed."""
        return reverse("artifacts") + self.query(**changes)

    def filters(self, zone: tzinfo) -> dict[str, str]:
        """What the API's filters take: a day as its beginning or end where the reader is."""
        filters = dict(self.values)
        for name, days in (("created_after", 0), ("created_before", 1)):
            if day := self.day(name):
                begins = datetime.combine(day + timedelta(days=days), time.min, zone)
                filters[name] = begins.isoformat()
        return filters

    def day(self, name: str) -> date | None:
        """A parameter that names a day; None where it is none, or a moment as the API takes it."""
        try:
            day = date.fromisoformat(self.get(name))
        except ValueError:
            return None
        # The first and the last day of the calendar have no zone on one side of them.
        return day if date.min < day < date.max - timedelta(days=1) else None


@dataclass(frozen=True)
class Tab:
    """A tab with its count: exact up to 10,000."""

    name: str
    label: str
    count: int
    more: bool
    url: str
    is_current: bool


@dataclass(frozen=True)
class Choice:
    """An option of a select or of a switch."""

    value: str
    label: str
    is_chosen: bool
    url: str = ""


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    url: str


@dataclass(frozen=True)
class Empty:
    """What a gallery with nothing to show says, and what one can do about it."""

    icon: str
    title: str
    text: str
    action: str
    action_url: str


@dataclass(frozen=True)
class Tile:
    """An artifact in the gallery. `day` is set on the first of each day."""

    id: uuid.UUID
    name: str
    kind: str
    kind_label: str
    icon: str
    size: int
    created_at: datetime
    is_mine: bool
    owner: str
    type: str
    saved: bool
    visibility: str
    source: Source | None
    body: Body
    url: str
    self_url: str
    day: str = ""
    # Pieces of the text that a search found, each with whether it is marked.
    match: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Gallery:
    """The page, or with `tiles` and `more_url` alone the next piece of it."""

    asked: Asked
    url: str
    tabs: list[Tab]
    scopes: list[Choice]
    sorts: list[Choice]
    views: list[Choice]
    projects: list[Choice]
    conversations: list[Choice]
    chips: list[Chip]
    empty: Empty | None
    tiles: list[Tile]
    more_url: str
    previous_url: str
    is_list: bool
    # Tiles with the place that a search found are higher, all of them.
    has_matches: bool


@dataclass(frozen=True)
class Neighbours:
    """The ways on from an artifact in the viewer, through the filtered list."""

    previous_url: str
    next_url: str
    back_url: str


def _listing(request: HttpRequest, asked: Asked, user: User) -> Listing:
    """What the API's filters make of what was asked for."""
    try:
        return Listing(user.pk, wanted(asked.filters(zone_of(request))))
    except NotWanted as refused:
        name, sentences = next(iter(refused.errors.items()))
        raise Invalid(name, f"{name}: {sentences[0]}") from refused


def matching(request: HttpRequest, user: User, query: str) -> ArtifactQuerySet:
    """All that the gallery at an address with this query shows `user`, page after page."""
    return _listing(request, Asked.in_query(QueryDict(query.removeprefix("?"))), user).rows()


def _paging(request: HttpRequest) -> Request:
    """The request as the API's paging reads it, with the gallery's page size."""
    asked = copy(request)
    query = request.GET.copy()
    query.setdefault("size", str(SIZE))
    if not query.get("ordering"):
        query.pop("ordering", None)
    asked.GET = query  # type: ignore[assignment]
    return Request(asked)


class _Sorted:
    """Names, for the paging, the fields by which a list may be sorted."""

    sortable = ("created_at", "updated_at", "name")


def gallery_page(request: HttpRequest, user: User) -> Gallery:
    """The gallery as `user` asked for it. Raises Refusal for parameters that make no sense."""
    asked = Asked.of(request)
    listing = _listing(request, asked, user)
    tabs = _tabs(asked, listing)
    tiles, more_url, previous_url = _tiles(request, asked, listing, user)
    return Gallery(
        asked=asked,
        url=asked.url(),
        tabs=tabs,
        scopes=_choices(asked, "scope", SCOPES),
        sorts=_choices(asked, "ordering", SORTS),
        views=_choices(asked, "view", VIEWS),
        projects=_projects(asked, user),
        conversations=_conversations(asked, user),
        chips=_chips(asked, user),
        empty=None if tiles else _empty(asked, user),
        tiles=tiles,
        more_url=more_url,
        previous_url=previous_url,
        is_list=asked.get("view") == "list",
        has_matches=bool(asked.get("q")),
    )


def gallery_tiles(request: HttpRequest, user: User) -> tuple[list[Tile], str, str]:
    """One page of tiles, the address of the next and of the one before."""
    asked = Asked.of(request)
    return _tiles(request, asked, _listing(request, asked, user), user)


def _tiles(request: HttpRequest, asked: Asked, listing: Listing, user: User) -> tuple[list[Tile], str, str]:
    paging = _Paging()
    rows = paging.paginate_queryset(listing, _paging(request), _Sorted()) or []
    tiles = [tile_of(row, user, asked) for row in rows]
    if paging.field in ("created_at", "updated_at"):
        tiles = _by_day(tiles, rows, paging.field, request)
    return tiles, _relative(paging.get_next_link()), _relative(paging.get_previous_link())


def _relative(link: str | None) -> str:
    """The address of a link of the paging on this page, without our own page size."""
    if link is None:
        return ""
    query = QueryDict(urlsplit(link).query, mutable=True)
    if query.get("size") == str(SIZE):
        query.pop("size")
    return f"{reverse('artifacts')}?{query.urlencode()}"


def tile_of(artifact: Artifact, user: User, asked: Asked) -> Tile:
    version = artifact.current
    if version is None:
        # Only while its first version is being made, which no reader sees.
        raise LookupError(artifact.pk)
    is_mine = artifact.owner_id == user.pk
    return Tile(
        id=artifact.pk,
        name=artifact.name,
        kind=artifact.kind,
        kind_label=label_of(artifact, version),
        icon=icon_of(artifact, version),
        size=version.size,
        created_at=artifact.created_at,
        is_mine=is_mine,
        owner="" if is_mine else artifact.owner.username,
        type=artifact.gallery_type,
        saved=artifact.is_saved,
        visibility=artifact.visibility,
        source=source_of(artifact, version, user),
        body=NO_BODY if asked.get("view") == "list" else body_of(artifact, version, thumbnail=True),
        url=reverse("artifact", args=[artifact.pk]) + asked.query(),
        self_url=address("artifact-tile", artifact) + asked.query(),
        match=tuple(artifact.match.pieces(TILE_BEFORE)) if hasattr(artifact, "match") else (),
    )


# --- grouped by day -----------------------------------------------------------------------------------


def _by_day(tiles: list[Tile], rows: list[Any], field: str, request: HttpRequest) -> list[Tile]:
    """The tiles, with the first of each day of the reader's calendar marked."""
    zone = zone_of(request)
    today = timezone.localdate(timezone=zone)
    before, marked = _day_before(request, field, zone), []
    for tile, row in zip(tiles, rows, strict=True):
        day = timezone.localdate(getattr(row, field), zone)
        marked.append(replace(tile, day=day_label(day, today)) if day != before else tile)
        before = day
    return marked


def _day_before(request: HttpRequest, field: str, zone: tzinfo) -> date | None:
    """The day that the piece before ended with, where this one is added to it: its cursor says so."""
    cursor = request.GET.get("cursor")
    if not cursor or not is_fragment(request):
        return None
    moment: datetime = Cursor.decode(cursor, Artifact.objects.all(), field).value
    return timezone.localdate(moment, zone)


def day_label(day: date, today: date) -> str:
    """Today, Yesterday, else the date; the year where it isn't this one."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return date_format(day, "l, j F" if day.year == today.year else "j F Y")


# --- tabs and choices ------------------------------------------------------------------------------------


def gallery_tabs(request: HttpRequest, user: User) -> list[Tab]:
    """The tabs with true counts: of what is visible, in the scope and filters of the moment."""
    asked = Asked.of(request)
    return _tabs(asked, _listing(request, asked, user))


def _tabs(asked: Asked, listing: Listing) -> list[Tab]:
    counts = {
        name: EXACT_COUNT + 1 if count is None else count for name, count in counts_of_types(listing).items()
    }
    counts["all"] = sum(counts.values())
    current = asked.get("type")
    return [
        Tab(
            name=name,
            label=label,
            count=min(counts[name], EXACT_COUNT),
            more=counts[name] > EXACT_COUNT,
            url=asked.url(type=name),
            is_current=name == current,
        )
        for name, label in TABS.items()
    ]


def _choices(asked: Asked, parameter: str, labels: dict[str, str]) -> list[Choice]:
    chosen = asked.get(parameter)
    return [
        Choice(value, label, value == chosen, asked.url(**{parameter: value}))
        for value, label in labels.items()
    ]


def _projects(asked: Asked, user: User) -> list[Choice]:
    chosen = asked.get("project")
    rows = Project.objects.visible_to(user).order_by("name").values_list("pk", "name")
    return [
        Choice("", "All projects", not chosen),
        *(Choice(str(pk), name, str(pk) == chosen) for pk, name in rows[:LONGEST_LIST_OF_PROJECTS]),
    ]


def _conversations(asked: Asked, user: User) -> list[Choice]:
    """The reader's own that made something, the newest first, and the one that is chosen however old."""
    chosen = asked.get("conversation")
    own = Conversation.objects.visible_to(user)
    if asked.get("project"):
        own = own.filter(project=asked.get("project"))
    made = Artifact.objects.filter(conversation=OuterRef("pk"))
    rows = list(own.filter(Exists(made)).order_by("-updated_at", "-pk")[:LONGEST_LIST_OF_CONVERSATIONS])
    if chosen and not any(str(row.pk) == chosen for row in rows):
        rows += Conversation.objects.visible_to(user).filter(pk=chosen)
    return [
        Choice("", "All conversations", not chosen),
        *(Choice(str(row.pk), row.display_title, str(row.pk) == chosen) for row in rows),
    ]


# --- what is filtered, and what to do where nothing is left ----------------------------------------------


def _chips(asked: Asked, user: User) -> list[Chip]:
    """The filters that have no control of their own in sight."""
    chips = []
    if asked.get("project"):
        found = Project.objects.visible_to(user).filter(pk=asked.get("project")).first()
        chips.append(Chip(f"Project: {found.name if found else 'unknown'}", asked.url(project="")))
    if asked.get("conversation"):
        source = Conversation.objects.visible_to(user).filter(pk=asked.get("conversation")).first()
        title = source.display_title if source else "unknown"
        chips.append(Chip(f"Made in: {title}", asked.url(conversation="")))
    if asked.get("kind"):
        chips.append(Chip(f"Kind: {asked.get('kind')}", asked.url(kind="")))
    for name, label in (("created_after", "From"), ("created_before", "Until")):
        if asked.get(name):
            day = asked.day(name)
            chips.append(
                Chip(
                    f"{label} {date_format(day, 'j F Y') if day else asked.get(name)}",
                    asked.url(**{name: ""}),
                )
            )
    return chips


def _empty(asked: Asked, user: User) -> Empty:
    """By the filter that most likely left nothing, with the way out of it."""
    if asked.get("q"):
        text = "No name, description or content here has all of these words. Try fewer, or only their beginnings."
        if len(asked.values.keys() & _NARROWING) > 1:
            everywhere = asked.url(**dict.fromkeys(_NARROWING - {"q"}, ""), scope="all")
            return Empty("magnifying-glass", "Nothing matches", text, "Search everywhere", everywhere)
        return Empty("magnifying-glass", "Nothing matches", text, "Clear the search", asked.url(q=""))
    if asked.get("created_after") or asked.get("created_before"):
        text = "Nothing was made in this time that fits the other filters too."
        anytime = asked.url(created_after="", created_before="")
        return Empty("calendar", "Nothing from these days", text, "Show any time", anytime)
    if asked.get("conversation"):
        text = (
            "This conversation has made nothing that fits these filters. What it makes appears here at once."
        )
        return Empty(
            "chat-bubble-left-right", "Nothing from this conversation", text, "Show all conversations",
            asked.url(conversation=""),
        )  # fmt: skip
    if asked.get("type") != "all" or asked.get("kind"):
        label = TABS.get(asked.get("type"), "files")
        text = _OF_TYPE.get(asked.get("type"), "There is nothing of this kind.")
        return Empty("squares-2x2", f"No {label if label == 'HTML' else label.lower()} here", text, "Show all types",
                     asked.url(type="", kind=""))  # fmt: skip
    if asked.get("project"):
        text = "Nothing of yours is in this project yet. Start a conversation there, or look into the others."
        return Empty("folder", "Nothing in this project", text, "Show all projects", asked.url(project=""))
    if asked.get("scope") == "saved":
        text = "Save what is worth keeping: the bookmark of an artifact takes it into the library, for reuse anywhere."
        return Empty("bookmark", "Nothing is saved yet", text, "Show mine", asked.url(scope="mine"))
    if asked.get("scope") == "shared":
        text = "What collaborators save for the project appears here. So can yours, for them: save it and share it."
        return Empty("users", "Nothing is shared with you yet", text, "Show mine", asked.url(scope="mine"))
    text = (
        "Whatever agents and programs make in your conversations is collected here: charts, tables, pages, code and "
        "files. Start a conversation and run a program to make the first one."
    )
    return Empty("squares-2x2", "Your artifacts will be here", text, "Start a conversation", "/")


# --- the viewer ----------------------------------------------------------------------------------------------


def neighbours_of(request: HttpRequest, artifact: Artifact, user: User) -> Neighbours:
    """What comes before and after `artifact` in the list that the address describes, however deep."""
    asked = Asked.of(request)
    found = _listing(request, asked, user).rows().only("pk")
    beside = _Paging().beside(found, _paging(request), _Sorted(), artifact.pk)  # type: ignore[arg-type]
    urls = [reverse("artifact", args=[pk]) + asked.query() if pk else "" for pk in beside]
    return Neighbours(urls[0], urls[1], reverse("artifacts") + asked.query())
