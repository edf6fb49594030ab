"""What travels, as the server sends it."""

from typing import Any, Literal, NotRequired, TypedDict

Role = Literal["user", "agent", "tool"]
Kind = Literal["text", "table", "visualization", "file"]
Visibility = Literal["private", "project"]
TurnStatus = Literal["queued", "running", "done", "failed", "cancelled"]
UploadStatus = Literal["stored", "extracting", "ready", "failed", "unsupported"]


class Refused(TypedDict):
    code: str
    detail: str


class Project(TypedDict):
    id: str
    name: str
    slug: str
    role: str
    allow_artifact_sharing: bool
    agent_instructions: str


class Conversation(TypedDict):
    id: str
    project: str
    title: str
    message_count: NotRequired[int]
    artifact_count: NotRequired[int]
    upload_count: NotRequired[int]
    created_at: str
    updated_at: str


class Artifact(TypedDict):
    id: str
    name: str
    kind: Kind
    type: str
    media_type: str
    size: int
    version: int
    url: str
    project: str
    conversation: dict[str, str] | None
    owner: str
    is_owner: bool
    saved: bool
    visibility: Visibility
    description: str
    preview: dict[str, Any]
    created_at: str
    updated_at: str


class Message(TypedDict):
    id: str
    role: Role
    author: str | None
    body: str
    html: str
    tool: str
    is_error: bool
    mentions: list[dict[str, Any]]
    artifacts: list[Artifact]
    turn: str | None
    created_at: str


class Turn(TypedDict):
    id: str
    conversation: str
    kind: Literal["agent", "program"]
    status: TurnStatus
    code: str
    output: str
    error: Refused | None
    artifacts: list[Artifact]
    receipt: dict[str, Any] | None
    usage: dict[str, Any]
    created_at: str
    started_at: str | None
    finished_at: str | None


class Upload(TypedDict):
    fileId: str
    filename: str
    mimetype: str
    size: int
    isActive: bool
    downloadUrl: str
    expiresAt: str
    status: UploadStatus
    error: Refused | None
    characters: int | None
    tokens: int | None
    truncated: bool
    createdAt: str


class Received(TypedDict):
    """What became of files that were sent."""

    accepted: list[Upload]
    rejected: list[dict[str, str]]


class Event(TypedDict):
    """An event of a turn: status, delta, message, tool_call, tool_result, artifact, error, done."""

    id: int
    type: str
    data: dict[str, Any]
