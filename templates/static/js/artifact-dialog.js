// Forms about artifacts and members in a dialog: a link with data-dialog opens its address here instead of as a page.
// What is refused is said in the form by refusals.js; a form that was done closes the dialog.

import { toastOnNextPage } from "./toast.js";

const dialog = makeDialog();
const GROUPS = ".artifact-actions";
// Among the groups of buttons the place of the one from which the dialog was opened.
let opener = -1;

function makeDialog() {
  const made = document.createElement("dialog");
  made.id = "artifact-dialog";
  made.setAttribute("aria-labelledby", "artifact-dialog-title");
  document.body.append(made);
  return made;
}

/** Opens what the server answers in the dialog; where it has nothing to ask, it is done. */
export async function openDialog(verb, url, options) {
  dialog.replaceChildren();
  await htmx.ajax(verb, url, { target: dialog, swap: "innerHTML", ...options });
  if (dialog.querySelector("[data-dialog-content]") && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  opener = [...document.querySelectorAll(GROUPS)].indexOf(link.closest(GROUPS));
  openDialog("GET", link.href, { source: link });
});

dialog.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.xhr.status === 204) dialog.close();
});

// What shows the artifact is drawn anew after a change, and its button with it: who used the keyboard goes on beside it.
document.addEventListener("htmx:afterSettle", () => {
  if (opener < 0 || dialog.open || document.activeElement !== document.body) return;
  document.querySelectorAll(GROUPS)[opener]?.querySelector("[aria-label='More']")?.focus();
});

// Whatever shows something that was deleted is put away, and is back if that is undone; a page that is about it gives
// way to the gallery, which says so and offers to undo it.
function shown({ detail }) {
  return detail.ids.flatMap((id) => [...document.querySelectorAll(`[data-artifact-card="${CSS.escape(id)}"]`)]);
}

document.addEventListener("artifacts-deleted", (event) => {
  for (const card of shown(event)) card.hidden = true;
  const page = document.querySelector("[data-artifact-page]");
  if (!page || !event.detail.ids.includes(page.dataset.artifactPage)) return;
  document.addEventListener("toast", ({ detail }) => toastOnNextPage(detail), { once: true });
  location.assign(page.dataset.goneTo);
});
document.addEventListener("artifacts-undeleted", (event) => {
  for (const card of shown(event)) card.hidden = false;
});
