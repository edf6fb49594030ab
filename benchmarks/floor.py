"""What the framework itself takes: the same table, the same page, the same sign-in, and nothing of the site's own."""

from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.models import Artifact

SIZE = 50
_FIELDS = "id", "name", "kind", "gallery_type", "visibility", "description", "created_at", "updated_at"


class BareRows(APIView):
    """The newest of one person as dicts, by the index, without count, links or rights: SIZE of them or `?size=`."""

    def get(self, request: Request) -> Response:
        size = int(request.query_params.get("size", SIZE))
        rows = Artifact.objects.filter(owner=request.user.pk).order_by("-created_at", "-pk").values(*_FIELDS)
        return Response(list(rows[:size]))


class BareSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = _FIELDS


class BareList(generics.ListAPIView[Artifact]):
    """The same by a ModelSerializer, as most sites have it."""

    serializer_class = BareSerializer
    pagination_class = None

    def get_queryset(self) -> Any:
        return Artifact.objects.filter(owner=self.request.user.pk).order_by("-created_at", "-pk")[:SIZE]


_ROW: dict[str, Any] = {
    "id": "0" * 36, "name": "Customer Segmentation Query", "kind": "table", "type": "file", "visibility": "project",
    "is_owner": False, "owner": "somebody", "match": [[0, 8]], "token": "x" * 80,
}  # fmt: skip


class BareAnswer(APIView):
    """Signed in, and one fixed answer the size of the dropdown's: no query but the token's."""

    def get(self, request: Request) -> Response:
        return Response({"saved_artifacts": [_ROW] * 8})


def raw(request: HttpRequest) -> HttpResponse:
    """SQL and orjson behind the middleware: no ORM, no DRF, nobody signed in."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_FIELDS)} FROM artifacts_artifact WHERE owner_id ="
            " (SELECT id FROM accounts_user WHERE username = 'reader')"
            f" ORDER BY created_at DESC, id DESC LIMIT {SIZE}"
        )
        rows = [dict(zip(_FIELDS, row, strict=True)) for row in cursor.fetchall()]
    return HttpResponse(orjson.dumps(rows), content_type="application/json")


urlpatterns = [
    path("floor/rows", BareRows.as_view()),
    path("floor/serializer", BareList.as_view()),
    path("floor/answer", BareAnswer.as_view()),
    path("floor/raw", raw),
    path("", include("artifactsite.urls")),
]
