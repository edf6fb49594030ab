"""How conversations travel."""

from rest_framework import serializers

from artifactsite.lib.fields import Id, StrictModelSerializer, Text
from conversations.models import Conversation
from projects.models import Project


class ConversationSerializer(StrictModelSerializer):
    project = serializers.PrimaryKeyRelatedField(queryset=Project.objects.none(), pk_field=Id())
    message_count = serializers.IntegerField(read_only=True)
    artifact_count = serializers.IntegerField(read_only=True)
    upload_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Conversation
        fields = [
            "id", "project", "title", "message_count", "artifact_count", "upload_count", "started_from",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["started_from", "updated_at"]

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None:
            # A project that one can't see does not exist, for a new conversation as for any page.
            fields["project"].queryset = Project.objects.visible_to(  # type: ignore[attr-defined]
                request.user
            )
        return fields


class TitleSerializer(serializers.Serializer[Conversation]):
    title = Text(max_length=200, allow_blank=True, required=False)
