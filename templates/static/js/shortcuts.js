// One-key shortcuts, where nobody is typing. An element answers a key by data-shortcut="key": a form is sent,
// a link or button clicked, a field focused.

let prefix = "";

export function isTyping(element) {
  return Boolean(element?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]"));
}

function perform(element) {
  if (element.matches("form")) element.requestSubmit();
  else if (element.matches("input, textarea")) element.focus();
  else element.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = prefix + event.key;
  prefix = event.key === "g" ? "g" : "";
  if (key === "?") {
    document.getElementById("shortcuts-dialog")?.showModal();
    return;
  }
  const element = [...document.querySelectorAll(`[data-shortcut="${CSS.escape(key)}"]`)].at(-1);
  if (element) {
    event.preventDefault();
    perform(element);
  }
});
