// What went wrong inside a previewed page, listed below it. The words come from untrusted content: they are only
// shown as text, and only where the sender is the very frame they are listed for.

const MOST = 50;

function frameOf(source) {
  return [...document.querySelectorAll("iframe.preview-page")].find((frame) => frame.contentWindow === source);
}

function ask(frame) {
  frame.contentWindow?.postMessage({ type: "frame-errors" }, "*");
}

// Frames that loaded before this script did, and all that come later. Loading doesn't bubble, so it is captured.
document.querySelectorAll("iframe.preview-page").forEach(ask);
document.addEventListener(
  "load",
  (event) => {
    if (event.target instanceof HTMLIFrameElement && event.target.matches(".preview-page")) ask(event.target);
  },
  true,
);

addEventListener("message", (event) => {
  const { data } = event;
  // Previews have an opaque origin, which is written "null"; whoever has another one is none of them.
  if (event.origin !== "null" || !data || data.type !== "frame-error" || typeof data.text !== "string") return;
  const frame = frameOf(event.source);
  const list = frame?.nextElementSibling;
  if (!list?.matches("ul.frame-errors") || list.childElementCount >= MOST) return;
  const item = document.createElement("li");
  item.textContent = data.text.slice(0, 500);
  list.append(item);
  list.hidden = false;
});
