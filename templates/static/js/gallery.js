// Keeps the address in step with the filters, and the tiles with what changed.

const place = document.getElementById("gallery");

export function shownUrl() {
  return place.querySelector("[data-gallery-url]")?.dataset.galleryUrl ?? location.pathname;
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== place) return;
  if (location.pathname + location.search !== shownUrl()) history.pushState({ gallery: true }, "", shownUrl());
});

addEventListener("popstate", () => {
  // Back and forward through filters: the server renders what the address says. The viewer has its own way.
  const here = location.pathname + location.search;
  if (location.pathname === "/artifacts" && here !== shownUrl()) location.reload();
});

document.addEventListener("artifact-changed", (event) => {
  const tile = place.querySelector(`[data-artifact-card="${CSS.escape(event.detail.id)}"]`);
  if (tile) htmx.ajax("GET", tile.dataset.selfUrl, { target: tile, swap: "outerHTML" });
});

document.addEventListener("selection-deleted", () => {
  htmx.ajax("GET", shownUrl(), { target: place, swap: "innerHTML" });
});
