"""The bare DRF view: the same table, the same size of page, the same sign-in, and nothing of the site's own."""

from typing import Any

from django.urls import include, path
from rest_framework import generics, serializers

from artifacts.models import Artifact


class BareSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = [
            "id",
            "name",
            "kind",
            "gallery_type",
            "visibility",
            "description",
            "created_at",
            "updated_at",
        ]


class BareList(generics.ListAPIView[Artifact]):
    """The newest twenty of one person, by the index, without count, links or rights."""

    serializer_class = BareSerializer
    pagination_class = None

    def get_queryset(self) -> Any:
        return Artifact.objects.filter(owner=self.request.user).order_by("-created_at", "-pk")[:20]


urlpatterns = [path("floor", BareList.as_view()), path("", include("artifactsite.urls"))]
