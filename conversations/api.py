"""Conversations on the wire; thin. Deleting one reaches into every app above and lives in the Playground."""

from uuid import UUID

from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from artifactsite.lib.filters import IdFilter
from conversations import services
from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from conversations.serializers import ConversationSerializer, TitleSerializer


class ConversationFilter(FilterSet):
    """By the id alone: a project that one can't see and none are the same empty list."""

    project = IdFilter(field_name="project_id")


class ConversationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Conversation]):
    serializer_class = ConversationSerializer
    request: ApiRequest
    queryset = Conversation.objects.none()
    sortable = ("created_at", "updated_at", "title")
    filterset_class = ConversationFilter

    def get_queryset(self) -> ConversationQuerySet:
        return Conversation.objects.visible_to(self.request.user).with_counts()

    def _answer(self, conversation: Conversation, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=conversation.pk)).data, status=code)

    def create(self, request: ApiRequest) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        conversation = services.create_conversation(by=request.user, **serializer.validated_data)
        return self._answer(conversation, status.HTTP_201_CREATED)

    @extend_schema(request=TitleSerializer, responses=ConversationSerializer)
    def partial_update(self, request: ApiRequest, pk: UUID) -> Response:
        conversation = self.get_object()
        serializer = TitleSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.rename_conversation(by=request.user, conversation=conversation, **serializer.validated_data)
        return self._answer(conversation)
