"""What the pages of artifacts show, prepared: cards, their actions and menus, the artifact's own page."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from artifacts import kinds, thumbnails
from artifacts.access import Verb, abilities, editing_reason, require_editable, sharing_reason
from artifacts.comparison import Comparison, Line, Row, compare
from artifacts.kinds.base import stored_bytes
from artifacts.kinds.table import cell_text, columns_of
from artifacts.models import Artifact, GalleryType, Grid, Kind, Thumbnail, Version
from artifacts.preview import Preview, preview_of
from artifacts.querysets import ArtifactQuerySet
from artifacts.types import HTML, IMAGES, is_textual
from artifacts.viewers.code import language_of
from artifacts.viewers.grid import shortened
from artifactsite.lib.errors import Refusal
from projects.models import Membership, Project
from uploads.extraction.highlight import spans

MOST_VERSIONS = 200
SAMPLE_COLUMNS = 6
# What can be seen of a tile: more would only cost time, a thousand times.
TILE_LINES, TILE_WIDTH, TILE_TEXT = 9, 60, 500
TILE_COLUMNS, TILE_ROWS, TILE_CELL = 4, 5, 24  # the last in characters
MOST_HIGHLIGHTED = 1000  # of some 4 KB each
LARGEST_COPY = 16 * 1024 * 1024  # bytes that a clipboard takes without trouble
COPY_TOO_LARGE = "This is too large for the clipboard. Download it instead."

_FORMATS = {
    "csv": "CSV", "json": "JSON", "xlsx": "Excel workbook", "html": "HTML page", "txt": "Plain text",
    "md": "Markdown", "file": "File",
}  # fmt: skip
_ICONS_OF_MEDIA = {
    "audio/": "musical-note",
    "video/": "film",
    "application/zip": "archive-box",
    "application/gzip": "archive-box",
    "application/vnd.ms-powerpoint": "presentation-chart-bar",
    "application/vnd.openxmlformats-officedocument.presentationml": "presentation-chart-bar",
    "application/vnd.ms-excel": "table-cells",
    "application/vnd.openxmlformats-officedocument.spreadsheetml": "table-cells",
    "text/csv": "table-cells",
    "text/": "document-text",
}
_ICONS_OF_KIND = {
    Kind.TEXT: "document-text",
    Kind.TABLE: "table-cells",
    Kind.VISUALIZATION: "chart-bar",
}
_ICONS_OF_TYPE = {
    GalleryType.IMAGE: "photo",
    GalleryType.HTML: "globe-alt",
    GalleryType.CODE: "code-bracket",
}
_LABELS_OF_TYPE = {
    GalleryType.IMAGE: "Image",
    GalleryType.HTML: "HTML",
    GalleryType.CODE: "Code",
}


def with_everything(artifacts: ArtifactQuerySet) -> ArtifactQuerySet:
    """Artifacts with all that pages show of them, in one query and without the index of large tables."""
    return artifacts.select_related(
        "project", "owner", "conversation", "current__thumbnail", "current__grid"
    ).defer("current__table_index", "project__agent_instructions")


def icon_of(artifact: Artifact, version: Version) -> str:
    """The name of the icon that stands for what it is."""
    if artifact.kind in _ICONS_OF_KIND and artifact.gallery_type != GalleryType.CODE:
        return _ICONS_OF_KIND[Kind(artifact.kind)]
    if artifact.gallery_type in _ICONS_OF_TYPE:
        return _ICONS_OF_TYPE[GalleryType(artifact.gallery_type)]
    return next(
        (icon for start, icon in _ICONS_OF_MEDIA.items() if version.media_type.startswith(start)), "document"
    )


def label_of(artifact: Artifact, version: Version) -> str:
    """What it is, in a word: Table, Image, PDF."""
    if artifact.kind in (Kind.TABLE, Kind.VISUALIZATION):
        return Kind(artifact.kind).label
    if version.media_type == "text/markdown":
        return "Markdown"
    if artifact.gallery_type in _LABELS_OF_TYPE:
        return _LABELS_OF_TYPE[GalleryType(artifact.gallery_type)]
    if artifact.kind == Kind.TEXT:
        return Kind.TEXT.label
    extension = artifact.name.rpartition(".")[2]
    return (
        extension.upper() if extension.isalnum() and len(extension) <= 5 and "." in artifact.name else "File"
    )


# --- what a reader may do -------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """An entry of the ⋮ menu; `why_not` says why it is off."""

    label: str
    icon: str
    url: str = ""
    why_not: str = ""
    danger: bool = False
    in_dialog: bool = True
    # Done at once by a POST, as it can be undone.
    at_once: bool = False


@dataclass(frozen=True)
class Actions:
    """What the header of an artifact offers to one reader."""

    save_url: str
    saved: bool
    copy_url: str
    copy_why_not: str
    downloads: list[tuple[str, str]]
    definition_url: str
    share_url: str
    page_url: str
    menu: list[Item]


def address(name: str, artifact: Artifact, **query: Any) -> str:
    base = reverse(name, args=[artifact.pk])
    return f"{base}?{urlencode(query)}" if query else base


def actions_of(artifact: Artifact, version: Version, user: User) -> Actions:
    api, number = f"/api/artifacts/{artifact.pk}", version.number
    able = abilities(artifact, user, artifact.project)
    copyable = artifact.kind != Kind.FILE or is_textual(version.media_type)
    too_large = version.size > LARGEST_COPY
    downloads = [
        (_FORMATS.get(offer.format, offer.format), f"{api}/download?version={number}&format={offer.format}")
        for offer in kinds.get(artifact.kind).downloads(version)
    ]
    return Actions(
        save_url=address("artifact-save", artifact) if able[Verb.SAVE] is True else "",
        saved=artifact.is_saved,
        copy_url=f"{api}/data?version={number}" if copyable and not too_large else "",
        copy_why_not=COPY_TOO_LARGE if copyable and too_large else "",
        downloads=downloads,
        definition_url=f"{api}/definition?version={number}",
        share_url=f"{api}/share",
        page_url=address("artifact", artifact),
        menu=_menu(artifact, version, able),
    )


def _menu(artifact: Artifact, version: Version, able: Mapping[str, bool | str]) -> list[Item]:
    """The ⋮ menu. What only an owner can do isn't shown to others; what a setting turned off says so."""
    if able[Verb.TRANSFER] is True:
        return [Item("Transfer ownership", "user-plus", address("artifact-transfer", artifact))]
    if able[Verb.UPDATE] is not True:
        return []
    items = []
    if artifact.is_shared:
        items.append(
            Item("Make it private", "lock-closed", address("artifact-visibility", artifact, to="private"))
        )
    elif artifact.is_saved:
        share = able[Verb.SHARE_WITH_PROJECT]
        url = address("artifact-visibility", artifact, to="project") if share is True else ""
        items.append(
            Item("Share with project collaborators", "users", url, "" if share is True else str(share))
        )
    if version.pk == artifact.current_id and editing_reason(artifact, version) is None:
        items.append(Item("Edit", "pencil-square", address("artifact-content", artifact), in_dialog=False))
    items.append(Item("Rename or describe", "tag", address("artifact-edit", artifact)))
    delete = address("artifact-delete", artifact)
    # It can be undone; asked first is only where others lose it too.
    items.append(Item("Delete", "trash", delete, danger=True, at_once=not artifact.is_shared))
    return items


# --- cards ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Body:
    """A preview in small, out of the summary that its version keeps: no file is read for it.

    `view` is image, frame, table, columns, code, text or facts. Columns are a table in a tile: `rows` holds the name of
    each column and its cells, a line each: a fifth of a table's elements, and a gallery has hundreds of them.
    """

    view: str
    url: str = ""
    text: str = ""
    html: SafeString = field(default_factory=SafeString)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    total: int = 0
    hidden_columns: int = 0
    width: int | None = None
    height: int | None = None


NO_BODY = Body("facts")


def body_of(artifact: Artifact, version: Version, *, thumbnail: bool = False) -> Body:
    """What a card shows. A `thumbnail` runs nothing and loads no large picture."""
    summary = version.preview
    if artifact.kind == Kind.TABLE:
        return _columns_body(summary) if thumbnail else _table_body(summary)
    if artifact.kind == Kind.VISUALIZATION or version.media_type in HTML.values():
        if thumbnail:
            return Body("facts")
        return Body("frame", url=address("artifact-frame", artifact, version=version.number))
    if thumbnail and thumbnails.has_picture(version):
        return _thumbnail_body(artifact, version)
    grid: Grid | None = getattr(version, "grid", None) if thumbnail else None
    if grid is not None and grid.summary:
        return _columns_body(grid.summary)
    if reason := thumbnails.why_none(version) if thumbnail else thumbnails.no_picture(version):
        return Body("facts", text=reason)
    if version.media_type in IMAGES.values() and not thumbnail:
        return Body(
            "image",
            url=address("artifact-image", artifact, version=version.number),
            width=summary.get("width"),
            height=summary.get("height"),
        )
    text = summary.get("excerpt", "")
    if thumbnail:
        # Code isn't wrapped: what is right of the tile is never seen.
        width = TILE_WIDTH if artifact.gallery_type == GalleryType.CODE else TILE_TEXT
        text = "\n".join(line[:width] for line in text[:TILE_TEXT].splitlines()[:TILE_LINES])
    if not text.strip():
        return Body("facts")
    if artifact.gallery_type == GalleryType.CODE:
        return Body("code", text=text, html=_highlighted(text, artifact.name))
    return Body("text", text=text)


@lru_cache(maxsize=MOST_HIGHLIGHTED)
def _highlighted(text: str, name: str) -> SafeString:
    """The beginning of a text in colours; empty where `name` tells no language. Lists show the same again and again."""
    language = language_of(name)
    lines = spans(text, language) if language else None
    return mark_safe("\n".join(lines or []))  # noqa: S308 - made by the highlighter, which escapes


def _thumbnail_body(artifact: Artifact, version: Version) -> Body:
    made: Thumbnail | None = getattr(version, "thumbnail", None)
    size = {"width": made.width, "height": made.height} if made else version.preview
    url = f"/api/artifacts/{artifact.pk}/thumbnail?{thumbnails.query(version.number, version.sha256)}"
    return Body("image", url=url, width=size.get("width"), height=size.get("height"))


def _table_body(summary: dict[str, Any]) -> Body:
    columns: list[str] = summary.get("columns", [])
    shown = columns[:SAMPLE_COLUMNS]
    return Body(
        "table",
        columns=tuple(shown),
        rows=tuple(
            tuple(cell_text(row.get(column)) for column in shown) for row in summary.get("sample", [])
        ),
        total=summary.get("rows", 0),
        hidden_columns=len(columns) - len(shown),
    )


def _columns_body(summary: dict[str, Any]) -> Body:
    columns: list[str] = summary.get("columns", [])
    sample = summary.get("sample", [])[:TILE_ROWS]
    shown = [
        (_cut(column), "\n".join(_cut(cell_text(row.get(column))) for row in sample))
        for column in columns[:TILE_COLUMNS]
    ]
    if more := len(columns) - len(shown):
        shown.append((f"+ {more:,} more", "\n".join("…" for _ in sample)))
    return Body("columns", rows=tuple(shown), total=summary.get("rows", 0))


def _cut(text: str) -> str:
    """On one line, as long as a tile shows."""
    line = " ".join(text[: 4 * TILE_CELL].split())
    return line if len(line) <= TILE_CELL else line[:TILE_CELL] + "…"


@dataclass(frozen=True)
class Card:
    """An artifact where it is shown among others, ready for display.

    Card, Tile and ArtifactPage share their names, for the templates that print parts of each.
    """

    id: uuid.UUID
    name: str
    kind: str
    kind_label: str
    icon: str
    version: int
    newer_version: int | None
    # Made by its conversation since it was saved: readers don't get it yet.
    waits: bool
    size: int
    media_type: str
    created_at: datetime
    type: str
    saved: bool
    visibility: str
    owner: str  # empty: the reader's own
    url: str
    self_url: str
    actions: Actions
    body: Body
    # Told apart from every other card of the page, of the same artifact too: for ids.
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:12])


def card(artifact: Artifact, version: Version, user: User) -> Card:
    """The card of a version that `user` may see. Wants what `with_everything` selects."""
    return Card(
        id=artifact.pk,
        name=artifact.name,
        kind=artifact.kind,
        kind_label=label_of(artifact, version),
        icon=icon_of(artifact, version),
        version=version.number,
        newer_version=artifact.newer_version_for(user),
        waits=artifact.is_saved and not version.published,
        size=version.size,
        media_type=version.media_type,
        created_at=version.created_at,
        type=artifact.gallery_type,
        saved=artifact.is_saved,
        visibility=artifact.visibility,
        owner="" if artifact.owner_id == user.pk else artifact.owner.username,
        url=address("artifact", artifact, version=version.number),
        self_url=address("artifact-card", artifact, version=version.number),
        actions=actions_of(artifact, version, user),
        body=body_of(artifact, version),
    )


# --- the artifact's page -----------------------------------------------------------------------------


@dataclass(frozen=True)
class VersionRow:
    """A version in the list beside the preview."""

    number: int
    size: int
    tool: str
    created_at: datetime
    is_current: bool
    is_shown: bool
    url: str
    diff_url: str
    restore_url: str


@dataclass(frozen=True)
class Source:
    """Where it was made: a link to the very message. Only for the conversation's owner."""

    title: str
    url: str


def source_of(artifact: Artifact, version: Version | None, user: User) -> Source | None:
    """The conversation it came from; None where `user` may not see that, or it is gone."""
    conversation = artifact.conversation
    if conversation is None or conversation.owner_id != user.pk:
        return None
    anchor = f"#message-{version.message_id}" if version and version.message_id else ""
    return Source(conversation.display_title, f"/conversations/{conversation.pk}{anchor}")


@dataclass(frozen=True)
class ArtifactPage:
    """All that the artifact's page and the gallery's viewer show."""

    id: uuid.UUID
    name: str
    kind: str
    kind_label: str
    icon: str
    description: str
    version: int
    current: int
    latest: int
    newer_version: int | None
    size: int
    media_type: str
    created_at: datetime
    updated_at: datetime
    type: str
    saved: bool
    visibility: str
    owner: str
    project: str
    dimensions: str
    is_owner: bool
    owner_left: bool
    transfer_url: str
    source: Source | None
    url: str
    actions: Actions
    preview: Preview
    versions: list[VersionRow]
    newer_diff_url: str
    edit_url: str
    key: str = "page"


def artifact_page(artifact: Artifact, version: Version, user: User, query: Mapping[str, str]) -> ArtifactPage:
    """The page of an artifact that `user` may see, at one of its versions, as its address asks."""
    current = artifact.current or version
    is_owner = artifact.owner_id == user.pk
    summary = version.preview
    versions = _versions(artifact, version, current, user)
    newer = artifact.newer_version_for(user)
    editable = is_owner and version.pk == current.pk and editing_reason(artifact, version) is None
    owner_left = not is_owner and artifact.owner_left
    may_transfer = owner_left and abilities(artifact, user, artifact.project)[Verb.TRANSFER] is True
    return ArtifactPage(
        id=artifact.pk,
        name=artifact.name,
        kind=artifact.kind,
        kind_label=label_of(artifact, version),
        icon=icon_of(artifact, version),
        description=artifact.description,
        version=version.number,
        current=current.number,
        latest=versions[0].number,
        newer_version=newer,
        size=version.size,
        media_type=version.media_type,
        created_at=version.created_at,
        updated_at=artifact.updated_at,
        type=artifact.gallery_type,
        saved=artifact.is_saved,
        visibility=artifact.visibility,
        owner="" if is_owner else artifact.owner.username,
        project=artifact.project.name,
        dimensions=f"{summary['width']} × {summary['height']}" if "width" in summary else "",
        is_owner=is_owner,
        owner_left=owner_left,
        transfer_url=address("artifact-transfer", artifact) if may_transfer else "",
        source=source_of(artifact, version, user),
        url=address("artifact", artifact),
        actions=actions_of(artifact, version, user),
        preview=preview_of(artifact, version, query),
        versions=versions,
        newer_diff_url=address("artifact-diff", artifact, **{"from": current.number, "to": newer})
        if newer
        else "",
        edit_url=address("artifact-content", artifact) if editable else "",
    )


def _versions(artifact: Artifact, shown: Version, current: Version, user: User) -> list[VersionRow]:
    visible = artifact.versions.readable_by(user).defer("table_index", "preview")
    return [
        VersionRow(
            number=row.number,
            size=row.size,
            tool=row.tool,
            created_at=row.created_at,
            is_current=row.pk == current.pk,
            is_shown=row.pk == shown.pk,
            url=address("artifact", artifact, version=row.number),
            diff_url=(
                address("artifact-diff", artifact, **{"from": row.number, "to": current.number})
                if row.pk != current.pk
                else ""
            ),
            restore_url=(
                reverse("artifact-restore", args=[artifact.pk, row.number])
                if artifact.owner_id == user.pk and row.pk != current.pk
                else ""
            ),
        )
        for row in visible.order_by("-number")[:MOST_VERSIONS]
    ]


# --- what somebody left behind ----------------------------------------------------------------------------

LEFT = 50  # a page


@dataclass(frozen=True)
class LeftRow:
    """A shared artifact whose owner left."""

    id: uuid.UUID
    name: str
    kind: str
    type: str
    kind_label: str
    owner: str
    size: int
    updated_at: datetime
    url: str


@dataclass(frozen=True)
class LeftPage:
    """What the people who left a project shared with it, for an administrator to give to somebody who stayed."""

    project: Project
    rows: list[LeftRow]
    page: Page[Artifact]
    people: list[str]


def left_page(project: Project, user: User, number: str) -> LeftPage:
    left = with_everything(Artifact.objects.visible_to(user).filter(project=project).left_behind())
    page = Paginator(left.order_by("owner__username", "name", "pk"), LEFT).get_page(number)
    return LeftPage(
        project=project,
        rows=[_left_row(artifact, artifact.current) for artifact in page if artifact.current],
        page=page,
        people=members_of(project, user),
    )


def members_of(project: Project, user: User) -> list[str]:
    """The usernames of the first hundred active members, to choose from; others are typed."""
    members = Membership.objects.visible_to(user).active().filter(project=project)
    return list(members.order_by("user__username").values_list("user__username", flat=True)[:100])


def _left_row(artifact: Artifact, version: Version) -> LeftRow:
    return LeftRow(
        id=artifact.pk,
        name=artifact.name,
        kind=artifact.kind,
        type=artifact.gallery_type,
        kind_label=label_of(artifact, version),
        owner=artifact.owner.username,
        size=version.size,
        updated_at=artifact.updated_at,
        url=address("artifact", artifact),
    )


# --- saving and sharing ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class SaveChoices:
    """The save dialog's two choices, and why the second is off where it is."""

    sharing_off: str
    project: str


def same_named(artifact: Artifact, name: str, user: User) -> str:
    """Warns of another saved artifact of this name that `user` sees in the project; names needn't be unique."""
    saved = (
        Artifact.objects.visible_to(user).saved().filter(project=artifact.project_id).exclude(pk=artifact.pk)
    )
    alike = saved.annotate(folded=Lower("name")).filter(folded=name.strip().replace("\0", "").lower())
    owners = set(alike.values_list("owner__username", flat=True)[:100])
    if not owners:
        return ""
    if user.username in owners:
        return (
            "You have saved an artifact of this name already. Both stay; whoever mentions one has to choose."
        )
    return f"{min(owners)} shares an artifact of this name already. Both stay; whoever mentions one has to choose."


def save_choices(artifact: Artifact) -> SaveChoices:
    return SaveChoices(sharing_reason(artifact.project.allow_artifact_sharing) or "", artifact.project.name)


# --- two versions beside each other ----------------------------------------------------------------------

DIFF_COLUMNS = 30


@dataclass(frozen=True)
class DiffCell:
    """A cell of a compared table. `before` and `after` differ where it changed; else `after` is what stands there."""

    after: str
    before: str = ""
    changed: bool = False


@dataclass(frozen=True)
class DiffRow:
    change: str
    old_number: int | None
    new_number: int | None
    cells: list[DiffCell]


@dataclass(frozen=True)
class DiffPage:
    """What the comparison of two versions shows. `unified` are (change, side) in the order of a unified diff."""

    comparison: Comparison
    numbers: list[int]
    unified: list[tuple[str, Line]]
    columns: list[str]
    rows: list[DiffRow]


def diff_page(artifact: Artifact, old: Version, new: Version, user: User) -> DiffPage:
    found = compare(artifact, old, new)
    numbers = artifact.versions.readable_by(user).order_by("-number").values_list("number", flat=True)
    columns = _diff_columns(found) if found.table else []
    rows = found.table.rows if found.table else []
    return DiffPage(
        comparison=found,
        numbers=sorted({*numbers[:MOST_VERSIONS], old.number, new.number}, reverse=True),
        unified=list(_in_one_column(found.lines or [])),
        columns=columns,
        rows=[_diff_row(row, columns) for row in rows],
    )


def _in_one_column(lines: list[Line]) -> Iterator[tuple[str, Line]]:
    """What was removed before what was added, stretch by stretch."""
    added: list[Line] = []
    for line in lines:
        if line.change in ("same", "skipped"):
            yield from (("added", one) for one in added)
            added = []
            yield line.change, line
            continue
        if line.old:
            yield "removed", line
        if line.new:
            added.append(line)
    yield from (("added", one) for one in added)


def _diff_columns(found: Comparison) -> list[str]:
    """The key first, then what changed, then the rest, as many as one can look at; in the table's own order."""
    assert found.table is not None
    names = [*columns_of(found.new), *found.table.columns["removed"]]
    changed = {cell.column for row in found.table.rows for cell in row.cells}
    first = [found.table.key] if found.table.key else []
    ranked = [*first, *(name for name in names if name in changed), *names]
    kept = set(list(dict.fromkeys(ranked))[:DIFF_COLUMNS])
    return [*first, *(name for name in names if name in kept and name not in first)]


def _diff_row(row: Row, columns: list[str]) -> DiffRow:
    changed = {cell.column: cell for cell in row.cells}
    cells = []
    for column in columns:
        cell = changed.get(column)
        if cell is None:
            cells.append(DiffCell(shortened(row.row.get(column))))
            continue
        before = shortened(cell.before) if cell.has_before else ""
        cells.append(DiffCell(shortened(cell.after) if cell.has_after else "", before, changed=True))
    return DiffRow(row.change, row.old_number, row.new_number, cells)


# --- editing ---------------------------------------------------------------------------------------------

_BOM = "\ufeff"


def text_to_edit(artifact: Artifact, version: Version) -> str:
    """The text of a version as it is edited; a refusal where that would not give the same bytes back."""
    require_editable(artifact, version)
    try:
        text = b"".join(stored_bytes(version)).decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Refusal(
            "not_editable", "This file is not UTF-8 text, so editing would change more than you type."
        )
    return text


def as_typed(original: str, typed: str) -> str:
    """What was typed, with the line ends and the mark at the beginning of what it replaces."""
    text = typed.replace("\r\n", "\n").removeprefix(_BOM)
    if original.count("\r\n") * 2 > original.count("\n"):
        text = text.replace("\n", "\r\n")
    return _BOM + text if original.startswith(_BOM) else text
