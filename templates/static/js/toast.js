// Short notices in the corner: toast(text, {bad, action, onAction}); also what the server sends by HX-Trigger.

const SECONDS = 6;

function region() {
  return document.getElementById("toasts");
}

function expire(element) {
  let timer = setTimeout(() => element.remove(), SECONDS * 1000);
  // Whoever reads or reaches for it gets the time to.
  for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["pointerleave", "focusout"]) {
    element.addEventListener(event, () => (timer = setTimeout(() => element.remove(), 2000)));
  }
}

function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}

export function toast(text, { bad = false, action = "", onAction = null } = {}) {
  const place = region();
  if (!place) return;
  const element = document.createElement("div");
  element.className = bad ? "toast toast-bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (action) {
    element.append(
      button(action, () => {
        element.remove();
        onAction();
      }),
    );
  }
  element.append(button("Dismiss", () => element.remove()));
  if (place.showPopover) {
    // Shown anew each time, so that it lies above a dialog opened since.
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  place.append(element);
  expire(element);
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));
for (const element of document.querySelectorAll("#toasts > .toast")) expire(element);
