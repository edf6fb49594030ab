"""Texts with mentions in templates, as the reader may see them."""

from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString

from mentions.resolve import chipped_text, named_text

if TYPE_CHECKING:
    from accounts.models import User

register = template.Library()


@register.filter
def chipped(text: str, reader: "User") -> SafeString:
    """The text with a chip in each mention's place."""
    return chipped_text(text, reader)


@register.filter
def named(text: str, reader: "User") -> str:
    """The text to edit: each mention with the name that what it means has now."""
    return named_text(text, reader)
