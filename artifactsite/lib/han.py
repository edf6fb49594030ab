"""Traditional Chinese characters as simplified ones, so that either finds the other."""

from functools import cache
from pathlib import Path

# Pairs, of OpenCC's table TSCharacters (Apache License 2.0): those of one character each.
_PAIRS = Path(__file__).with_name("han.txt")


def simplified(character: str) -> str:
    """The character itself where it has no simpler form. The table is read when somebody first asks."""
    return _table().get(character, character)


@cache
def _table() -> dict[str, str]:
    return dict(_PAIRS.read_text(encoding="utf-8").split())  # type: ignore[arg-type]
