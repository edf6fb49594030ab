"""The one sanitiser: hostile input comes out harmless, and a second, independent one finds nothing left."""

import json
import time
from html.parser import HTMLParser
from pathlib import Path

import bleach
import pytest

from artifactsite.lib import markdown

Tag = tuple[str, tuple[tuple[str, str], ...]]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(sorted((name, value or "") for name, value in attrs))))


def tags(html: str) -> list[Tag]:
    parser = Tags()
    parser.feed(html)
    return parser.seen


def left_by_bleach(html: str) -> str:
    attributes = {tag: [*names, "class", "rel"] for tag, names in markdown.ATTRIBUTES.items()}
    return bleach.clean(
        html,
        tags=markdown.TAGS,
        attributes={"*": ["class"], **attributes},
        protocols={"http", "https", "mailto", "data"},
    )


def assert_harmless(source: str) -> None:
    for html in (markdown.render(source), markdown.sanitise(source)):
        found = tags(html)
        assert {tag for tag, _ in found} <= markdown.TAGS
        names = {name for _, attributes in found for name, _ in attributes}
        assert not {
            name for name in names if name.startswith("on") or name in ("style", "srcdoc", "formaction")
        }
        for tag, attributes in found:
            sources = [value for name, value in attributes if name == "src"]
            assert not sources or (tag == "img" and sources[0].startswith("data:image/"))
        assert tags(left_by_bleach(html)) == found


def test_hostile_markup_is_harmless_and_bleach_agrees(shared: Path) -> None:
    cases = json.loads((shared / "hostile" / "xss-dompurify.json").read_text())
    assert len(cases) > 100
    for case in cases:
        assert_harmless(case if isinstance(case, str) else case["payload"])


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://elsewhere.example/pixel.png)",
        "<img src=x onerror=alert(1)>",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "<br onclick=alert(1)><b style=x>",
        'https://example.org/"onmouseover=alert(1) https://[x](javascript:alert(1))',
        "<a href=' javascript:alert(1)'>x</a>",
        "[x]: javascript:alert(1)\n\n[x]",
        "<svg><script>alert(1)</script></svg>",
        "[^1]\n\n[^1]: <iframe srcdoc='<script>alert(1)</script>'>",
    ],
)
def test_known_tricks_are_harmless(source: str) -> None:
    assert_harmless(source)
    html = markdown.render(source)
    assert 'href="javascript' not in html
    assert 'href="data:' not in html


def test_what_people_write_survives() -> None:
    html = markdown.render(
        "# Plan\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\n~~old~~ [link](https://example.org)\n\n```python\nprint(1)\n```"
    )
    for part in (
        "<h1>",
        "<table>",
        '<td align="right">2</td>',
        'type="checkbox"',
        "<s>",
        'rel="noopener noreferrer nofollow"',
        'class="nb"',
    ):
        assert part in html, part


@pytest.mark.parametrize(
    "source",
    [
        "[" * 50_000,
        "*" * 50_000,
        "> " * 20_000,
        "`" * 50_000,
        "![" * 30_000,
        "a**b" * 20_000,
        "<" * 50_000,
        "| a " * 20_000,
        "<b>" * 20_000,
        "https://a" + ")" * 50_000,
        "![a](b)" * 10_000,
    ],
    ids=[
        "brackets",
        "stars",
        "quotes",
        "ticks",
        "images",
        "emphasis",
        "angles",
        "pipes",
        "tags",
        "address",
        "pictures",
    ],
)
def test_pathological_input_costs_no_more_than_its_length(source: str) -> None:
    began = time.process_time()
    markdown.render(source)
    assert time.process_time() - began < 3


PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("see https://example.org/a_b?c=1&d=(2).", '<a href="{}">{}</a>.'),
        ("(https://example.org/a_b?c=1&d=(2)), so", '(<a href="{}">{}</a>), so'),
    ],
)
def test_a_bare_address_is_a_link_without_the_sentence_around_it(source: str, html: str) -> None:
    address = "https://example.org/a_b?c=1&amp;d=(2)"
    shown = markdown.render(source).replace(' rel="noopener noreferrer nofollow"', "")
    assert html.format(address, address) in shown


@pytest.mark.parametrize(
    "source",
    ["`https://x.org`", "https://", "a@https://x.org", "[https://x.org](/a)", "<script>https:</script>"],
)
def test_what_is_no_bare_address_is_none(source: str) -> None:
    assert 'href="https' not in markdown.render(source)


def test_pictures_that_hold_themselves_are_shown_and_others_are_links() -> None:
    html = markdown.render(
        f"![own]({PIXEL}) ![far](https://example.org/a.png) ![near](a.png) [![badge](https://x.org/b.svg)](/c)"
    ).replace(' rel="noopener noreferrer nofollow"', "")
    assert f'<img src="{PIXEL}" alt="own">' in html
    assert '<a href="https://example.org/a.png">Picture: far</a> Picture: near' in html
    assert '<a href="/c">Picture: badge</a>' in html


def test_breaks_and_marks_for_which_markdown_has_no_sign() -> None:
    html = markdown.render(
        "| a |\n|---|\n| one<br>two |\n\nH<sub>2</sub>O, <KBD>Esc</KBD>, Vec<String>, <b x=1>"
    )
    for part in ("one<br>two", "H<sub>2</sub>O", "<kbd>Esc</kbd>", "Vec&lt;String&gt;", "&lt;b x=1&gt;"):
        assert part in html, part


TEXT = """# Head

First *line*
and second

- one
- two

  still two

```python
x = 1

y = 2
```

| a | b |
| - | - |
| 1 | 2 |

[^1]: A note
> said
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_are_the_whole_text_in_pieces(end: str) -> None:
    text = TEXT.replace("\n", end)
    blocks = markdown.blocks(text)
    assert "".join(blocks) == text
    assert [block.split(end)[0] for block in blocks][:5] == [
        "# Head",
        "First *line*",
        "- one",
        "```python",
        "| a | b |",
    ]
    assert "".join(markdown.blocks("")) == ""


def test_only_the_last_block_of_a_growing_text_changes() -> None:
    settled: list[str] = []
    for length in range(len(TEXT)):
        blocks = markdown.blocks(TEXT[:length])
        assert blocks[: len(settled)] == settled, length
        settled = blocks[:-1]
