"""What people type about their accounts."""

from datetime import timedelta

from django import forms

from accounts.models import Scope

_LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "No end"}


class TokenForm(forms.Form):
    """A new personal token."""

    name = forms.CharField(max_length=100)
    scope = forms.ChoiceField(choices=Scope.choices, initial=Scope.WRITE)
    days = forms.ChoiceField(
        choices=list(_LIFETIMES.items()), required=False, initial="90", label="Expires after"
    )

    @property
    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None
