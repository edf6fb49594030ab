"""How artifacts travel."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.models import User
from artifacts import thumbnails
from artifacts.access import Ability, Standing, abilities, abilities_by
from artifacts.listing import Row
from artifacts.models import Artifact, Kind, Version, Visibility, newer_version
from artifacts.search import Match
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
    """A row: out of a list (artifacts/listing.py), or an artifact with `project`, `owner`, `conversation` and
    `current__thumbnail` selected along. `matches` of the context says why a search found which."""

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

    def to_representation(self, artifact: Artifact | Row) -> dict[str, Any]:
        """Written out: asking each field of each row in turn is most of what a list costs."""
        is_owner = artifact.owner_id == self._reader_pk
        if isinstance(artifact, Row):
            return self._row(artifact, is_owner, abilities_by(_standing(artifact, is_owner)))
        reader = self.context["request"].user
        return self._row(_ByName(artifact), is_owner, abilities(artifact, reader, artifact.project))

    def _row(self, row: "Row | _ByName", is_owner: bool, able: Mapping[str, Ability]) -> dict[str, Any]:
        content, picture = self._addresses
        number, match = row.current__number, self._matches.get(row.id)
        pk, media_type = str(row.id), row.current__media_type
        size, summary = row.current__size, row.current__preview
        has_picture = number and thumbnails.is_pictured(
            media_type, size, summary, row.current__thumbnail__file
        )
        return {
            "id": pk,
            "name": row.name,
            "kind": row.kind,
            "type": row.gallery_type,
            "media_type": media_type,
            "size": size,
            "version": number,
            "newer_version": newer_version(row.latest_number, number) if is_owner else None,
            "url": content.replace(_ANY, pk),
            "thumbnail_url": f"{picture.replace(_ANY, pk)}?{thumbnails.query(number, row.current__sha256)}"
            if has_picture
            else None,
            "preview": summary,
            # Conversations are visible to their owner only; that an artifact is visible does not change it.
            "conversation": {"id": str(row.conversation_id), "title": row.conversation__title}
            if row.conversation_id and row.conversation__owner_id == self._reader_pk
            else None,
            "project": row.project_id,
            "owner": row.owner__username,
            # Whoever reads is a member.
            "owner_left": not is_owner and row.owner_left,
            "is_owner": is_owner,
            "saved": row.saved_at is not None,
            "visibility": row.visibility,
            "description": row.description,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "abilities": able,
            "match": match and {"excerpt": match.excerpt, "marks": match.marks, "field": match.field},
        }

    @cached_property
    def _reader_pk(self) -> int:
        # Once: each attribute of a request's user goes through a wrapper.
        pk: int = self.context["request"].user.pk
        return pk

    @cached_property
    def _matches(self) -> Mapping[UUID, Match]:
        matches: Mapping[UUID, Match] = self.context.get("matches", {})
        return matches

    @cached_property
    def _addresses(self) -> tuple[str, str]:
        """Where the content and the small picture of any artifact are: worked out once for all rows."""
        request = self.context["request"]
        names = "api-artifact-download", "api-artifact-thumbnail"
        content, picture = (reverse(name, args=[_ANY], request=request) for name in names)
        return content, picture


class _ByName:
    """An artifact's values by the names that a Row has them by; None where the way to one ends."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    def __getattr__(self, name: str) -> Any:
        value: Any = self._artifact
        for step in name.split("__"):
            value = getattr(value, step, None)
        return value


def _standing(row: Row, is_own: bool) -> Standing:
    return Standing(
        is_own,
        row.saved_at is not None,
        row.is_shared,
        row.project__allow_artifact_sharing,
        bool(row.owner_left),
        bool(row.reader_administers),
    )


def conversation_of(artifact: Artifact, user: User) -> str | None:
    """The id of the conversation that it was made in, where that is visible to `user`: to its owner only."""
    conversation = artifact.conversation
    return str(conversation.pk) if conversation and conversation.owner_id == user.pk else None


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
