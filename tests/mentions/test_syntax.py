"""The syntax of mentions: `@[Label](artifact:ID)` and the starts of plain ones."""

import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.syntax import Reference, match_names, plain_starts, references, token

ID = uuid.UUID("8d0e1bc6-93ab-4f6f-8a65-0c5ad25eb2d4")
labels = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=255)
prose = st.text("abc ,;!?\n(){}", max_size=20)


@given(label=labels, before=prose, after=prose)
def test_any_label_makes_a_token_that_reads_back(label: str, before: str, after: str) -> None:
    written = token(label, ID)
    text = f"{before}{written}{after}"
    assert references(text) == [Reference(len(before), len(before) + len(written), label, ID)]


@given(st.lists(st.tuples(labels, st.uuids()), max_size=4), prose)
def test_many_tokens_are_read_in_order(pairs: list[tuple[str, uuid.UUID]], between: str) -> None:
    text = between.join(token(label, pk) for label, pk in pairs)
    assert [(found.label, found.artifact) for found in references(text)] == pairs


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for reference in references(text):
        assert 0 <= reference.start < reference.end <= len(text)
    for start in plain_starts(text):
        assert text[start] == "@"


@pytest.mark.parametrize(
    "text",
    [
        "`@[a](artifact:{id})`",
        "``x ` @[a](artifact:{id})``",
        "```\n@[a](artifact:{id})\n```",
        "~~~python\n@[a](artifact:{id})\n~~~",
        "```\nnever closed\n@[a](artifact:{id})",
        "https://example.org/@[a](artifact:{id})",
        "@[a](artifact:{id}",
        "@[a] (artifact:{id})",
        "@[a](artifact:nonsense)",
        "@[a](artifact:{id}0)",
        "@a](artifact:{id})",
        "@[[a]](artifact:{id})",
        "[a](artifact:{id})",
    ],
)
def test_what_is_no_mention_is_not_read_as_one(text: str) -> None:
    assert references(text.replace("{id}", str(ID))) == []


@pytest.mark.parametrize(
    "text",
    [
        "a ` b @[a](artifact:{id})",
        "`code` @[a](artifact:{id}) `code`",
        "```\ncode\n```\n@[a](artifact:{id})",
        "(@[a](artifact:{id}))",
        "ü😀@[a](artifact:{id})",
    ],
)
def test_what_stands_beside_code_is_read(text: str) -> None:
    assert len(references(text.replace("{id}", str(ID)))) == 1


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("@Q4 Sales", [0]),
        ("see @Q4, (@x) and “@y”", [4, 10, 19]),
        ("ada@example.org", []),
        ("a/@b x.@y", []),
        ("@ alone, @@twice", []),
        ("`@code` @x", [8]),
        ("https://x.org/@user @x", [20]),
        ("line\n@x", [5]),
        ("请看@x、売上@x、ดู@x", [2, 7, 12]),
        (f"@[a @b](artifact:{ID}) @c", [len(token("a @b", ID)) + 1]),
    ],
)
def test_where_a_plain_mention_may_begin(text: str, starts: list[int]) -> None:
    assert plain_starts(text) == starts


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("@Q4 Sales Chart", ["Q4", "Q4 Sales", "Q4 Sales Chart"], "Q4 Sales Chart"),
        ("@Q4 Sales Chart", ["Q4", "Q4 Sales"], "Q4 Sales"),
        ("@q4 SALES.", ["Q4 Sales"], "Q4 Sales"),
        ("@Q4 Salesman", ["Q4 Sales"], None),
        ("@Q4 Salesman", ["Q4", "Q4 Sales"], "Q4"),
        ("@a.py", ["a", "a.py"], "a.py"),
        ("@a.pyc", ["a.py"], None),
        ("@100%", ["100%"], "100%"),
        ("@", ["a"], None),
        ("@ÜBER", ["über"], "über"),
    ],
)
def test_the_longest_name_wins_and_ends_at_a_words_end(
    text: str, names: list[str], found: str | None
) -> None:
    assert match_names(text, 0, names) == found


@pytest.mark.parametrize(
    "text",
    [
        "@[" * 50_000,
        "`" * 100_000,
        "@[\\" * 30_000,
        "~~~\n" * 30_000,
        "@" * 100_000,
        "` " * 50_000,
        "@[a](artifact:" * 20_000,
        "http:" * 20_000,
    ],
)
def test_pathological_texts_are_read_in_under_a_second(text: str) -> None:
    began = time.process_time()
    references(text)
    plain_starts(text)
    assert time.process_time() - began < 1
