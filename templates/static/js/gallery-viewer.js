// The preview over the gallery: its own address, ← → through the whole filtered list, Esc back to the tile.

import { shownUrl } from "./gallery.js";
import { refusalIn, SIGNED_OUT, signsIn, UNREACHABLE } from "./http.js";
import { isTyping } from "./shortcuts.js";
import { toast } from "./toast.js";

const viewer = document.getElementById("viewer");
const KEPT = 12;
const FRESH = 20_000; // milliseconds for which what was read ahead may be shown: it may be deleted or unshared since
const parts = new Map(); //  address → the promise of its HTML, and when it was asked for
let opener = null;
let wanted = "";

async function read(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "viewer" } }).catch(() => {
    throw new Error(UNREACHABLE);
  });
  if (signsIn(response.url)) throw new Error(SIGNED_OUT);
  const text = await response.text();
  if (!response.ok) throw new Error(refusalIn(text, response.status));
  return text;
}

function part(url) {
  const kept = parts.get(url);
  if (kept && performance.now() - kept.since < FRESH) return kept.promise;
  const promise = read(url);
  const asked = { promise, since: performance.now() };
  promise.catch(() => parts.get(url) === asked && parts.delete(url));
  parts.delete(url);
  parts.set(url, asked);
  if (parts.size > KEPT) parts.delete(parts.keys().next().value);
  return promise;
}

async function preload(url) {
  try {
    const page = new DOMParser().parseFromString(await part(url), "text/html");
    for (const image of page.querySelectorAll(".preview-stage img")) new Image().src = image.getAttribute("src");
  } catch {
    // Asked for again, and complained about, when somebody goes there.
  }
}

function step(direction) {
  return viewer.querySelector(`[data-viewer-step="${direction}"]`);
}

/** `asker`: the link that shows that it is being worked on. */
async function show(url, asker = null) {
  wanted = url;
  let html;
  asker?.setAttribute("aria-busy", "true");
  try {
    html = await part(url);
  } catch (error) {
    toast(error.message, { bad: true });
    return false;
  } finally {
    asker?.removeAttribute("aria-busy");
  }
  // Stale: the reader has gone on meanwhile.
  if (wanted !== url) return false;
  viewer.innerHTML = html;
  htmx.process(viewer);
  document.dispatchEvent(new CustomEvent("htmx:afterSettle", { detail: { elt: viewer, target: viewer } }));
  if (!viewer.open) viewer.showModal();
  // What had the focus is gone with the artifact before; the dialog itself says the new name.
  if (!viewer.contains(document.activeElement)) viewer.focus();
  for (const direction of ["next", "previous"]) {
    const link = step(direction);
    if (link) preload(link.href);
  }
  return true;
}

async function go(direction) {
  const link = step(direction);
  if (!link) return;
  const { href } = link;
  if (await show(href, link)) history.replaceState({ viewer: true }, "", href);
  else if (viewer.open && wanted === href) {
    // What it led to is gone: the ways on from here are asked for anew.
    parts.clear();
    await show(location.href);
  }
}

document.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest?.("a[data-viewer-open]");
  if (link) {
    event.preventDefault();
    opener = link;
    // A double click asks twice, and is one step of the history.
    if ((await show(link.href, link)) && location.href !== link.href) history.pushState({ viewer: true }, "", link.href);
  }
  const stepLink = event.target.closest?.("a[data-viewer-step]");
  if (stepLink) {
    event.preventDefault();
    await go(stepLink.dataset.viewerStep);
    step(stepLink.dataset.viewerStep)?.focus();
  }
});

// Where the arrow keys scroll or choose, they keep doing that.
function ownsArrows(element) {
  const scrolls = element.closest?.("[role='region'], pre");
  return isTyping(element) || element.matches?.("input") || (scrolls && scrolls.scrollWidth > scrolls.clientWidth);
}

document.addEventListener("keydown", (event) => {
  if (!viewer.open || document.querySelector("dialog[open]:not(#viewer)")) return;
  const direction = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
  if (!direction || event.altKey || event.ctrlKey || event.metaKey || ownsArrows(event.target)) return;
  event.preventDefault();
  go(direction);
});

function tileShown() {
  const id = viewer.querySelector("[data-viewer-content]")?.dataset.artifact;
  return id && document.querySelector(`#gallery [data-artifact-card="${CSS.escape(id)}"] .tile-open`);
}

viewer.addEventListener("close", () => {
  const tile = tileShown() ?? (opener?.isConnected ? opener : null);
  viewer.replaceChildren();
  wanted = "";
  if (history.state?.viewer) history.back();
  tile?.focus();
});

addEventListener("popstate", () => {
  if (history.state?.viewer) show(location.href);
  else if (viewer.open && location.pathname + location.search === shownUrl()) viewer.close();
});

document.addEventListener("artifact-changed", () => parts.clear());
document.addEventListener("artifacts-undeleted", () => parts.clear());
document.addEventListener("artifacts-deleted", async (event) => {
  parts.clear();
  if (!event.detail.ids.includes(viewer.querySelector("[data-viewer-content]")?.dataset.artifact)) return;
  const direction = step("next") ? "next" : "previous";
  if (step(direction)) await go(direction);
  else viewer.close();
});
