"""Uploads on the wire; thin."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Substr
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from accounts.models import User
from accounts.throttles import PublicLinkThrottle
from artifactsite.lib import worded
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.pagination import positive, whole
from artifactsite.lib.parsers import MultiPartParser
from artifactsite.lib.schema import ErrorSerializer
from artifactsite.lib.serving import Blob, serve
from artifactsite.lib.worded import Values
from conversations.models import Conversation
from projects.models import Project
from uploads import direct, door, services
from uploads.door import FIELD
from uploads.extraction.sniff import EXTENSIONS
from uploads.links import upload_for
from uploads.models import DirectUpload, Extraction, Upload
from uploads.querysets import UploadQuerySet
from uploads.serializers import (
    ActiveSerializer,
    AnnouncedSerializer,
    ContentSerializer,
    DirectUploadSerializer,
    ReceivedSerializer,
    RetriedSerializer,
    UploadConfigSerializer,
    UploadSerializer,
)
from uploads.sessionmeta import session_meta

LONGEST_CONTENT = 1_000_000


def own_conversation(request: ApiRequest, pk: UUID) -> Conversation:
    """A conversation of the caller's own, or 404."""

    def own(values: Values) -> QuerySet[Conversation]:
        reader = User(pk=values["reader"])
        return Conversation.objects.visible_to(reader).filter(pk=values["conversation"])

    values = {"reader": request.user.pk, "conversation": pk}
    found = worded.models(Conversation, "own conversation", own, values, related="project")
    if not found:
        raise Http404
    return found[0]


def _received(accepted: list[Upload], rejected: list[services.Rejected]) -> Response:
    body = {
        "accepted": UploadSerializer(accepted, many=True).data,
        "rejected": [vars(item) for item in rejected],
    }
    if accepted:
        return Response(body, status=status.HTTP_201_CREATED)
    reasons = {item.filename: [item.reason] for item in rejected}
    refusal = Refusal("no_file_accepted", f"No file was accepted. {rejected[0].reason}", errors=reasons)
    return Response({**refusal.as_dict(), **body}, status=status.HTTP_400_BAD_REQUEST)


_MULTIPART = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}


class UploadViewSet(mixins.ListModelMixin, GenericViewSet[Upload]):
    serializer_class = UploadSerializer
    request: ApiRequest
    queryset = Upload.objects.none()

    def get_parsers(self) -> list[Any]:
        # A file comes as a form; everything else is JSON.
        return [MultiPartParser()] if self.action_map.get("post") == "create" else super().get_parsers()

    def get_queryset(self) -> UploadQuerySet:
        conversation = own_conversation(self.request, self.kwargs["conversation_id"])
        return (
            Upload.objects.visible_to(self.request.user).filter(conversation=conversation).with_extraction()
        )

    def _upload(self) -> Upload:
        return get_object_or_404(self.get_queryset().with_file_id(self.kwargs["file_id"]))

    def _answer(self, upload: Upload) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=upload.pk)).data)

    @extend_schema(request=_MULTIPART, responses={201: ReceivedSerializer})
    def create(self, request: ApiRequest, conversation_id: UUID) -> Response:
        conversation = own_conversation(request, conversation_id)
        door.expect(request, conversation)
        files, turned_away = request.FILES.getlist(FIELD), door.turned_away(request)
        if not files and not turned_away:
            raise Invalid("file", "Send one or more files in parts named file.", code="no_file")
        return _received(
            *services.receive(
                by=request.user, conversation=conversation, files=files, turned_away=turned_away
            )
        )

    def retrieve(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        return Response(self.get_serializer(self._upload()).data)

    @extend_schema(request=ActiveSerializer, responses=UploadSerializer)
    def partial_update(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        upload = self._upload()
        serializer = ActiveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.set_active(by=request.user, upload=upload, is_active=serializer.validated_data["isActive"])
        return self._answer(upload)

    def destroy(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        services.delete_upload(by=request.user, upload=self._upload())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=UploadSerializer)
    def retry(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        return self._answer(services.retry(by=request.user, upload=self._upload()))

    @extend_schema(request=None, responses=RetriedSerializer)
    def retry_failed(self, request: ApiRequest, conversation_id: UUID) -> Response:
        """Every failed file of the conversation is extracted once more."""
        conversation = own_conversation(request, conversation_id)
        retried = services.retry_failed(by=request.user, conversation=conversation)
        rows = self.get_queryset().filter(pk__in=[upload.pk for upload in retried]).oldest_first()
        return Response({"retried": self.get_serializer(rows, many=True).data})

    @extend_schema(request=None, responses=UploadSerializer)
    def revoke_url(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        return self._answer(services.revoke_link(by=request.user, upload=self._upload()))

    @extend_schema(
        responses=ContentSerializer,
        parameters=[
            OpenApiParameter("offset", whole(0, 10**9 - 1)),
            OpenApiParameter("limit", whole(1, LONGEST_CONTENT)),
        ],
    )
    def content(self, request: ApiRequest, conversation_id: UUID, file_id: str) -> Response:
        upload = self._upload()
        raw = request.query_params.get("offset") or "0"
        if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
            raise Invalid("offset", "offset must be a whole number from 0.")
        offset = int(raw)
        limit = positive(request.query_params.get("limit"), "limit", LONGEST_CONTENT, LONGEST_CONTENT)
        # Cut by the database: megabytes that nobody asked for stay there.
        piece = (
            Extraction.objects.filter(upload=upload)
            .values_list(Substr("text", offset + 1, limit), "characters")
            .first()
        )
        text, characters = piece or ("", 0)
        return Response({"text": text, "offset": offset, "characters": characters})


class DirectUploadView(APIView):
    @extend_schema(request=AnnouncedSerializer, responses={201: DirectUploadSerializer})
    def post(self, request: ApiRequest, conversation_id: UUID) -> Response:
        """A form by which the announced file goes straight to the bucket; then ask `complete`."""
        conversation = own_conversation(request, conversation_id)
        serializer = AnnouncedSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        announced, form = direct.announce(
            by=request.user, conversation=conversation, **serializer.validated_data
        )
        body = {"uploadId": announced.pk, "expiresAt": announced.expires_at, **form}
        return Response(DirectUploadSerializer(body).data, status=status.HTTP_201_CREATED)


class CompleteDirectUploadView(APIView):
    @extend_schema(request=None, responses={201: ReceivedSerializer})
    def post(self, request: ApiRequest, conversation_id: UUID, upload_id: UUID) -> Response:
        """Takes in what was sent to the bucket. Asked again, it answers with the same upload."""
        conversation = own_conversation(request, conversation_id)
        own = DirectUpload.objects.visible_to(request.user).filter(conversation=conversation)
        announced = own.select_related("conversation__project").filter(pk=upload_id).first()
        if announced is not None:
            return _received(*direct.complete(by=request.user, announced=announced))
        taken = Upload.objects.visible_to(request.user).filter(conversation=conversation).with_extraction()
        return _received([get_object_or_404(taken, pk=upload_id)], [])


class SessionMetaView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: ApiRequest, conversation_id: UUID) -> Response:
        return Response(session_meta(own_conversation(request, conversation_id)))


class UploadConfigView(APIView):
    @extend_schema(
        responses=UploadConfigSerializer,
        parameters=[OpenApiParameter("project", OpenApiTypes.UUID, required=True)],
    )
    def get(self, request: ApiRequest) -> Response:
        try:
            pk = UUID(request.query_params.get("project", ""))
        except ValueError:
            raise Invalid("project", "project must be the id of a project of yours.") from None
        project = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
        return Response(
            {
                "extensions": sorted(EXTENSIONS),
                "maxFileCount": project.max_files,
                "maxFileSize": project.max_file_bytes,
                "maxTokens": project.max_tokens,
                "direct": settings.DIRECT_UPLOADS,
            }
        )


class PublicFileView(APIView):
    """The bytes of an upload, for whoever holds its signed link. No login, and no cookie is looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (PublicLinkThrottle,)
    http_method_names = ["get", "head"]

    @extend_schema(
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            403: ErrorSerializer,
            404: ErrorSerializer,
            410: ErrorSerializer,
        },
        parameters=[OpenApiParameter("h", str, required=True)],
    )
    def get(self, request: ApiRequest) -> HttpResponseBase:
        upload = upload_for(request.query_params.get("h", ""))
        blob = Blob(upload.file, upload.size, upload.sha256, upload.media_type, upload.filename)
        return serve(request, blob, cache="no-store")

    def handle_exception(self, exc: Exception) -> Any:
        """A page for a person who followed a link in a browser; the usual JSON for everybody else."""
        response = super().handle_exception(exc)
        if self.request.get_preferred_type(["application/json", "text/html"]) != "text/html":
            return response
        title = "This link has expired" if response.status_code == 410 else "This file can't be had"
        # Without the request: nothing on it may depend on who is signed in.
        page = render_to_string(
            "conversations/upload_refused.html", {"title": title, "detail": response.data["detail"]}
        )
        headers = {name: response[name] for name in ("Retry-After",) if name in response}
        return HttpResponse(page, status=response.status_code, headers=headers)
