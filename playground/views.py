"""The pages of conversations; thin."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import SignedInRequest
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.pages import View, is_fragment, place_in_frame, refusals_shown, toast, trigger, zone_of
from conversations.models import Conversation, Message, MessageRole
from conversations.services import create_conversation, rename_conversation
from playground import pages, services
from playground.context import assemble
from playground.forms import ActiveForm, ComposerForm, NewConversationForm, TitleForm
from playground.frame import CURRENT_PROJECT, Frame, grouped
from playground.models import Turn, TurnKind
from projects.models import Project
from uploads import door
from uploads import services as upload_services
from uploads.links import url_for
from uploads.models import Extraction, Upload

LISTED = 50  # conversations a page
FOUND = 60  # conversations in the rail


def signed_in(view: View) -> View:
    """A page for people who are signed in, with refusals shown."""
    return login_required(refusals_shown(view))


def _own(request: SignedInRequest, pk: UUID) -> Conversation:
    """A conversation of the visitor's own, else 404; the frame shows where it is."""
    visible = Conversation.objects.visible_to(request.user).select_related("project")
    conversation = get_object_or_404(visible, pk=pk)
    place_in_frame(request, project=conversation.project_id, conversation=conversation.pk)
    return conversation


def _query_id(request: HttpRequest, name: str) -> UUID | None:
    raw = request.GET.get(name)
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError:
        raise Invalid(name, "This link is not complete. Open the conversation from the left.") from None


# --- where one starts ---------------------------------------------------------------------------


@require_safe
@signed_in
def home(request: SignedInRequest) -> HttpResponseBase:
    """The newest conversation of the current project, or the way to a first one."""
    project = Frame(request).project
    newest = Conversation.objects.visible_to(request.user).filter(project=project)
    conversation = newest.order_by("-updated_at", "-pk").first() if project else None
    if conversation is not None:
        return redirect("conversation", conversation.pk)
    return render(request, "conversations/start.html")


@require_POST
@signed_in
def open_project(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Switches to another project."""
    project = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
    request.session[CURRENT_PROJECT] = str(project.pk)
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def conversations(request: SignedInRequest) -> HttpResponseBase:
    """Lists and searches the visitor's conversations; POST starts one."""
    if request.method == "POST":
        return _start(request)
    project = Frame(request).project
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = Conversation.objects.visible_to(request.user).filter(project=project)
    if query:
        found = found.filter(title__icontains=query)
    found = found.order_by("-updated_at", "-pk")
    if is_fragment(request):
        rows = list(found[: FOUND + 1])
        context = {
            "groups": grouped(rows[:FOUND], zone_of(request)),
            "has_more": len(rows) > FOUND,
            "query": query,
        }
        return render(request, "playground/rail_conversations.html", context)
    page = Paginator(found, LISTED).get_page(request.GET.get("page"))
    context = {"page": page, "groups": grouped(page.object_list, zone_of(request)), "query": query}
    return render(request, "conversations/list.html", context)


def _start(request: SignedInRequest) -> HttpResponse:
    form = NewConversationForm(request.POST)
    wanted = form.cleaned_data["project"] if form.is_valid() else None
    project = Frame(request).project
    if wanted is not None:
        project = get_object_or_404(Project.objects.visible_to(request.user), pk=wanted)
    if project is None:
        raise Refusal(
            "no_project",
            "You are not a member of any project yet. Ask an administrator to add you.",
            status=409,
        )
    request.session[CURRENT_PROJECT] = str(project.pk)
    return redirect("conversation", create_conversation(by=request.user, project=project).pk)


@require_POST
@signed_in
def try_agent(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Says on the settings page whether the project's agent answers."""
    project = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
    tried = services.try_agent(by=request.user, project=project)
    if is_fragment(request):
        return render(request, "playground/tried_agent.html", {"tried": tried})
    if tried["ok"]:
        notices.success(request, f"{tried['model']} answered.")
    else:
        notices.error(request, tried["error"]["detail"])
    return redirect("project-settings", project.pk)


# --- one conversation -----------------------------------------------------------------------------


@require_safe
@signed_in
def conversation(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    own = _own(request, pk)
    page = pages.conversation_page(request.user, own, _query_id(request, "message"))
    return render(request, "conversations/conversation.html", {"page": page, "form": ComposerForm()})


@require_POST
@signed_in
def rename(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    own = _own(request, pk)
    form = TitleForm(request.POST)
    if not form.is_valid():
        raise Invalid("title", "A title may have at most 200 characters.")
    rename_conversation(by=request.user, conversation=own, title=form.cleaned_data["title"])
    if not is_fragment(request):
        return redirect("conversation", own.pk)
    response = render(request, "conversations/title_swap.html", {"conversation": own})
    return trigger(response, "close-dialog")


@require_POST
@signed_in
def delete(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    services.delete_conversation(by=request.user, conversation=_own(request, pk))
    return toast(request, redirect("home"), "The conversation is deleted. Saved artifacts were kept.")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def messages(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """More messages of a conversation; POST appends one or starts a program."""
    own = _own(request, pk)
    if request.method == "POST":
        return _say(request, own)
    before, after = _query_id(request, "before"), _query_id(request, "after")
    window = pages.window(request.user, own, before=before, after=after)
    # The first message gives one, which a second window has to be told; so has a rename.
    is_retitled = request.GET.get("title", own.display_title) != own.display_title
    if not window.entries and before is None and not is_retitled:
        # Nothing new: htmx leaves the page alone, and asks again.
        return HttpResponse(status=204)
    template = "conversations/earlier.html" if before else "conversations/later.html"
    context = {"window": window, "conversation": own, "is_retitled": is_retitled}
    return render(request, template, context)


def _say(request: SignedInRequest, own: Conversation) -> HttpResponseBase:
    form = ComposerForm(request.POST)
    if not form.is_valid():
        raise Invalid("body", "This form has changed. Reload the page; what you wrote is kept.")
    body = form.cleaned_data["body"].replace("\r\n", "\n")
    try:
        if form.cleaned_data["mode"] == TurnKind.PROGRAM:
            services.start_program(by=request.user, conversation=own, code=body)
        else:
            if not body.strip():
                raise Invalid("body", "Write something first.")
            respond = services.agent_reason(own.project) is None
            services.post(
                by=request.user, conversation=own, role=MessageRole.USER, body=body, respond=respond
            )
    except Refusal as refusal:
        if is_fragment(request):
            raise
        page = pages.conversation_page(request.user, own, None)
        context = {"page": page, "form": form, "error": refusal.detail}
        return render(request, "conversations/conversation.html", context, status=refusal.status)
    if not is_fragment(request):
        return redirect(f"{reverse('conversation', args=[own.pk])}#newest")
    own.refresh_from_db(fields=["title"])
    window = pages.window(request.user, own, after=form.cleaned_data["after"])
    context = {"window": window, "conversation": own, "is_retitled": True}
    return render(request, "conversations/later.html", context)


@require_safe
@signed_in
def context(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """What an agent would be given now."""
    own = _own(request, pk)
    receipt = pages.receipt_of(assemble(user=request.user, conversation=own)["receipt"])
    return _detail(request, "conversations/receipt.html", {"receipt": receipt, "now": True})


@require_safe
@signed_in
def as_markdown(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The conversation, or one `?message=` of it, as Markdown to copy."""
    own = _own(request, pk)
    text = pages.as_markdown(request.user, own, _query_id(request, "message"))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


# --- turns ------------------------------------------------------------------------------------------


def _own_turn(request: SignedInRequest, pk: UUID) -> Turn:
    return get_object_or_404(Turn.objects.visible_to(request.user).select_related("conversation"), pk=pk)


@require_safe
@signed_in
def turn(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """A turn as it is now; `?foot`: only how it ended, where its messages are on the page already."""
    own = _own_turn(request, pk)
    if not is_fragment(request):
        return redirect(f"{reverse('conversation', args=[own.conversation_id])}#turn-{own.pk}")
    template = "turn_foot" if "foot" in request.GET and not own.is_open else "turn"
    context = {"entry": pages.turn_entry(request.user, own)}
    return render(request, f"conversations/{template}.html", context)


@require_POST
@signed_in
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    own = services.cancel_turn(by=request.user, turn=_own_turn(request, pk))
    if not is_fragment(request):
        return redirect("turn", own.pk)
    return HttpResponse(status=204)


@require_POST
@signed_in
def answer_again(request: SignedInRequest, pk: UUID, message_id: UUID) -> HttpResponseBase:
    """Has a message answered once more; the new turn takes the place of the one before."""
    own = _own(request, pk)
    message = get_object_or_404(Message.objects.filter(conversation=own), pk=message_id)
    turn = services.answer_again(by=request.user, message=message)
    if not is_fragment(request):
        return redirect("turn", turn.pk)
    return render(request, "conversations/turn.html", {"entry": pages.turn_entry(request.user, turn)})


@require_safe
@signed_in
def receipt(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """What the agent saw in a turn, as it was recorded then."""
    own = _own_turn(request, pk)
    return _detail(request, "conversations/receipt.html", {"receipt": pages.receipt_of(own.receipt or {})})


# --- attachments --------------------------------------------------------------------------------------


def _own_upload(request: SignedInRequest, pk: UUID, file_id: str) -> tuple[Conversation, Upload]:
    own = _own(request, pk)
    visible = Upload.objects.visible_to(request.user).filter(conversation=own).with_extraction()
    return own, get_object_or_404(visible.with_file_id(file_id))


def _attachments(request: SignedInRequest, own: Conversation) -> HttpResponse:
    """The panel as it is now, or the page that holds it."""
    if not is_fragment(request):
        return redirect("conversation", own.pk)
    found = {"attachments": pages.attachments(request.user, own), "conversation": own}
    return render(request, "conversations/uploads.html", found)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def uploads(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """The attachments panel; POST attaches files where JavaScript is off."""
    own = _own(request, pk)
    if request.method == "POST":
        files, turned_away = request.FILES.getlist("file"), door.turned_away(request)
        if not files and not turned_away:
            raise Invalid("file", "Choose one or more files first.")
        _, rejected = upload_services.receive(
            by=request.user, conversation=own, files=files, turned_away=turned_away
        )
        for item in rejected:
            notices.error(request, f"{item.filename}: {item.reason}")
    return _attachments(request, own)


@require_safe
@signed_in
def upload_text(request: SignedInRequest, pk: UUID, file_id: str) -> HttpResponseBase:
    """The extracted text of a file with what is known of it: the content of its dialog."""
    return _upload_dialog(request, *_own_upload(request, pk, file_id))


def _upload_dialog(request: SignedInRequest, own: Conversation, upload: Upload) -> HttpResponse:
    # Cut by the database: megabytes that nobody reads stay there.
    text = Extraction.objects.filter(upload=upload).values_list(
        Substr("text", 1, pages.SHOWN_TEXT), flat=True
    )
    found: dict[str, Any] = {
        "conversation": own,
        "upload": upload,
        "link": url_for(upload),
        "text": text.first(),
        "shown": pages.SHOWN_TEXT,
    }
    return _detail(request, "conversations/upload_text.html", found)


def _detail(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The content of the detail dialog; a page of its own where JavaScript is off."""
    if not is_fragment(request):
        context, template = {**context, "detail": template}, "conversations/detail_page.html"
    return render(request, template, context)


@require_POST
@signed_in
def upload_active(request: SignedInRequest, pk: UUID, file_id: str) -> HttpResponseBase:
    own, upload = _own_upload(request, pk, file_id)
    form = ActiveForm(request.POST)
    active = form.is_valid() and form.cleaned_data["active"]
    upload_services.set_active(by=request.user, upload=upload, is_active=active)
    return _attachments(request, own)


@require_POST
@signed_in
def upload_retry(request: SignedInRequest, pk: UUID, file_id: str) -> HttpResponseBase:
    own, upload = _own_upload(request, pk, file_id)
    upload_services.retry(by=request.user, upload=upload)
    return _attachments(request, own)


@require_POST
@signed_in
def uploads_retry_failed(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    own = _own(request, pk)
    retried = len(upload_services.retry_failed(by=request.user, conversation=own))
    said = f"{retried} file{pluralize(retried)} will be read again." if retried else "No file had failed."
    return toast(request, _attachments(request, own), said)


@require_POST
@signed_in
def upload_delete(request: SignedInRequest, pk: UUID, file_id: str) -> HttpResponseBase:
    own, upload = _own_upload(request, pk, file_id)
    upload_services.delete_upload(by=request.user, upload=upload)
    return toast(request, _attachments(request, own), f"{upload.filename} is removed.")


@require_POST
@signed_in
def upload_new_link(request: SignedInRequest, pk: UUID, file_id: str) -> HttpResponseBase:
    """Ends every link given out for a file so far."""
    own, upload = _own_upload(request, pk, file_id)
    upload_services.revoke_link(by=request.user, upload=upload)
    response = (
        _upload_dialog(request, own, upload) if is_fragment(request) else redirect("conversation", own.pk)
    )
    return toast(request, response, "Earlier links to this file no longer work.")
