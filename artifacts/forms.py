"""What people type about artifacts."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from artifacts.models import Visibility

MOST_AT_ONCE = 10_000


class EditForm(forms.Form):
    """Name and description."""

    name = forms.CharField(max_length=255)
    description = forms.CharField(max_length=5000, required=False, widget=forms.Textarea)


class SaveForm(EditForm):
    """As the save dialog asks."""

    visibility = forms.ChoiceField(choices=Visibility.choices, initial=Visibility.PRIVATE)


class ContentForm(forms.Form):
    """The text of the next version, and the newest version that its writer knew of."""

    text = forms.CharField(
        max_length=1024 * 1024,
        required=False,
        strip=False,
        error_messages={"max_length": "This text is too long to edit here. Add it as a file."},
    )
    after = forms.IntegerField(min_value=1)


class VisibilityForm(forms.Form):
    to = forms.ChoiceField(choices=Visibility.choices)
    # Whether sharing was allowed when the question was asked: without it, what is made private stays so.
    sharing = forms.BooleanField(required=False)


class TransferForm(forms.Form):
    to = forms.CharField(max_length=254)


class IdsField(forms.CharField):
    """Ids in one value, by commas. Which of them exist, and who may see them, is asked of the database."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=37 * MOST_AT_ONCE, empty_value="")

    def clean(self, value: Any) -> list[UUID]:
        try:
            return [UUID(one) for one in super().clean(value).split(",") if one]
        except ValueError as error:
            raise forms.ValidationError("These are not ids of artifacts.") from error


class SelectionForm(forms.Form):
    """What is selected in the gallery: `ids`, or `all` that a query of its address matches `without` some.

    Without JavaScript each ticked artifact is an `id`.
    """

    ids = IdsField()
    all = forms.BooleanField(required=False)
    matching = forms.CharField(max_length=4000, required=False, empty_value="")
    without = IdsField()
    confirmed = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict) -> None:
        given = data.copy()
        if ticked := data.getlist("id"):
            given["ids"] = ",".join([data.get("ids", ""), *ticked])
        super().__init__(given)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cleaned_data
        if not found.get("all") and not found.get("ids") and not self.errors:
            raise forms.ValidationError("Select some artifacts first.")
        return found
