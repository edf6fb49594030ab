"""Messages, tool results, programs, turns and context on the wire; thin."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from artifacts.api import ArtifactViewSet
from artifacts.intake import body_and_parts, contents
from artifacts.services import record_tool_result
from artifactsite.lib.errors import Invalid
from artifactsite.lib.names import clean_name
from artifactsite.lib.parsers import MultiPartParser, StrictJSONParser
from conversations.api import ConversationViewSet
from conversations.models import Message
from conversations.querysets import MessageQuerySet
from playground import services
from playground.context import assemble
from playground.models import Turn
from playground.querysets import TurnQuerySet
from playground.serializers import (
    DeliverySerializer,
    MessageSerializer,
    NewMessageSerializer,
    ProgramSerializer,
    SharedSerializer,
    ToolResultSerializer,
    TriedAgentSerializer,
    TurnSerializer,
    with_everything,
)
from projects.models import Project
from uploads.api import own_conversation


class PlaygroundConversationViewSet(ConversationViewSet):
    """Conversations, with the verb that reaches into every app."""

    def destroy(self, request: ApiRequest, pk: UUID) -> Response:
        services.delete_conversation(by=request.user, conversation=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MessageViewSet(mixins.ListModelMixin, GenericViewSet[Message]):
    serializer_class = MessageSerializer
    request: ApiRequest
    queryset = Message.objects.none()

    def get_queryset(self) -> MessageQuerySet:
        conversation = own_conversation(self.request, self.kwargs["conversation_id"])
        user = self.request.user
        return with_everything(Message.objects.visible_to(user).filter(conversation=conversation), user)

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    def create(self, request: ApiRequest, conversation_id: UUID) -> Response:
        conversation = own_conversation(request, conversation_id)
        serializer = NewMessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        message = services.post(by=request.user, conversation=conversation, **serializer.validated_data)
        return _created(request, message)

    @extend_schema(request=None, responses={202: TurnSerializer})
    def answer_again(self, request: ApiRequest, conversation_id: UUID, pk: UUID) -> Response:
        turn = services.answer_again(by=request.user, message=self.get_object())
        return Response(
            TurnSerializer(turn, context={"request": request}).data, status=status.HTTP_202_ACCEPTED
        )


def _created(request: ApiRequest, message: Message) -> Response:
    shown = with_everything(Message.objects.filter(pk=message.pk), request.user).get()
    return Response(
        MessageSerializer(shown, context={"request": request}).data, status=status.HTTP_201_CREATED
    )


class ToolResultView(APIView):
    """How an outside tool delivers: all of it or nothing, once a key."""

    parser_classes = [StrictJSONParser, MultiPartParser]

    @extend_schema(
        request={"application/json": DeliverySerializer, "multipart/form-data": OpenApiTypes.OBJECT},
        responses={201: MessageSerializer},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: ApiRequest, conversation_id: UUID) -> Response:
        conversation = own_conversation(request, conversation_id)
        result, parts = self._result(request)
        serializer = ToolResultSerializer(data=result)
        serializer.is_valid(raise_exception=True)
        message, _ = record_tool_result(
            by=request.user,
            conversation=conversation,
            outputs=contents(result.get("artifacts", []), parts),
            delivery_key=self._key(request),
            **serializer.validated_data,
        )
        return _created(request, message)

    @staticmethod
    def _result(request: ApiRequest) -> tuple[dict[str, Any], dict[str, Any]]:
        """The result's JSON, and the files that came with it by the name of their part."""
        data, parts = body_and_parts(request)
        if not isinstance(data, dict):
            raise Invalid("body", "The result must be an object.")
        return data, parts

    @staticmethod
    def _key(request: ApiRequest) -> str | None:
        raw = request.headers.get("Idempotency-Key", "")
        if len(raw) > 150 or clean_name(raw) != raw.strip():
            raise Invalid("Idempotency-Key", "Idempotency-Key may have at most 150 printable characters.")
        return f"key:{raw.strip()}" if raw.strip() else None


class ProgramView(APIView):
    @extend_schema(request=ProgramSerializer, responses={202: TurnSerializer})
    def post(self, request: ApiRequest, conversation_id: UUID) -> Response:
        conversation = own_conversation(request, conversation_id)
        serializer = ProgramSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        turn = services.start_program(by=request.user, conversation=conversation, **serializer.validated_data)
        return Response(
            TurnSerializer(turn, context={"request": request}).data, status=status.HTTP_202_ACCEPTED
        )


class TurnViewSet(mixins.RetrieveModelMixin, GenericViewSet[Turn]):
    serializer_class = TurnSerializer
    request: ApiRequest
    queryset = Turn.objects.none()

    def get_queryset(self) -> TurnQuerySet:
        return Turn.objects.visible_to(self.request.user)

    @extend_schema(request=None, responses=TurnSerializer)
    def cancel(self, request: ApiRequest, pk: UUID) -> Response:
        turn = services.cancel_turn(by=request.user, turn=self.get_object())
        return Response(self.get_serializer(turn).data)


class ContextView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT, parameters=[OpenApiParameter("message", OpenApiTypes.UUID)])
    def get(self, request: ApiRequest, conversation_id: UUID) -> Response:
        conversation = own_conversation(request, conversation_id)
        upto = None
        if (raw := request.query_params.get("message")) is not None:
            try:
                pk = UUID(raw)
            except ValueError:
                raise Invalid(
                    "message", "message must be the id of a message of this conversation."
                ) from None
            upto = get_object_or_404(Message.objects.filter(conversation=conversation), pk=pk)
        return Response(assemble(user=request.user, conversation=conversation, upto=upto))


class TryAgentView(APIView):
    @extend_schema(request=None, responses=TriedAgentSerializer)
    def post(self, request: ApiRequest, pk: UUID) -> Response:
        project = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
        return Response(services.try_agent(by=request.user, project=project))


class PlaygroundArtifactViewSet(ArtifactViewSet):
    """Artifacts, with the verb that starts a conversation."""

    @extend_schema(request=None, responses={201: SharedSerializer})
    def share(self, request: ApiRequest, pk: UUID) -> Response:
        conversation = services.share_to_new_conversation(by=request.user, artifact=self.get_object())
        return Response({"conversation": str(conversation.pk)}, status=status.HTTP_201_CREATED)
