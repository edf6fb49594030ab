// Dialogs: opened by command="show-modal" (where the browser has no such commands yet), closed by a click beside
// them, and by the server with the event "close-dialog".

const native = "commandForElement" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.('[command="show-modal"][commandfor]');
  if (opener && !native) {
    document.getElementById(opener.getAttribute("commandfor"))?.showModal();
  }
  // A command from a menu leaves the menu behind.
  if (opener) opener.closest("[popover].menu")?.hidePopover();
  event.target.closest?.("[data-close-dialog]")?.closest("dialog").close();
  const dialog = event.target;
  if (dialog instanceof HTMLDialogElement && dialog.open && pressedBeside === dialog) dialog.close();
});

let pressedBeside = null;

document.addEventListener("pointerdown", (event) => {
  const box = event.target instanceof HTMLDialogElement ? event.target.getBoundingClientRect() : null;
  const beside =
    box &&
    (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom);
  pressedBeside = beside ? event.target : null;
});

document.addEventListener("close-dialog", (event) => {
  event.target.closest?.("dialog")?.close();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
