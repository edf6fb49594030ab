"""Each tool of the MCP server: arguments in, a service or a queryset of the caller's, plain data out.

Signatures and docstrings are what a client's model reads.
"""

# ruff: noqa: A002 - the arguments' names are the tools' own

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.http import Http404
from django.shortcuts import get_object_or_404
from pydantic import Field

from artifacts import access, exports, kinds
from artifacts import services as library
from artifacts.filters import TYPES
from artifacts.intake import content as content_of
from artifacts.intake import contents
from artifacts.kinds.base import stored_bytes
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet
from artifacts.types import is_textual
from artifactsite.lib.errors import Invalid, Refusal
from conversations.models import Conversation, Message
from conversations.services import create_conversation as new_conversation
from mentions.resolve import Visible, resolve, visible_mentioned
from mentions.suggest import suggest
from mentions.syntax import token
from playground import services
from playground.context import assemble
from playground.mcp.caller import reader, writer
from playground.models import Turn
from playground.tools.read_artifact import read as read_content
from playground.tools.read_upload import read as read_text
from playground.tools.search_artifacts import find
from projects.models import Project
from uploads import services as uploads
from uploads.models import Extraction, Upload

LARGEST_ANSWER = 16 * 1024 * 1024  # bytes of an export or a resource
Rows = list[dict[str, Any]]
Limit = Annotated[int, Field(ge=1, le=100)]
Scope = Literal["mine", "shared", "saved", "all"]
Type = Literal["all", "images", "html", "code", "files"]


# --- what the caller may see ------------------------------------------------------------------------


def _conversation(pk: UUID, user: Any) -> Conversation:
    return get_object_or_404(Conversation.objects.visible_to(user).select_related("project"), pk=pk)


def _artifact(pk: UUID, user: Any) -> Artifact:
    visible = Artifact.objects.visible_to(user).select_related("current", "owner", "project", "conversation")
    return get_object_or_404(visible, pk=pk)


def _upload(conversation: UUID, file_id: str, user: Any) -> Upload:
    own = Upload.objects.visible_to(user).filter(conversation=_conversation(conversation, user))
    return get_object_or_404(own.with_file_id(file_id).with_extraction())


def _artifact_row(artifact: Artifact) -> dict[str, Any]:
    version = artifact.current
    return {
        "id": artifact.pk,
        "name": artifact.name,
        "kind": artifact.kind,
        "type": artifact.gallery_type,
        "media_type": version.media_type if version else "",
        "size": version.size if version else 0,
        "version": version.number if version else 0,
        "owner": artifact.owner.username,
        "saved": artifact.is_saved,
        "visibility": artifact.visibility,
        "description": artifact.description,
        "project": artifact.project_id,
        "updated_at": artifact.updated_at,
        "mention": token(artifact.name, artifact.pk),
        "url": f"{settings.SITE_URL}/artifacts/{artifact.pk}",
    }


def _upload_row(upload: Upload) -> dict[str, Any]:
    extraction = getattr(upload, "extraction", None)
    return {
        "fileId": upload.file_id,
        "filename": upload.filename,
        "mimetype": upload.media_type,
        "size": upload.size,
        "isActive": upload.is_active,
        "status": upload.status,
        "error": upload.error_message or None,
        "characters": extraction.characters if extraction else None,
        "createdAt": upload.created_at,
    }


def _message_row(message: Message, visible: Visible) -> dict[str, Any]:
    seen = resolve(message, visible)
    return {
        "id": message.pk,
        "role": message.role,
        "tool": message.tool,
        "body": seen.body,
        "mentions": seen.mentions,
        "turn": message.turn,
        "created_at": message.created_at,
    }


def _turn_row(turn: Turn) -> dict[str, Any]:
    made = Message.objects.filter(conversation=turn.conversation_id, turn=turn.pk)
    found = Artifact.objects.visible_to(reader()).filter(versions__outputs__message__in=made).distinct()
    return {
        "id": turn.pk,
        "conversation": turn.conversation_id,
        "kind": turn.kind,
        "status": turn.status,
        "output": turn.output,
        "error": {"code": turn.error_code, "detail": turn.error_detail} if turn.error_code else None,
        "artifacts": [_artifact_row(artifact) for artifact in found.select_related("current", "owner")],
        "finished_at": turn.finished_at,
    }


def _filtered(
    user: Any, scope: str, type: str, project: UUID | None, conversation: UUID | None
) -> ArtifactQuerySet:
    found = Artifact.objects.visible_to(user).in_scope(scope, user)
    if wanted := TYPES[type]:
        found = found.filter(gallery_type=wanted)
    if project is not None:
        found = found.filter(project=get_object_or_404(Project.objects.visible_to(user), pk=project))
    if conversation is not None:
        found = found.filter(conversation=_conversation(conversation, user))
    return found


# --- reading ----------------------------------------------------------------------------------------


def list_projects() -> Rows:
    """The projects that you are a member of."""
    found = Project.objects.visible_to(reader()).with_role_of(reader()).order_by("name")
    return [{"id": one.pk, "name": one.name, "role": one.role} for one in found[:500]]  # type: ignore[attr-defined]


def list_conversations(project: UUID | None = None, limit: Limit = 20) -> Rows:
    """Your conversations, the latest first."""
    found = Conversation.objects.visible_to(reader())
    if project is not None:
        found = found.filter(project=project)
    return [
        {"id": one.pk, "project": one.project_id, "title": one.display_title, "updated_at": one.updated_at}
        for one in found.order_by("-updated_at", "-pk")[:limit]
    ]


def list_messages(conversation: UUID, limit: Limit = 50) -> Rows:
    """The newest messages of a conversation of yours, oldest first."""
    own = _conversation(conversation, reader())
    newest = Message.objects.visible_to(reader()).filter(conversation=own).prefetch_related("mentions")
    rows = list(newest.order_by("-created_at", "-pk")[:limit])[::-1]
    visible = visible_mentioned(rows, reader())
    return [_message_row(row, visible) for row in rows]


def list_artifacts(
    scope: Scope = "all",
    type: Type = "all",
    project: UUID | None = None,
    conversation: UUID | None = None,
    limit: Limit = 20,
) -> Rows:
    """Artifacts that you can see, the latest first."""
    found = _filtered(reader(), scope, type, project, conversation).select_related("current", "owner")
    return [_artifact_row(artifact) for artifact in found.order_by("-updated_at", "-pk")[:limit]]


def search_artifacts(
    query: Annotated[str, Field(max_length=500)],
    scope: Scope = "all",
    type: Type = "all",
    project: UUID | None = None,
    limit: Limit = 20,
) -> Rows:
    """Artifacts by words in name, description or content, best first."""
    return find(_filtered(reader(), scope, type, project, None), query, limit)


def read_artifact(
    artifact: UUID,
    version: Annotated[int, Field(ge=1)] | None = None,
    offset: Annotated[int, Field(ge=0)] = 0,
    limit: Annotated[int, Field(ge=1)] | None = None,
) -> dict[str, Any]:
    """An artifact's facts and its content as text; offset and limit are rows of a table, else characters."""
    found, chosen = _version(artifact, version)
    return {
        **_artifact_row(found),
        "version": chosen.number,
        "content": read_content(found, chosen, offset, limit),
    }


def _version(artifact: UUID, number: int | None) -> tuple[Artifact, Version]:
    found = _artifact(artifact, reader())
    return found, exports.pick_version(found, str(number or ""), reader())


def list_versions(artifact: UUID) -> Rows:
    """The versions of an artifact, the newest first."""
    found = _artifact(artifact, reader()).versions.readable_by(reader()).order_by("-number")[:200]
    facts = ("number", "media_type", "size", "sha256", "tool", "created_at")
    return [{fact: getattr(version, fact) for fact in facts} for version in found]


def export_artifact(
    artifact: UUID,
    format: Annotated[
        str, Field(description="definition, or as the kind offers: csv, xlsx, json, html, md, file")
    ] = "",
    version: Annotated[int, Field(ge=1)] | None = None,
) -> dict[str, Any]:
    """An artifact in one of its formats: `text`, or `content_base64` where it is not text."""
    found, chosen = _version(artifact, version)
    if chosen.size > LARGEST_ANSWER:
        raise _too_large(found)
    if format == "definition":
        mine = found.conversation is not None and found.conversation.owner_id == reader().pk
        source = str(found.conversation_id) if mine else None
        return exports.definition_of(found, chosen, conversation=source)
    offers = kinds.get(found.kind).downloads(chosen)
    offer = next((offer for offer in offers if offer.format == format), None) if format else offers[0]
    if offer is None:
        raise Invalid(
            "format", f"format must be definition or one of {', '.join(each.format for each in offers)}."
        )
    raw = b"".join(offer.body(chosen) if offer.body else stored_bytes(chosen))
    facts = {"name": found.name, "format": offer.format, "media_type": offer.media_type}
    content = _content(raw, offer.media_type)
    return (
        {**facts, "text": content}
        if isinstance(content, str)
        else {
            **facts,
            "content_base64": base64.b64encode(content).decode(),
        }
    )


def _too_large(artifact: Artifact) -> Refusal:
    address = f"{settings.SITE_URL}/api/artifacts/{artifact.pk}/download"
    return Refusal("too_large", f"This is too large for MCP. Download it from {address}.", status=413)


def _content(raw: bytes, media_type: str) -> str | bytes:
    if is_textual(media_type.partition(";")[0]):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
    return raw


def resource(identifier: str) -> tuple[str | bytes, str]:
    """The content of `artifact://ID` and its media type; not a tool."""
    try:
        found = _artifact(UUID(identifier), reader())
    except ValueError:
        raise Refusal("not_found", "An artifact's address is artifact:// and its id.", status=404) from None
    version = exports.pick_version(found, None, reader())
    if version.size > LARGEST_ANSWER:
        raise _too_large(found)
    return _content(b"".join(stored_bytes(version)), version.media_type), version.media_type


def list_uploads(conversation: UUID) -> Rows:
    """The files of a conversation of yours, oldest first."""
    own = Upload.objects.visible_to(reader()).filter(conversation=_conversation(conversation, reader()))
    return [_upload_row(upload) for upload in own.with_extraction().oldest_first()]


def read_upload(
    conversation: UUID,
    file_id: str,
    page: str | None = None,
    slide: str | None = None,
    sheet: str | None = None,
    rows: str | None = None,
    offset: Annotated[int, Field(ge=0)] = 0,
    limit: Annotated[int, Field(ge=1, le=200_000)] = 40_000,
) -> dict[str, Any]:
    """A file's extracted text, whole or by page, slide, sheet or rows ("2" or "2-4"; a sheet by its name too)."""
    upload = _upload(conversation, file_id, reader())
    extraction = Extraction.objects.filter(upload=upload).first()
    if extraction is None:
        raise Refusal(
            "not_ready", upload.error_message or "Its text is still being extracted. Try again in a moment."
        )
    parts = {"page": page, "slide": slide, "sheet": sheet, "rows": rows, "offset": offset, "limit": limit}
    wanted = {name: value for name, value in parts.items() if value is not None}
    return {**_upload_row(upload), "text": read_text(upload.filename, extraction.text, wanted)}


def get_context(conversation: UUID) -> dict[str, Any]:
    """What an agent should know for its next turn: messages, files, mentioned artifacts, instructions, receipt."""
    return assemble(user=reader(), conversation=_conversation(conversation, reader()))


def suggest_mentions(
    query: Annotated[str, Field(max_length=200)] = "", conversation: UUID | None = None, limit: Limit = 8
) -> dict[str, Any]:
    """Artifacts that you can mention, best first; `token` is the text that mentions one."""
    found = suggest(user=reader(), query=query, limit=limit, conversation=conversation)
    if found is None:
        raise Http404
    return found


def get_turn(turn: UUID) -> dict[str, Any]:
    """How an agent's turn or a program stands, and what it made."""
    return _turn_row(get_object_or_404(Turn.objects.visible_to(reader()), pk=turn))


# --- writing ----------------------------------------------------------------------------------------


def create_conversation(project: UUID, title: Annotated[str, Field(max_length=200)] = "") -> dict[str, Any]:
    """A new conversation of yours."""
    found = get_object_or_404(Project.objects.visible_to(writer()), pk=project)
    made = new_conversation(by=writer(), project=found, title=title)
    return {"id": made.pk, "project": made.project_id, "title": made.title}


def post_message(
    conversation: UUID,
    body: Annotated[str, Field(max_length=1_000_000)],
    role: Literal["user", "agent"] = "agent",
    respond: bool = False,
) -> dict[str, Any]:
    """A message in Markdown; mentions in it become links. respond: the site's agent answers (role user)."""
    own = _conversation(conversation, writer())
    message = services.post(by=writer(), conversation=own, role=role, body=body, respond=respond)
    shown = Message.objects.prefetch_related("mentions").get(pk=message.pk)
    return _message_row(shown, visible_mentioned([shown], writer()))


def deliver_result(
    conversation: UUID,
    tool: Annotated[str, Field(min_length=1, max_length=100)],
    artifacts: Annotated[
        list[dict[str, Any]],
        Field(
            description="Each {name, type: text, data: string}, {name, type: table, data: [object]}, "
            "{name, type: visualization, data: {html, visualization_data}} or {name, type: file, content_base64}."
        ),
    ],
    content: Annotated[str, Field(max_length=1_000_000)] = "",
    content_type: Literal["text", "markdown", "html", "json"] = "text",
    is_error: bool = False,
    idempotency_key: Annotated[str, Field(max_length=150)] = "",
) -> dict[str, Any]:
    """What a tool of yours made, all of it or nothing; the same name again is the artifact's next version."""
    own = _conversation(conversation, writer())
    message, _ = library.record_tool_result(
        by=writer(),
        conversation=own,
        tool=tool,
        content=content,
        content_type=content_type,
        is_error=is_error,
        outputs=contents(artifacts, {}),
        delivery_key=f"key:{idempotency_key}" if idempotency_key else None,
    )
    made = [output.version.artifact for output in message.outputs.select_related("version__artifact__owner")]
    for artifact in made:
        artifact.current = artifact.versions.get(number=artifact.latest_number)
    return {"message": message.pk, "artifacts": [_artifact_row(artifact) for artifact in made]}


def save_artifact(
    artifact: UUID,
    name: Annotated[str, Field(max_length=255)] = "",
    description: str = "",
    visibility: Literal["private", "project"] = "private",
) -> dict[str, Any]:
    """Takes an artifact of yours into the library, where it can be mentioned from any conversation."""
    found = _artifact(artifact, writer())
    library.save_artifact(
        by=writer(), artifact=found, name=name, description=description, visibility=visibility
    )
    return _artifact_row(_artifact(artifact, writer()))


def update_artifact(
    artifact: UUID,
    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None,
    description: str | None = None,
    visibility: Literal["private", "project"] | None = None,
) -> dict[str, Any]:
    """Changes what is given of an artifact of yours."""
    found = _artifact(artifact, writer())
    library.update_artifact(
        by=writer(), artifact=found, name=name, description=description, visibility=visibility
    )
    return _artifact_row(_artifact(artifact, writer()))


def add_version(artifact: UUID, data: Any = None, content_base64: str | None = None) -> dict[str, Any]:
    """The next version of an artifact of yours: data as its kind has it, or a file's content_base64."""
    found = _artifact(artifact, writer())
    access.require_owner(found, writer())
    item = {"name": found.name, "type": found.kind}
    item |= {"data": data} if content_base64 is None else {"content_base64": content_base64}
    version = library.add_version(by=writer(), artifact=found, content=content_of(item, {}))
    return {"artifact": found.pk, "version": version.number, "size": version.size, "sha256": version.sha256}


def upload_file(
    conversation: UUID,
    filename: Annotated[str, Field(min_length=1, max_length=255)],
    content_base64: str | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """Attaches a file to a conversation of yours; its text is extracted in the background (read_upload)."""
    own = _conversation(conversation, writer())
    if (content_base64 is None) == (text is None):
        raise Invalid("text", "Give either text or content_base64.")
    try:
        raw = text.encode() if text is not None else base64.b64decode(content_base64 or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("content_base64", "content_base64 is not valid base64.") from error
    accepted, rejected = uploads.receive(
        by=writer(), conversation=own, files=[ContentFile(raw, name=filename)]
    )
    if rejected:
        raise Refusal(rejected[0].code, rejected[0].reason)
    return _upload_row(accepted[0])


def run_program(conversation: UUID, code: str) -> dict[str, Any]:
    """Runs Python in the site's sandbox; get_turn tells how it ended and what it made."""
    turn = services.start_program(by=writer(), conversation=_conversation(conversation, writer()), code=code)
    return _turn_row(turn)


def cancel_turn(turn: UUID) -> dict[str, Any]:
    """Stops an agent's turn or a program."""
    found = get_object_or_404(Turn.objects.visible_to(writer()), pk=turn)
    return _turn_row(services.cancel_turn(by=writer(), turn=found))


READING: list[Callable[..., Any]] = [
    list_projects, list_conversations, list_messages, list_artifacts, search_artifacts, read_artifact, list_versions,
    export_artifact, list_uploads, read_upload, get_context, suggest_mentions, get_turn,
]  # fmt: skip
WRITING: list[Callable[..., Any]] = [
    create_conversation, post_message, deliver_result, save_artifact, update_artifact, add_version, upload_file,
    run_program, cancel_turn,
]  # fmt: skip
