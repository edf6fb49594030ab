"""How artifacts travel."""

from typing import Any

from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.models import User
from artifacts import thumbnails
from artifacts.access import abilities
from artifacts.models import Artifact, Kind, Version, Visibility
from artifacts.zips import MOST_FILES
from artifactsite.lib.fields import Id, Text

_ANY = "00000000-0000-0000-0000-000000000000"  # stands for an id in an address


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


class ArtifactSerializer(serializers.Serializer[Artifact]):
    """A row. Wants `project`, `owner`, `conversation` and `current__thumbnail` selected along."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=255, read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices, read_only=True)
    type = serializers.CharField(read_only=True)
    media_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    newer_version = serializers.IntegerField(read_only=True, allow_null=True)
    url = serializers.CharField(read_only=True)
    thumbnail_url = serializers.CharField(read_only=True, allow_null=True)
    preview = serializers.JSONField(read_only=True)
    conversation = ConversationLinkSerializer(read_only=True, allow_null=True)
    project = serializers.UUIDField(read_only=True)
    owner = serializers.CharField(read_only=True)
    owner_left = serializers.BooleanField(
        read_only=True, help_text="Whether its owner is no member any more."
    )
    is_owner = serializers.BooleanField(read_only=True)
    saved = serializers.BooleanField(read_only=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, read_only=True)
    description = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    abilities = serializers.DictField(read_only=True)
    match = MatchSerializer(
        read_only=True, allow_null=True, default=None, help_text="Null but in the answer to ?q=."
    )

    def to_representation(self, artifact: Artifact) -> dict[str, Any]:
        """Written out: asking each field of each row in turn is most of what a list costs."""
        reader, version = self._reader, artifact.current
        is_owner = artifact.owner_id == reader.pk
        url, thumbnail_url = self._addresses
        pk = str(artifact.pk)
        has_picture = version is not None and thumbnails.has_picture(version)
        match = getattr(artifact, "match", None)
        return {
            "id": pk,
            "name": artifact.name,
            "kind": artifact.kind,
            "type": artifact.gallery_type,
            "media_type": version and version.media_type,
            "size": version and version.size,
            "version": version and version.number,
            "newer_version": artifact.newer_version_for(reader) if is_owner else None,
            "url": url.replace(_ANY, pk),
            "thumbnail_url": f"{thumbnail_url.replace(_ANY, pk)}?{thumbnails.query(version)}"
            if version and has_picture
            else None,
            "preview": version and version.preview,
            "conversation": conversation_of(artifact, reader),
            "project": artifact.project_id,
            "owner": artifact.owner.username,
            # Whoever reads is a member.
            "owner_left": not is_owner and artifact.owner_left,
            "is_owner": is_owner,
            "saved": artifact.is_saved,
            "visibility": artifact.visibility,
            "description": artifact.description,
            "created_at": artifact.created_at,
            "updated_at": artifact.updated_at,
            "abilities": abilities(artifact, reader, artifact.project),
            "match": match and {"excerpt": match.excerpt, "marks": match.marks, "field": match.field},
        }

    @cached_property
    def _reader(self) -> User:
        user: User = self.context["request"].user
        return user

    @cached_property
    def _addresses(self) -> tuple[str, str]:
        """Where the content and the small picture of any artifact are: worked out once for all rows."""
        request = self.context["request"]
        names = "api-artifact-download", "api-artifact-thumbnail"
        content, picture = (reverse(name, args=[_ANY], request=request) for name in names)
        return content, picture


def conversation_of(artifact: Artifact, user: User) -> dict[str, Any] | None:
    """Conversations are visible to their owner only; that an artifact is visible does not change it."""
    conversation = artifact.conversation
    if conversation is None or conversation.owner_id != user.pk:
        return None
    return {"id": str(conversation.pk), "title": conversation.title}


class ArtifactPatchSerializer(serializers.Serializer[Artifact]):
    name = Text(max_length=255, required=False)
    description = Text(max_length=5000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)


class SaveSerializer(serializers.Serializer[Artifact]):
    name = Text(max_length=255, required=False, default="", allow_blank=True)
    description = Text(max_length=5000, required=False, default="", allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, default=Visibility.PRIVATE)


class TransferSerializer(serializers.Serializer[Artifact]):
    to = Text(max_length=254, help_text="The new owner's username or e-mail address.")


class VersionSerializer(serializers.ModelSerializer[Version]):
    version = serializers.IntegerField(source="number", read_only=True)
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields = ["version", "is_current", "media_type", "size", "sha256", "preview", "tool", "created_at"]

    def get_is_current(self, version: Version) -> bool:
        return version.pk == version.artifact.current_id


class SheetSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(allow_blank=True)
    rows = serializers.IntegerField()
    cut = serializers.CharField(allow_blank=True, help_text="Why rows are missing, where some are.")


class RowsSerializer(serializers.Serializer[Any]):
    """Rows of a table, a CSV file or a sheet. Not used to build them: it only describes them."""

    columns = serializers.ListField(child=serializers.CharField(allow_blank=True))
    types = serializers.DictField(
        child=serializers.ChoiceField(["number", "date", "boolean", "text"]),
        allow_null=True,
        help_text="Of each column; null while a large table is being prepared.",
    )
    sheet = serializers.IntegerField()
    sheets = SheetSerializer(many=True)
    offset = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Rows of the sheet.")
    matching = serializers.IntegerField(help_text="Rows that the filter leaves.")
    row_numbers = serializers.ListField(
        child=serializers.IntegerField(), help_text="Places of the rows, from 1."
    )
    rows = serializers.ListField(child=serializers.DictField(child=serializers.JSONField(allow_null=True)))


class SelectionSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=Id(), min_length=1, max_length=MOST_FILES)
