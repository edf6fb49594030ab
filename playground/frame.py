"""The frame of every page: what the left rail shows (ui.md, Frame)."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    return {}
