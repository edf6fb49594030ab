"""The site's addresses and a bare view: what the framework itself takes for an answer of the same size."""

from typing import Any

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifactsite.urls import urlpatterns as site

ROW: dict[str, Any] = {
    "id": "0" * 36, "name": "Customer Segmentation Query", "kind": "table", "type": "file", "visibility": "project",
    "is_owner": False, "owner": "somebody", "match": [[0, 8]], "token": "x" * 80,
}  # fmt: skip


class BareView(APIView):
    """Signed in, and one fixed answer: no query but the token's."""

    def get(self, request: Request) -> Response:
        return Response({"saved_artifacts": [ROW] * 8})


urlpatterns = [path("bare", BareView.as_view()), *site]
