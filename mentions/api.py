"""Mentions on the wire; thin."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from artifacts.models import Artifact
from artifactsite.lib.errors import Invalid
from artifactsite.lib.pagination import positive, whole
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from conversations.serializers import ConversationSerializer
from mentions.suggest import backlinks, suggest

LONGEST_QUERY = 200
MOST = 50


class MentionSuggestView(APIView):
    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[
            OpenApiParameter("conversation", OpenApiTypes.UUID),
            OpenApiParameter("project", OpenApiTypes.UUID),
            OpenApiParameter("q", {"type": "string", "maxLength": LONGEST_QUERY}),
            OpenApiParameter("limit", whole(1, MOST)),
        ],
    )
    def get(self, request: ApiRequest) -> Response:
        conversation, project = _id_of(request, "conversation"), _id_of(request, "project")
        if conversation and project:
            raise Invalid(
                "project", "Send a conversation, whose project is looked through, or a project: not both."
            )
        query = request.query_params.get("q", "")
        if len(query) > LONGEST_QUERY or "\0" in query:
            raise Invalid("q", f"q may have at most {LONGEST_QUERY} characters, and no NUL among them.")
        limit = positive(request.query_params.get("limit"), "limit", 8, MOST)
        found = suggest(
            user=request.user, query=query, limit=limit, conversation=conversation, project=project
        )
        if found is None:
            raise Http404
        return Response(found)


def _id_of(request: ApiRequest, what: str) -> UUID | None:
    raw = request.query_params.get(what)
    try:
        return UUID(raw) if raw is not None else None
    except ValueError:
        raise Invalid(what, f"{what} must be the id of a {what} of yours.") from None


class BacklinkViewSet(mixins.ListModelMixin, GenericViewSet[Conversation]):
    """The caller's own conversations that mention an artifact; nobody else's, and no count of them."""

    serializer_class = ConversationSerializer
    request: ApiRequest
    queryset = Conversation.objects.none()

    def get_queryset(self) -> ConversationQuerySet:
        visible = Artifact.objects.visible_to(self.request.user)
        artifact = get_object_or_404(visible, pk=self.kwargs["pk"])
        return backlinks(user=self.request.user, artifact_id=artifact.pk)
