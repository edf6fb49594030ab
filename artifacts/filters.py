"""The gallery's filters, the same for API and pages."""

from uuid import UUID

import django_filters

from artifacts import search
from artifacts.models import Artifact, GalleryType, Kind
from artifacts.querysets import ArtifactQuerySet
from artifactsite.lib.filters import IdFilter, MomentFilter

#  as in the address → as stored
TYPES = {
    "all": None,
    "images": GalleryType.IMAGE,
    "html": GalleryType.HTML,
    "code": GalleryType.CODE,
    "files": GalleryType.FILE,
}
SCOPES = ("mine", "shared", "saved", "all")
LONGEST_QUERY = 500


class ArtifactFilter(django_filters.FilterSet):
    """Filters what is visible; never widens it."""

    type = django_filters.ChoiceFilter(choices=[(name, name) for name in TYPES], method="of_type")
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    scope = django_filters.ChoiceFilter(choices=[(name, name) for name in SCOPES], method="in_scope")
    project = IdFilter(field_name="project_id")
    conversation = IdFilter(method="in_conversation")
    q = django_filters.CharFilter(method="unchanged", max_length=LONGEST_QUERY)
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Artifact
        fields: list[str] = []

    def filter_queryset(self, queryset: ArtifactQuerySet) -> ArtifactQuerySet:
        filtered: ArtifactQuerySet = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("scope"):
            filtered = filtered.in_scope("mine", self.request.user)
        query = self.search_query()
        if query is None:
            return filtered
        # Last, so that what is ranked is what the other filters left.
        return search.matching(filtered, query)

    def search_query(self) -> search.Query | None:
        """What is searched for, if anything is."""
        raw = self.form.cleaned_data.get("q")
        return search.Query.parse(raw) if raw else None

    def unchanged(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        return queryset

    def of_type(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        wanted = TYPES[value]
        return queryset if wanted is None else queryset.filter(gallery_type=wanted)

    def in_scope(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        return queryset.in_scope(value, self.request.user)

    def in_conversation(self, queryset: ArtifactQuerySet, name: str, value: UUID) -> ArtifactQuerySet:
        # Whose conversation somebody else's artifact came from is not theirs to find out.
        return queryset.filter(conversation_id=value, conversation__owner=self.request.user)
