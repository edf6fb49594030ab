"""Moments in templates."""

from datetime import UTC, datetime

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def moment(of: datetime | None) -> SafeString:
    """A moment: relative where js/time.js runs, exact on hover and without it. Lists have hundreds of them.

    Nothing of what has not happened yet.
    """
    if of is None:
        return SafeString()
    exact = of.astimezone(UTC)
    said = f"{exact.day} {exact:%b %Y, %H:%M} UTC"
    return mark_safe(f'<time datetime="{exact.isoformat()}" data-relative>{said}</time>')  # noqa: S308 - of numbers
