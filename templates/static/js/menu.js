// Menus (popovers with the class "menu"): placed beside their button, walked with the arrow keys.

const GAP = 4;

function buttonOf(menu) {
  return document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
}

function items(menu) {
  return [...menu.querySelectorAll("a[href], button:not(:disabled)")];
}

export function placeBeside(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const fitsBelow = box.bottom + GAP + height <= innerHeight;
  const top = fitsBelow ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height);
  const left = box.left + width <= innerWidth - GAP ? box.left : box.right - width;
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(GAP, left)}px`;
}

// Capturing: toggle events don't bubble.
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    const button = buttonOf(menu);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open" && button) {
      placeBeside(menu, button);
      if (button.matches(":focus-visible")) items(menu)[0]?.focus();
    }
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = document.activeElement?.closest(".menu:popover-open") ?? openedBy(document.activeElement);
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const all = items(menu);
  if (!all.length) return;
  event.preventDefault();
  const at = all.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
  all.at(next % all.length).focus();
});

function openedBy(element) {
  const id = element?.getAttribute?.("popovertarget");
  const menu = id && document.getElementById(id);
  return menu?.matches(".menu:popover-open") ? menu : null;
}

// What was chosen is done: the menu goes. Controls that stay (the theme) carry data-stays.
document.addEventListener("click", (event) => {
  const chosen = event.target.closest?.(".menu:popover-open :is(a, button)");
  if (chosen && !chosen.closest("[data-theme-switch], [data-stays]")) {
    chosen.closest(".menu").hidePopover();
  }
});
