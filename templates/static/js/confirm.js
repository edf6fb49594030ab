// Asks before something goes: hx-confirm="…" on htmx requests, data-confirm="…" on plain forms.
// data-confirm-title and data-confirm-yes on the same element name the question and the button.

const dialog = document.getElementById("confirm-dialog");

export function ask({ title = "Are you sure?", text, yes = "Delete" }) {
  dialog.querySelector("#confirm-title").textContent = title;
  dialog.querySelector("[data-confirm-text]").textContent = text;
  dialog.querySelector("[data-confirm-yes]").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function wordsOf(element, text) {
  return { title: element.dataset.confirmTitle, yes: element.dataset.confirmYes, text };
}

if (dialog) {
  document.addEventListener("htmx:confirm", async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(wordsOf(event.detail.elt, event.detail.question))) event.detail.issueRequest(true);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    if (await ask(wordsOf(form, form.dataset.confirm))) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
    }
  });
}
