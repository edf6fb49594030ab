"""What an agent is given for its next turn, and the receipt that accounts for all of it (docs/rules.md 2).

Order within the model's window: instructions; messages, the newest first, so that old ones fall out, and none of a
turn whose message was answered again; then, within the project's limit on attached text too, mentions, since a person
asked for them in this very conversation, and uploads, oldest first. What does not fit is cut at the end and said so.
"""

from bisect import bisect_right
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import User
from artifacts import kinds
from artifacts.models import Artifact, Version
from conversations.models import Conversation, Message
from mentions.resolve import Visible, mentioned_in, named_text, resolve, visible_mentioned
from playground.models import Turn
from uploads.extraction.tokens import CHARACTERS_PER_TOKEN, estimate_tokens
from uploads.models import Upload, UploadStatus
from uploads.sessionmeta import fill_in

MESSAGES = 200  # the newest
MENTION_CHARACTERS = 40_000  # each
_REASONS = {
    UploadStatus.STORED: "extracting",
    UploadStatus.EXTRACTING: "extracting",
    UploadStatus.FAILED: "failed",
    UploadStatus.UNSUPPORTED: "unsupported",
}


class Budget:
    """Tokens that are left."""

    def __init__(self, tokens: int) -> None:
        self.left = tokens

    def take(self, text: str, tokens: int) -> tuple[str, int, bool]:
        """As much of `text` as fits: the text, its tokens, whether anything was cut."""
        if tokens <= self.left:
            self.left -= tokens
            return text, tokens, False
        # The longest beginning that fits: what a character costs differs from script to script.
        lengths = range(min(len(text), self.left * CHARACTERS_PER_TOKEN) + 1)
        kept = text[: bisect_right(lengths, self.left, key=lambda length: estimate_tokens(text[:length])) - 1]
        spent, self.left = estimate_tokens(kept), 0
        return kept, spent, True


def assemble(
    *, user: User, conversation: Conversation, upto: Message | None = None, window: int | None = None
) -> dict[str, Any]:
    """The context for `user`, who owns the turn: everything is read with their rights, now.

    `window` is how many tokens the model takes; without it, what the site's settings say of theirs, if anything.
    """
    project = conversation.project
    window = window or settings.AGENT_CONTEXT_TOKENS or None
    messages = _messages(conversation, upto)
    visible = visible_mentioned(messages, user)
    # Whoever wrote them, their mentions give the turn's owner what they may see themselves (docs/rules.md 5).
    instructed, seen = mentioned_in(project.agent_instructions, user)
    instructions = fill_in(named_text(project.agent_instructions, user), conversation)
    visible |= seen
    shown, spent = _shown(messages, visible, window, estimate_tokens(instructions))
    limit = project.max_tokens if window is None else max(0, min(project.max_tokens, window - spent))
    budget = Budget(limit)
    mentioned = list(dict.fromkeys([*instructed, *(a for m in messages for a in _mentioned(m))]))
    mentions, mention_receipts = _mentions(mentioned, visible, budget)
    named = {mention.upload_id for message in messages for mention in message.mentions.all()}
    uploads, upload_receipts = _uploads(conversation, budget, named)
    return {
        "messages": shown,
        "uploads": uploads,
        "mentions": mentions,
        "instructions": instructions,
        "receipt": {
            "uploads": upload_receipts,
            "mentions": mention_receipts,
            "messages": {"included": len(shown), "left_out": len(messages) - len(shown), "tokens": spent},
            "tokens": limit - budget.left,
            "max_tokens": limit,
        },
    }


def _shown(
    messages: list[Message], visible: Visible, window: int | None, spent: int
) -> tuple[list[dict[str, Any]], int]:
    """The newest messages that fit into the window, oldest first, and the tokens spent with them.

    The newest is there whatever its length: it is what is to be answered.
    """
    shown: list[dict[str, Any]] = []
    for message in reversed(messages):
        body = resolve(message, visible).body
        tokens = estimate_tokens(body)
        if shown and window is not None and spent + tokens > window:
            break
        spent += tokens
        facts = {"id": message.pk, "role": message.role, "body": body, "created_at": message.created_at}
        shown.append({**facts, "tool": message.tool} if message.tool else facts)
    return shown[::-1], spent


def _messages(conversation: Conversation, upto: Message | None) -> list[Message]:
    superseded = Turn.objects.filter(conversation=conversation).superseded().values("pk")
    messages = Message.objects.filter(conversation=conversation).exclude(turn__in=superseded)
    messages = messages.prefetch_related("mentions")
    if upto is not None:
        messages = messages.filter(created_at__lte=upto.created_at)
    return list(messages.order_by("-created_at", "-pk")[:MESSAGES])[::-1]


def _mentioned(message: Message) -> list[UUID | None]:
    """The artifacts that a message mentions; None for what is gone. Uploads are in the context by themselves."""
    return [mention.artifact_id for mention in message.mentions.all() if mention.upload_id is None]


def _mentions(
    mentioned: list[UUID | None], visible: Visible, budget: Budget
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    included, receipts = [], []
    ids = [thing.current_id for thing in visible.values() if isinstance(thing, Artifact) and thing.current_id]
    versions = {version.artifact_id: version for version in Version.objects.filter(pk__in=ids)}
    for pk in mentioned:
        artifact = visible.get(pk) if pk else None
        version = versions.get(pk) if pk else None
        if not isinstance(artifact, Artifact) or version is None:
            receipts.append(_receipt({"artifact": None}, "unavailable"))
            continue
        data, cut = kinds.get(artifact.kind).for_agent(version, MENTION_CHARACTERS)
        text, tokens, over = budget.take(data, estimate_tokens(data))
        facts = {"artifact": pk, "version": version.number, "name": artifact.name}
        if over and not text:
            receipts.append(_receipt(facts, "over_budget"))
            continue
        included.append(
            {
                **facts,
                "type": artifact.kind,
                "data": text,
                "tokens": tokens,
                "truncated": cut or over,
            }
        )
        receipts.append(_receipt(facts, None, len(text), tokens, cut or over))
    return included, receipts


def _uploads(
    conversation: Conversation, budget: Budget, mentioned: set[UUID | None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that are mentioned first, since they were asked for. The switch holds for them too."""
    included, receipts = [], []
    uploads = Upload.objects.filter(conversation=conversation).with_extraction().oldest_first()
    for upload in sorted(uploads, key=lambda upload: upload.pk not in mentioned):
        facts = {"fileId": upload.file_id, "filename": upload.filename}
        reason = "inactive" if not upload.is_active else _REASONS.get(UploadStatus(upload.status))
        if reason is None and budget.left == 0 and upload.extraction.tokens:
            reason = "over_budget"
        if reason is not None:
            receipts.append(_receipt(facts, reason))
            continue
        text, tokens, cut = budget.take(upload.extraction.text, upload.extraction.tokens)
        cut = cut or upload.extraction.truncated
        included.append({**facts, "text": text, "tokens": tokens, "truncated": cut})
        receipts.append(_receipt(facts, None, len(text), tokens, cut))
    return included, receipts


def _receipt(
    facts: dict[str, Any], reason: str | None, characters: int = 0, tokens: int = 0, truncated: bool = False
) -> dict[str, Any]:
    return {
        **facts,
        "included": reason is None,
        "reason": reason,
        "characters": characters,
        "tokens": tokens,
        "truncated": truncated,
    }
