"""The pages of artifacts; thin."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from artifacts import exports, pages, services
from artifacts.access import (
    require_administrator_of,
    require_owner,
    require_saved,
    require_sharing,
    require_transferable,
    require_unsaved,
)
from artifacts.forms import ContentForm, EditForm, SaveForm, SelectionForm, TransferForm, VisibilityForm
from artifacts.gallery import Asked, gallery_page, gallery_tabs, gallery_tiles, neighbours_of, tile_of
from artifacts.grids import making
from artifacts.models import Artifact, Deletion, Version, Visibility
from artifacts.preview import preview_of
from artifacts.selection import selection_of
from artifacts.viewers.code import language_of
from artifacts.zips import zip_response
from artifactsite.lib.errors import Forbidden, Invalid, Refusal
from artifactsite.lib.pages import is_fragment, place_in_frame, refusals_shown, toast, trigger
from projects.models import Project
from projects.services import require_administrator

NAMED = 20  # names that a question lists
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def visible_artifact(request: HttpRequest, pk: UUID) -> Artifact:
    """The artifact if the visitor may see it, else 404."""
    visible = Artifact.objects.visible_to(request.user).with_standing_of(request.user)
    return get_object_or_404(pages.with_everything(visible), pk=pk)


def own_artifact(request: HttpRequest, pk: UUID) -> Artifact:
    """The artifact if it is the visitor's own; a refusal where they only see it."""
    artifact = visible_artifact(request, pk)
    require_owner(artifact, request.user)  # type: ignore[arg-type]
    return artifact


def _picked(request: HttpRequest, artifact: Artifact) -> Version:
    """The version that the address asks for, of those that the visitor may see."""
    return exports.pick_version(artifact, request.GET.get("version"), request.user)


def _asks_for(request: HttpRequest, target: str) -> bool:
    """Whether the answer goes into the element with this id rather than into a window of its own."""
    return is_fragment(request) and request.headers.get("HX-Target") == target


def _fragment_or_page(
    request: HttpRequest, target: str, fragment: str, page: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The same content with or without the page around it; caches keep the two apart."""
    template = fragment if _asks_for(request, target) else page
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


# --- reading ---------------------------------------------------------------------------------------


@login_required
@require_safe
@refusals_shown
def gallery(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if _asks_for(request, "gallery-more"):
        tiles, more_url, _ = gallery_tiles(request, user)
        is_list = Asked.of(request).get("view") == "list"
        context = {"tiles": tiles, "more_url": more_url, "is_list": is_list}
        response = render(request, "artifacts/tiles.html", context)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    if _asks_for(request, "gallery-tabs"):
        response = render(request, "artifacts/tabs.html", {"tabs": gallery_tabs(request, user)})
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response
    return _fragment_or_page(
        request,
        "gallery",
        "artifacts/results.html",
        "artifacts/gallery.html",
        {"gallery": gallery_page(request, user)},
    )


@login_required
@require_safe
@refusals_shown
def artifact(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    found = visible_artifact(request, pk)
    version = _picked(request, found)
    place_in_frame(request, project=found.project_id)
    context: dict[str, Any] = {
        "page": pages.artifact_page(found, version, user, request.GET),
        "neighbours": neighbours_of(request, found, user),
    }
    return _fragment_or_page(request, "viewer", "artifacts/viewer.html", "artifacts/artifact.html", context)


@login_required
@require_safe
@refusals_shown
def image(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    found = visible_artifact(request, pk)
    return exports.image(request, found, _picked(request, found))


@login_required
@require_safe
@refusals_shown
def frame(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    found = visible_artifact(request, pk)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        # In a tab of its own it could lead that tab anywhere, with what it knows in the address; in our frame our
        # own policy stops it.
        return redirect("artifact", pk=pk)
    output = _whole(request, "output") if "output" in request.GET else None
    return exports.frame(request, found, _picked(request, found), output)


@login_required
@require_safe
@refusals_shown
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    found = visible_artifact(request, pk)
    return exports.media(request, found, _picked(request, found))


@login_required
@require_safe
@refusals_shown
def page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A page of a PDF, as an image."""
    found = visible_artifact(request, pk)
    version = _picked(request, found)
    return exports.page(request, found, version, _whole(request, "page"))


@login_required
@require_safe
@refusals_shown
def rows(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Other rows of a table's preview; while it is being prepared, how far that is."""
    found = visible_artifact(request, pk)
    version = _picked(request, found)
    preview = preview_of(found, version, request.GET)
    if preview.view != "grid":
        raise Invalid("id", "Only tables have rows.", code="not_a_table")
    if "waiting" not in request.GET:
        return render(request, "artifacts/previews/grid.html", {"preview": preview})
    if preview.content.state == "waiting":
        return render(request, "artifacts/previews/grid_waiting.html", {"preview": preview})
    response = render(request, "artifacts/previews/grid.html", {"preview": preview})
    response["HX-Retarget"] = f"#grid-{version.pk}"
    return response


@login_required
@require_POST
@refusals_shown
def prepare_grid(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Has a table prepared that isn't, or wasn't at the first attempt."""
    found = visible_artifact(request, pk)
    version = _picked(request, found)
    if making.is_wanted(found.kind, version):
        making.order_again(version)
    if is_fragment(request):
        return render(
            request, "artifacts/previews/grid.html", {"preview": preview_of(found, version, request.GET)}
        )
    return redirect(f"{reverse('artifact', args=[pk])}?version={version.number}")


@login_required
@require_safe
@refusals_shown
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The card again, after something changed."""
    found = visible_artifact(request, pk)
    version = _picked(request, found)
    return render(request, "artifacts/card.html", {"card": pages.card(found, version, request.user)})  # type: ignore[arg-type]


@login_required
@require_safe
@refusals_shown
def tile(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The gallery's tile again, after something changed."""
    user: Any = request.user
    asked = Asked.of(request)
    shown = tile_of(visible_artifact(request, pk), user, asked)
    return render(request, "artifacts/tile.html", {"tile": shown, "is_list": asked.get("view") == "list"})


@login_required
@require_safe
@refusals_shown
def diff(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    found = visible_artifact(request, pk)
    place_in_frame(request, project=found.project_id)
    old, new = (exports.pick_version(found, request.GET.get(side), request.user) for side in ("from", "to"))
    context = {"artifact": found, "diff": pages.diff_page(found, old, new, user)}
    return _fragment_or_page(request, "diff", "artifacts/diff.html", "artifacts/diff_page.html", context)


def _whole(request: HttpRequest, name: str) -> int:
    """A whole number out of the address; 0 where it isn't there."""
    raw = request.GET.get(name) or "0"
    if not (raw.isascii() and raw.isdigit() and len(raw) < 12):
        raise Invalid(name, f"{name} must be a whole number from 0.")
    return int(raw)


# --- changing ------------------------------------------------------------------------------------------
# Each form has an address of its own: opened in a dialog by js/artifact-dialog.js, a page without it.


def _form(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {**context, "fragment": template}
    return _fragment_or_page(
        request, "artifact-dialog", template, "artifacts/form_page.html", context, status
    )


def _done(request: HttpRequest, found: Artifact, text: str) -> HttpResponse:
    """After a change: what shows the artifact asks for it again; without a dialog its page is shown."""
    response: HttpResponse
    if is_fragment(request):
        response = HttpResponse(status=204)
        trigger(response, "artifact-changed", {"id": str(found.pk)})
        trigger(response, f"artifact-{found.pk}")
    else:
        response = redirect("artifact", found.pk)
    return toast(request, response, text)


def _ask(
    request: HttpRequest,
    found: Artifact,
    template: str,
    form_class: type[forms.Form],
    *,
    initial: dict[str, Any],
    act: Callable[[dict[str, Any]], Artifact],
    done: str,
    **context: Any,
) -> HttpResponse:
    """A form about `found`, or `act` on what was typed. A refusal is said in the form, which keeps what was typed."""
    context["artifact"] = found
    if request.method != "POST":
        return _form(request, template, {**context, "form": form_class(initial=initial)})
    form = context["form"] = form_class(request.POST)
    try:
        if not form.is_valid():
            field, sentences = next(iter(form.errors.items()))
            raise Invalid(field, f"{field.capitalize()}: {sentences[0]}")
        return _done(request, act(form.cleaned_data), done)
    except Refusal as refusal:
        if is_fragment(request):
            raise
        if form.is_valid():
            form.add_error(None, refusal.detail)
        return _form(request, template, context, status=refusal.status)


@login_required
@form_methods
@refusals_shown
def save(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    found = own_artifact(request, pk)
    require_unsaved(found)
    if request.method != "POST" and _asks_for(request, "same-name"):
        same = pages.same_named(found, request.GET.get("name", ""), user)
        return render(request, "artifacts/same_name.html", {"same": same})
    return _ask(
        request,
        found,
        "artifacts/save.html",
        SaveForm,
        initial={"name": found.name, "visibility": Visibility.PRIVATE},
        act=lambda typed: services.save_artifact(by=user, artifact=found, **typed),
        done="Saved.",
        choices=pages.save_choices(found),
        same=pages.same_named(found, found.name, user),
    )


@login_required
@form_methods
@refusals_shown
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    found = own_artifact(request, pk)
    return _ask(
        request,
        found,
        "artifacts/edit.html",
        EditForm,
        initial={"name": found.name, "description": found.description},
        act=lambda typed: services.update_artifact(by=user, artifact=found, **typed),
        done="Changed.",
    )


@login_required
@form_methods
@refusals_shown
def content(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Text, Markdown and code, edited in the page: a new version. Never over one that the owner hasn't seen."""
    user: Any = request.user
    found = own_artifact(request, pk)
    place_in_frame(request, project=found.project_id)
    original = pages.text_to_edit(found, exports.pick_version(found, None, user))
    context: dict[str, Any] = {"artifact": found, "language": language_of(found.name)}
    if request.method != "POST":
        return render(request, "artifacts/content.html", {**context, "text": original})
    form = ContentForm(request.POST)
    typed = str(request.POST.get("text", ""))
    try:
        if not form.is_valid():
            field, sentences = next(iter(form.errors.items()))
            raise Invalid(field, str(sentences[0]))
        text = pages.as_typed(original, form.cleaned_data["text"])
        version = services.edit_text(by=user, artifact=found, text=text, after=form.cleaned_data["after"])
    except Refusal as refusal:
        found.refresh_from_db(fields=["latest_number"])
        context |= {"text": typed, "refusal": refusal, "after": request.POST.get("after", "")}
        return render(request, "artifacts/content.html", context, status=refusal.status)
    return toast(request, redirect("artifact", pk), f"Saved as version {version.number}.")


@login_required
@form_methods
@refusals_shown
def visibility(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks, and says what changes for whom; then changes it."""
    user: Any = request.user
    found = own_artifact(request, pk)
    require_saved(found)
    form = VisibilityForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        raise Invalid("to", "to must be private or project.")
    to = form.cleaned_data["to"]
    if to == Visibility.PROJECT and not found.is_shared:
        require_sharing(found.project)
    # Whoever agreed while it could be shared again is asked again where it can't be any more.
    is_final = form.cleaned_data["sharing"] and not found.project.allow_artifact_sharing
    if request.method != "POST" or (to == Visibility.PRIVATE and found.is_shared and is_final):
        return _form(
            request, "artifacts/visibility.html", {"artifact": found, "to": to, "is_final": is_final}
        )
    services.set_visibility(by=user, artifact=found, visibility=to)
    shared = to == Visibility.PROJECT
    return _done(request, found, "Shared with the project." if shared else "Made private.")


@login_required
@form_methods
@refusals_shown
def transfer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An administrator gives what somebody left behind to a member."""
    user: Any = request.user
    found = visible_artifact(request, pk)
    require_administrator_of(found, user)
    require_transferable(found)
    place_in_frame(request, project=found.project_id)
    return _ask(
        request,
        found,
        "artifacts/transfer.html",
        TransferForm,
        initial={},
        act=lambda typed: services.transfer_ownership(by=user, artifact=found, **typed),
        done="Transferred.",
        people=pages.members_of(found.project, user),
    )


@login_required
@form_methods
@refusals_shown
def left_behind(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What people who left shared with a project; the ticked ones go to one member, all or none."""
    user: Any = request.user
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    require_administrator(by=user, project=project)
    place_in_frame(request, project=project.pk)
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            text = _transfer_ticked(request, project)
            return toast(request, redirect("project-left-behind", pk), text)
        except Refusal as refusal:
            context = {"refusal": refusal, "to": request.POST.get("to", "")}
            context["ticked"] = request.POST.getlist("id")
    page = pages.left_page(project, user, request.GET.get("page", "1"))
    status = context["refusal"].status if context else 200
    return render(request, "artifacts/left_behind.html", {"page": page, **context}, status=status)


def _transfer_ticked(request: HttpRequest, project: Project) -> str:
    user: Any = request.user
    selection, form = SelectionForm(request.POST), TransferForm(request.POST)
    if not selection.is_valid() or not selection.cleaned_data["ids"]:
        raise Invalid("id", "Tick the artifacts to transfer first.")
    if not form.is_valid():
        raise Invalid("to", "Type the username or e-mail address of the member who takes them.")
    chosen = Artifact.objects.visible_to(user).filter(project=project, pk__in=selection.cleaned_data["ids"])
    found = list(chosen)
    services.transfer_several(by=user, artifacts=found, **form.cleaned_data)
    return "Transferred 1 artifact." if len(found) == 1 else f"Transferred {len(found)} artifacts."


@login_required
@form_methods
@refusals_shown
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Deletes, and offers to undo it. A GET asks, where others lose it too (pages.py leads there)."""
    user: Any = request.user
    found = own_artifact(request, pk)
    if request.method != "POST":
        return _form(request, "artifacts/delete.html", {"artifact": found})
    deletion = services.delete_artifact(by=user, artifact=found)
    return _deleted(request, deletion, [pk], f"Deleted {found.name}.")


def _deleted(request: HttpRequest, deletion: Deletion, ids: list[UUID], text: str) -> HttpResponse:
    undo_url = reverse("artifacts-undo", args=[deletion.pk])
    if not is_fragment(request):
        return toast(request, redirect("artifacts"), text, undo_url=undo_url)
    response = trigger(HttpResponse(status=204), "artifacts-deleted", {"ids": [str(pk) for pk in ids]})
    return toast(request, response, text, undo_url=undo_url)


@login_required
@require_POST
@refusals_shown
def undo_deletion(request: HttpRequest, pk: UUID) -> HttpResponse:
    user: Any = request.user
    try:
        back = services.undo_deletion(by=user, deletion=pk)
    except Http404:
        sentence = "It is too late to undo this: what was deleted is gone for good."
        raise Refusal("not_found", sentence, status=404) from None
    text = f"Brought back {_count(len(back))}."
    if not is_fragment(request):
        return toast(request, redirect("artifacts"), text)
    response = trigger(
        HttpResponse(status=204), "artifacts-undeleted", {"ids": [str(found) for found in back]}
    )
    return toast(request, response, text)


def _count(number: int) -> str:
    return "1 artifact" if number == 1 else f"{number:,} artifacts"


# --- many at once ----------------------------------------------------------------------------------------


@login_required
@require_POST
@refusals_shown
def zip_selection(request: HttpRequest) -> HttpResponseBase:
    """All that is selected as one file; somebody else's too, where they share it."""
    user: Any = request.user
    chosen, _ = selection_of(request, user)
    if not chosen.ids:
        raise Invalid("ids", "What was selected is gone.")
    return zip_response(request, chosen.rows())


@login_required
@require_POST
@refusals_shown
def save_selection(request: HttpRequest) -> HttpResponse:
    """Takes one's own of the selected into the library, private, under the names that they have."""
    user: Any = request.user
    chosen, _ = selection_of(request, user)
    saved = services.save_artifacts(by=user, chosen=chosen.ids)
    left = len(chosen.ids) - saved
    text = f"Saved {_count(saved)}." if saved else "Nothing to save."
    if left:
        text += f" {_count(left).capitalize()} {'was' if left == 1 else 'were'} saved already or not yours."
    if not is_fragment(request):
        return toast(request, redirect("artifacts"), text)
    return toast(request, trigger(HttpResponse(status=204), "selection-saved"), text)


@login_required
@require_POST
@refusals_shown
def delete_selection(request: HttpRequest) -> HttpResponse:
    """Deletes one's own of the selected, and offers to undo it; asks first where that is far-reaching."""
    user: Any = request.user
    chosen, form = selection_of(request, user)
    own = list(chosen.own().values_list("pk", flat=True))
    if not own:
        raise Forbidden("None of the selected artifacts is yours to delete.", code="not_owner")
    shared = chosen.own().shared()
    if not form.cleaned_data["confirmed"] and (chosen.is_whole_filter or shared.exists()):
        names = list(chosen.own().values_list("name", flat=True)[:NAMED])
        context = {
            "form": form,
            "count": len(own),
            "names": names,
            "left": len(own) - len(names),
            "others": len(chosen.ids) - len(own),
            "shared": shared.count(),
        }
        return _form(request, "artifacts/delete_selection.html", context)
    deletion, count = services.delete_artifacts(by=user, chosen=own)
    text = f"Deleted {_count(count)}."
    if others := len(chosen.ids) - count:
        text += f" {_count(others).capitalize()} of others stayed."
    return _deleted(request, deletion, own, text)


@login_required
@require_POST
@refusals_shown
def restore(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    user: Any = request.user
    found = own_artifact(request, pk)
    version = services.restore_version(by=user, artifact=found, number=number)
    text = f"Version {number} is restored, as version {version.number}."
    if version.number == number:
        text = f"Readers get version {number} now."
    return toast(request, redirect(reverse("artifact", args=[pk])), text)
