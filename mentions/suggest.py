"""What the @-dropdown offers: what the caller may see, best first.

Bounded at every step, however much there is: an index gives some hundreds of names that may be meant, the newest
ones are looked at besides where those are few or the caller typed next to nothing, and only these are ranked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Max
from rapidfuzz import fuzz, process

from accounts.models import User
from artifacts.models import Artifact, project_term
from artifacts.querysets import ArtifactQuerySet
from artifacts.types import gallery_type
from artifactsite.lib.letters import split
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from mentions.index import engine
from mentions.index.base import Wanted
from mentions.index.plan import nearly, opens, so_called, well
from mentions.models import Mention
from mentions.ranking import WORD, Match, Query, is_subsequence, match, query_of
from mentions.syntax import token, upload_token
from projects.models import Project
from uploads.models import Upload

FOUND = 60  # by the index
NEWEST = 300  # of the caller's, and of what is shared: where hardly anything answers
HERE = 2000  # of one conversation
FEW = 3
BEST = 16  # besides those that are shown, among which the caller's own use and recency decide
ALIKE = 65  # of a hundred: how alike a name's stretch and a word have to be, to be looked at more closely
LOOKED_AT = 60
MOST_PROJECTS = 20


@dataclass(frozen=True)
class Answer:
    """A name that answers, and how well."""

    pk: UUID
    name: str
    match: Match

    @property
    def quality(self) -> tuple[int, float]:
        return self.match.rank, self.match.cost


Names = dict[UUID, str]


def suggest(*, user: User, conversation: Conversation | None, query: str, limit: int) -> dict[str, list[Any]]:
    """`{"current_conversation", "saved_artifacts"}`, in a conversation `"uploads"` too; at most `limit` of each."""
    visible = Artifact.objects.visible_to(user)
    here: list[Answer] = []
    if conversation is not None:
        names = _read(visible.filter(conversation=conversation).order_by("-created_at", "-pk")[:HERE])
        here = _answers(names, query)[: limit + BEST]
    saved = _saved(user, visible, conversation, query_of(query), limit)[: limit + BEST]
    rows = _rows(user, visible, [answer.pk for answer in (*here, *saved)])
    used = _last_used(user, rows)
    found = {
        "current_conversation": _best(here, rows, used)[:limit],
        "saved_artifacts": _best(saved, rows, used)[:limit],
    }
    if conversation is not None:
        found["uploads"] = _uploads(user, conversation, query, limit)
    return found


# --- candidates -----------------------------------------------------------------------------------


def _saved(
    user: User, visible: ArtifactQuerySet, conversation: Conversation | None, wanted: Query, limit: int
) -> list[Answer]:
    """The saved artifacts that answer: of the conversation's project, or of all of the user's."""
    projects = [conversation.project_id] if conversation is not None else _projects(user)
    if not projects:
        return []
    saved = visible.saved()
    if conversation is not None:
        saved = saved.filter(project=conversation.project_id)
    scopes = [saved.in_scope(scope, user) for scope in ("mine", "shared")]
    if not wanted.text:
        return _answers(_newest(scopes, limit + BEST), wanted.typed)
    source = _Source(saved, scopes, projects)
    names = source.well(wanted)
    found = _answers(names, wanted.typed, nearly=False)
    if len(found) < FEW and all(answer.match.rank > WORD for answer in found):
        return _answers(names | source.nearly(wanted), wanted.typed)
    return found


def _projects(user: User) -> list[UUID]:
    return list(Project.objects.visible_to(user).order_by("pk").values_list("pk", flat=True)[:MOST_PROJECTS])


def _newest(scopes: Iterable[ArtifactQuerySet], most: int) -> Names:
    return {pk: name for scope in scopes for pk, name in _read(scope.newest(most)).items()}


def _read(artifacts: ArtifactQuerySet) -> Names:
    return dict(artifacts.values_list("pk", "name"))


@dataclass(frozen=True)
class _Source:
    """Where the names of saved artifacts come from."""

    saved: ArtifactQuerySet
    scopes: list[ArtifactQuerySet]
    projects: list[UUID]

    def _indexed(self, wanted: Wanted, most: int = FOUND) -> Names:
        in_projects = [frozenset({project_term(project)}) for project in self.projects]
        return dict(engine().matching(self.saved, [in_projects, *wanted], most))

    def _newest_of(self, wanted: Wanted) -> Names:
        """Of the newest those that the index would give."""
        return {
            pk: name for scope in self.scopes for pk, name in engine().among(scope, wanted, FOUND, 2 * NEWEST)
        }

    def well(self, query: Query) -> Names:
        """All that may answer well; of a word that very many names have, those that begin with it and the newest."""
        wanted = well(query)
        if len(query.text) < engine().SHORTEST:
            found = self._newest_of(wanted)
            return found if len(found) >= FEW else found | self._indexed(wanted)
        found = self._indexed(wanted)
        if len(found) < FOUND:
            return found
        return self._indexed(so_called(query)) | self._indexed(opens(query)) | found | self._newest_of(wanted)

    def nearly(self, query: Query) -> Names:
        """What a typo or an abbreviation may mean."""
        wanted = nearly(query)
        names = _newest(self.scopes, NEWEST) | (self._indexed(wanted, 2 * FOUND) if wanted else {})
        return _alike(names, query)


def _alike(names: Names, query: Query) -> Names:
    """Those worth a closer look: the query is a subsequence of their letters, or much like a stretch of them."""
    texts = {pk: split(name).text for pk, name in names.items()}
    word = max((word for word in query.words), key=len)
    near = process.extract(word, texts, scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=LOOKED_AT)
    chosen = {pk for _, _, pk in near}
    chosen.update(pk for pk, text in texts.items() if is_subsequence(query.text, text))
    return {pk: name for pk, name in names.items() if pk in chosen}


# --- order --------------------------------------------------------------------------------------------


def _answers(names: Names, query: str, *, nearly: bool = True) -> list[Answer]:
    """Those that answer, in order but for equals."""
    found = [
        Answer(pk, name, how) for pk, name in names.items() if (how := match(query, name, nearly=nearly))
    ]
    found.sort(key=lambda answer: answer.quality)
    return found


def _last_used(user: User, rows: Iterable[UUID]) -> dict[UUID, float]:
    """When the user last mentioned each of them themselves."""
    own = Mention.objects.filter(author=user, artifact__in=list(rows)).order_by()
    last = own.values_list("artifact").annotate(last=Max("message__created_at"))
    return {pk: at.timestamp() for pk, at in last}


def _best(answers: list[Answer], rows: dict[UUID, "_Row"], used: dict[UUID, float]) -> list[dict[str, Any]]:
    """Of equals first what the user mentioned last, then the newest."""
    shown = [answer for answer in answers if answer.pk in rows]
    shown.sort(key=lambda answer: (*answer.quality, -used.get(answer.pk, 0), -rows[answer.pk].updated_at))
    return [{**rows[answer.pk].facts, "match": answer.match.spans} for answer in shown]


# --- what is shown ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """What the dropdown shows of an artifact, and when it last changed."""

    facts: dict[str, Any]
    updated_at: float


_FACTS = ("pk", "name", "kind", "gallery_type", "visibility", "owner_id", "owner__username", "updated_at")


def _rows(user: User, visible: ArtifactQuerySet, pks: list[UUID]) -> dict[UUID, _Row]:
    """Read as values: only what is shown."""
    return {
        pk: _Row(
            {
                "id": pk,
                "name": name,
                "kind": kind,
                "type": gallery_type,
                "visibility": visibility,
                "is_owner": owner_id == user.pk,
                "owner": owner,
                "token": token(name, pk),
            },
            updated_at.timestamp(),
        )
        for pk, name, kind, gallery_type, visibility, owner_id, owner, updated_at in visible.filter(
            pk__in=pks
        ).values_list(*_FACTS)
    }


def _uploads(user: User, conversation: Conversation, query: str, limit: int) -> list[dict[str, Any]]:
    """The conversation's own files, newest first where they answer equally well."""
    uploads = Upload.objects.visible_to(user).filter(conversation=conversation).order_by("-created_at", "-pk")
    facts = {
        pk: (name, media_type) for pk, name, media_type in uploads.values_list("pk", "filename", "media_type")
    }
    answers = _answers({pk: name for pk, (name, _) in facts.items()}, query)[:limit]
    return [
        {
            "id": f"f-{answer.pk}",
            "name": answer.name,
            "kind": "upload",
            "type": gallery_type(answer.name, facts[answer.pk][1]),
            "visibility": "private",
            "is_owner": True,
            "owner": user.username,
            "match": answer.match.spans,
            "token": upload_token(answer.name, answer.pk),
        }
        for answer in answers
    ]


def backlinks(*, user: User, artifact_id: UUID) -> ConversationQuerySet:
    """The user's own conversations that mention an artifact, newest first."""
    mentioning = Mention.objects.filter(artifact=artifact_id).values("message__conversation")
    return Conversation.objects.visible_to(user).filter(pk__in=mentioning).with_counts()
