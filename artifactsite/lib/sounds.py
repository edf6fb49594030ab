"""Words as they are heard, for those who spell by ear: "filogenetic", "farmacy", "kwartet".

Of folded letters (artifactsite/lib/letters.py), and only Latin ones: other scripts are written as they sound.
"""

import re
from functools import lru_cache

_FEWEST, _MOST = 3, 4  # consonants of an outline
# In this order: what several letters stand for before what one does.
_HEARD = (
    (r"^ps", "s"),
    (r"^[pkgm]n", "n"),
    (r"^wr", "r"),
    (r"^x", "s"),
    (r"ph", "f"),
    (r"ght", "t"),
    (r"tch", "k"),
    (r"sch|sh", "s"),
    (r"ch|ck", "k"),
    (r"h", ""),
    (r"sc(?=[eiy])", "s"),
    (r"c(?=[eiy])", "s"),
    (r"dg(?=[eiy])|g(?=[eiy])", "j"),
    (r"[ts]i(?=o[nu])", "s"),
    (r"qu?", "kv"),
    (r"x", "ks"),
    (r"[ao]e", "e"),
    (r"ee|ea|ie|y", "i"),
    (r"oo|ou", "u"),
)
_RULES = tuple((re.compile(written), heard) for written, heard in _HEARD)
_ONE_FOR_ANOTHER = str.maketrans("czw", "ksv")
_DOUBLE = re.compile(r"(.)\1+")
_VOWEL = re.compile(r"(?<!^)[aeiou]")


@lru_cache(maxsize=20_000)
def heard(word: str) -> str:
    """How a word sounds, roughly; itself where it is not of Latin letters."""
    if not (word.isascii() and word.isalpha()):
        return word
    sounds = word
    for written, sound in _RULES:
        sounds = written.sub(sound, sounds)
    return _DOUBLE.sub(r"\1", sounds.translate(_ONE_FOR_ANOTHER)) or word


@lru_cache(maxsize=20_000)
def consonants(sounds: str) -> str:
    """Of a word as it is heard; a vowel at its beginning stands as any vowel."""
    first = "a" if sounds[:1] and sounds[0] in "aeiou" else sounds[:1]
    return _DOUBLE.sub(r"\1", first + _VOWEL.sub("", sounds)[1:])


def outline(word: str) -> str:
    """A word's first consonants as they sound; none where they are too few to tell."""
    first = consonants(heard(word))[:_MOST] if word.isascii() and word.isalpha() else ""
    return first if len(first) >= _FEWEST else ""
