"""Mentions, read: with the reader's rights at the moment of reading (docs/rules.md 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from artifacts.models import Artifact
from artifactsite.lib import markdown
from conversations.models import ContentType, Message, MessageRole
from mentions.models import Mention
from uploads.models import Upload

if TYPE_CHECKING:
    from accounts.models import User

Visible = dict[UUID, Artifact | Upload]

UNAVAILABLE = "unavailable"
_OPEN, _CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True)
class Resolved:
    """A message as one reader sees it: the body with nameless gaps, its HTML, its mentions."""

    body: str
    html: SafeString
    mentions: list[dict[str, Any]]


def visible_mentioned(messages: Iterable[Message], reader: "User") -> Visible:
    """What is mentioned and `reader` may see, of all messages together: one query for each kind of thing."""
    mentions = [mention for message in messages for mention in message.mentions.all()]
    artifacts = {mention.artifact_id for mention in mentions if mention.artifact_id}
    uploads = {mention.upload_id for mention in mentions if mention.upload_id}
    visible: Visible = {}
    if artifacts:
        visible.update(
            (found.pk, found) for found in Artifact.objects.visible_to(reader).filter(pk__in=artifacts)
        )
    if uploads:
        visible.update(
            (found.pk, found) for found in Upload.objects.visible_to(reader).filter(pk__in=uploads)
        )
    return visible


def _thing(mention: Mention, visible: Visible) -> Artifact | Upload | None:
    pk = mention.artifact_id or mention.upload_id
    return visible.get(pk) if pk else None


def resolve(message: Message, visible: Visible) -> Resolved:
    """`message` with its mentions prefetched, against what the reader may see."""
    pieces: list[str] = []
    mentions: list[dict[str, Any]] = []
    position = length = 0
    for mention in message.mentions.all():
        before = message.body[position : mention.position]
        thing = _thing(mention, visible)
        typed = message.body[mention.position : mention.position + mention.length]
        shown = typed if thing else f"@{UNAVAILABLE}"
        start = length + len(before)
        facts = {
            "artifact": thing.pk if isinstance(thing, Artifact) else None,
            "label": mention.label if thing else UNAVAILABLE,
            "start": start,
            "end": start + len(shown),
            "available": thing is not None,
        }
        mentions.append({**facts, "upload": thing.file_id} if isinstance(thing, Upload) else facts)
        pieces += [before, shown]
        length = start + len(shown)
        position = mention.position + mention.length
    body = "".join([*pieces, message.body[position:]])
    return Resolved(body, _html(message, body, mentions, visible), mentions)


def _html(message: Message, body: str, mentions: list[dict[str, Any]], visible: Visible) -> SafeString:
    if message.role == MessageRole.TOOL and message.content_type != ContentType.MARKDOWN:
        return format_html('<pre class="output">{}</pre>', body) if body else mark_safe("")
    marked, position = [], 0
    for index, mention in enumerate(mentions):
        marked += [_plain(body[position : mention["start"]]), f"{_OPEN}{index}{_CLOSE}"]
        position = mention["end"]
    marked.append(_plain(body[position:]))
    html = markdown.render("".join(marked))
    things = [_thing(mention, visible) for mention in message.mentions.all()]
    for index, (mention, thing) in enumerate(zip(mentions, things, strict=True)):
        html = html.replace(f"{_OPEN}{index}{_CLOSE}", chip(mention["label"], thing))
    return mark_safe(html)  # noqa: S308 - sanitised Markdown, and chips that escape their labels


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
