"""The gallery's filters, the same for API and pages."""

import django_filters
from django.db.models import Q

from artifacts.models import Artifact, GalleryType, Kind
from artifacts.querysets import ArtifactQuerySet

#  as in the address → as stored
TYPES = {
    "all": None,
    "images": GalleryType.IMAGE,
    "html": GalleryType.HTML,
    "code": GalleryType.CODE,
    "files": GalleryType.FILE,
}
SCOPES = ("mine", "shared", "saved", "all")


class ArtifactFilter(django_filters.FilterSet):
    """Filters what is visible; never widens it."""

    type = django_filters.ChoiceFilter(choices=[(name, name) for name in TYPES], method="of_type")
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    scope = django_filters.ChoiceFilter(choices=[(name, name) for name in SCOPES], method="in_scope")
    project = django_filters.UUIDFilter(field_name="project_id")
    conversation = django_filters.UUIDFilter(method="in_conversation")
    q = django_filters.CharFilter(method="search", max_length=500)
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Artifact
        fields: list[str] = []

    def filter_queryset(self, queryset: ArtifactQuerySet) -> ArtifactQuerySet:
        filtered: ArtifactQuerySet = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("scope"):
            filtered = filtered.in_scope("mine", self.request.user)
        return filtered

    def of_type(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        wanted = TYPES[value]
        return queryset if wanted is None else queryset.filter(gallery_type=wanted)

    def in_scope(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        return queryset.in_scope(value, self.request.user)

    def in_conversation(self, queryset: ArtifactQuerySet, name: str, value: object) -> ArtifactQuerySet:
        # Whose conversation somebody else's artifact came from is not theirs to find out.
        return queryset.filter(conversation_id=value, conversation__owner=self.request.user)

    def search(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        for word in value.replace("\0", "").split()[:20]:
            queryset = queryset.filter(
                Q(name__icontains=word) | Q(description__icontains=word) | Q(current__preview__icontains=word)
            )
        return queryset
