// A table's page keeps its address, and its place from side to side, as other rows come in.

const NAMES = ["sheet", "sort", "order", "filter", "offset"];
let across = 0;

document.addEventListener("htmx:beforeSwap", (event) => {
  const scrolled = event.detail.target.closest?.("[data-grid]")?.querySelector(".preview-grid");
  across = scrolled?.scrollLeft ?? 0;
});

document.addEventListener("htmx:afterSettle", (event) => {
  const grid = event.detail.elt?.closest?.("[data-grid]");
  if (!grid) return;
  const scrolled = grid.querySelector(".preview-grid");
  if (scrolled) scrolled.scrollLeft = across;
  const address = new URL(location.href);
  for (const name of NAMES) address.searchParams.delete(name);
  for (const [name, text] of new URLSearchParams(grid.dataset.gridQuery)) address.searchParams.set(name, text);
  // The state stays: the gallery's viewer knows by it that it is open.
  history.replaceState(history.state, "", address);
});
