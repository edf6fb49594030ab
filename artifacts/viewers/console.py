"""What goes wrong inside a previewed page, told to the page around it (templates/static/js/frame-errors.js)."""

import re

from artifacts.viewers.guard import GUARD

# It waits to be asked, since the page around may not listen yet. Opaque origins have no name, so a message can't
# be addressed by one; it holds only what the previewed page itself did.
_REPORTER = b"""<script>(() => {
  let left = 50;
  let waiting = [];
  const send = (text) => parent.postMessage({ type: "frame-error", text }, "*");
  const tell = (text) => {
    if (left-- <= 0) return;
    const short = String(text).slice(0, 500);
    if (waiting) waiting.push(short);
    else send(short);
  };
  const said = (word) => {
    try {
      if (typeof word === "object" && word && !(word instanceof Error)) return JSON.stringify(word) ?? String(word);
      return String(word);
    } catch {
      return typeof word;
    }
  };
  addEventListener("message", (event) => {
    if (event.source !== parent || event.data?.type !== "frame-errors" || !waiting) return;
    waiting.forEach(send);
    waiting = null;
  });
  addEventListener("error", (event) => {
    const { target } = event;
    if (event.message) tell(event.message + (event.lineno ? ` (line ${event.lineno})` : ""));
    else if (target?.tagName) tell(`Could not load ${target.src || target.href || target.tagName}`);
  }, true);
  addEventListener("unhandledrejection", (event) => tell(said(event.reason)));
  addEventListener("securitypolicyviolation", (event) => {
    tell(`Blocked: ${event.blockedURI} (${event.effectiveDirective})`);
  });
  const original = console.error.bind(console);
  console.error = (...words) => {
    tell(words.map(said).join(" "));
    original(...words);
  };
  document.currentScript.remove();
})();</script>"""
_START = re.compile(rb"\s*(?:(?:<!--.*?-->|<\?[^>]*>)\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)


def with_reporter(page: bytes) -> bytes:
    """The page with guard and reporter before all of its own scripts, still in the mode its doctype asks for."""
    start = _START.match(page[:4096])
    at = start.end() if start else 0
    return page[:at] + GUARD + _REPORTER + page[at:]
