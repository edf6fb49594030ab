"""What people type about artifacts."""

from typing import Any
from uuid import UUID

from django import forms

from artifacts.models import Visibility

MOST_AT_ONCE = 500


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


class SelectionForm(forms.Form):
    """The artifacts ticked in the gallery."""

    id = forms.TypedMultipleChoiceField(coerce=UUID, required=True)
    confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["id"]
        # Which of them exist and are the visitor's is asked of the database.
        field.valid_value = lambda value: True

    def clean_id(self) -> list[UUID]:
        chosen: list[UUID] = self.cleaned_data["id"]
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(f"Select at most {MOST_AT_ONCE} artifacts.")
        return chosen
