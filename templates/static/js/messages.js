// The column of messages: starts at its end, stays there while one reads there, finds the message of a link.

const NEAR = 120; // pixels from the end that count as being there
let atEnd = true;

function page() {
  return document.scrollingElement;
}

export function toBottom() {
  page().scrollTop = page().scrollHeight;
  atEnd = true;
}

function isAtEnd() {
  return page().scrollHeight - page().scrollTop - innerHeight < NEAR;
}

function findLinked() {
  const wanted = location.hash.match(/^#message-([0-9a-f-]{36})$/)?.[1];
  if (!wanted) return false;
  const element = document.getElementById(`message-${wanted}`);
  const asked = new URLSearchParams(location.search).get("message");
  if (element) {
    element.scrollIntoView({ block: "start" });
  } else if (asked !== wanted) {
    // Not among the newest: asked for by its id.
    location.replace(`${location.pathname}?message=${wanted}#message-${wanted}`);
  }
  return true;
}

addEventListener("scroll", () => (atEnd = isAtEnd()), { passive: true });
// Pictures and frames that load late make the column longer.
const column = document.getElementById("messages");
if (column) {
  new ResizeObserver(() => {
    if (atEnd) page().scrollTop = page().scrollHeight;
  }).observe(column);
  addEventListener("hashchange", findLinked);
  if (findLinked()) atEnd = false;
  else toBottom();
}
