// Copy buttons: data-copy="text", data-copy-from="id", data-copy-url="/where/the/text/is"; and one on every block
// of code in rendered text.

import { UNREACHABLE } from "./http.js";
import { toast } from "./toast.js";

async function textFor(button) {
  if (button.dataset.copyUrl) {
    const response = await fetch(button.dataset.copyUrl);
    if (!response.ok) throw new Error("The text could not be read. Reload the page and try again.");
    return response.text();
  }
  if (button.dataset.copyFrom) {
    const source = document.getElementById(button.dataset.copyFrom);
    return source.value ?? source.textContent;
  }
  return button.dataset.copy ?? button.closest(".copyable")?.querySelector("pre")?.textContent ?? "";
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(await textFor(button));
    toast(button.dataset.copied ?? "Copied.");
  } catch (error) {
    const detail = error instanceof TypeError ? UNREACHABLE : "The browser did not allow copying. Select the text and copy it.";
    toast(detail, { bad: true });
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
  if (button) copy(button);
});
document.addEventListener("htmx:afterSettle", () => decorate(document));
decorate(document);
