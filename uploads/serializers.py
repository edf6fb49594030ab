"""How uploads travel; field names as the readers of sessionMeta expect them."""

from typing import Any

from rest_framework import serializers

from artifactsite.lib.fields import Flag, Whole
from uploads.links import url_for
from uploads.models import Upload, UploadStatus


class UploadErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ProgressSerializer(serializers.Serializer[Any]):
    """Pages, slides or sheets."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class UploadSerializer(serializers.Serializer[Any]):
    """U of docs/api.md. Wants `extraction` selected along, without its text."""

    fileId = serializers.CharField(read_only=True)
    type = serializers.ChoiceField(choices=["file"], read_only=True)
    filename = serializers.CharField(read_only=True)
    mimetype = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True, help_text="Bytes.")
    isActive = serializers.BooleanField(read_only=True)
    downloadUrl = serializers.CharField(read_only=True)
    expiresAt = serializers.DateTimeField(read_only=True)
    status = serializers.ChoiceField(choices=UploadStatus.choices, read_only=True)
    error = UploadErrorSerializer(read_only=True, allow_null=True)
    characters = serializers.IntegerField(read_only=True, allow_null=True)
    tokens = serializers.IntegerField(read_only=True, allow_null=True)
    truncated = serializers.BooleanField(read_only=True)
    progress = ProgressSerializer(read_only=True)
    createdAt = serializers.DateTimeField(read_only=True)

    def to_representation(self, upload: Upload) -> dict[str, Any]:
        """Written out: making fifteen fields for each answer took a tenth of what an upload costs."""
        extraction = getattr(upload, "extraction", None)
        return {
            "fileId": upload.file_id,
            "type": "file",
            "filename": upload.filename,
            "mimetype": upload.media_type,
            "size": upload.size,
            "isActive": upload.is_active,
            "downloadUrl": url_for(upload),
            "expiresAt": upload.expires_at,
            "status": upload.status,
            "error": {"code": upload.error_code, "detail": upload.error_message}
            if upload.error_code
            else None,
            "characters": extraction and extraction.characters,
            "tokens": extraction and extraction.tokens,
            "truncated": extraction is not None and extraction.truncated,
            "progress": {"done": upload.parts_done, "total": upload.parts_total},
            "createdAt": upload.created_at,
        }


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
