"""The gallery's tiles in templates."""

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from artifacts.gallery import Tile

MOST_KEPT = 1000  # of some 4 KB each

register = template.Library()


@register.simple_tag(name="tile")
@lru_cache(maxsize=MOST_KEPT)
def tile_html(tile: Tile, is_list: bool) -> SafeString:
    """A tile as templates/artifacts/tile.html prints it.

    That depends on nothing else, so equal tiles are printed once. What a reader may see was decided before: a tile
    holds no more than that.
    """
    return render_to_string("artifacts/tile.html", {"tile": tile, "is_list": is_list})
