"""Artifacts on the wire; thin."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django_filters.utils import translate_validation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import ApiRequest
from accounts.models import User
from artifacts import access, exports, services
from artifacts.comparison import compare
from artifacts.filters import ArtifactFilter, NotWanted, wanted
from artifacts.grids import reading, rows
from artifacts.intake import body_and_parts, only_content
from artifacts.listing import Listing, RowPagination
from artifacts.models import Artifact, Version
from artifacts.preview import preview_of
from artifacts.querysets import ArtifactQuerySet
from artifacts.serializers import (
    ArtifactPatchSerializer,
    ArtifactSerializer,
    RowsSerializer,
    SaveSerializer,
    SelectionSerializer,
    TransferSerializer,
    VersionSerializer,
    conversation_of,
)
from artifacts.zips import zip_response
from artifactsite.lib.errors import Conflict, Invalid
from artifactsite.lib.pagination import positive, whole
from artifactsite.lib.parsers import MultiPartParser, StrictJSONParser
from artifactsite.lib.worded import Values, models
from conversations.models import Conversation

VERSION = OpenApiParameter("version", exports.NUMBER, description="Without it, the version that readers get.")
BYTES = {(200, "*/*"): OpenApiTypes.BINARY}
MOST_ROWS = 1000  # of one call
ROWS = [
    VERSION,
    OpenApiParameter("sheet", whole(0, 9999), description="Of a spreadsheet, from 0."),
    OpenApiParameter("offset", whole(0, 10**11 - 1)),
    OpenApiParameter("limit", whole(1, MOST_ROWS)),
    OpenApiParameter("sort", str, description="The name of a column. Cells without a value come last."),
    OpenApiParameter("order", str, enum=["asc", "desc"]),
    OpenApiParameter(
        "filter",
        str,
        description=(
            'A JSON list of `{"column", "op", "value"}`, all of which a row must meet. `op` is one of '
            f"{', '.join(f'`{op}`' for op in reading.OPERATIONS)}; without `column`, `contains` asks every column."
        ),
    ),
]


class ArtifactViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Artifact]):
    serializer_class = ArtifactSerializer
    request: ApiRequest
    queryset = Artifact.objects.none()
    filterset_class = ArtifactFilter
    pagination_class = RowPagination
    sortable: tuple[str, ...] = ("created_at", "updated_at", "name")
    parser_classes = [StrictJSONParser]

    def get_parsers(self) -> list[Any]:
        # Files in parts of their own come with versions alone.
        takes_parts = "add_version" in (self.action_map or {}).values()
        return [*super().get_parsers(), MultiPartParser()] if takes_parts else super().get_parsers()

    def get_queryset(self) -> ArtifactQuerySet:
        user = self.request.user
        visible = Artifact.objects.visible_to(user).with_standing_of(user)
        return visible.select_related("project", "owner", "conversation", "current__thumbnail")

    def filter_queryset(self, queryset: Any) -> Any:
        # Filters are for lists: whether one artifact can be read is the visible set's to say, alone.
        return super().filter_queryset(queryset) if self.action == "zip_matching" else queryset

    def list(self, request: ApiRequest) -> Response:  # type: ignore[override]
        return self._listed(None)

    def _listed(self, within: UUID | None) -> Response:
        try:
            listing = Listing(self.request.user.pk, wanted(self.request.query_params), within)
        except NotWanted as refused:
            raise translate_validation(refused.errors) from refused
        rows: Any = self.paginate_queryset(listing)  # type: ignore[arg-type]
        matches = getattr(self.paginator, "matches", {})
        context = {**self.get_serializer_context(), "matches": matches}
        return self.get_paginated_response(ArtifactSerializer(rows, many=True, context=context).data)

    def _readable(self, pk: UUID) -> Artifact:
        """What `get_object` gives, with no more than the current version beside it: what a list shows of an artifact
        takes the database longer than a small file. Worded once."""

        def visible(given: Values) -> ArtifactQuerySet:
            return Artifact.objects.visible_to(User(pk=given["reader"])).filter(pk=given["pk"])

        values = {"reader": self.request.user.pk, "pk": pk}
        for artifact in models(Artifact, "readable", visible, values, related="current"):
            return artifact
        raise Http404

    def _version(self, artifact: Artifact) -> Version:
        return exports.pick_version(artifact, self.request.query_params.get("version"), self.request.user)

    def _answer(self, artifact: Artifact) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=artifact.pk)).data)

    @extend_schema(request=ArtifactPatchSerializer, responses=ArtifactSerializer)
    def partial_update(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        serializer = ArtifactPatchSerializer(data=request.data)
        access.require_owner(artifact, request.user)
        serializer.is_valid(raise_exception=True)
        services.update_artifact(by=request.user, artifact=artifact, **serializer.validated_data)
        return self._answer(artifact)

    def destroy(self, request: ApiRequest, pk: UUID) -> Response:
        services.delete_artifact(by=request.user, artifact=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=ArtifactSerializer)
    def undelete(self, request: ApiRequest, pk: UUID) -> Response:
        """Brings back what the caller has just deleted, while that can be undone."""
        deleted = Artifact.with_deleted.deleted_by(request.user).filter(pk=pk).first()
        if deleted is None:
            access.require_owner(self.get_object(), request.user)
            raise Conflict("not_deleted", "This artifact is not deleted.")
        return self._answer(services.undelete_artifact(by=request.user, artifact=deleted))

    @extend_schema(request=SaveSerializer, responses=ArtifactSerializer)
    def save_artifact(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        access.require_owner(artifact, request.user)
        serializer = SaveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.save_artifact(by=request.user, artifact=artifact, **serializer.validated_data)
        return self._answer(artifact)

    @extend_schema(request=TransferSerializer, responses=ArtifactSerializer)
    def transfer(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        access.require_administrator_of(artifact, request.user)
        serializer = TransferSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.transfer_ownership(by=request.user, artifact=artifact, **serializer.validated_data)
        return self._answer(artifact)

    @extend_schema(
        responses=BYTES,
        parameters=[VERSION, OpenApiParameter("format", str, description="As the kind offers.")],
    )
    def download(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        artifact = self._readable(pk)
        wanted = request.query_params.get("format")
        return exports.download(request, artifact, self._version(artifact), wanted)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def zip_matching(self, request: ApiRequest) -> HttpResponseBase:
        """Everything that the list's filters leave."""
        chosen = self.filter_queryset(self.get_queryset())
        if not chosen.exists():
            raise Http404
        return zip_response(request, chosen)

    @extend_schema(request=SelectionSerializer, responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def zip_selected(self, request: ApiRequest) -> HttpResponseBase:
        serializer = SelectionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = set(serializer.validated_data["ids"])
        chosen = self.get_queryset().filter(pk__in=wanted)
        if chosen.count() < len(wanted):
            raise Http404
        return zip_response(request, chosen)

    @extend_schema(responses=BYTES, parameters=[VERSION])
    def data(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        artifact = self.get_object()
        return exports.data(request, artifact, self._version(artifact))

    @extend_schema(responses=BYTES, parameters=[VERSION])
    def definition(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        artifact = self.get_object()
        source = conversation_of(artifact, request.user)
        return exports.definition(request, artifact, self._version(artifact), conversation=source)

    @extend_schema(responses=BYTES)
    def thumbnail(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        artifact = self.get_object()
        return exports.thumbnail(request, artifact, self._version(artifact))

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR}, parameters=[VERSION])
    def preview(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        artifact = self.get_object()
        shown = preview_of(artifact, self._version(artifact))
        return render(request._request, "artifacts/preview.html", {"preview": shown})

    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[OpenApiParameter(side, exports.NUMBER) for side in ("from", "to")],
    )
    def diff(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        wanted = request.query_params
        old, new = (exports.pick_version(artifact, wanted.get(side), request.user) for side in ("from", "to"))
        return Response(compare(artifact, old, new).as_dict())

    @extend_schema(responses=RowsSerializer, parameters=ROWS)
    def rows(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        version = self._version(artifact)
        given = request.query_params
        offset = _whole(given.get("offset"), "offset")
        limit = positive(given.get("limit"), "limit", 100, MOST_ROWS)
        return Response(rows.answer(artifact, version, reading.asked_of(given), offset, limit))

    @extend_schema(responses=VersionSerializer(many=True))
    def versions(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        self.sortable = ("number",)
        readable: Any = artifact.versions.readable_by(request.user).select_related("artifact")
        page: Any = self.paginate_queryset(readable)
        return self.get_paginated_response(VersionSerializer(page, many=True).data)

    @extend_schema(
        request={"application/json": OpenApiTypes.OBJECT, "multipart/form-data": OpenApiTypes.OBJECT},
        responses={201: VersionSerializer},
    )
    def add_version(self, request: ApiRequest, pk: UUID) -> Response:
        artifact = self.get_object()
        access.require_owner(artifact, request.user)
        body, parts = body_and_parts(request)
        given = _object(body)
        after = given.pop("after", None)
        if after is not None and (isinstance(after, bool) or not isinstance(after, int)):
            raise Invalid("after", "after must be the number of the newest version that you know.")
        made = only_content({"name": artifact.name, "type": artifact.kind, **given}, parts)
        version = services.add_version(by=request.user, artifact=artifact, content=made, after=after)
        return self._version_answer(artifact, version)

    @extend_schema(request=None, responses={201: VersionSerializer})
    def restore(self, request: ApiRequest, pk: UUID, number: int) -> Response:
        artifact = self.get_object()
        version = services.restore_version(by=request.user, artifact=artifact, number=number)
        return self._version_answer(artifact, version)

    def _version_answer(self, artifact: Artifact, version: Version) -> Response:
        version = artifact.versions.select_related("artifact").get(pk=version.pk)
        return Response(VersionSerializer(version).data, status=status.HTTP_201_CREATED)


class ConversationArtifactViewSet(ArtifactViewSet):
    """The same rows and bytes, of one conversation of the caller's own."""

    def get_queryset(self) -> ArtifactQuerySet:
        conversation = get_object_or_404(
            Conversation.objects.visible_to(self.request.user), pk=self.kwargs["conversation_id"]
        )
        return super().get_queryset().filter(conversation=conversation)

    def _readable(self, pk: UUID) -> Artifact:
        return self.get_object()  # of this conversation

    def list(self, request: ApiRequest, conversation_id: UUID) -> Response:  # type: ignore[override]
        conversation = get_object_or_404(Conversation.objects.visible_to(request.user), pk=conversation_id)
        return self._listed(conversation.pk)

    @extend_schema(responses=BYTES, parameters=[VERSION])
    def download(  # type: ignore[override]
        self, request: ApiRequest, conversation_id: UUID, pk: UUID
    ) -> HttpResponseBase:
        return super().download(request, pk)


def _whole(raw: str | None, name: str) -> int:
    if not raw:
        return 0
    if not (raw.isascii() and raw.isdigit() and len(raw) < 12):
        raise Invalid(name, f"{name} must be a whole number from 0.")
    return int(raw)


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Invalid("body", "The body must be an object.")
    return {key: value for key, value in data.items() if key != "name"}
