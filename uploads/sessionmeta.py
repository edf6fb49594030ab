"""sessionMeta: the metadata of a conversation's files, as agents, prompts and programs read it (seed: uploads)."""

import json
from typing import Any

from conversations.models import Conversation
from uploads.links import url_for
from uploads.models import Upload

PLACEHOLDER = "{{memory.sessionMeta.artifacts}}"


def session_meta(conversation: Conversation) -> dict[str, Any]:
    """`{"content": {"artifacts": [...]}}`, oldest first."""
    uploads = Upload.objects.filter(conversation=conversation).oldest_first()
    return {"content": {"artifacts": [_entry(upload) for upload in uploads]}}


def _entry(upload: Upload) -> dict[str, Any]:
    return {
        "fileId": upload.file_id,
        "type": "file",
        "filename": upload.filename,
        "mimetype": upload.media_type,
        "isActive": upload.is_active,
        "downloadUrl": url_for(upload),
    }


def fill_in(instructions: str, conversation: Conversation) -> str:
    """Instructions with the placeholder replaced by the list as JSON; nothing else is evaluated."""
    if PLACEHOLDER not in instructions:
        return instructions
    artifacts = session_meta(conversation)["content"]["artifacts"]
    return instructions.replace(PLACEHOLDER, json.dumps(artifacts, ensure_ascii=False))
