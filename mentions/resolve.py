"""Mentions, read: with the reader's rights at the moment of reading (docs/rules.md 5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.template.defaultfilters import linebreaksbr
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from artifacts.models import Artifact
from artifactsite.lib import markdown
from conversations.models import ContentType, Message, MessageRole
from mentions.models import Mention
from mentions.syntax import Reference, references, token, upload_token
from uploads.models import Upload

if TYPE_CHECKING:
    from accounts.models import User

Visible = dict[UUID, Artifact | Upload]

UNAVAILABLE = "unavailable"
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
# Of sanitised HTML, which quotes every attribute.
_TAG = re.compile(r'(</?[a-z][a-z0-9]*(?:"[^"]*"|[^">])*>)')


@dataclass(frozen=True)
class Resolved:
    """A message as one reader sees it: the body with nameless gaps, its HTML, its mentions."""

    body: str
    html: SafeString
    mentions: list[dict[str, Any]]


def visible_mentioned(messages: Iterable[Message], reader: "User") -> Visible:
    """What is mentioned and `reader` may see, of all messages together: one query for each kind of thing."""
    mentions = [mention for message in messages for mention in message.mentions.all()]
    return _visible_of(
        {mention.artifact_id for mention in mentions if mention.artifact_id},
        {mention.upload_id for mention in mentions if mention.upload_id},
        reader,
    )


def _visible(found: list[Reference], reader: "User") -> Visible:
    return _visible_of(
        {reference.artifact for reference in found if reference.artifact},
        {reference.upload for reference in found if reference.upload},
        reader,
    )


def _visible_of(artifacts: set[UUID], uploads: set[UUID], reader: "User") -> Visible:
    visible: Visible = {}
    if artifacts:
        rows = Artifact.objects.visible_to(reader).filter(pk__in=artifacts)
        visible.update((artifact.pk, artifact) for artifact in rows)
    if uploads:
        visible.update(
            (upload.pk, upload) for upload in Upload.objects.visible_to(reader).filter(pk__in=uploads)
        )
    return visible


def _thing(mention: Mention, visible: Visible) -> Artifact | Upload | None:
    pk = mention.artifact_id or mention.upload_id
    return visible.get(pk) if pk else None


@dataclass(frozen=True)
class _Place:
    """Where a text mentions something, and what is shown in its stead."""

    start: int
    end: int
    shown: str
    label: str
    thing: Artifact | Upload | None


def resolve(message: Message, visible: Visible) -> Resolved:
    """`message` with its mentions prefetched, against what the reader may see."""
    places = []
    for mention in message.mentions.all():
        thing, end = _thing(mention, visible), mention.position + mention.length
        shown = message.body[mention.position : end] if thing else f"@{UNAVAILABLE}"
        label = mention.label if thing else UNAVAILABLE
        places.append(_Place(mention.position, end, shown, label, thing))
    body, mentions = _filled(message.body, places)
    if message.role == MessageRole.TOOL and message.content_type != ContentType.MARKDOWN:
        html = format_html('<pre class="output">{}</pre>', body) if body else mark_safe("")
    else:
        html = _chipped(body, mentions, places)
    return Resolved(body, html, mentions)


def _filled(text: str, places: list[_Place]) -> tuple[str, list[dict[str, Any]]]:
    """The text with what is shown in each place, and each mention's facts as the API answers them."""
    pieces: list[str] = []
    mentions: list[dict[str, Any]] = []
    position = length = 0
    for place in places:
        before, thing = text[position : place.start], place.thing
        start = length + len(before)
        length, position = start + len(place.shown), place.end
        facts = {
            "artifact": thing.pk if isinstance(thing, Artifact) else None,
            "label": place.label,
            "start": start,
            "end": length,
            "available": thing is not None,
        }
        mentions.append({**facts, "upload": thing.file_id} if isinstance(thing, Upload) else facts)
        pieces += [before, place.shown]
    return "".join([*pieces, text[position:]]), mentions


def _chipped(body: str, mentions: list[dict[str, Any]], places: list[_Place]) -> SafeString:
    """The Markdown of `body` as HTML, with a chip in each mention's place."""
    marked, position = [], 0
    for index, mention in enumerate(mentions):
        marked += [_plain(body[position : mention["start"]]), f"{_OPEN}{index}{_CLOSE}"]
        position = mention["end"]
    marked.append(_plain(body[position:]))
    html = markdown.render("".join(marked))
    if mentions:
        chips = [chip(place.label, place.thing) for place in places]
        names = [f"@{escape(place.label)}" for place in places]
        html = _in_places(html, chips, names)
    return mark_safe(html)  # noqa: S308 - sanitised Markdown, and chips that escape their labels


def _in_places(html: str, chips: list[SafeString], names: list[str]) -> str:
    """Chips where text stands. Within a tag (a picture's alternative text, a title) and within a link, which can
    hold no other link, the bare names."""
    pieces, linked = [], False
    for index, piece in enumerate(_TAG.split(html)):
        is_tag = index % 2 == 1
        if is_tag and piece.startswith(("<a ", "<a>", "</a>")):
            linked = not piece.startswith("</")
        filling = names if is_tag or linked else chips
        pieces.append(_PLACE.sub(lambda match, filling=filling: filling[int(match[1])], piece))
    return "".join(pieces)


def html_of(text: str, reader: "User") -> SafeString:
    """Markdown that is no message yet, an answer that still comes in, as `reader` may see it."""
    places = _places(text, reader)
    body, mentions = _filled(text, places)
    return _chipped(body, mentions, places)


def chipped_text(text: str, reader: "User") -> SafeString:
    """Plain text, a description or instructions, with a chip in each mention's place."""
    pieces, position = [], 0
    for place in _places(text, reader):
        pieces += [
            linebreaksbr(text[position : place.start], autoescape=True),
            chip(place.label, place.thing),
        ]
        position = place.end
    return format_html_join(
        "", "{}", ((piece,) for piece in (*pieces, linebreaksbr(text[position:], autoescape=True)))
    )


def named_text(text: str, reader: "User") -> str:
    """A text to be read by an agent.

    Its mentions bear the names that things have now; one of what `reader` can't see keeps its reference, so that the
    text can be saved again, and has no name.
    """
    return _filled(text, _places(text, reader))[0]


def text_to_edit(text: str, reader: "User") -> tuple[str, dict[str, str]]:
    """The same to edit, and of each mention in it, as it is written, the kind that its chip shows."""
    places = _places(text, reader)
    return _filled(text, places)[0], {place.shown: _kind(place.thing) for place in places}


def mentioned_in(text: str, reader: "User") -> tuple[list[UUID | None], Visible]:
    """The artifacts that a text mentions, in order, None for what `reader` can't see; and those that they can."""
    found = references(text)
    visible = _visible(found, reader)
    artifacts = [reference.artifact for reference in found if reference.artifact]
    return [pk if pk in visible else None for pk in artifacts], visible


def _places(text: str, reader: "User") -> list[_Place]:
    """Where a text that is no message mentions something, read from its syntax."""
    found = references(text)
    visible = _visible(found, reader)
    places = []
    for reference in found:
        pk = reference.artifact or reference.upload
        thing = visible.get(pk) if pk else None
        name = _name(thing)
        written = upload_token if reference.upload else token
        places.append(_Place(reference.start, reference.end, written(name, pk), name, thing))  # type: ignore[arg-type]
    return places


def _name(thing: Artifact | Upload | None) -> str:
    if thing is None:
        return UNAVAILABLE
    return thing.filename if isinstance(thing, Upload) else thing.name


def _kind(thing: Artifact | Upload | None) -> str:
    """As chips are coloured."""
    if thing is None:
        return UNAVAILABLE
    return "upload" if isinstance(thing, Upload) else thing.kind


def _plain(text: str) -> str:
    """Text without the two characters that hold a chip's place."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def chip(label: str, thing: Artifact | Upload | None) -> SafeString:
    """The coloured chip of a mention."""
    if thing is None:
        return format_html('<span class="mention mention-unavailable">{}</span>', UNAVAILABLE)
    if isinstance(thing, Upload):
        return format_html(
            '<a class="mention mention-upload" href="/conversations/{}/uploads/{}/text" data-upload="{}">@{}</a>',
            thing.conversation_id,
            thing.file_id,
            thing.file_id,
            label,
        )
    return format_html(
        '<a class="mention mention-{}" href="/artifacts/{}" data-artifact="{}">@{}</a>',
        thing.kind,
        thing.pk,
        thing.pk,
        label,
    )
