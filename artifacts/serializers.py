"""How artifacts travel."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from artifacts import thumbnails
from artifacts.access import Ability, abilities
from artifacts.models import Artifact, Version, Visibility
from artifacts.zips import MOST_FILES
from artifactsite.lib.fields import Id, Text


class ConversationLinkSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()


class MatchSerializer(serializers.Serializer[Any]):
    """Why a search found it: a piece of the text, and where in it the words stand."""

    excerpt = serializers.CharField()
    marks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2)
    )
    field = serializers.ChoiceField(choices=["content", "description", "name"])


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    """A row. Wants `project`, `owner`, `conversation` and `current` selected along."""

    type = serializers.CharField(source="gallery_type", read_only=True)
    media_type = serializers.CharField(source="current.media_type", read_only=True)
    size = serializers.IntegerField(source="current.size", read_only=True)
    version = serializers.IntegerField(source="current.number", read_only=True)
    newer_version = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    preview = serializers.JSONField(source="current.preview", read_only=True)
    conversation = serializers.SerializerMethodField()
    project = serializers.UUIDField(source="project_id", read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    is_owner = serializers.SerializerMethodField()
    saved = serializers.BooleanField(source="is_saved", read_only=True)
    abilities = serializers.SerializerMethodField()
    match = MatchSerializer(
        read_only=True, allow_null=True, default=None, help_text="Null but in the answer to ?q=."
    )

    class Meta:
        model = Artifact
        fields = [
            "id", "name", "kind", "type", "media_type", "size", "version", "newer_version", "url", "thumbnail_url",
            "preview", "conversation", "project", "owner", "is_owner", "saved", "visibility", "description",
            "created_at", "updated_at", "abilities", "match",
        ]  # fmt: skip

    @property
    def _user(self) -> Any:
        return self.context["request"].user

    def get_newer_version(self, artifact: Artifact) -> int | None:
        return artifact.newer_version_for(self._user)

    def get_url(self, artifact: Artifact) -> str:
        return reverse("api-artifact-download", args=[artifact.pk], request=self.context["request"])

    def get_thumbnail_url(self, artifact: Artifact) -> str | None:
        if artifact.current is None or not thumbnails.has_picture(artifact.current):
            return None
        address = reverse("api-artifact-thumbnail", args=[artifact.pk], request=self.context["request"])
        return f"{address}?{thumbnails.query(artifact.current)}"

    @extend_schema_field(ConversationLinkSerializer(allow_null=True))
    def get_conversation(self, artifact: Artifact) -> dict[str, Any] | None:
        conversation = artifact.conversation
        # Conversations are visible to their owner only; that an artifact is visible does not change it.
        if conversation is None or conversation.owner_id != self._user.pk:
            return None
        return {"id": conversation.pk, "title": conversation.title}

    def get_is_owner(self, artifact: Artifact) -> bool:
        return artifact.owner_id == self._user.pk

    def get_abilities(self, artifact: Artifact) -> dict[str, Ability]:
        return abilities(artifact, self._user, artifact.project)


class ArtifactPatchSerializer(serializers.Serializer[Artifact]):
    name = Text(max_length=255, required=False)
    description = Text(max_length=5000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)


class SaveSerializer(serializers.Serializer[Artifact]):
    name = Text(max_length=255, required=False, default="", allow_blank=True)
    description = Text(max_length=5000, required=False, default="", allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, default=Visibility.PRIVATE)


class VersionSerializer(serializers.ModelSerializer[Version]):
    version = serializers.IntegerField(source="number", read_only=True)
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields = ["version", "is_current", "media_type", "size", "sha256", "preview", "tool", "created_at"]

    def get_is_current(self, version: Version) -> bool:
        return version.pk == version.artifact.current_id


class SelectionSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=Id(), min_length=1, max_length=MOST_FILES)
