"""What the @-dropdown offers: what the caller may see, best first.

It is asked with every key, so it costs little, however much there is: one statement for the names that may be meant
with all that is shown of them, and another only where hardly anything answers. An index gives the names, a hundred or
so, and only these are ranked.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    Window,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, RowNumber
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
from mentions.index.plan import FEW
from mentions.models import Mention
from mentions.ranking import WORD, WORDS, Match, Query, is_subsequence, match, query_of
from mentions.syntax import token, upload_token
from projects.models import Project
from uploads.models import Upload

HERE = 2000  # of one conversation
BEST = 16  # besides those that are shown, among which the caller's own use and recency decide
ALIKE = 65  # of a hundred: how alike a name's stretch and a word have to be, to be looked at more closely
LOOKED_AT = 60
MOST_PROJECTS = 20


class _Row(NamedTuple):
    """What the dropdown shows of an artifact or an upload, and what its place in the order depends on.

    That the conversation is there is a row too.
    """

    pk: UUID
    name: str
    kind: str
    gallery_type: str  # of an upload its media type
    visibility: str
    owner_id: int
    owner: str
    conversation: UUID | None
    project: UUID
    is_saved: bool
    used: int | None  # the caller's own last mention of it: the larger, the later
    age: int  # among those read: the smaller, the newer
    is_near: bool  # whether what is nearly meant is among those read


class _Answer(NamedTuple):
    """What answers, and how well."""

    row: _Row
    match: Match


def suggest(
    *, user: User, query: str, limit: int, conversation: UUID | None = None, project: UUID | None = None
) -> dict[str, list[Any]] | None:
    """`{"current_conversation", "saved_artifacts"}`, in a conversation `"uploads"` too; at most `limit` of each.

    Saved artifacts are those of the conversation's project, of `project`, or of all of the user's. None where either
    is none of theirs.
    """
    scope = _scope(user, conversation, project)
    if scope is None:
        return None
    wanted = query_of(query)
    found = _candidates(scope, conversation, wanted, limit)
    if found is None:
        return None
    sections = {
        "current_conversation": _shown(user, _best(found.here, limit)),
        "saved_artifacts": _shown(user, _best(found.saved, limit)),
    }
    if conversation is not None:
        sections["uploads"] = [_upload(user, answer) for answer in _best(found.uploads, limit)]
    return sections


# --- where ----------------------------------------------------------------------------------------


# Of conversations that somebody has asked for and may see, their projects, which never change: asked for only once.
# Whether they may see the conversation still is asked for every time, with the names.
_projects_of: dict[tuple[int, UUID], UUID] = {}
_MOST_REMEMBERED = 50_000


def _scope(user: User, conversation: UUID | None, project: UUID | None) -> Scope | None:
    if conversation is None:
        found = tuple(_projects(user, project))
        return None if project is not None and not found else Scope(user.pk, found)
    known = _projects_of.get((user.pk, conversation))
    if known is None:
        values = {"user": user.pk, "conversation": conversation}
        rows = worded.rows("mentions scope", lambda v: _conversation(v).values_list("project"), values)
        if not rows:
            return None
        if len(_projects_of) >= _MOST_REMEMBERED:
            _projects_of.clear()
        known = _projects_of[user.pk, conversation] = rows[0][0]
    return Scope(user.pk, (known,))


def _conversation(values: Values) -> QuerySet[Conversation, Any]:
    return (
        Conversation.objects.visible_to(User(pk=values["user"])).filter(pk=values["conversation"]).order_by()
    )


def _projects(user: User, project: UUID | None) -> Iterable[UUID]:
    projects = Project.objects.visible_to(user).order_by("pk").values_list("pk", flat=True)
    return projects.filter(pk=project) if project is not None else projects[:MOST_PROJECTS]


# --- candidates -----------------------------------------------------------------------------------

_NO_CONVERSATION = UUID(int=0)
_IDS = (
    "SELECT id FROM asked UNION ALL SELECT id FROM (SELECT id FROM artifacts_artifact"  # noqa: S608
    f" WHERE conversation_id = %s ORDER BY created_at DESC LIMIT {HERE}) AS here"
)
# PostgreSQL finds the ids first, and then looks them up, whatever it thinks how many they are.
_CHOSEN = {
    "postgresql": f"artifacts_artifact.id = ANY (ARRAY({_IDS}))",
    "sqlite": f"artifacts_artifact.id IN ({_IDS})",
}
_IS_NEAR = f"(SELECT count(DISTINCT id) FROM asked WHERE NOT is_near) < {FEW}"  # noqa: S608
_FACTS = (
    "pk", "name", "kind", "gallery_type", "visibility", "owner_id", "owner__username", "conversation_id", "project_id",
)  # fmt: skip
# Times cost more to read than all the rest.
_IS_SAVED = ExpressionWrapper(Q(saved_at__isnull=False), output_field=BooleanField())
_CONVERSATION, _UPLOAD = "conversation", "upload"  # as a row's kind


def _age(by: str) -> Window:
    return Window(RowNumber(), order_by=F(by).desc())


def _rows(scope: Scope, conversation: UUID | None, asked: Asked) -> list[_Row]:
    """What is visible of the ids that the index gives and, in a conversation, of all that it has, and it itself."""
    source, values = asked
    in_conversation = conversation is not None

    def word(values: Values) -> QuerySet[Any, Any]:
        artifacts = _artifacts(values)
        if not in_conversation:
            return artifacts
        place = _conversation(values).values_list(
            "pk", "title", *map(Value, (_CONVERSATION, "", "")), "owner_id", Value(""), "pk", "project_id",
            Value(False), Cast(Value(None), BigIntegerField()), Value(0), _is_near(),
        )  # fmt: skip
        uploads = Upload.objects.visible_to(User(pk=values["user"])).filter(
            conversation=values["conversation"]
        )
        return artifacts.union(
            place,
            uploads.order_by().values_list(
                "pk", "filename", Value(_UPLOAD), "media_type", Value(""), "owner_id", Value(""),
                "conversation_id", "conversation__project_id", Value(False),
                Cast(Value(None), BigIntegerField()), _age("created_at"), Value(False),
            ),
            all=True,
        )  # fmt: skip

    def around(words: worded.Words, values: Values) -> worded.Words:
        asked = [values[place] for place in source.places]
        return f"WITH asked AS MATERIALIZED ({source.sql}) {words[0]}", [*asked, *words[1]]

    kind = "mentions", source.sql, in_conversation
    values = {**values, "user": scope.reader, "conversation": conversation or _NO_CONVERSATION}
    return list(map(_Row._make, worded.rows(kind, word, values, around)))


def _is_near() -> RawSQL:
    """Whether what is nearly meant was asked for as well."""
    return RawSQL(_IS_NEAR, [], output_field=BooleanField())  # noqa: S611


def _artifacts(values: Values) -> QuerySet[Any, Any]:
    here = UUIDField().get_db_prep_value(values["conversation"], connection)
    chosen = RawSQL(  # noqa: S611
        _CHOSEN[connection.vendor], [here], output_field=BooleanField()
    )
    own_use = Mention.objects.filter(author=values["user"], artifact=OuterRef("pk")).order_by("-pk")
    visible = Artifact.objects.visible_to(User(pk=values["user"])).filter(chosen).order_by()
    return visible.values_list(
        *_FACTS, _IS_SAVED, Subquery(own_use.values("pk")[:1]), _age("updated_at"), _is_near()
    )


class _Found(NamedTuple):
    """What answers, of each section."""

    here: list[_Answer]
    saved: list[_Answer]
    uploads: list[_Answer]


def _candidates(scope: Scope, conversation: UUID | None, query: Query, limit: int) -> _Found | None:
    """None where the conversation is none that they may see."""
    if not scope.projects:
        # No index can be asked for the words of nowhere.
        return _Found([], [], [])
    index = engine()
    asked = index.well(scope, query) if query.text else index.newest(scope, limit + BEST)
    rows = _rows(scope, conversation, asked)
    if conversation is not None and not any(row.kind == _CONVERSATION for row in rows):
        return None
    here = [
        row for row in rows if row.conversation == conversation and row.kind not in (_CONVERSATION, _UPLOAD)
    ]
    saved = _answers([row for row in rows if _is_saved(row, scope)], query, nearly=False)
    if query.text and len(saved) < FEW and not any(_is_meant(answer.match, query) for answer in saved):
        if not any(row.is_near for row in rows):
            rows += _rows(scope, None, index.nearly(scope, query))
        known = {answer.row.pk for answer in saved}
        saved = _answers(_alike([row for row in rows if _is_saved(row, scope)], query, known), query)
    uploads = [row for row in rows if row.kind == _UPLOAD]
    return _Found(_answers(here, query) if conversation else [], saved, _answers(uploads, query))


def _is_meant(match: Match, query: Query) -> bool:
    """Whether it answers so well that nothing nearly like it can be meant instead."""
    return match.rank <= WORD or (match.rank == WORDS and len(query.words) > 2 and match.cost < 1)


def _is_saved(row: _Row, scope: Scope) -> bool:
    return row.is_saved and row.project in scope.projects


def _alike(rows: list[_Row], query: Query, known: set[UUID]) -> list[_Row]:
    """Those worth a closer look: what answers already, has the query as a subsequence of its letters, or much like a
    stretch of them."""
    found = {row.pk: row for row in rows}
    texts = {pk: split(row.name).text for pk, row in found.items()}
    word = max(query.words, key=len)
    near = process.extract(word, texts, scorer=fuzz.partial_ratio, score_cutoff=ALIKE, limit=LOOKED_AT)
    chosen = known | {pk for _, _, pk in near}
    return [row for pk, row in found.items() if pk in chosen or is_subsequence(query.text, texts[pk])]


# --- order --------------------------------------------------------------------------------------------


def _answers(rows: Iterable[_Row], query: Query, *, nearly: bool = True) -> list[_Answer]:
    return [_Answer(row, how) for row in rows if (how := match(query, row.name, nearly=nearly))]


def _best(answers: list[_Answer], limit: int) -> list[_Answer]:
    """The best first; of equals what the user mentioned last, then the newest."""
    answers.sort(key=_order)
    return answers[:limit]


def _order(answer: _Answer) -> tuple[float, ...]:
    row, how = answer
    return how.rank, how.cost, -(row.used or 0), row.age


# --- what is shown ------------------------------------------------------------------------------------


def _shown(user: User, answers: Iterable[_Answer]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "type": row.gallery_type,
            "visibility": row.visibility,
            "is_owner": row.owner_id == user.pk,
            "owner": row.owner,
            "match": answer.spans,
            "token": token(row.name, row.pk),
        }
        for row, answer in answers
    ]


def _upload(user: User, answer: _Answer) -> dict[str, Any]:
    upload = answer.row
    return {
        "id": f"f-{upload.pk}",
        "name": upload.name,
        "kind": "upload",
        "type": gallery_type(upload.name, upload.gallery_type),
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
