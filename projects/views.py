"""The pages of projects; thin."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from artifactsite.lib.errors import Refusal
from artifactsite.lib.pages import place_in_frame, refusals_shown, toast, zone_of
from projects import services
from projects.forms import AuditForm, MemberForm, NewMemberForm, SettingsForm
from projects.models import Project, Role
from projects.pages import audit_page, settings_page


def administered(request: HttpRequest, pk: UUID) -> Project:
    """The project, for its administrators; a refusal for its collaborators, 404 for everybody else."""
    user: Any = request.user
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    services.require_administrator(by=user, project=project)
    place_in_frame(request, project=project.pk)
    return project


def _page(request: HttpRequest, project: Project, *, status: int = 200, **context: Any) -> HttpResponse:
    user: Any = request.user
    page = settings_page(project, user, context.pop("form", None), request.GET.get("page", "1"))
    return render(request, "projects/settings.html", {"page": page, **context}, status=status)


def _back(request: HttpRequest, project: Project, text: str, anchor: str = "") -> HttpResponse:
    response = redirect("project-settings", project.pk)
    response["Location"] += anchor
    return toast(request, response, text)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def project_settings(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    project = administered(request, pk)
    if request.method != "POST":
        return _page(request, project)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, project, form=form, status=400)
    try:
        services.update_project(by=user, project=project, **form.changes(project))
    except Refusal as refusal:
        field = next(iter(refusal.errors or {}), None)
        form.add_error(field if field in form.fields else None, refusal.detail)
        return _page(request, project, form=form, status=refusal.status)
    return _back(request, project, "Settings saved.")


@login_required
@require_POST
@refusals_shown
def add_member(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    project = administered(request, pk)
    form = NewMemberForm(request.POST)
    if not form.is_valid():
        return _page(
            request,
            project,
            status=400,
            typed=request.POST,
            member_error="Type a username or an e-mail address.",
        )
    try:
        membership = services.add_member(by=user, project=project, **form.cleaned_data)
    except Refusal as refusal:
        return _page(
            request, project, status=refusal.status, typed=form.cleaned_data, member_error=refusal.detail
        )
    return _back(request, project, f"{membership.user.username} is a member now.", "#members")


@login_required
@require_POST
@refusals_shown
def change_member(request: HttpRequest, pk: UUID, user_id: int) -> HttpResponse:
    user: Any = request.user
    project = administered(request, pk)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _page(
            request, project, status=400, member_error="Choose a role for the member, or remove them."
        )
    act = form.cleaned_data["act"]
    try:
        if act == "remove":
            services.remove_member(by=user, project=project, user_id=user_id)
        else:
            services.change_role(by=user, project=project, user_id=user_id, role=act)
    except Refusal as refusal:
        return _page(request, project, status=refusal.status, member_error=refusal.detail)
    # Whoever left, or gave up administering, can't come back to this page.
    if user_id == user.pk and act != Role.ADMINISTRATOR:
        return toast(
            request, redirect("/"), f"You left {project.name}." if act == "remove" else "Role changed."
        )
    return _back(request, project, "Member removed." if act == "remove" else "Role changed.", "#members")


@login_required
@require_safe
@refusals_shown
def audit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who changed what. What can't be searched for is said beside its field, and everything is shown."""
    user: Any = request.user
    project = administered(request, pk)
    form = AuditForm(request.GET)
    page = audit_page(project, user, form, zone_of(request))
    return render(request, "projects/audit.html", {"page": page}, status=200 if form.is_valid() else 400)
