// What htmx was refused, shown where it happened: in the [data-errors] slot of the form, else in the corner.

import { refusalIn, UNREACHABLE } from "./http.js";
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
// Signed out meanwhile: the sign-in page is a page, not a fragment, and leads back here.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL, location.href).pathname !== "/sign-in") return;
  event.detail.shouldSwap = false;
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
});
