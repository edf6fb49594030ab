"""What happens to mentions: recorded when a message is posted."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Lower

from accounts.models import User
from artifacts.models import Artifact
from conversations.models import Conversation, Message
from conversations.services import add_message
from mentions.models import Mention
from mentions.syntax import Reference, match_names, plain_starts, references
from uploads.models import Upload

LONGEST_PLAIN_NAME = 255
MOST_PLAIN = 50  # looked up by name; whoever mentions more picks them from the dropdown


def post_message(*, by: User, conversation: Conversation, role: str, body: str, **facts: Any) -> Message:
    """Appends a message and the mentions in it, resolved with the author's rights (docs/rules.md 5)."""
    found = _visible(by, conversation, references(body)) + _plain_references(by, conversation, body)
    found.sort(key=lambda reference: reference.start)
    title = "" if conversation.title else _title_source(by, body, found)
    with transaction.atomic():
        message = add_message(
            by=by, conversation=conversation, role=role, body=body, title_source=title, **facts
        )
        Mention.objects.bulk_create(
            Mention(
                message=message,
                author=by,
                artifact_id=reference.artifact,
                upload_id=reference.upload,
                position=reference.start,
                length=reference.end - reference.start,
                label=reference.label[:255],
            )
            for reference in found
        )
    return message


def _title_source(by: User, body: str, found: list[Reference]) -> str:
    """The body without the names of what is somebody else's: a title outlives the right to know them (rule 5)."""
    ids = {reference.artifact for reference in found if reference.artifact}
    own = set(Artifact.objects.filter(pk__in=ids, owner=by).values_list("pk", flat=True)) if ids else set()
    pieces, position = [], 0
    for reference in found:
        # An upload is in the author's own conversation.
        shown = f"@{reference.label}" if reference.upload or reference.artifact in own else "…"
        pieces += [body[position : reference.start], shown]
        position = reference.end
    return "".join([*pieces, body[position:]])


def _visible(by: User, conversation: Conversation, found: list[Reference]) -> list[Reference]:
    """What the author can't see, or lies in another conversation, is not an error and not a mention: it stays text."""
    artifacts = {reference.artifact for reference in found if reference.artifact}
    uploads = {reference.upload for reference in found if reference.upload}
    visible: set[UUID] = set()
    if artifacts:
        visible.update(Artifact.objects.visible_to(by).filter(pk__in=artifacts).values_list("pk", flat=True))
    if uploads:
        here = Upload.objects.visible_to(by).filter(conversation=conversation, pk__in=uploads)
        visible.update(here.values_list("pk", flat=True))
    return [reference for reference in found if (reference.artifact or reference.upload) in visible]


def _plain_references(by: User, conversation: Conversation, body: str) -> list[Reference]:
    """Plain `@Name`s: the current conversation's artifacts first, else the one visible saved artifact so named."""
    starts = plain_starts(body)[:MOST_PLAIN]
    if not starts:
        return []
    by_name = _candidates(by, conversation, body, starts)
    found: list[Reference] = []
    for start in starts:
        if found and start < found[-1].end:
            continue  # an @ within the name before
        name = match_names(body, start, by_name)
        artifact = by_name[name] if name is not None else None
        if name is not None and artifact is not None:
            end = start + 1 + len(name)
            found.append(Reference(start, end, body[start + 1 : end], artifact.pk))
    return found


def _candidates(
    by: User, conversation: Conversation, body: str, starts: list[int]
) -> dict[str, Artifact | None]:
    """Name → the artifact that it stands for; None where several bear it and so none is meant."""
    following = {body[start + 1 : start + 1 + LONGEST_PLAIN_NAME] for start in starts}
    # Every name that could follow an @ is a prefix of what follows it.
    prefixes = {text[:length] for text in following for length in range(1, len(text) + 1)}
    # Both ways of lowering: some databases lower only the letters of ASCII.
    lowered = {way(prefix) for prefix in prefixes for way in (str.lower, _lower_ascii)}
    visible = (
        Artifact.objects.visible_to(by)
        .filter(project=conversation.project_id)
        .annotate(lower_name=Lower("name"))
        .filter(lower_name__in=lowered)
        .only("pk", "name", "conversation_id", "saved_at")
    )
    named: dict[str, list[Artifact]] = {}
    for artifact in visible[:2000]:
        named.setdefault(artifact.name.casefold(), []).append(artifact)
    return {artifacts[0].name: _meant(artifacts, conversation) for artifacts in named.values()}


def _lower_ascii(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _meant(artifacts: list[Artifact], conversation: Conversation) -> Artifact | None:
    here = [artifact for artifact in artifacts if artifact.conversation_id == conversation.pk]
    for choice in (here, artifacts):
        if len(choice) == 1:
            return choice[0]
    return None
