// The gallery by keyboard. One tile is reached by Tab; the arrow keys, Home and End go from tile to tile, x and Space
// select, Ctrl+A all of them, Esc none, Delete deletes.

import { clear, count, selectAll, selectShown, selectTo, tiles, toggle } from "./gallery-selection.js";
import { isTyping } from "./shortcuts.js";

const place = document.getElementById("gallery");
const bar = document.getElementById("selection");
let current = null; //  the tile that Tab reaches

function controls(tile) {
  return tile.querySelectorAll("a[href], input");
}

function reach(tile) {
  if (current === tile) return;
  for (const control of current ? controls(current) : []) control.tabIndex = -1;
  for (const control of controls(tile)) control.removeAttribute("tabindex");
  current = tile;
}

/** Only one tile is a stop of the Tab key. */
function tidy(shown) {
  for (const tile of shown) {
    if (tile === current) continue;
    for (const control of controls(tile)) control.tabIndex = -1;
  }
  if (!current?.isConnected || current.hidden) current = null;
  const first = current ? null : tiles()[0];
  if (first) reach(first);
}

function go(tile, extends_) {
  if (!tile) return;
  tile.querySelector(".tile-open").focus();
  tile.scrollIntoView({ block: "nearest" });
  if (extends_) selectTo(tile);
}

/** The tile above or below: in the next row, the one nearest to this column. */
function beside(shown, at, step) {
  const { top, left } = shown[at].getBoundingClientRect();
  let row = null;
  let best = null;
  let distance = Infinity;
  for (let next = at + step; shown[next]; next += step) {
    const place = shown[next].getBoundingClientRect();
    if (place.top === top) continue;
    row ??= place.top;
    if (place.top !== row) break;
    if (Math.abs(place.left - left) < distance) {
      best = shown[next];
      distance = Math.abs(place.left - left);
    }
  }
  return best;
}

function moved(key, tile) {
  const shown = tiles();
  const at = shown.indexOf(tile);
  switch (key) {
    case "ArrowRight":
      return shown[at + 1];
    case "ArrowLeft":
      return shown[at - 1];
    case "ArrowDown":
      return beside(shown, at, 1);
    case "ArrowUp":
      return beside(shown, at, -1);
    case "Home":
      return shown[0];
    case "End":
      return shown.at(-1);
  }
  return null;
}

place.addEventListener("focusin", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) reach(tile);
});

document.addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.altKey || document.querySelector("dialog[open], [popover].menu:popover-open")) return;
  const tile = event.target.closest?.("#gallery .tile");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && tiles().length) {
    event.preventDefault();
    // Once what is loaded, twice all that the filters match.
    if (count() >= tiles().length) selectAll();
    else selectShown();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape" && count()) {
    event.preventDefault();
    clear();
  } else if (event.key === "Delete" && count()) {
    event.preventDefault();
    bar.querySelector("[data-selection-delete]").click();
  } else if (tile && (event.key === "x" || (event.key === " " && !event.target.matches("input")))) {
    event.preventDefault();
    if (event.shiftKey) selectTo(tile);
    else toggle(tile);
  } else if (tile && /^(Arrow|Home$|End$)/.test(event.key)) {
    event.preventDefault();
    go(moved(event.key, tile), event.shiftKey);
  }
});

tidy(tiles());
document.addEventListener("gallery-grown", (event) => tidy(event.detail.tiles));
// htmx tells of each element that came in.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.matches?.(".tile")) tidy([event.target]);
  else if (event.target.querySelector?.(".tile")) tidy(tiles());
});
document.addEventListener("gallery-hidden", () => tidy([]));
