"""What happens to mentions: recorded when a message is posted."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import User
from artifacts.models import Artifact
from conversations.models import Conversation, Message
from conversations.services import add_message
from mentions.models import Mention
from mentions.syntax import Reference, match_names, plain_starts, references

LONGEST_PLAIN_NAME = 255
MOST_PLAIN = 50  # looked up by name; whoever mentions more picks them from the dropdown


def post_message(*, by: User, conversation: Conversation, role: str, body: str, **facts: object) -> Message:
    """Appends a message and the mentions in it, resolved with the author's rights (design.md rule 5)."""
    found = _visible_references(by, body) + _plain_references(by, conversation, body)
    with transaction.atomic():
        message = add_message(by=by, conversation=conversation, role=role, body=body, **facts)
        Mention.objects.bulk_create(
            Mention(
                message=message,
                artifact_id=reference.artifact,
                position=reference.start,
                length=reference.end - reference.start,
                label=reference.label[:255],
            )
            for reference in sorted(found, key=lambda reference: reference.start)
        )
    return message


def _visible_references(by: User, body: str) -> list[Reference]:
    """What the author can't see is not an error and not a mention: it stays text."""
    found = references(body)
    if not found:
        return []
    ids = {reference.artifact for reference in found}
    visible = set(Artifact.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True))
    return [reference for reference in found if reference.artifact in visible]


def _plain_references(by: User, conversation: Conversation, body: str) -> list[Reference]:
    """Plain `@Name`s: the current conversation's artifacts first, else the one visible saved artifact so named."""
    starts = plain_starts(body)[:MOST_PLAIN]
    if not starts:
        return []
    by_name = _candidates(by, conversation, body, starts)
    found = []
    for start in starts:
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
    visible = (
        Artifact.objects.visible_to(by)
        .filter(project=conversation.project_id)
        .annotate(lower_name=Lower("name"))
        .filter(Q(name__in=prefixes) | Q(lower_name__in={prefix.lower() for prefix in prefixes}))
        .only("pk", "name", "conversation_id", "saved_at")
    )
    named: dict[str, list[Artifact]] = {}
    for artifact in visible[:2000]:
        named.setdefault(artifact.name.casefold(), []).append(artifact)
    return {artifacts[0].name: _meant(artifacts, conversation) for artifacts in named.values()}


def _meant(artifacts: list[Artifact], conversation: Conversation) -> Artifact | None:
    here = [artifact for artifact in artifacts if artifact.conversation_id == conversation.pk]
    for choice in (here, artifacts):
        if len(choice) == 1:
            return choice[0]
    return None
