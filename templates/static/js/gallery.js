// Keeps the address in step with the filters, and the tiles with what changed.

const place = document.getElementById("gallery");

export function shownUrl() {
  return place.querySelector("[data-gallery-url]")?.dataset.galleryUrl ?? location.pathname;
}

function again() {
  return htmx.ajax("GET", shownUrl(), { target: place, swap: "innerHTML" });
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
document.addEventListener("selection-saved", again);

// What was deleted is out of sight (artifact-dialog.js) until it is certain: the list stays where it was scrolled to.

/** The day of nothing but deleted artifacts has no heading. */
function hideEmptyDays() {
  let heading = null;
  let shown = false;
  for (const row of [...place.querySelectorAll(".gallery-day, .tile"), null]) {
    if (row === null || row.matches(".gallery-day")) {
      if (heading) heading.hidden = !shown;
      heading = row;
      shown = false;
    } else if (!row.hidden) shown = true;
  }
}

/** Counts what there is now, without touching the tiles. */
async function recount() {
  const part = "#gallery-tabs";
  await htmx.ajax("GET", shownUrl(), { target: part, select: part, swap: "outerHTML", source: place });
}

function left() {
  return place.querySelectorAll(".tile:not([hidden])").length;
}

document.addEventListener("artifacts-deleted", async () => {
  if (!left()) {
    await again();
    return;
  }
  hideEmptyDays();
  document.dispatchEvent(new CustomEvent("gallery-hidden"));
  await recount();
});

document.addEventListener("artifacts-undeleted", async (event) => {
  const back = event.detail.ids.filter((id) => place.querySelector(`[data-artifact-card="${CSS.escape(id)}"]`));
  if (back.length < event.detail.ids.length) {
    await again();
    return;
  }
  hideEmptyDays();
  await recount();
});
