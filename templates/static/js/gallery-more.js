// The next piece of the list, fetched long before its place comes into sight.

import { putIn } from "./gallery-groups.js";
import { refusalIn, signsIn, UNREACHABLE } from "./http.js";
import { refreshTimes } from "./time.js";
import { toast } from "./toast.js";

//  More than a piece. A page that nobody scrolls asks for no more than fits.
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
  for (const image of piece.content.querySelectorAll("img")) image.loading = "eager";
  const content = document.adoptNode(piece.content);
  refreshTimes(content);
  document.dispatchEvent(new CustomEvent("gallery-grown", { detail: { tiles: content.querySelectorAll(".tile") } }));
  const next = content.querySelector("#gallery-more");
  putIn(content, more);
  if (next) more.replaceWith(next);
  else more.remove();
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
