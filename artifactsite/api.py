"""Every route of the API on one page: first what is asked most, then in the order of the contract."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from artifacts.api import ConversationArtifactViewSet
from artifactsite.lib.errors import api_not_found
from artifactsite.lib.serving import raw_content
from artifactsite.operations.api import JobViewSet, OperationsView
from mentions.api import BacklinkViewSet, MentionSuggestView
from playground.api import (
    ContextView,
    MessageViewSet,
    PlaygroundArtifactViewSet,
    PlaygroundConversationViewSet,
    ProgramView,
    ToolResultView,
    TryAgentView,
    TurnViewSet,
)
from playground.streams import turn_events
from projects.api import AuditViewSet, MemberViewSet, ProjectAgentViewSet, ProjectViewSet
from uploads.api import (
    CompleteDirectUploadView,
    DirectUploadView,
    PublicFileView,
    SessionMetaView,
    UploadConfigView,
    UploadViewSet,
)

View = Callable[..., Any]


def verbs(viewset: Any, **actions: str) -> View:
    """A viewset's view with HTTP method → action."""
    view: View = viewset.as_view(actions)
    return view


def under(word: str, *routes: URLPattern) -> URLResolver:
    """The routes below one word, which other addresses are not compared with."""
    return path(f"{word}/", include(list(routes)))


CONVERSATION = "<uuid:conversation_id>"
UPLOAD = f"{CONVERSATION}/uploads/<str:file_id>"
ARTIFACT = "<uuid:pk>"
Artifacts = PlaygroundArtifactViewSet

urlpatterns = [
    path("artifacts", verbs(Artifacts, get="list")),
    under(
        "artifacts",
        path(
            f"{ARTIFACT}/download",
            raw_content(verbs(Artifacts, get="download")),
            name="api-artifact-download",
        ),
        path("zip", verbs(Artifacts, get="zip_matching", post="zip_selected")),
        path(ARTIFACT, verbs(Artifacts, get="retrieve", patch="partial_update", delete="destroy")),
        path(f"{ARTIFACT}/undelete", verbs(Artifacts, post="undelete")),
        path(f"{ARTIFACT}/save", verbs(Artifacts, post="save_artifact")),
        path(f"{ARTIFACT}/transfer", verbs(Artifacts, post="transfer")),
        path(f"{ARTIFACT}/data", raw_content(verbs(Artifacts, get="data"))),
        path(f"{ARTIFACT}/definition", raw_content(verbs(Artifacts, get="definition"))),
        path(f"{ARTIFACT}/preview", verbs(Artifacts, get="preview")),
        path(
            f"{ARTIFACT}/thumbnail",
            raw_content(verbs(Artifacts, get="thumbnail")),
            name="api-artifact-thumbnail",
        ),
        path(f"{ARTIFACT}/rows", verbs(Artifacts, get="rows")),
        path(f"{ARTIFACT}/versions", verbs(Artifacts, get="versions", post="add_version")),
        path(f"{ARTIFACT}/versions/<int:number>/restore", verbs(Artifacts, post="restore")),
        path(f"{ARTIFACT}/diff", verbs(Artifacts, get="diff")),
        path(f"{ARTIFACT}/mentions", verbs(BacklinkViewSet, get="list")),
        path(f"{ARTIFACT}/share", verbs(Artifacts, post="share")),
    ),
    path("projects", verbs(ProjectViewSet, get="list", post="create")),
    under(
        "projects",
        path("<uuid:pk>", verbs(ProjectViewSet, get="retrieve", patch="partial_update")),
        path("<uuid:pk>/agent", verbs(ProjectAgentViewSet, get="retrieve", patch="partial_update")),
        path("<uuid:project_id>/members", verbs(MemberViewSet, get="list", post="create")),
        path("<uuid:project_id>/audit", verbs(AuditViewSet, get="list")),
        path("<uuid:pk>/agent/try", TryAgentView.as_view()),
        path(
            "<uuid:project_id>/members/<int:user_id>",
            verbs(MemberViewSet, patch="partial_update", delete="destroy"),
        ),
    ),
    path("conversations", verbs(PlaygroundConversationViewSet, get="list", post="create")),
    under(
        "conversations",
        path(
            "<uuid:pk>",
            verbs(PlaygroundConversationViewSet, get="retrieve", patch="partial_update", delete="destroy"),
        ),
        path(f"{CONVERSATION}/messages", verbs(MessageViewSet, get="list", post="create")),
        path(f"{CONVERSATION}/messages/<uuid:pk>/retry", verbs(MessageViewSet, post="answer_again")),
        path(f"{CONVERSATION}/tool-results", ToolResultView.as_view()),
        path(f"{CONVERSATION}/programs", ProgramView.as_view()),
        path(f"{CONVERSATION}/context", ContextView.as_view()),
        path(f"{CONVERSATION}/artifacts", verbs(ConversationArtifactViewSet, get="list")),
        path(
            f"{CONVERSATION}/artifacts/<uuid:pk>",
            raw_content(verbs(ConversationArtifactViewSet, get="download")),
        ),
        path(f"{CONVERSATION}/uploads", verbs(UploadViewSet, get="list", post="create"), name="api-uploads"),
        path(f"{CONVERSATION}/uploads/retry-failed", verbs(UploadViewSet, post="retry_failed")),
        path(f"{CONVERSATION}/uploads/direct", DirectUploadView.as_view()),
        path(f"{CONVERSATION}/uploads/direct/<uuid:upload_id>/complete", CompleteDirectUploadView.as_view()),
        path(UPLOAD, verbs(UploadViewSet, get="retrieve", patch="partial_update", delete="destroy")),
        path(f"{UPLOAD}/retry", verbs(UploadViewSet, post="retry")),
        path(f"{UPLOAD}/revoke-url", verbs(UploadViewSet, post="revoke_url")),
        path(f"{UPLOAD}/content", verbs(UploadViewSet, get="content")),
        path(f"{CONVERSATION}/memory/sessionMeta", SessionMetaView.as_view()),
    ),
    under(
        "turns",
        path("<uuid:pk>", verbs(TurnViewSet, get="retrieve")),
        path("<uuid:pk>/cancel", verbs(TurnViewSet, post="cancel")),
        path("<uuid:pk>/events", turn_events, name="api-turn-events"),
    ),
    path("mentions", MentionSuggestView.as_view()),
    path("upload-config", UploadConfigView.as_view()),
    path("files/public", raw_content(PublicFileView.as_view(), cache="no-store"), name="api-public-file"),
    path("operations", OperationsView.as_view()),
    under(
        "operations",
        path("jobs", verbs(JobViewSet, get="list")),
        path("jobs/<uuid:pk>/requeue", verbs(JobViewSet, post="requeue")),
        path("jobs/<uuid:pk>/cancel", verbs(JobViewSet, post="cancel")),
    ),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema")),
    re_path(r"^", api_not_found),
]
