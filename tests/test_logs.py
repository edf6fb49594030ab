"""Whoever reads the logs can't read anybody's files (docs/security.md 37)."""

import logging
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from django.conf import settings
from django.test import Client

from tests.cast import Cast
from tests.uploads.received import received
from uploads.links import token_for, url_for

TOKEN = "9df7a050ac2b4a1382-0.q3HAVh_x-Y"
LINK = f"http://site.example/api/files/public?h={TOKEN}"


@pytest.fixture(params=["json", "console"])
def line(request: Any) -> logging.Formatter:
    """How the site writes a line, in either of its formats."""
    made = dict(settings.LOGGING["formatters"]["line"])
    kind = made.pop("()")
    remove, _, *rest = made.pop("processors")
    console = structlog.dev.ConsoleRenderer(colors=False)
    renderer = structlog.processors.JSONRenderer() if request.param == "json" else console
    return kind(processors=[remove, renderer, *rest], **made)


def record(message: object, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("x", logging.ERROR, "f.py", 1, message, arguments, exc_info)


@pytest.mark.parametrize(
    "said",
    [
        LINK,
        f"GET {LINK}&x=1 failed",
        f"http://site.example/api/files/public?x=1&h={TOKEN}",
        quote(LINK, safe=""),
        {"event": "e", "deep": {"headers": [("Referer", LINK)]}},
        {"event": "e", "request": f"GET /api/files/public?h={TOKEN}"},
    ],
    ids=["bare", "in a sentence", "not first", "quoted", "nested", "event"],
)
def test_no_line_carries_a_token(line: logging.Formatter, said: object) -> None:
    written = line.format(record(said))
    assert TOKEN not in written
    assert "files" in written
    assert "public" in written


def test_neither_arguments_nor_tracebacks_do(line: logging.Formatter) -> None:
    assert TOKEN not in line.format(record("fetching %s for %r", LINK, {"url": LINK}))
    try:
        raise ConnectionError(f"could not fetch {LINK}")
    except ConnectionError as error:
        written = line.format(record("failed", error=error))
    assert "could not fetch" in written
    assert TOKEN not in written


def test_what_is_no_link_stays(line: logging.Formatter) -> None:
    for said in ("GET /api/artifacts?h=5", "the h=5 of files", "files/public"):
        assert said in line.format(record(said))


@pytest.mark.django_db
def test_no_request_writes_its_link(cast: Cast, capfd: Any, caplog: Any) -> None:
    upload = received(cast)
    token, link = token_for(upload), url_for(upload)
    client = Client(raise_request_exception=False)
    with caplog.at_level(logging.DEBUG):
        for path in (link, f"/api/files/public?h={token}x", f"/nothing?next={quote(link)}"):
            client.get(path, headers={"Referer": link})
    made = dict(settings.LOGGING["formatters"]["line"])
    line = made.pop("()")(**made)
    written = [line.format(entry) for entry in caplog.records]
    assert written
    assert not [text for text in [*written, *capfd.readouterr()] if token in text]


@pytest.mark.django_db
def test_no_answer_lets_a_browser_pass_the_link_on(cast: Cast) -> None:
    upload = received(cast)
    for path in (url_for(upload), "/api/files/public?h=x"):
        for accept in ("*/*", "text/html"):
            answer = Client().get(path, headers={"Accept": accept})
            assert answer["Referrer-Policy"] == "no-referrer"
            assert token_for(upload).encode() not in getattr(answer, "content", b"")


@pytest.mark.django_db
@pytest.mark.parametrize(("given", "kept"), [("a-proxy-s.1", True), ("x" * 65, False), ("a b", False)])
def test_a_request_is_one_line_that_says_who_asked(cast: Cast, caplog: Any, given: str, kept: bool) -> None:
    with caplog.at_level(logging.INFO, "artifactsite.lib.callers"):
        answer = cast.api("alice").get("/api/projects?q=1", headers={"X-Request-ID": given})
        Client().get("/healthz")
        browser = Client()
        browser.force_login(cast.bob)
        browser.get("/artifacts")
    told, stranger, session = [
        entry.msg for entry in caplog.records if entry.name == "artifactsite.lib.callers"
    ]
    assert answer["Vary"] == "Cookie"  # whoever asked, it is theirs
    assert told["request"] == "GET /api/projects?q=1"
    assert (told["code"], told["user_id"], stranger["user_id"]) == (200, cast.alice.pk, None)
    assert session["user_id"] == cast.bob.pk
    assert (told["request_id"] == given) is kept
    assert told["request_id"] != stranger["request_id"]
