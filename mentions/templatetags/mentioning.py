"""Texts with mentions in templates, as the reader may see them."""

import json
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString

from mentions.resolve import chipped_text, kinds_in, named_text

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


@register.filter
def mention_kinds(text: str, reader: "User") -> str:
    """As JSON: of each mention in the text to edit the kind, by what is written for it."""
    return json.dumps(kinds_in(text, reader))
