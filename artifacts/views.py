"""The pages of artifacts; thin."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from artifacts import exports
from artifacts.models import Artifact


def visible_artifact(request: HttpRequest, pk: UUID) -> Artifact:
    """The artifact if the visitor may see it, else 404."""
    visible = Artifact.objects.visible_to(request.user).select_related(
        "project", "owner", "conversation", "current"
    )
    return get_object_or_404(visible, pk=pk)


@login_required
@require_safe
def image(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    artifact = visible_artifact(request, pk)
    return exports.image(request, artifact, exports.pick_version(artifact, request.GET.get("version")))


@login_required
@require_safe
def frame(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    artifact = visible_artifact(request, pk)
    return exports.frame(request, artifact, exports.pick_version(artifact, request.GET.get("version")))
