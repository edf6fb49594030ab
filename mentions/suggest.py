"""What the @-dropdown offers: what the caller may see, best first.

It is asked with every key, so it costs little, however much there is: a statement for where one types, one for the
names that may be meant with all that is shown of them, and another only where hardly anything answers. An index gives
the names, a hundred or so, and only these are ranked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
)  # fmt: skip
from django.db.models.expressions import RawSQL
from rapidfuzz import fuzz, process

from accounts.models import User
from artifacts.models import Artifact
from artifacts.types import gallery_type
from artifactsite.lib import worded
from artifactsite.lib.letters import split
from artifactsite.lib.worded import Values
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from mentions.index import engine
from mentions.index.base import Asked, Scope
from mentions.models import Mention
from mentions.ranking import WORD, WORDS, Match, Query, is_subsequence, match, query_of
from mentions.syntax import token, upload_token
from projects.models import Project
from uploads.models import Upload

HERE = 2000  # of one conversation
FEW = 3  # with fewer that answer well, what is nearly meant is looked for
BEST = 16  # besides those that are shown, among which the caller's own use and recency decide
ALIKE = 65  # of a hundred: how alike a name's stretch and a word have to be, to be looked at more closely
LOOKED_AT = 60
MOST_PROJECTS = 20


@dataclass(frozen=True)
class _Upload:
    """What the dropdown shows of an upload."""

    pk: UUID
    name: str
    media_type: str
    created_at: Any


@dataclass(frozen=True)
class _Place:
    """Where somebody types an @: in a conversation, in a project's settings, or anywhere."""

    scope: Scope
    conversation: UUID | None = None
    uploads: tuple[_Upload, ...] = ()


class _Row(NamedTuple):
    """What the dropdown shows of an artifact, and what its place in the order depends on."""

    pk: UUID
    name: str
    kind: str
    gallery_type: str
    visibility: str
    owner_id: int
    owner: str
    conversation: UUID | None
    project: UUID
    is_saved: bool
    used: int | None  # the caller's own last mention of it: the larger, the later
    age: int  # among those read: 0 is what changed last


T = TypeVar("T", _Row, _Upload)


@dataclass(frozen=True)
class _Answer(Generic[T]):
    """What answers, and how well."""

    thing: T
    match: Match


def suggest(
    *, user: User, query: str, limit: int, conversation: UUID | None = None, project: UUID | None = None
) -> dict[str, list[Any]] | None:
    """`{"current_conversation", "saved_artifacts"}`, in a conversation `"uploads"` too; at most `limit` of each.

    Saved artifacts are those of the conversation's project, of `project`, or of all of the user's. None where either
    is none of theirs.
    """
    place = _place(user, conversation, project)
    if place is None:
        return None
    here, saved = _candidates(user, place, query_of(query), limit)
    found = {
        "current_conversation": _shown(user, _best(here, limit)),
        "saved_artifacts": _shown(user, _best(saved, limit)),
    }
    if conversation is not None:
        answers = _answers(place.uploads, query)
        answers.sort(key=lambda answer: (answer.match.rank, answer.match.cost))
        found["uploads"] = [_upload(user, answer) for answer in answers[:limit]]
    return found


# --- where ----------------------------------------------------------------------------------------


def _place(user: User, conversation: UUID | None, project: UUID | None) -> _Place | None:
    if conversation is None:
        found = tuple(_projects(user, project))
        return None if project is not None and not found else _Place(Scope(user.pk, found))
    rows = worded.rows("mentions place", _conversation, {"user": user.pk, "conversation": conversation})
    uploads = [_Upload(*facts) for _, *facts in rows if facts[0] != conversation]
    own = [in_project for in_project, pk, *_ in rows if pk == conversation]
    if not own:
        return None
    # The newest first where they answer equally well.
    uploads.sort(key=lambda upload: (upload.created_at, upload.pk), reverse=True)
    return _Place(Scope(user.pk, (own[0],)), conversation, tuple(uploads))


def _conversation(values: Values) -> QuerySet[Any, Any]:
    """A conversation and its uploads."""
    user, pk = User(pk=values["user"]), values["conversation"]
    conversations = Conversation.objects.visible_to(user).filter(pk=pk).order_by()
    uploads = Upload.objects.visible_to(user).filter(conversation=pk).order_by()
    return conversations.values_list("project", "pk", "title", "title", "created_at").union(
        uploads.values_list("conversation__project", "pk", "filename", "media_type", "created_at"), all=True
    )


def _projects(user: User, project: UUID | None) -> Iterable[UUID]:
    projects = Project.objects.visible_to(user).order_by("pk").values_list("pk", flat=True)
    return projects.filter(pk=project) if project is not None else projects[:MOST_PROJECTS]


# --- candidates -----------------------------------------------------------------------------------

_NO_CONVERSATION = UUID(int=0)
_IDS = (
    "SELECT id FROM ({}) AS found UNION ALL SELECT id FROM (SELECT id FROM artifacts_artifact"  # noqa: S608
    f" WHERE conversation_id = %s ORDER BY created_at DESC LIMIT {HERE}) AS here"
)
# PostgreSQL finds the ids first, and then looks them up, whatever it thinks how many they are.
_CHOSEN = {
    "postgresql": f"artifacts_artifact.id = ANY (ARRAY({_IDS}))",
    "sqlite": f"artifacts_artifact.id IN ({_IDS})",
}
_FACTS = (
    "pk", "name", "kind", "gallery_type", "visibility", "owner_id", "owner__username", "conversation_id", "project_id",
)  # fmt: skip
# Without times, which cost more to read than all the rest.
_IS_SAVED = ExpressionWrapper(Q(saved_at__isnull=False), output_field=BooleanField())


def _rows(user: User, conversation: UUID | None, asked: Asked) -> list[_Row]:
    """What is visible of the ids that the index gives and of a conversation's artifacts, with all that is shown."""
    source, values = asked

    def word(values: Values) -> QuerySet[Any, Any]:
        here = UUIDField().get_db_prep_value(values["conversation"], connection)
        chosen = RawSQL(  # noqa: S611
            _CHOSEN[connection.vendor].format(source.sql),
            [*(values[place] for place in source.places), here],
            output_field=BooleanField(),
        )
        own_use = Mention.objects.filter(author=values["user"], artifact=OuterRef("pk")).order_by("-pk")
        visible = Artifact.objects.visible_to(User(pk=values["user"])).filter(chosen).order_by("-updated_at")
        return visible.values_list(*_FACTS, _IS_SAVED, Subquery(own_use.values("pk")[:1]))

    kind = "mentions", source.sql
    values = {**values, "user": user.pk, "conversation": conversation or _NO_CONVERSATION}
    return [_Row._make((*facts, age)) for age, facts in enumerate(worded.rows(kind, word, values))]


def _candidates(
    user: User, place: _Place, query: Query, limit: int
) -> tuple[list[_Answer[_Row]], list[_Answer[_Row]]]:
    """Those of the conversation that answer, and the saved ones."""
    if not place.scope.projects:
        # No index can be asked for the words of nowhere.
        return [], []
    index, typed = engine(), query.typed
    asked = index.well(place.scope, query) if query.text else index.newest(place.scope, limit + BEST)
    rows = _rows(user, place.conversation, asked)
    here = _answers([row for row in rows if _is_here(row, place)], typed)
    saved = _answers([row for row in rows if _is_saved(row, place)], typed, nearly=False)
    if query.text and len(saved) < FEW and not any(_is_meant(answer.match, query) for answer in saved):
        rows += _rows(user, None, index.nearly(place.scope, query))
        saved = _answers(_alike([row for row in rows if _is_saved(row, place)], query), typed)
    return here, saved


def _is_meant(match: Match, query: Query) -> bool:
    """Whether it answers so well that nothing nearly like it can be meant instead."""
    return match.rank <= WORD or (match.rank == WORDS and len(query.words) > 2 and match.cost < 1)


def _is_here(row: _Row, place: _Place) -> bool:
    return place.conversation is not None and row.conversation == place.conversation


def _is_saved(row: _Row, place: _Place) -> bool:
    return row.is_saved and row.project in place.scope.projects


def _alike(rows: list[_Row], query: Query) -> list[_Row]:
    """Those worth a closer look: the query is a subsequence of their letters, or much like a stretch of them."""
    found = {row.pk: row for row in rows}
    texts = {pk: split(row.name).text for pk, row in found.items()}
    word = max(query.words, key=len)
    near = process.extract(word, texts, scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=LOOKED_AT)
    chosen = {pk for _, _, pk in near}
    return [row for pk, row in found.items() if pk in chosen or is_subsequence(query.text, texts[pk])]


# --- order --------------------------------------------------------------------------------------------


def _answers(things: Iterable[T], query: str, *, nearly: bool = True) -> list[_Answer[T]]:
    return [_Answer(thing, how) for thing in things if (how := match(query, thing.name, nearly=nearly))]


def _best(answers: list[_Answer[_Row]], limit: int) -> list[_Answer[_Row]]:
    """The best first; of equals what the user mentioned last, then the newest."""
    answers.sort(key=_order)
    return answers[:limit]


def _order(answer: _Answer[_Row]) -> tuple[float, ...]:
    row, how = answer.thing, answer.match
    return how.rank, how.cost, -(row.used or 0), row.age


# --- what is shown ------------------------------------------------------------------------------------


def _shown(user: User, answers: Iterable[_Answer[_Row]]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "type": row.gallery_type,
            "visibility": row.visibility,
            "is_owner": row.owner_id == user.pk,
            "owner": row.owner,
            "match": answer.match.spans,
            "token": token(row.name, row.pk),
        }
        for answer in answers
        for row in [answer.thing]
    ]


def _upload(user: User, answer: _Answer[_Upload]) -> dict[str, Any]:
    upload = answer.thing
    return {
        "id": f"f-{upload.pk}",
        "name": upload.name,
        "kind": "upload",
        "type": gallery_type(upload.name, upload.media_type),
        "visibility": "private",
        "is_owner": True,
        "owner": user.username,
        "match": answer.match.spans,
        "token": upload_token(upload.name, upload.pk),
    }


def backlinks(*, user: User, artifact_id: UUID) -> ConversationQuerySet:
    """The user's own conversations that mention an artifact, newest first."""
    mentioning = Mention.objects.filter(artifact=artifact_id).values("message__conversation")
    return Conversation.objects.visible_to(user).filter(pk__in=mentioning).with_counts()
