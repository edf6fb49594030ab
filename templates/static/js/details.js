// The detail dialog (a file's text, a receipt): opens once its content has come.

const dialog = document.getElementById("detail-dialog");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "detail" || dialog.open) return;
  dialog.showModal();
});
dialog?.addEventListener("close", () => document.getElementById("detail").replaceChildren());
