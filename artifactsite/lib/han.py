"""Traditional Chinese characters as simplified ones, so that either finds the other."""

from functools import cache
from importlib.resources import files


def simplified(character: str) -> str:
    """The character itself where it has no simpler form. The table is read when somebody first asks."""
    return _table().get(character, character)


@cache
def _table() -> dict[str, str]:
    """OpenCC's table of characters. Of several simpler forms the first is the usual one."""
    text = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines())
    return {character: simple for character, simple, *_ in rows if len(character) == len(simple) == 1}
