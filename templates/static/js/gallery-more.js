// The next piece of the list: fetched long before its place comes into sight, and put in some tiles at a time.

import { refusalIn, signsIn, UNREACHABLE } from "./http.js";
import { refreshTimes } from "./time.js";
import { toast } from "./toast.js";

//  More than a piece. A page that nobody scrolls asks for no more than fits.
const AHEAD = "350% 0px";
const AT_ONCE = 8; //  tiles: what is laid out and drawn in less than a frame
const LONGEST_WAIT = 2000; //  ms for pictures
const whenIdle = (then) => (window.requestIdleCallback ?? requestAnimationFrame)(then, { timeout: 100 });
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
  if (more.getBoundingClientRect().top > 2 * innerHeight) await putInUnseen(content, more);
  putIn([...content.children], more);
  more.remove();
  watch();
}

function putIn(rows, more) {
  if (!more.isConnected) return;
  const tiles = rows.filter((row) => row.matches(".tile"));
  document.dispatchEvent(new CustomEvent("gallery-grown", { detail: { tiles } }));
  more.before(...rows);
}

/** Each change makes a browser draw all that is near anew: so some at a time, with their pictures there already. */
async function putInUnseen(content, more) {
  const pictures = [...content.querySelectorAll("img")].map((image) => image.decode());
  await Promise.race([Promise.allSettled(pictures), new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT))]);
  while (content.childElementCount > AT_ONCE && more.isConnected) {
    await new Promise(whenIdle);
    putIn([...content.children].slice(0, AT_ONCE), more);
  }
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
