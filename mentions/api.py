"""Mentions on the wire; thin."""

from uuid import UUID

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
            OpenApiParameter("q", {"type": "string", "maxLength": LONGEST_QUERY}),
            OpenApiParameter("limit", whole(1, MOST)),
        ],
    )
    def get(self, request: ApiRequest) -> Response:
        conversation = None
        if (raw := request.query_params.get("conversation")) is not None:
            try:
                pk = UUID(raw)
            except ValueError:
                raise Invalid(
                    "conversation", "conversation must be the id of a conversation of yours."
                ) from None
            conversation = get_object_or_404(Conversation.objects.visible_to(request.user), pk=pk)
        query = request.query_params.get("q", "")
        if len(query) > LONGEST_QUERY or "\0" in query:
            raise Invalid("q", f"q may have at most {LONGEST_QUERY} characters, and no NUL among them.")
        limit = positive(request.query_params.get("limit"), "limit", 8, MOST)
        return Response(suggest(user=request.user, conversation=conversation, query=query, limit=limit))


class BacklinkViewSet(mixins.ListModelMixin, GenericViewSet[Conversation]):
    """The caller's own conversations that mention an artifact; nobody else's, and no count of them."""

    serializer_class = ConversationSerializer
    request: ApiRequest
    queryset = Conversation.objects.none()

    def get_queryset(self) -> ConversationQuerySet:
        visible = Artifact.objects.visible_to(self.request.user)
        artifact = get_object_or_404(visible, pk=self.kwargs["pk"])
        return backlinks(user=self.request.user, artifact_id=artifact.pk)
