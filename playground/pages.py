"""What the pages of conversations show: messages by turns, attachments, receipts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString

from accounts.models import User
from artifacts.models import Artifact
from artifacts.pages import Card, card
from conversations.models import ContentType, Conversation, Message, MessageRole
from conversations.querysets import MessageQuerySet
from mentions.resolve import resolve, visible_mentioned
from mentions.syntax import token
from playground.models import Turn, TurnEvent, TurnKind, TurnStep
from playground.serializers import with_everything
from playground.services import agent_reason, fenced
from playground.turns import call_key
from uploads.models import PENDING, Upload, UploadStatus
from uploads.services import active_tokens

WINDOW = 60  # messages shown at once
BEFORE_LINKED = 15  # of them, shown before one that a link points at
MOST_COPIED = 5_000  # messages
SHOWN_TEXT = 100_000  # characters of an extraction in its dialog


@dataclass(frozen=True)
class Line:
    """A message as its reader sees it, with the artifacts made in it."""

    message: Message
    html: SafeString
    cards: list[Card]
    given: str = ""  # to a tool: the arguments of the call that this answers
    usage: dict[str, Any] = field(default_factory=dict)  # what a program of the agent's used


@dataclass
class Entry:
    """A message, or a turn with all its messages."""

    lines: list[Line]
    turn: Turn | None = None
    earlier: list[Line] = field(default_factory=list)  # answers from before the message was answered again

    @property
    def is_told(self) -> bool:
        """Whether a message says already how the turn failed: a program's own result does."""
        return self.turn is not None and self.turn.kind == TurnKind.PROGRAM and len(self.lines) > 1


@dataclass(frozen=True)
class Window:
    """A stretch of a conversation, oldest first, and what lies beyond it."""

    entries: list[Entry]
    first: UUID | None
    last: UUID | None
    has_earlier: bool = False
    has_later: bool = False


@dataclass(frozen=True)
class Attachments:
    """The files of a conversation, and how much of the limit the active ones use."""

    uploads: list[Upload]
    tokens: int
    max_tokens: int
    max_files: int
    pending: bool

    @property
    def over(self) -> bool:
        return self.tokens > self.max_tokens

    @property
    def active(self) -> int:
        return sum(upload.is_active for upload in self.uploads)

    @property
    def failed(self) -> int:
        return sum(upload.status == UploadStatus.FAILED for upload in self.uploads)


@dataclass(frozen=True)
class Origin:
    """The artifact that a conversation was started from; without a name where its reader can't see it any more."""

    name: str = ""
    url: str = ""
    mention: str = ""


@dataclass(frozen=True)
class ConversationPage:
    """All of `/conversations/{id}`."""

    conversation: Conversation
    window: Window
    attachments: Attachments
    no_agent: str | None
    linked: UUID | None = None
    origin: Origin | None = None

    @property
    def starting_text(self) -> str:
        """What the composer begins with: the mention of what the conversation starts from, until more is said."""
        said = sum(len(entry.lines) for entry in self.window.entries)
        return f"{self.origin.mention} " if self.origin and self.origin.mention and said <= 1 else ""


@dataclass(frozen=True)
class ReceiptRow:
    """One thing that an agent was given, or why it wasn't."""

    name: str
    what: str
    included: bool
    reason: str
    tokens: int
    truncated: bool


@dataclass
class Receipt:
    """What an agent saw."""

    rows: list[ReceiptRow] = field(default_factory=list)
    tokens: int = 0
    max_tokens: int = 0
    messages: dict[str, int] = field(default_factory=dict)  # included, left_out, tokens


def _place(message: Message, *, later: bool, inclusive: bool = False) -> Q:
    """The messages beyond one, in the order of the conversation."""
    beyond = "gt" if later else "lt"
    same = Q(created_at=message.created_at, **{f"pk__{beyond}{'e' if inclusive else ''}": message.pk})
    return Q(**{f"created_at__{beyond}": message.created_at}) | same


def window(
    user: User,
    conversation: Conversation,
    *,
    before: UUID | None = None,
    after: UUID | None = None,
    linked: UUID | None = None,
) -> Window:
    """The newest messages; or those before or after one; or those around one that a link points at."""
    messages = Message.objects.visible_to(user).filter(conversation=conversation)
    anchor = before or after or linked
    place = get_object_or_404(messages, pk=anchor) if anchor else None
    has_earlier = has_later = False
    if place is None or before is not None:
        wanted = messages if place is None else messages.filter(_place(place, later=False))
        rows = _newest(user, wanted, WINDOW + 1)
        has_earlier, rows = len(rows) > WINDOW, rows[-WINDOW:]
    else:
        earlier: list[Message] = []
        if after is None:
            earlier = _newest(user, messages.filter(_place(place, later=False)), BEFORE_LINKED + 1)
            has_earlier, earlier = len(earlier) > BEFORE_LINKED, earlier[-BEFORE_LINKED:]
        wanted = messages.filter(_place(place, later=True, inclusive=after is None))
        rows = list(with_everything(wanted, user).order_by("created_at", "pk")[: WINDOW + 1])
        has_later, rows = len(rows) > WINDOW, earlier + rows[:WINDOW]
    first, last = (rows[0].pk, rows[-1].pk) if rows else (None, after)
    entries = entries_of(user, rows, only_new=after is not None)
    return Window(entries, first, last, has_earlier, has_later)


def _newest(user: User, messages: MessageQuerySet, most: int) -> list[Message]:
    return list(with_everything(messages, user).order_by("-created_at", "-pk")[:most])[::-1]


def entries_of(user: User, messages: Iterable[Message], *, only_new: bool = False) -> list[Entry]:
    """Messages as entries, each turn's together at the message that started it.

    `only_new`: what a turn said after its start is left out unless its start is here too, since the page shows
    that turn already and brings it up to date by itself.
    """
    rows = list(messages)
    visible = visible_mentioned(rows, user)
    given, used = _given(rows), _used(rows)
    turns = Turn.objects.visible_to(user).in_bulk({row.turn for row in rows if row.turn})
    started: dict[UUID, Entry] = {}  # by the message that started the turn
    entries: list[Entry] = []
    for row in rows:
        line = Line(
            row,
            resolve(row, visible).html,
            _cards(row, user),
            given.get(row.delivery_key or "", ""),
            used.get(str(row.pk), {}),
        )
        turn = turns.get(row.turn) if row.turn else None
        entry = started.get(turn.message_id) if turn and turn.message_id else None
        if turn is None:
            entries.append(Entry([line]))
        elif entry is not None:
            (entry.lines if entry.turn == turn else entry.earlier).append(line)
        elif row.role == MessageRole.USER:
            started[row.pk] = Entry([line], turn)
            entries.append(started[row.pk])
        elif not only_new:
            entries.append(Entry([line]))
    return entries


def line_of(user: User, message: Message) -> Line:
    """One message by itself."""
    return entries_of(user, [message])[0].lines[0]


def readable(arguments: str) -> str:
    """A call's arguments as people read them: a single text as it is (a program, a script), others as JSON on lines."""
    try:
        given = json.loads(arguments)
        only = next(iter(given.values())) if isinstance(given, dict) and len(given) == 1 else None
        return only if isinstance(only, str) else json.dumps(given, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return arguments


def _called(messages: Iterable[Message]) -> set[UUID]:
    """The turns whose tools said some of the messages."""
    return {row.turn for row in messages if row.role == MessageRole.TOOL and row.delivery_key and row.turn}


def _used(messages: Iterable[Message]) -> dict[str, dict[str, Any]]:
    """Message → what the call of an agent's tool used that it answers."""
    called = _called(messages)
    told = TurnEvent.objects.filter(turn__in=called, type="tool_result").values_list("data", flat=True)
    return {data["message"]: data.get("usage", {}) for data in told} if called else {}


def _given(messages: Iterable[Message]) -> dict[str, str]:
    """Delivery key → the arguments of the agent's call that was answered so."""
    called = _called(messages)
    steps = TurnStep.objects.filter(turn__in=called) if called else []
    return {
        call_key(step.turn_id, step.number, index): readable(call["arguments"])
        for step in steps
        for index, call in enumerate(step.calls)
    }


def _cards(message: Message, user: User) -> list[Card]:
    cards = []
    for output in message.outputs.all():
        artifact = output.version.artifact
        # As in the API's rows: what the message carries is what its card is about, and no card asks by itself.
        artifact.current = output.version
        cards.append(card(artifact, output.version, user))
    return cards


def turn_entry(user: User, turn: Turn) -> Entry:
    """A turn with everything that was said in it, and in earlier ones for the same message."""
    turns = Turn.objects.filter(conversation=turn.conversation_id, message=turn.message_id).values("pk")
    mine = Message.objects.visible_to(user).filter(turn__in=turns)
    said = with_everything(mine, user).order_by("created_at", "pk")
    entries = entries_of(user, said[: WINDOW * 4])
    return next((entry for entry in entries if entry.turn), Entry([], turn))


def as_markdown(user: User, conversation: Conversation, message: UUID | None = None) -> str:
    """A conversation as Markdown: each message under a line that says whose it is; or one message's text alone."""
    messages = Message.objects.visible_to(user).filter(conversation=conversation)
    if message is not None:
        row = get_object_or_404(messages.prefetch_related("mentions"), pk=message)
        return resolve(row, visible_mentioned([row], user)).body
    rows = list(with_everything(messages, user).order_by("created_at", "pk")[:MOST_COPIED])
    visible = visible_mentioned(rows, user)
    parts = [f"# {conversation.display_title}"]
    for row in rows:
        moment = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
        parts.append(f"**{_speaker(row)}** · {moment}")
        body = resolve(row, visible).body
        is_plain = row.role == MessageRole.TOOL and row.content_type != ContentType.MARKDOWN
        parts.append(fenced(body) if body and is_plain else body)
        made = [token(out.version.artifact.name, out.version.artifact_id) for out in row.outputs.all()]
        parts.append("\n".join(f"- {name}" for name in made))
    return "\n\n".join(part for part in parts if part) + "\n"


def _speaker(message: Message) -> str:
    if message.role == MessageRole.USER:
        return message.author.username if message.author else "Somebody who left"
    return "Agent" if message.role == MessageRole.AGENT else message.tool or "Tool"


def attachments(user: User, conversation: Conversation) -> Attachments:
    uploads = list(
        Upload.objects.visible_to(user).filter(conversation=conversation).with_extraction().oldest_first()
    )
    project = conversation.project
    return Attachments(
        uploads,
        active_tokens(conversation),
        project.max_tokens,
        project.max_files,
        any(upload.status in PENDING for upload in uploads),
    )


def conversation_page(user: User, conversation: Conversation, linked: UUID | None) -> ConversationPage:
    return ConversationPage(
        conversation,
        window(user, conversation, linked=linked),
        attachments(user, conversation),
        agent_reason(conversation.project),
        linked,
        origin_of(user, conversation),
    )


def origin_of(user: User, conversation: Conversation) -> Origin | None:
    """With its reader's rights, now: sharing may have ended since (docs/rules.md 5)."""
    if conversation.started_from is None:
        return None
    artifact = Artifact.objects.visible_to(user).filter(pk=conversation.started_from).only("name").first()
    if artifact is None:
        return Origin()
    return Origin(artifact.name, f"/artifacts/{artifact.pk}", token(artifact.name, artifact.pk))


_REASONS = {
    "inactive": "Switched off",
    "extracting": "Its text was not ready yet",
    "failed": "Its text could not be extracted",
    "unsupported": "It has no text",
    "over_budget": "No room was left",
    "unavailable": "It can't be seen any more",
}


def receipt_of(receipt: dict[str, Any]) -> Receipt:
    """A receipt as the context wrote it, in words."""
    shown = Receipt(
        tokens=receipt.get("tokens", 0),
        max_tokens=receipt.get("max_tokens", 0),
        messages=receipt.get("messages", {}),
    )
    for what, name_field, rows in (
        ("File", "filename", receipt.get("uploads", [])),
        ("Mention", "name", receipt.get("mentions", [])),
    ):
        for row in rows:
            shown.rows.append(
                ReceiptRow(
                    row.get(name_field) or "unavailable",
                    what,
                    row["included"],
                    _REASONS.get(row["reason"] or "", row["reason"] or ""),
                    row["tokens"],
                    row["truncated"],
                )
            )
    return shown
