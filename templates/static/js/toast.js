// Short notices in the corner: toast(text, {bad, action, onAction}); also what the server sends by HX-Trigger, with
// `undo` as the address where its Undo posts.

const SECONDS = 6;
const SECONDS_TO_ACT = 15;

function region() {
  return document.getElementById("toasts");
}

function expire(element) {
  const seconds = element.querySelector("form, [data-toast-action]") ? SECONDS_TO_ACT : SECONDS;
  let timer = setTimeout(() => element.remove(), seconds * 1000);
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
  // The same again, because somebody tried again, takes the place of what still stands there.
  if (bad) for (const said of place.querySelectorAll(".toast-bad")) if (said.firstChild.textContent === text) said.remove();
  const element = document.createElement("div");
  element.className = bad ? "toast toast-bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (action) {
    const act = button(action, () => {
      element.remove();
      onAction();
    });
    act.dataset.toastAction = "";
    element.append(act);
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

function show(detail) {
  const undo = () => htmx.ajax("POST", detail.undo, { source: document.body, swap: "none" });
  toast(detail.text, detail.undo ? { action: "Undo", onAction: undo } : detail);
}

/** For what is said while this page gives way to another. */
export function toastOnNextPage({ text, undo }) {
  sessionStorage.setItem("toast", JSON.stringify({ text, undo }));
}

document.addEventListener("toast", ({ detail }) => show(detail));
const kept = sessionStorage.getItem("toast");
if (kept) {
  sessionStorage.removeItem("toast");
  show(JSON.parse(kept));
}
for (const element of document.querySelectorAll("#toasts > .toast")) expire(element);
