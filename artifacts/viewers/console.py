"""What goes wrong inside a previewed page, told to the page around it (templates/static/js/frame-errors.js)."""

import re

from artifacts.viewers.guard import GUARD

# Opaque origins have no name, so the message can be addressed to anybody; it holds only what the page itself did.
_REPORTER = b"""<script>(() => {
  let left = 50;
  const tell = (text) => {
    if (left-- > 0) parent.postMessage({ type: "frame-error", text: String(text).slice(0, 500) }, "*");
  };
  addEventListener("error", (event) => {
    const { target } = event;
    if (event.message) tell(event.message + (event.lineno ? ` (line ${event.lineno})` : ""));
    else if (target?.tagName) tell(`Could not load ${target.src || target.href || target.tagName}`);
  }, true);
  addEventListener("unhandledrejection", (event) => tell(event.reason));
  addEventListener("securitypolicyviolation", (event) => {
    tell(`Blocked: ${event.blockedURI} (${event.effectiveDirective})`);
  });
  const original = console.error.bind(console);
  console.error = (...words) => {
    tell(words.join(" "));
    original(...words);
  };
  document.currentScript.remove();
})();</script>"""
_START = re.compile(rb"\s*(?:<!--.*?-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)


def with_reporter(page: bytes) -> bytes:
    """The page with the guard and the reporter before all of its own scripts, and still in the mode its doctype asks for."""
    start = _START.match(page[:4096])
    at = start.end() if start else 0
    return page[:at] + GUARD + _REPORTER + page[at:]
