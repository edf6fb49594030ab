"""People and their tokens in the Django admin."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html

from accounts.models import Token, User
from accounts.services import require_dispensable, revoke_token
from artifactsite.lib.errors import Refusal


class PersonForm(UserChangeForm):
    """Django's own; nobody is deactivated whom a project can't do without."""

    def clean_is_active(self) -> bool:
        active: bool = self.cleaned_data["is_active"]
        if self.instance.is_active and not active:
            try:
                require_dispensable([self.instance.pk])
            except Refusal as refusal:
                raise ValidationError(refusal.detail) from refusal
        return active


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Django's own, with the e-mail address asked for at once."""

    form = PersonForm
    list_display = ["username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_superuser", "is_active", "date_joined"]
    date_hierarchy = "date_joined"
    readonly_fields = ["last_login", "date_joined"]
    # Single permissions come by groups: one way to find out who may do what.
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Administration", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "email", "usable_password", "password1", "password2"],
            },
        )
    ]

    def get_deleted_objects(
        self, objs: Sequence[User] | QuerySet[User], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """As Django's, which deletes nothing while something is protected: here whoever a project can't do without."""
        found, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        try:
            require_dispensable(person.pk for person in objs)
        except Refusal as refusal:
            protected = [*protected, refusal.detail]
        return found, counts, forbidden, protected

    @method_decorator(transaction.atomic)
    def changelist_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        """In one transaction, as Django's other pages are: what was checked stays true until the rows are gone."""
        return super().changelist_view(request, *arguments, **options)


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """Whose tokens there are, and Revoke.

    A token's primary key is its digest, so neither the row's link nor Django's own pages for one row, which
    carry the key in their addresses, are used. Its name is a note of its owner's to themselves.
    """

    list_display = ["public_id", "user", "scope", "created", "expiry", "revoke"]
    list_display_links = None
    list_select_related = ["user"]
    list_filter = ["scope", "created", "expiry"]
    search_fields = ["^public_id", "user__username"]
    ordering = ["-created"]
    actions = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        return super().get_queryset(request).defer("name", "token_key")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Django's own deletion would show the digest; `revoke_view` asks for the permission itself.
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """Finds nothing: there is no page of one row."""

    def get_urls(self) -> list[URLPattern]:
        revoke = path(
            "<uuid:public_id>/revoke/",
            self.admin_site.admin_view(self.revoke_view),
            name="accounts_token_revoke",
        )
        return [revoke, *super().get_urls()]

    @admin.display(description="action")
    def revoke(self, token: Token) -> str:
        return format_html(
            '<a class="deletelink" href="{}">Revoke</a>',
            reverse("admin:accounts_token_revoke", args=[token.public_id]),
        )

    def revoke_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Asks, then ends the token at once."""
        if not request.user.has_perm("accounts.delete_token"):
            raise PermissionDenied
        token = get_object_or_404(Token.objects.select_related("user"), public_id=public_id)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": "Revoke token", "token": token}
            return TemplateResponse(request, "admin/accounts/token/revoke.html", context)
        administrator: Any = request.user
        revoke_token(by=token.user, public_id=public_id)
        LogEntry.objects.create(
            user_id=administrator.pk,
            content_type=ContentType.objects.get_for_model(Token),
            object_id=str(public_id),
            object_repr=f"token {str(public_id)[:8]}",
            action_flag=DELETION,
        )
        self.message_user(request, f"The token of {token.user} is revoked.", messages.SUCCESS)
        return redirect("admin:accounts_token_changelist")
