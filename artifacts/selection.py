"""What is selected in the gallery: the ticked artifacts, or all that its filters leave but some."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from artifacts.forms import MOST_AT_ONCE, SelectionForm
from artifacts.gallery import matching
from artifacts.models import Artifact
from artifacts.querysets import ArtifactQuerySet
from artifactsite.lib.errors import Invalid


@dataclass(frozen=True)
class Selection:
    """Artifacts that `user` may see, newest first. Of somebody else's they only read."""

    ids: list[UUID]
    user: User
    is_whole_filter: bool

    def rows(self) -> ArtifactQuerySet:
        return Artifact.objects.visible_to(self.user).filter(pk__in=self.ids).order_by("-created_at", "-pk")

    def own(self) -> ArtifactQuerySet:
        return self.rows().filter(owner=self.user)


def selection_of(request: HttpRequest, user: User) -> tuple[Selection, SelectionForm]:
    """What the form that came with `request` selects. Raises Invalid where that is nothing, or too much."""
    form = SelectionForm(request.POST)
    if not form.is_valid():
        field, sentences = next(iter(form.errors.items()))
        raise Invalid("ids" if field == "__all__" else field, str(sentences[0]))
    given = form.cleaned_data
    if given["all"]:
        chosen = matching(request, user, given["matching"]).exclude(pk__in=given["without"])
    else:
        chosen = Artifact.objects.visible_to(user).filter(pk__in=given["ids"])
    ids = list(chosen.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(ids) > MOST_AT_ONCE:
        sentence = (
            f"That is more than {MOST_AT_ONCE:,} artifacts. Narrow the filters, and take them in parts."
        )
        raise Invalid("all", sentence, code="too_many")
    return Selection(ids, user, given["all"]), form
