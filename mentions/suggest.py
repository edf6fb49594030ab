"""What the @-dropdown offers: visible artifacts, best first, from a bounded set of candidates."""

from typing import Any
from uuid import UUID

from accounts.models import User
from artifacts.models import Artifact
from artifacts.querysets import ArtifactQuerySet
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from mentions.models import Mention
from mentions.ranking import Match, match
from mentions.syntax import token

CANDIDATES = 2000


def _candidates(visible: ArtifactQuerySet, query: str) -> list[Artifact]:
    """Those whose name contains a piece of the query, and the newest besides: fuzzy matches are among them."""
    newest = visible.select_related("owner").order_by("-updated_at", "-pk")
    found = {artifact.pk: artifact for artifact in newest[:CANDIDATES]}
    longest = max(query.split(), key=len, default="")
    if len(found) == CANDIDATES and longest:
        found.update(
            (artifact.pk, artifact) for artifact in newest.filter(name__icontains=longest)[:CANDIDATES]
        )
    return list(found.values())


def _best(artifacts: list[Artifact], query: str, limit: int) -> list[tuple[Artifact, Match]]:
    matched = [(artifact, found) for artifact in artifacts if (found := match(query, artifact.name))]
    # Stable: within the same rank and cost the newest stays first.
    matched.sort(key=lambda pair: (pair[1].rank, pair[1].cost) if query.strip() else (0, 0))
    return matched[:limit]


def _as_dict(artifact: Artifact, found: Match, user: User) -> dict[str, Any]:
    return {
        "id": artifact.pk,
        "name": artifact.name,
        "kind": artifact.kind,
        "type": artifact.gallery_type,
        "visibility": artifact.visibility,
        "is_owner": artifact.owner_id == user.pk,
        "owner": artifact.owner.username,
        "match": [list(span) for span in found.spans],
        "token": token(artifact.name, artifact.pk),
    }


def suggest(*, user: User, conversation: Conversation | None, query: str, limit: int) -> dict[str, list[Any]]:
    """`{"current_conversation": [...], "saved_artifacts": [...]}`, each best first, at most `limit`."""
    visible = Artifact.objects.visible_to(user)
    here: list[Artifact] = []
    saved = visible.saved()
    if conversation is not None:
        here = _candidates(visible.filter(conversation=conversation), query)
        saved = saved.filter(project=conversation.project_id)
    sections: dict[str, list[Artifact]] = {
        "current_conversation": here,
        "saved_artifacts": _candidates(saved, query),
    }
    return {
        name: [_as_dict(artifact, found, user) for artifact, found in _best(artifacts, query, limit)]
        for name, artifacts in sections.items()
    }


def backlinks(*, user: User, artifact_id: UUID) -> ConversationQuerySet:
    """The user's own conversations that mention an artifact, newest first."""
    mentioning = Mention.objects.filter(artifact=artifact_id).values("message__conversation")
    return Conversation.objects.visible_to(user).filter(pk__in=mentioning).with_counts()
