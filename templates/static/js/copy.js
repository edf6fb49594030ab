// Copy buttons: data-copy="text", data-copy-from="id", data-copy-url="/where/the/text/is"; and one on every block
// of code in rendered text.

import { refusalIn, UNREACHABLE } from "./http.js";
import { toast } from "./toast.js";

const NOT_ALLOWED = "The browser did not allow copying. Select the text and copy it.";

/** Something that the person is told as it stands. */
class Told extends Error {}

async function fetched(url) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new Told(UNREACHABLE);
  }
  if (!response.ok) throw new Told(refusalIn(await response.text(), response.status));
  return response.text();
}

async function textFor(button) {
  if (button.dataset.copyUrl) return fetched(button.dataset.copyUrl);
  if (button.dataset.copyFrom) {
    const source = document.getElementById(button.dataset.copyFrom);
    return source.value ?? source.textContent;
  }
  return button.dataset.copy ?? button.closest(".copyable")?.querySelector("pre")?.textContent ?? "";
}

/** Where a page has no clipboard, as one has none over plain HTTP: by a selection, beside the button, since a dialog
 * lets nothing outside of it be selected. */
function copyBySelection(button, text) {
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  button.after(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  button.focus();
  if (!copied) throw new Told(NOT_ALLOWED);
}

async function copy(button) {
  const text = textFor(button);
  try {
    if (!navigator.clipboard) copyBySelection(button, await text);
    else if (!window.ClipboardItem) await navigator.clipboard.writeText(await text);
    else {
      // Written at once, with the text to follow: some browsers allow it only within the click.
      const blob = text.then((found) => new Blob([found], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    }
    toast(button.dataset.copied ?? "Copied.");
  } catch {
    // Whether the text was not to be had, or the browser did not take it.
    const said = await text.then(() => NOT_ALLOWED, (error) => (error instanceof Told ? error.message : NOT_ALLOWED));
    toast(said, { bad: true });
  }
}

function decorate(root) {
  for (const pre of root.querySelectorAll(".prose:not([data-blocks]) pre, [data-copyable] pre")) {
    if (pre.parentElement.classList.contains("copyable")) continue;
    const wrapper = document.createElement("div");
    wrapper.className = "copyable";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small";
    button.textContent = "Copy";
    button.setAttribute("data-copy-code", "");
    pre.tabIndex = 0; // wide code scrolls by keyboard too
    pre.replaceWith(wrapper);
    wrapper.append(pre, button);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from], [data-copy-url], [data-copy-code]");
  if (!button) return;
  if (button.ariaDisabled === "true") toast(button.title, { bad: true });
  else copy(button);
});
document.addEventListener("htmx:afterSettle", () => decorate(document));
decorate(document);
