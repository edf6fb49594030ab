"""The operations page, the staff's alone; thin."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.pages import SignedInRequest
from artifactsite.lib.pages import is_fragment, refusals_shown, toast
from artifactsite.operations import services
from artifactsite.operations.pages import operations_page
from jobs.models import Job


@login_required
@require_safe
def operations(request: SignedInRequest) -> HttpResponse:
    """Queues, workers, what failed; asked again by itself every few seconds."""
    services.require_staff(request.user)
    return _shown(request, request.GET.get("state", ""))


def _shown(request: SignedInRequest, state: str) -> HttpResponse:
    template = "operations/state.html" if is_fragment(request) else "operations/page.html"
    return render(request, template, {"page": operations_page(state)})


@login_required
@require_POST
@refusals_shown
def requeue(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _act(request, pk, services.requeue, "It is queued again.")


@login_required
@require_POST
@refusals_shown
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _act(request, pk, services.cancel, "It is cancelled.")


def _act(request: SignedInRequest, pk: UUID, act: Callable[..., None], said: str) -> HttpResponse:
    services.require_staff(request.user)
    act(by=request.user, job=get_object_or_404(Job, pk=pk))
    state = request.POST.get("state", "")
    response = _shown(request, state) if is_fragment(request) else redirect("operations")
    return toast(request, response, said)
