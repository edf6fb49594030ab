"""Filters that lists share."""

from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError


class IdField(forms.UUIDField):
    """An id; a parameter that is there and empty is none."""

    def clean(self, value: Any) -> UUID | None:
        if value == "":
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().clean(value)


class IdFilter(django_filters.UUIDFilter):
    field_class = IdField
