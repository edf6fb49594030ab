"""Sign-in by django-allauth: nobody makes an account for themselves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Accounts come from administrators (or `manage.py bootstrap`)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
