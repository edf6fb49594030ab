"""The gallery's filters, the same for API and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.forms.utils import ErrorDict

from accounts.models import User
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
R = TypeVar("R", bound="QuerySet[Any]")


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to: the filters' values, checked."""

    type: str = ""
    kind: str = ""
    scope: str = ""
    project: UUID | None = None
    conversation: UUID | None = None
    owner_left: str = ""
    q: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None

    def of(self, visible: ArtifactQuerySet, reader: User) -> ArtifactQuerySet:
        """Those of `visible` that are wanted, with what ranks them where it is a search."""
        found = self.of_sort(visible.in_scope(self.scope or "mine", reader))
        if self.project:
            found = found.of_one_project()
        if self.conversation:
            # Whose conversation somebody else's artifact came from is not theirs to find out.
            found = found.filter(conversation_id=self.conversation, conversation__owner=reader)
        if self.owner_left:
            found = found.left_behind()
        if self.created_after:
            found = found.filter(created_at__gte=self.created_after)
        if self.created_before:
            found = found.filter(created_at__lt=self.created_before)
        query = self.query
        # Last, so that what is ranked is what the other filters left.
        return search.matching(found, query) if query else found

    def of_sort(self, rows: R) -> R:
        """Those of artifacts, or of their tally, that are of the type, the kind and the project wanted."""
        if (stored := TYPES[self.type or "all"]) is not None:
            rows = rows.filter(gallery_type=stored)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.project:
            rows = rows.filter(project_id=self.project)
        return rows

    @property
    def query(self) -> search.Query | None:
        """What is searched for, if anything is."""
        return search.Query.parse(self.q) if self.q else None


class ArtifactFilter(django_filters.FilterSet):
    """Checks the filters of an address and describes them. Filters what is visible; never widens it."""

    type = django_filters.ChoiceFilter(choices=[(name, name) for name in TYPES])
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    scope = django_filters.ChoiceFilter(choices=[(name, name) for name in SCOPES])
    project = IdFilter()
    conversation = IdFilter()
    owner_left = django_filters.ChoiceFilter(choices=[("true", "true")])
    q = django_filters.CharFilter(max_length=LONGEST_QUERY)
    created_after = MomentFilter()
    created_before = MomentFilter()

    class Meta:
        model = Artifact
        fields: list[str] = []

    def filter_queryset(self, queryset: ArtifactQuerySet) -> ArtifactQuerySet:
        return Wanted(**self.form.cleaned_data).of(queryset, self.request.user)


class NotWanted(Exception):
    """Filters that make no sense; `errors` by name."""

    def __init__(self, errors: ErrorDict) -> None:
        super().__init__(errors)
        self.errors = errors


def wanted(given: Mapping[str, str]) -> Wanted:
    """The filters of an address. Raises NotWanted."""
    return _checked(tuple((name, given[name]) for name in ArtifactFilter.base_filters if name in given))


@lru_cache(2000)
def _checked(given: tuple[tuple[str, str], ...]) -> Wanted:
    # The same words mean the same for everybody and at all times, and making the form costs more than a page's rows.
    filters = ArtifactFilter(dict(given), queryset=Artifact.objects.none())
    if not filters.is_valid():
        raise NotWanted(filters.form.errors)
    return Wanted(**filters.form.cleaned_data)
