"""What is asked for, and beside which floor."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.library import Library

LIST = "/api/artifacts?size=50"
ROWS_FLOOR, ANSWER_FLOOR, FEW_FLOOR = (
    "bare DRF view, 50 dicts",
    "bare DRF view, 8 fixed",
    "bare DRF view, 8 dicts",
)
TIMES = 40  # queries of each kind in the dropdown


@dataclass(frozen=True)
class Case:
    """`warm` is asked before: the same kind with other words, as a server in use has read its index before."""

    name: str
    addresses: list[str]
    floors: tuple[str, ...]  # by name, each asked beside; ratios are to the first
    warm: tuple[str, ...] = ()


def cases(library: Library, get: Callable[[str], Any], rounds: int) -> Iterator[Case]:
    """Floors first. `get` answers an address with parsed JSON, to find deep places."""

    def again(name: str, address: str, floor: str = ROWS_FLOOR) -> Case:
        return Case(name, [address] * rounds, (floor,))

    yield again(ROWS_FLOOR, "/floor/rows")
    yield again("bare ModelSerializer, 50", "/floor/serializer")
    yield again("raw SQL and orjson, 50", "/floor/raw")
    for name, query in _lists(library, get).items():
        yield again(f"list: {name}", query if "://" in query or query.startswith("/") else LIST + query)
    for name, words in SEARCHES.items():
        yield again(f"search: {name}", LIST + words)
    yield again(ANSWER_FLOOR, "/floor/answer", ANSWER_FLOOR)
    yield again(FEW_FLOOR, "/floor/rows?size=8", FEW_FLOOR)
    rows = get(f"{LIST}&scope=saved&project={library.project}")["results"]
    conversation = next(row["conversation"]["id"] for row in rows if row["conversation"])

    def asked(queries: list[str]) -> list[str]:
        return [
            "/api/mentions?" + urlencode({"conversation": conversation, "q": q, "limit": 8}) for q in queries
        ]

    others = dropdown(library.names, seed=8)
    for name, queries in dropdown(library.names).items():
        warm = tuple(asked(others[name]))
        yield Case(f"mention: {name}", asked(queries), (ANSWER_FLOOR, FEW_FLOOR), warm)


SEARCHES = {
    "in all": "&q=everywhere", "in a third": "&q=annual", "in a hundredth": "&q=hundredth",
    "in twenty": "&q=seldom", "in none": "&q=nowhere", "prefix": "&q=sel", "common prefix": "&q=w1",
    "phrase": "&q=" + quote('"annual report"'), "two words": "&q=" + quote("hundredth report"),
    "two common words": "&q=" + quote("everywhere annual"), "scope=all, common": "&q=annual&scope=all",
    "scope=all, rare": "&q=seldom&scope=all", "by time": "&q=annual&ordering=-created_at",
    "common, page 5": "&q=annual&page=5",
}  # fmt: skip


def _lists(library: Library, get: Callable[[str], Any]) -> dict[str, str]:
    newest = get(LIST)["results"]
    deep = {scope: _deep(get, f"/api/artifacts?size=20&scope={scope}") for scope in ("mine", "all")}
    conversation = newest[-1]["conversation"]["id"]
    return {
        "newest": "",
        **{f"type={name}": f"&type={name}" for name in ("images", "html", "code", "files")},
        **{f"scope={name}": f"&scope={name}" for name in ("shared", "saved", "all")},
        "scope=all, type": "&scope=all&type=images",
        "kind": "&kind=file",
        "kind, none": "&kind=table",
        "project": f"&project={library.project}",
        "project, scope=all": f"&project={library.project}&scope=all",
        "conversation": f"&conversation={conversation}",
        "created_before": "&created_before=2026-10-20T00:00:00Z",
        "by name": "&ordering=name",
        "by change": "&ordering=-updated_at",
        "scope=all, by name": "&scope=all&ordering=name",
        "scope=all, by change": "&scope=all&ordering=-updated_at",
        "page 1,000 of 20": deep["mine"][0],
        "page 1,000, scope=all": deep["all"][0],
        "deep cursor": deep["mine"][1],
        "deep cursor, scope=all": deep["all"][1],
    }


def _deep(get: Callable[[str], Any], address: str) -> tuple[str, str]:
    """The address of page 1,000 or of the deepest power of two there is, and the cursor behind it."""
    for page in (1000, 500, 250, 100, 50, 10, 2):
        answer = get(f"{address}&page={page}")
        if answer is not None and answer["next"]:
            return f"{address}&page={page}", answer["next"]
    return address, address


def dropdown(names: list[str], seed: int = 7) -> dict[str, list[str]]:
    """Queries of each kind for names picked at random."""
    chance = random.Random(seed)

    def of(make: Callable[..., str]) -> list[str]:
        return [make(name, name.split()) for name in chance.choices(names, k=TIMES)]

    def slip(word: str) -> str:
        at = chance.randrange(1, len(word) - 1) if len(word) > 3 else 0
        return word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]

    return {
        "empty": [""] * TIMES,
        **{
            f"{count} letters": of(lambda name, words, count=count: max(words, key=len)[:count])
            for count in range(1, 9)
        },
        "exact": of(lambda name, words: name),
        "prefix": of(lambda name, words: name[: max(3, len(name) // 2)]),
        "word": of(lambda name, words: max(words, key=len)),
        "inside": of(lambda name, words: max(words, key=len)[1:7]),
        "initials": of(lambda name, words: "".join(word[0] for word in words)),
        "any order": of(lambda name, words: " ".join(chance.sample(words, len(words)))),
        "typo": of(lambda name, words: " ".join(slip(word) for word in words[:2])),
        "one word typo": of(lambda name, words: slip(max(words, key=len))),
        "abbreviation": of(lambda name, words: "".join(word[:3] for word in words[:2])),
        "subsequence": of(lambda name, words: "".join(word[:1] + word[2:4] for word in words[:3])),
        "no hit": [f"zxqj{number}vvk" for number in range(TIMES)],
    }
