"""Filters that lists share."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField


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


class MomentField(NotEmpty, IsoDateTimeField):
    """A time that a database can hold: near the first and last year an offset may lead out of the calendar."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Enter a time between the years 1 and 9999, UTC.") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField
