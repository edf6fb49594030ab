// What is selected: ticked tiles, or all that the filters match but some; and what is done with it. The server says of
// what may be saved and deleted, and asks where a deletion reaches far.

import { shownUrl } from "./gallery.js";
import { openDialog } from "./artifact-dialog.js";
import { cancelZip, downloadZip } from "./gallery-zip.js";

const place = document.getElementById("gallery");
const bar = document.getElementById("selection");
const all = bar.querySelector("[data-selection-all]");
const numbers = new Intl.NumberFormat("en");

const chosen = new Set(); //  the ids that are selected, or with `whole` those that aren't
let whole = false;
let anchor = null; //  the tile from which a range is taken

export function tiles() {
  return [...place.querySelectorAll(".tile:not([hidden])")];
}

function idOf(tile) {
  return tile.dataset.artifactCard;
}

function isSelected(tile) {
  return chosen.has(idOf(tile)) !== whole;
}

/** How many the filters match, and whether there are more than were counted. */
function matching() {
  const { total, totalMore } = document.getElementById("gallery-tabs").dataset;
  return { total: Number(total), more: totalMore === "true" };
}

export function count() {
  return whole ? matching().total - chosen.size : chosen.size;
}

function said() {
  const { total, more } = matching();
  if (!whole) return `${numbers.format(chosen.size)} selected`;
  if (!chosen.size) return `All ${numbers.format(total)}${more ? "+" : ""} selected`;
  return `${numbers.format(total - chosen.size)}${more ? "+" : ""} selected`;
}

function draw(tile) {
  const selected = isSelected(tile);
  tile.classList.toggle("is-selected", selected);
  const tick = tile.querySelector(".tile-tick input");
  if (tick) tick.checked = selected;
}

function drawBar() {
  const some = count() > 0;
  bar.classList.toggle("is-open", some);
  place.classList.toggle("has-selection", some);
  if (!some) return;
  bar.querySelector("[data-selection-count]").textContent = said();
  const { total, more } = matching();
  all.hidden = whole ? !chosen.size : chosen.size >= total && !more;
  all.textContent = `Select all ${numbers.format(total)}${more ? "+" : ""}`;
}

function set(tile, selected) {
  if (selected === whole) chosen.delete(idOf(tile));
  else chosen.add(idOf(tile));
  draw(tile);
}

export function toggle(tile) {
  set(tile, !isSelected(tile));
  anchor = tile;
  drawBar();
}

/** From the tile that was selected last to this one. */
export function selectTo(tile, selected = true) {
  const shown = tiles();
  const [from, to] = [shown.indexOf(anchor ?? tile), shown.indexOf(tile)].sort((a, b) => a - b);
  for (const one of shown.slice(Math.max(0, from), to + 1)) set(one, selected);
  drawBar();
}

export function selectShown() {
  whole = false;
  for (const tile of tiles()) set(tile, true);
  drawBar();
}

export function selectAll() {
  whole = true;
  chosen.clear();
  tiles().forEach(draw);
  drawBar();
}

export function clear() {
  whole = false;
  chosen.clear();
  anchor = null;
  tiles().forEach(draw);
  drawBar();
}

/** The selection as the fields of a form. */
function fields() {
  const ids = [...chosen].join(",");
  if (!whole) return { ids };
  return { all: "on", matching: new URL(shownUrl(), location.href).search, without: ids };
}

function act(button) {
  return htmx.ajax("POST", button.getAttribute("formaction") ?? bar.action, {
    source: button,
    swap: "none",
    values: fields(),
  });
}

place.addEventListener("click", (event) => {
  const tick = event.target.closest(".tile-tick input");
  if (!tick) return;
  const tile = tick.closest(".tile");
  if (event.shiftKey && anchor?.isConnected) selectTo(tile, tick.checked);
  else toggle(tile);
  anchor = tile;
});
// A long way from the name to the tick: with a key held, the whole tile is one.
place.addEventListener(
  "click",
  (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || event.target.closest(".tile-tick, .tile-source")) return;
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) return;
    if (!count() && !event.shiftKey) return; //  the browser's own: a new tab
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey && anchor?.isConnected) selectTo(tile);
    else toggle(tile);
    anchor = tile;
  },
  { capture: true },
);

all.addEventListener("click", selectAll);
bar.querySelector("[data-selection-clear]").addEventListener("click", clear);
bar.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button.matches("[data-selection-zip]")) await downloadZip(button.formAction, fields(), bar);
  else if (button.matches("[data-selection-save]")) await act(button);
  else await openDialog("POST", bar.action, { source: button, values: fields() });
});
bar.querySelector("[data-zip-cancel]").addEventListener("click", cancelZip);

for (const done of ["artifacts-deleted", "selection-saved"]) document.addEventListener(done, clear);

// A further piece of the list, and the list read anew, are drawn as they are selected; other filters, another list.
let listed = shownUrl();
document.addEventListener("gallery-grown", (event) => {
  if (count()) event.detail.tiles.forEach(draw);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== place) return;
  if (shownUrl() === listed) {
    tiles().forEach(draw);
    drawBar();
  } else clear();
  listed = shownUrl();
});
// htmx tells of each element that came in.
document.addEventListener("htmx:afterSettle", (event) => {
  if (count() && event.target.matches?.(".tile")) draw(event.target);
  else if (event.target.id === "gallery-tabs") drawBar();
});

// Who is signed out meanwhile finds the selection again, once, after signing in.
const KEPT = `selection:${bar.dataset.user}`;
document.addEventListener("signing-in", () => {
  if (count()) sessionStorage.setItem(KEPT, JSON.stringify({ url: shownUrl(), whole, ids: [...chosen] }));
});
const kept = JSON.parse(sessionStorage.getItem(KEPT));
sessionStorage.removeItem(KEPT);
if (kept?.url === shownUrl()) {
  whole = kept.whole;
  for (const id of kept.ids) chosen.add(id);
  tiles().forEach(draw);
  drawBar();
}
