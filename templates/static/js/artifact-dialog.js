// Forms about artifacts and members in a dialog: a link with data-dialog opens its address here instead of as a page.
// What is refused is said in the form by refusals.js; a form that was done closes the dialog.

const dialog = makeDialog();

function makeDialog() {
  const made = document.createElement("dialog");
  made.id = "artifact-dialog";
  made.setAttribute("aria-labelledby", "artifact-dialog-title");
  document.body.append(made);
  return made;
}

async function show(verb, url, options) {
  await htmx.ajax(verb, url, { target: dialog, swap: "innerHTML", ...options });
  if (dialog.querySelector("[data-dialog-content]") && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  dialog.replaceChildren();
  show("GET", link.href, { source: link });
});

// A form that only asks (delete what is ticked) shows its question here.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-dialog]")) return;
  event.preventDefault();
  const values = {};
  for (const [name, value] of new FormData(form, event.submitter)) (values[name] ??= []).push(value);
  dialog.replaceChildren();
  show("POST", form.action, { source: form, values });
});

dialog.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.xhr.status === 204) dialog.close();
});

// Whatever shows something that was deleted goes; a page that is about it gives way to the gallery.
document.addEventListener("artifact-deleted", (event) => {
  const id = CSS.escape(event.detail.id);
  const page = document.querySelector(`[data-artifact-page="${id}"]`);
  if (page) location.assign(page.dataset.goneTo);
  for (const card of document.querySelectorAll(`[data-artifact-card="${id}"]`)) card.remove();
});
