// Tables and code in a text that are wider than it scroll, so the keyboard has to reach them; others are no stop.

const WIDE = ".prose :is(table, pre)";

function mind(root) {
  const scrolls = [...root.querySelectorAll(WIDE)].map((element) => [element, element.scrollWidth > element.clientWidth]);
  for (const [element, wide] of scrolls) {
    if (wide) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
}

mind(document);
addEventListener("resize", () => mind(document));
document.addEventListener("htmx:afterSettle", (event) => event.target.querySelectorAll && mind(event.target));
