"""Filters that lists share."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError


class NotEmpty:
    """A form's field that may be absent, but not be there and empty."""

    def clean(self, value: Any) -> Any:
        if value == "":
            raise ValidationError("Enter a value, or leave this parameter out.", code="invalid")
        return super().clean(value)  # type: ignore[misc]


class IdField(NotEmpty, forms.UUIDField):
    pass


class IdFilter(django_filters.UUIDFilter):
    field_class = IdField
