"""Mentions, read: with the reader's rights at the moment of reading (design.md rule 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from artifacts.models import Artifact
from artifactsite.lib import markdown
from conversations.models import ContentType, Message, MessageRole

if TYPE_CHECKING:
    from accounts.models import User

UNAVAILABLE = "unavailable"
_OPEN, _CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True)
class Resolved:
    """A message as one reader sees it: the body with nameless gaps, its HTML, its mentions."""

    body: str
    html: SafeString
    mentions: list[dict[str, Any]]


def visible_artifacts(messages: Iterable[Message], reader: "User") -> dict[UUID, Artifact]:
    """The mentioned artifacts that `reader` may see, of all messages in one query."""
    ids = {m.artifact_id for message in messages for m in message.mentions.all() if m.artifact_id}
    if not ids:
        return {}
    return {artifact.pk: artifact for artifact in Artifact.objects.visible_to(reader).filter(pk__in=ids)}


def resolve(message: Message, visible: dict[UUID, Artifact]) -> Resolved:
    """`message` with its mentions prefetched, against what the reader may see."""
    pieces: list[str] = []
    mentions: list[dict[str, Any]] = []
    position = length = 0
    for mention in message.mentions.all():
        before = message.body[position : mention.position]
        artifact = visible.get(mention.artifact_id) if mention.artifact_id else None
        typed = message.body[mention.position : mention.position + mention.length]
        shown = typed if artifact else f"@{UNAVAILABLE}"
        start = length + len(before)
        mentions.append(
            {
                "artifact": artifact.pk if artifact else None,
                "label": mention.label if artifact else UNAVAILABLE,
                "start": start,
                "end": start + len(shown),
                "available": artifact is not None,
            }
        )
        pieces += [before, shown]
        length = start + len(shown)
        position = mention.position + mention.length
    body = "".join([*pieces, message.body[position:]])
    return Resolved(body, _html(message, body, mentions, visible), mentions)


def _html(
    message: Message, body: str, mentions: list[dict[str, Any]], visible: dict[UUID, Artifact]
) -> SafeString:
    if message.role == MessageRole.TOOL and message.content_type != ContentType.MARKDOWN:
        return format_html('<pre class="output">{}</pre>', body) if body else mark_safe("")
    marked, position = [], 0
    for index, mention in enumerate(mentions):
        marked += [_plain(body[position : mention["start"]]), f"{_OPEN}{index}{_CLOSE}"]
        position = mention["end"]
    marked.append(_plain(body[position:]))
    html = markdown.render("".join(marked))
    for index, mention in enumerate(mentions):
        html = html.replace(f"{_OPEN}{index}{_CLOSE}", chip(mention, visible.get(mention["artifact"])))
    return mark_safe(html)


def _plain(text: str) -> str:
    """Text without the two characters that hold a chip's place."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def chip(mention: dict[str, Any], artifact: Artifact | None) -> SafeString:
    """The coloured chip of a mention."""
    if artifact is None:
        return format_html('<span class="mention mention-unavailable">{}</span>', UNAVAILABLE)
    return format_html(
        '<a class="mention mention-{}" href="/artifacts/{}" data-artifact="{}">@{}</a>',
        artifact.kind,
        artifact.pk,
        artifact.pk,
        mention["label"],
    )
