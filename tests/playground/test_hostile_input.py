"""Whatever is sent to the pages of conversations: an answer, never a fault, and nothing lost by it."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from conversations.models import Message
from playground.services import cancel_turn, start_program
from tests.cast import Cast
from tests.uploads.received import received

pytestmark = [pytest.mark.django_db, pytest.mark.engines]

VALUES = [
    "", " ", "\0", "a\0b", "\ud800", "x" * 100_000, "-1", "9" * 400, "null", "[]", "{}", "true", "../../etc/passwd",
    "%00", "'\"<>", "\r\nX: y", "\u202e", "{{ 7 * 7 }}", "@[x](artifact:nonsense)", f"@[x](artifact:{'0' * 36})",
    str(uuid4()),
]  # fmt: skip
NO_FIELD = "x"
# Where a form goes → its fields.
FORMS = {
    "/conversations": ["project"],
    "{conversation}/rename": ["title"],
    "{conversation}/messages": ["body", "mode", "after"],
    "{conversation}/messages/{message}/retry": [NO_FIELD],
    "{conversation}/uploads": ["file"],
    "{upload}/active": ["active"],
    "{upload}/retry": [NO_FIELD],
    "{upload}/new-link": [NO_FIELD],
    "{conversation}/uploads/retry-failed": [NO_FIELD],
    "/turns/{turn}/cancel": [NO_FIELD],
    "/projects/{project}/open": [NO_FIELD],
    "/projects/{project}/try-agent": [NO_FIELD],
}
QUERIES = {
    "/conversations": ["q", "page"],
    "{conversation}": ["message"],
    "{conversation}/messages": ["before", "after"],
    "{conversation}/markdown": ["message"],
    "{conversation}/context": ["message"],
    "{upload}/text": [NO_FIELD],
    "/turns/{turn}": ["foot"],
    "/turns/{turn}/receipt": [NO_FIELD],
    "/api{conversation}/context": ["message"],
}

HEADERS: list[dict[str, Any]] = [{}, {"HTTP_HX_REQUEST": "true"}]


@pytest.fixture
def places(cast: Cast) -> dict[str, Any]:
    turn = start_program(by=cast.alice, conversation=cast.conversation, code="print(1)")
    cancel_turn(by=cast.alice, turn=turn)
    conversation = f"/conversations/{cast.conversation.pk}"
    return {
        "conversation": conversation,
        "upload": f"{conversation}/uploads/{received(cast).file_id}",
        "message": turn.message_id,
        "turn": turn.pk,
        "project": cast.project.pk,
    }


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def quoted(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))


def test_no_form_of_a_conversation_is_at_fault(alice: Client, places: dict[str, Any], cast: Cast) -> None:
    for address, fields in FORMS.items():
        for field in fields:
            for number, value in enumerate(VALUES if field != NO_FIELD else VALUES[:4]):
                answer = alice.post(
                    address.format(**places),
                    f"{field}={quoted(value)}",
                    content_type="application/x-www-form-urlencoded",
                    **HEADERS[number % 2],
                )
                assert answer.status_code < 500, (address, field, value[:20])
    cast.conversation.refresh_from_db()
    assert "\0" not in cast.conversation.title
    assert all("\0" not in body for body in Message.objects.values_list("body", flat=True))


def test_no_query_of_a_conversation_is_at_fault(alice: Client, places: dict[str, Any]) -> None:
    for address, fields in QUERIES.items():
        for field in fields:
            for number, value in enumerate(VALUES if field != NO_FIELD else VALUES[:4]):
                query = f"{field}={quoted(value[:5000])}"
                answer = alice.get(f"{address.format(**places)}?{query}", **HEADERS[number % 2])
                assert answer.status_code < 500, (address, field, value[:20])


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_body_of_another_type_is_no_fault(alice: Client, places: dict[str, Any], content_type: str) -> None:
    for address in FORMS:
        for raw in (
            b"",
            b"{",
            b"[" * 10_000,
            b"--x\r\n",
            b"--x\r\nContent-Disposition: form-data\r\n\r\n",
            b"\xff\0",
        ):
            answer = alice.post(address.format(**places), raw, content_type=content_type)
            assert answer.status_code < 500, (address, raw[:20])
