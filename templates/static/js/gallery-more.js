// The next piece of the list: fetched long before its place comes into sight, and put in where nothing is drawn yet.

import { refusalIn, signsIn, UNREACHABLE } from "./http.js";
import { refreshTimes } from "./time.js";
import { toast } from "./toast.js";

//  Farther than a browser draws tiles ahead (content-visibility), by more than a piece. A page that nobody scrolls asks
//  for no more than fits.
const AHEAD = "350% 0px";
let observer = null;
let hasScrolled = false;

async function read(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "gallery-more" } }).catch(() => {
    throw new Error(UNREACHABLE);
  });
  if (signsIn(response.url)) return null;
  const text = await response.text();
  if (!response.ok) throw new Error(refusalIn(text, response.status));
  return text;
}

async function load(more) {
  let html;
  try {
    html = await read(more.querySelector("a").href);
  } catch (error) {
    toast(error.message, { bad: true, action: "Try again", onAction: () => load(more) });
    return;
  }
  // Meanwhile the filters may have changed.
  if (html === null || !more.isConnected) return;
  const piece = document.createElement("template");
  piece.innerHTML = html;
  refreshTimes(piece.content);
  const tiles = [...piece.content.querySelectorAll(".tile")];
  more.replaceWith(piece.content);
  document.dispatchEvent(new CustomEvent("gallery-grown", { detail: { tiles } }));
  watch();
}

function watch() {
  observer?.disconnect();
  const more = document.getElementById("gallery-more");
  if (!more) return;
  observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      load(more);
    },
    { rootMargin: hasScrolled ? AHEAD : "0px" },
  );
  observer.observe(more);
}

watch();
addEventListener(
  "scroll",
  () => {
    hasScrolled = true;
    watch();
  },
  { once: true, passive: true },
);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === document.getElementById("gallery")) watch();
});
