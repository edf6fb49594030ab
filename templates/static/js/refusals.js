// What htmx was refused, shown where it happened: in the [data-errors] slot of the form, else in the corner.

import { refusalIn, signsIn, UNREACHABLE } from "./http.js";
import { toast } from "./toast.js";

export function slotOf(element) {
  return element?.closest("form, dialog, [data-errors-here]")?.querySelector("[data-errors]") ?? null;
}

export function showRefusal(element, sentence) {
  const slot = slotOf(element);
  if (!slot) {
    toast(sentence, { bad: true });
    return;
  }
  const note = document.createElement("div");
  note.className = "note note-bad";
  note.setAttribute("role", "alert");
  note.textContent = sentence;
  slot.replaceChildren(note);
}

document.addEventListener("htmx:beforeRequest", (event) => slotOf(event.detail.elt)?.replaceChildren());
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  showRefusal(elt, refusalIn(xhr.responseText, xhr.status));
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    // A poll that fails says nothing: the next one may well succeed.
    if (!event.detail.elt.hasAttribute("data-quiet")) showRefusal(event.detail.elt, UNREACHABLE);
  });
}
document.addEventListener("htmx:beforeSwap", (event) => {
  if (signsIn(event.detail.xhr.responseURL)) event.detail.shouldSwap = false;
});
