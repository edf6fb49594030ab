"""Texts with mentions in templates, as the reader may see them."""

import json
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString

from mentions.resolve import chipped_text, text_to_edit

if TYPE_CHECKING:
    from accounts.models import User

register = template.Library()


@register.filter
def chipped(text: str, reader: "User") -> SafeString:
    """The text with a chip in each mention's place."""
    return chipped_text(text, reader)


@register.simple_tag
def mentions_to_edit(text: str | None, reader: "User") -> dict[str, str]:
    """`text`, each mention with the name that what it means has now; `kinds`, as JSON, of each as it is written."""
    named, kinds = text_to_edit(text or "", reader)
    return {"text": named, "kinds": json.dumps(kinds)}
