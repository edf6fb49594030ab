"""Parallel requests at the edge of a limit: nothing gets past it."""

import pytest

from artifacts.garbage import stored_keys
from projects.models import Project
from tests.cast import Cast
from tests.parallel import at_once
from tests.uploads.received import send
from uploads.models import Upload

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.engines,
    pytest.mark.usefixtures("shared_database"),
]


@pytest.mark.parametrize("room", [1, 5])
def test_no_file_passes_the_count_limit(cast: Cast, room: int) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=10)
    for number in range(10 - room):
        assert send(cast, (f"{number}.txt", b"x")).status_code == 201
    answers = at_once(20, lambda number: send(cast, (f"late {number}.txt", b"x")))
    assert sorted({answer.status_code for answer in answers}) == [201, 400]
    assert sum(answer.status_code == 201 for answer in answers) == room
    refused = [answer.json() for answer in answers if answer.status_code == 400]
    assert {body["rejected"][0]["code"] for body in refused} == {"too_many_files"}
    assert Upload.objects.count() == 10
    keys = {key for key in stored_keys() if str(cast.conversation.pk) in key}
    assert keys == set(Upload.objects.values_list("file", flat=True))


def test_requests_of_several_files_fill_the_room_exactly(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=7)
    files = [(f"{number}.txt", b"x") for number in range(3)]
    answers = at_once(6, lambda _: send(cast, *files))
    assert sum(len(answer.json()["accepted"]) for answer in answers) == 7
    assert Upload.objects.count() == 7


@pytest.mark.slow
def test_fifty_requests_at_the_edge_of_number_and_size(cast: Cast) -> None:
    Project.objects.filter(pk=cast.project.pk).update(max_files=10, max_file_size_mb=1)
    edge = 1024 * 1024
    sizes = [edge if number % 2 else edge + 1 for number in range(50)]
    answers = at_once(50, lambda number: send(cast, (f"{number}.txt", b"x" * sizes[number])))
    assert {answer.status_code for answer in answers} == {201, 400}
    assert list(Upload.objects.values_list("size", flat=True)) == [edge] * 10
    keys = {key for key in stored_keys() if str(cast.conversation.pk) in key}
    assert keys == set(Upload.objects.values_list("file", flat=True))
    codes = [answer.json()["rejected"][0]["code"] for answer in answers if answer.status_code == 400]
    assert set(codes) == {"too_large", "too_many_files"}
    assert len(codes) == 40
