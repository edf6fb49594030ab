"""How uploads travel; field names as the readers of sessionMeta expect them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifactsite.lib.fields import Flag, Whole
from uploads.links import url_for
from uploads.models import Upload, UploadStatus


class UploadErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """U of docs/api.md. Wants `extraction` selected along, without its text."""

    fileId = serializers.CharField(source="file_id", read_only=True)
    type = serializers.SerializerMethodField()
    mimetype = serializers.CharField(source="media_type", read_only=True)
    isActive = serializers.BooleanField(source="is_active", read_only=True)
    downloadUrl = serializers.SerializerMethodField()
    expiresAt = serializers.DateTimeField(source="expires_at", read_only=True)
    status = serializers.ChoiceField(choices=UploadStatus.choices, read_only=True)
    error = serializers.SerializerMethodField()
    characters = serializers.SerializerMethodField()
    tokens = serializers.SerializerMethodField()
    truncated = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Upload
        fields = [
            "fileId", "type", "filename", "mimetype", "size", "isActive", "downloadUrl", "expiresAt", "status",
            "error", "characters", "tokens", "truncated", "progress", "createdAt",
        ]  # fmt: skip

    def get_type(self, upload: Upload) -> str:
        return "file"

    def get_downloadUrl(self, upload: Upload) -> str:  # noqa: N802 - the field's name on the wire
        return url_for(upload)

    @extend_schema_field(UploadErrorSerializer(allow_null=True))
    def get_error(self, upload: Upload) -> dict[str, str] | None:
        return {"code": upload.error_code, "detail": upload.error_message} if upload.error_code else None

    def _extracted(self, upload: Upload, field: str) -> Any:
        extraction = getattr(upload, "extraction", None)
        return None if extraction is None else getattr(extraction, field)

    def get_characters(self, upload: Upload) -> int | None:
        return self._extracted(upload, "characters")

    def get_tokens(self, upload: Upload) -> int | None:
        return self._extracted(upload, "tokens")

    def get_truncated(self, upload: Upload) -> bool:
        return bool(self._extracted(upload, "truncated"))

    @extend_schema_field(
        {"type": "object", "properties": {"done": {"type": "integer"}, "total": {"type": "integer"}}}
    )
    def get_progress(self, upload: Upload) -> dict[str, int]:
        return {"done": upload.parts_done, "total": upload.parts_total}


class RejectedSerializer(serializers.Serializer[Any]):
    filename = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ReceivedSerializer(serializers.Serializer[Any]):
    accepted = UploadSerializer(many=True)
    rejected = RejectedSerializer(many=True)


class RetriedSerializer(serializers.Serializer[Any]):
    retried = UploadSerializer(many=True)


class ActiveSerializer(serializers.Serializer[Upload]):
    isActive = Flag()


class ContentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    offset = serializers.IntegerField()
    characters = serializers.IntegerField()


class UploadConfigSerializer(serializers.Serializer[Any]):
    extensions = serializers.ListField(child=serializers.CharField())
    maxFileCount = serializers.IntegerField()
    maxFileSize = serializers.IntegerField(help_text="Bytes.")
    maxTokens = serializers.IntegerField()
    direct = serializers.BooleanField(help_text="Whether files may be sent straight to the bucket.")


class AnnouncedSerializer(serializers.Serializer[Any]):
    """A file that is about to be sent straight to the bucket."""

    filename = serializers.CharField(max_length=1000)
    size = Whole(min_value=0, max_value=2**63 - 1, help_text="Bytes.")


class DirectUploadSerializer(serializers.Serializer[Any]):
    """Where to send it: a form with `fields` and then the file in a part `file`, posted to `url`."""

    uploadId = serializers.UUIDField()
    url = serializers.URLField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]
    expiresAt = serializers.DateTimeField()
