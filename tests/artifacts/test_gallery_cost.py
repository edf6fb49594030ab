"""The gallery, piece by piece, at the same small number of statements for six tiles and for a page of them."""

import base64
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts.gallery import SIZE
from artifacts.models import Artifact, Grid, Thumbnail
from conversations.models import Conversation
from conversations.services import create_conversation
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
KINDS = 6
MOST = {"gallery": 11, "gallery-more": 5, "gallery-tabs": 7}  # statements, by what the answer goes into


def one_of_each(cast: Cast, conversation: Conversation, number: int) -> None:
    """Six tiles that show all that one can: a picture, rows out of a grid, what somebody else made."""

    def made(name: str, kind: str, data: Any, **facts: Any) -> Artifact:
        data = base64.b64encode(data).decode() if kind == "file" else data
        return cast.artifact(f"{number} {name}", kind, data, conversation=conversation, **facts)

    made("total.py", "file", f"print({number})".encode())
    made("table", "table", [{"n": number}], saved="private")
    made("text", "text", f"In the year {number}")
    picture = made("plot.png", "file", PNG + bytes([number]))
    Thumbnail.objects.create(version=picture.current, file="t.webp", size=1, width=1, height=1)
    sheet = made("sheet.csv", "file", f"a,b\n{number},2\n".encode())
    summary = {"columns": ["from the grid"], "sample": [{"from the grid": number}], "rows": 1}
    Grid.objects.update_or_create(
        version=sheet.current, defaults={"file": "g", "size": 1, "summary": summary}
    )
    theirs = create_conversation(by=cast.bob, project=cast.project, title="Theirs")
    cast.artifact(f"{number} of Bob", conversation=theirs, saved="project")


def statements(client: Client, address: str, target: str) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address, headers={"HX-Request": "true", "HX-Target": target})
    assert answer.status_code == 200
    return len(seen), answer.content.decode()


@pytest.mark.parametrize("scope", ["mine", "all"])
def test_it_costs_the_same_for_six_tiles_and_for_a_page(cast: Cast, scope: str) -> None:
    client, address = Client(), f"/artifacts?scope={scope}"
    client.force_login(cast.alice)
    counts = []
    for tiles in (KINDS, SIZE):
        for number in range(Artifact.objects.count() // KINDS, tiles // KINDS):
            one_of_each(cast, cast.conversation, number)
        found = {target: statements(client, address, target) for target in MOST}
        page = found["gallery"][1]
        assert "from the grid" in page
        assert "/thumbnail?" in page
        assert ("by bob" in page) is (scope == "all")
        assert page.count('class="tile"') == (tiles if scope == "all" else tiles // KINDS * (KINDS - 1))
        counts.append({target: count for target, (count, _) in found.items()})
    assert counts[0] == counts[1]
    assert all(counts[0][target] <= most for target, most in MOST.items()), counts[0]
