"""How messages and turns travel."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from artifacts.models import Output
from artifacts.serializers import ArtifactSerializer
from artifactsite.lib.fields import Flag, Text
from conversations.models import ContentType, Message, MessageRole
from conversations.querysets import MessageQuerySet
from mentions.resolve import Resolved, resolve, visible_mentioned
from playground.models import Turn


def with_everything(messages: MessageQuerySet, user: User) -> MessageQuerySet:
    """What `user` gets of a list of messages, in a number of queries that doesn't grow with it."""
    outputs = Output.objects.visible_to(user).select_related(
        "version__artifact__project",
        "version__artifact__owner",
        "version__artifact__conversation",
        "version__thumbnail",
    )
    return messages.select_related("author").prefetch_related("mentions", Prefetch("outputs", outputs))


def artifact_rows(message: Message, context: Mapping[str, Any]) -> list[Any]:
    """The artifacts that a message carries, each as the version that it carries."""
    rows = []
    for output in message.outputs.all():
        artifact = output.version.artifact
        artifact.current = output.version
        rows.append(ArtifactSerializer(artifact, context=context).data)
    return rows


class MentionSerializer(serializers.Serializer[Any]):
    artifact = serializers.UUIDField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    available = serializers.BooleanField()


class MessageListSerializer(serializers.ListSerializer[Message]):
    def to_representation(self, data: Any) -> list[Any]:
        messages = list(data)
        # Seen by the children through the shared context: one query for all of them.
        cast(dict[str, Any], self.context)["visible"] = visible_mentioned(
            messages, self.context["request"].user
        )
        return super().to_representation(messages)


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message as its reader sees it. Wants `with_everything`."""

    author = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    html = serializers.SerializerMethodField()
    mentions = serializers.SerializerMethodField()
    artifacts = serializers.SerializerMethodField()

    class Meta:
        model = Message
        list_serializer_class = MessageListSerializer
        fields = [
            "id", "role", "author", "body", "html", "content_type", "tool", "is_error", "mentions", "artifacts",
            "turn", "created_at",
        ]  # fmt: skip

    def _resolved(self, message: Message) -> Resolved:
        cached: Resolved | None = getattr(message, "_resolved", None)
        if cached is None:
            visible = self.context.get("visible")
            if visible is None:
                visible = visible_mentioned([message], self.context["request"].user)
            cached = message._resolved = resolve(message, visible)  # type: ignore[attr-defined]
        return cached

    def get_author(self, message: Message) -> str | None:
        return message.author.username if message.author else None

    def get_body(self, message: Message) -> str:
        return self._resolved(message).body

    def get_html(self, message: Message) -> str:
        return str(self._resolved(message).html)

    @extend_schema_field(MentionSerializer(many=True))
    def get_mentions(self, message: Message) -> list[dict[str, Any]]:
        return self._resolved(message).mentions

    @extend_schema_field(ArtifactSerializer(many=True))
    def get_artifacts(self, message: Message) -> list[dict[str, Any]]:
        return artifact_rows(message, self.context)


class NewMessageSerializer(serializers.Serializer[Message]):
    body = Text(max_length=1_000_000, trim_whitespace=False)
    role = serializers.ChoiceField(choices=[MessageRole.USER, MessageRole.AGENT], default=MessageRole.USER)
    respond = Flag(default=False)

    def validate_body(self, body: str) -> str:
        if not body.strip():
            raise serializers.ValidationError("This field may not be blank.", code="blank")
        return body


class ToolResultSerializer(serializers.Serializer[Any]):
    """The envelope of a tool's result; its artifacts are validated by their kinds."""

    tool = Text(max_length=100)
    content = Text(default="", allow_blank=True, trim_whitespace=False, max_length=1_000_000)
    content_type = serializers.ChoiceField(choices=ContentType.choices, default=ContentType.TEXT)
    is_error = Flag(default=False)


class DeliverySerializer(ToolResultSerializer):
    """A tool's result as the schema describes it, with the artifacts that `artifacts.kinds` validate."""

    artifacts = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Each with `name`, `type` and what its type has.",
    )


class ProgramSerializer(serializers.Serializer[Turn]):
    code = Text(max_length=200_000, trim_whitespace=False)


class TurnErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class TurnSerializer(serializers.ModelSerializer[Turn]):
    conversation = serializers.UUIDField(source="conversation_id", read_only=True)
    error = serializers.SerializerMethodField()
    artifacts = serializers.SerializerMethodField()

    class Meta:
        model = Turn
        fields = [
            "id", "conversation", "kind", "status", "code", "output", "error", "artifacts", "receipt", "usage",
            "created_at", "started_at", "finished_at",
        ]  # fmt: skip

    @extend_schema_field(TurnErrorSerializer(allow_null=True))
    def get_error(self, turn: Turn) -> dict[str, str] | None:
        return {"code": turn.error_code, "detail": turn.error_detail} if turn.error_code else None

    @extend_schema_field(ArtifactSerializer(many=True))
    def get_artifacts(self, turn: Turn) -> list[dict[str, Any]]:
        made = with_everything(
            Message.objects.filter(conversation=turn.conversation_id, turn=turn.pk),
            self.context["request"].user,
        )
        return [
            row for message in made.order_by("created_at") for row in artifact_rows(message, self.context)
        ]


class TriedAgentSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    model = serializers.CharField()
    seconds = serializers.FloatField()
    error = TurnErrorSerializer(allow_null=True)


class SharedSerializer(serializers.Serializer[Any]):
    conversation = serializers.UUIDField()
