"""Whether the name that a person means comes first: over a real library, and case by case."""

from collections import Counter

from mentions.ranking import match, query_of
from tests.mentions.names import NAMES
from tests.mentions.queries import QUERIES


def best(query: str, names: list[str] = NAMES) -> list[str]:
    """The names that answer, best first; of equals the first of `names`, as the newest would be."""
    wanted = query_of(query)
    found = [(answer, name) for name in names if (answer := match(wanted, name))]
    return [name for _, name in sorted(found, key=lambda pair: (pair[0].rank, pair[0].cost))]


def test_the_wanted_name_comes_first() -> None:
    asked, first, third = Counter[str](), Counter[str](), Counter[str]()
    missed = []
    for kind, query, wanted in QUERIES:
        top = best(query)[:3]
        asked[kind] += 1
        first[kind] += top[:1] == [wanted]
        third[kind] += wanted in top
        if top[:1] != [wanted]:
            missed.append((kind, query, wanted, top))
    table = "\n".join(f"{kind:14}{asked[kind]:4}{first[kind]:4}{third[kind]:4}" for kind in asked)
    print(f"kind         asked 1st top3\n{table}\n", *missed, sep="\n")
    assert len(NAMES) >= 500
    assert asked.total() >= 450
    assert all(first[kind] >= 0.95 * asked[kind] for kind in asked), missed
    assert first.total() >= 0.95 * asked.total(), missed
    assert third.total() >= 0.99 * asked.total(), missed
