"""The Python client of Artifactsite: `Artifactsite` and `AsyncArtifactsite` over the same HTTP contract."""

from artifactsite_client.asynchronous import AsyncArtifactsite
from artifactsite_client.errors import ArtifactsiteError, UploadFailedError
from artifactsite_client.outputs import Output, file, table, text, visualization
from artifactsite_client.synchronous import Artifactsite
from artifactsite_client.types import Artifact, Conversation, Event, Message, Project, Received, Turn, Upload

__all__ = [
    "Artifact",
    "Artifactsite",
    "ArtifactsiteError",
    "AsyncArtifactsite",
    "Conversation",
    "Event",
    "Message",
    "Output",
    "Project",
    "Received",
    "Turn",
    "Upload",
    "UploadFailedError",
    "file",
    "table",
    "text",
    "visualization",
]
