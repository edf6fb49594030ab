// The card of a mention: shown while one points at a chip or focuses it; a click goes to the artifact.

import { request } from "./http.js";
import { placeBeside } from "./menu.js";

const WAIT = 250; // milliseconds
let card = null;
let timer = 0;
let wanted = null;

function line(text, className) {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const style = { style: "unit", unit: units[step], unitDisplay: "narrow", maximumFractionDigits: 1 };
  return new Intl.NumberFormat("en", style).format(bytes / 1000 ** step);
}

function facts(artifact) {
  const parts = [artifact.kind, `version ${artifact.version}`, size(artifact.size)];
  const rows = artifact.preview?.rows;
  if (artifact.kind === "table" && Number.isInteger(rows)) parts.push(`${rows.toLocaleString("en")} rows`);
  if (!artifact.is_owner) parts.push(`by ${artifact.owner}`);
  const reach = artifact.visibility === "project" ? "shared with the project" : "private";
  parts.push(artifact.saved ? reach : "in its conversation");
  return parts.join(" · ");
}

/** The first rows and columns of a table. */
function sample({ columns = [], sample: rows = [] }) {
  const shown = columns.slice(0, 4);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const column of shown) {
    const cell = document.createElement("th");
    cell.textContent = column;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows.slice(0, 4)) {
    const line = body.insertRow();
    for (const column of shown) line.insertCell().textContent = row[column] ?? "";
  }
  return table;
}

function contents(artifact) {
  const made = [line(artifact.name, "truncate label"), line(facts(artifact), "muted small")];
  if (artifact.thumbnail_url) {
    const image = document.createElement("img");
    image.src = new URL(artifact.thumbnail_url).pathname;
    image.alt = "";
    made.push(image);
  }
  if (artifact.kind === "table") made.push(sample(artifact.preview));
  const text = artifact.preview?.excerpt;
  if (typeof text === "string" && text) {
    const excerpt = document.createElement("pre");
    excerpt.textContent = text.slice(0, 600);
    made.push(excerpt);
  }
  return made;
}

async function show(chip) {
  wanted = chip;
  // Asked anew each time: who may see it can have changed since.
  const artifact = await request(`/api/artifacts/${chip.dataset.artifact}`).catch(() => null);
  if (!artifact || wanted !== chip || !chip.isConnected) return;
  if (!card) {
    card = document.createElement("div");
    card.className = "hover-card";
    card.popover = "manual";
    document.body.append(card);
  }
  card.replaceChildren(...contents(artifact));
  card.showPopover();
  placeBeside(card, chip);
}

function hide() {
  wanted = null;
  clearTimeout(timer);
  if (card?.matches(":popover-open")) card.hidePopover();
}

function chipOf(event) {
  return event.target.closest?.("a.mention[data-artifact]");
}

document.addEventListener("pointerover", (event) => {
  const chip = event.pointerType === "mouse" ? chipOf(event) : null;
  if (!chip) return;
  clearTimeout(timer);
  timer = setTimeout(() => show(chip), WAIT);
});
document.addEventListener("pointerout", (event) => chipOf(event) && hide());
document.addEventListener("focusin", (event) => {
  const chip = chipOf(event);
  if (chip?.matches(":focus-visible")) show(chip);
});
document.addEventListener("focusout", (event) => chipOf(event) && hide());
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
