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
from artifactsite.lib.pagination import positive
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from conversations.serializers import ConversationSerializer
from mentions.suggest import backlinks, suggest

LONGEST_QUERY = 200


class MentionSuggestView(APIView):
    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[
            OpenApiParameter("conversation", OpenApiTypes.UUID),
            OpenApiParameter("q", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: ApiRequest) -> Response:
        conversation = None
        if raw := request.query_params.get("conversation"):
            try:
                pk = UUID(raw)
            except ValueError:
                raise Invalid(
                    "conversation", "conversation must be the id of a conversation of yours."
                ) from None
            conversation = get_object_or_404(Conversation.objects.visible_to(request.user), pk=pk)
        query = request.query_params.get("q", "").replace("\0", "")[:LONGEST_QUERY]
        limit = positive(request.query_params.get("limit"), "limit", 8, 50)
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
