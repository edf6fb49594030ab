"""The account page; thin."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.forms import TokenForm
from accounts.pages import AccountPage, SignedInRequest, account_page
from artifactsite.lib.errors import Refusal
from artifactsite.lib.pages import is_fragment, refusals_shown, toast

YEAR = 365 * 24 * 3600
THEMES = ("light", "dark")


def _tokens(request: HttpRequest, page: AccountPage, status: int = 200) -> HttpResponse:
    template = "accounts/tokens.html" if is_fragment(request) else "accounts/account.html"
    return render(request, template, {"page": page}, status=status)


@login_required
@require_safe
def account(request: SignedInRequest) -> HttpResponseBase:
    return render(request, "accounts/account.html", {"page": account_page(request.user)})


@never_cache
@login_required
@require_POST
def make_token(request: SignedInRequest) -> HttpResponseBase:
    """Makes a token and shows its secret, this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _tokens(request, account_page(request.user, form=form))
    try:
        _, secret = services.create_token(
            by=request.user,
            name=form.cleaned_data["name"],
            scope=form.cleaned_data["scope"],
            lifetime=form.lifetime,
        )
    except Refusal as refusal:
        return _tokens(request, account_page(request.user, form=form, error=refusal.detail))
    return _tokens(request, account_page(request.user, secret=secret))


@login_required
@require_POST
@refusals_shown
def revoke_token(request: SignedInRequest, public_id: UUID) -> HttpResponseBase:
    services.revoke_token(by=request.user, public_id=public_id)
    response = _tokens(request, account_page(request.user)) if is_fragment(request) else redirect("account")
    return toast(request, response, "The token is revoked. Whatever used it is signed out.")


@require_POST
def theme(request: HttpRequest) -> HttpResponseBase:
    """Remembers the theme in a cookie; js/theme.js does the same without a reload."""
    where = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(where, allowed_hosts=None):
        where = "/"
    response = HttpResponseRedirect(where)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
