// The editor of an artifact's text: what was typed isn't lost by leaving; Ctrl+S and Ctrl+Enter save.

const form = document.querySelector("form[data-editor]");
const field = form.querySelector("textarea");
// Shown again after a refusal, the text differs from what is stored from the beginning.
let typed = "unsaved" in form.dataset;

field.addEventListener("input", () => (typed = true));
form.addEventListener("submit", () => (typed = false));
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});
form.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || !["s", "Enter"].includes(event.key)) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-save]"));
});
