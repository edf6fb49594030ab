// An image in its stage: fit or any size, zoomed by buttons, wheel, keys and two fingers, moved by hand.
// The wheel belongs to the page until the image has the focus or lies in a dialog; with Ctrl it always zooms.

import { isTyping } from "./shortcuts.js";

const STEP = 1.25;
const LEAST = 0.05;
const MOST = 16;

const stageAt = (target) => target.closest?.("[data-image-stage]") ?? null;
const previewOf = (element) => element.closest(".preview");
const imageOf = (stage) => stage.querySelector("img");
const shownStage = () => document.querySelector("dialog[open] [data-image-stage]") ?? document.querySelector("[data-image-stage]");

// A drawing without a size of its own has the one that it is shown at first.
const widths = new WeakMap();

function naturalWidth(image) {
  if (image.naturalWidth) return image.naturalWidth;
  if (!widths.has(image)) widths.set(image, image.clientWidth || 300);
  return widths.get(image);
}

function sizeOf(stage) {
  const image = imageOf(stage);
  return image.getBoundingClientRect().width / naturalWidth(image);
}

function tell(stage) {
  const output = previewOf(stage).querySelector(".zoom-size");
  if (output && imageOf(stage).complete) output.value = `${Math.round(sizeOf(stage) * 100)} %`;
}

function choose(stage, name) {
  for (const input of previewOf(stage).querySelectorAll(".zoom-fit, .zoom-full")) {
    input.checked = input.classList.contains(name);
  }
}

function fit(stage) {
  stage.classList.remove("is-zoomed");
  imageOf(stage).style.width = "";
  choose(stage, "zoom-fit");
  tell(stage);
}

/** `x`, `y`: the place in the window that stays where it is; the middle of the stage by default. */
function zoom(stage, wanted, x, y) {
  const image = imageOf(stage);
  const size = Math.min(MOST, Math.max(LEAST, wanted));
  const frame = stage.getBoundingClientRect();
  const before = image.getBoundingClientRect();
  x ??= frame.left + frame.width / 2;
  y ??= frame.top + frame.height / 2;
  const across = (x - before.left) / before.width;
  const down = (y - before.top) / before.height;
  stage.classList.add("is-zoomed");
  image.style.width = `${naturalWidth(image) * size}px`;
  const after = image.getBoundingClientRect();
  stage.scrollLeft += after.left + across * after.width - x;
  stage.scrollTop += after.top + down * after.height - y;
  choose(stage, Math.abs(size - 1) < 0.001 ? "zoom-full" : "");
  tell(stage);
}

document.addEventListener("change", (event) => {
  const stage = event.target.matches?.(".zoom-fit, .zoom-full") && previewOf(event.target).querySelector("[data-image-stage]");
  if (!stage) return;
  if (event.target.classList.contains("zoom-fit")) fit(stage);
  else zoom(stage, 1);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-image-zoom] button");
  if (!button) return;
  const stage = previewOf(button).querySelector("[data-image-stage]");
  zoom(stage, sizeOf(stage) * (button.value === "in" ? STEP : 1 / STEP));
});

document.addEventListener("dblclick", (event) => {
  const stage = stageAt(event.target);
  if (!stage) return;
  if (stage.classList.contains("is-zoomed")) fit(stage);
  else zoom(stage, 1, event.clientX, event.clientY);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const stage = stageAt(event.target) ?? (event.target.closest?.("dialog") || event.target === document.body ? shownStage() : null);
  if (!stage) return;
  if (event.key === "+" || event.key === "=") zoom(stage, sizeOf(stage) * STEP);
  else if (event.key === "-") zoom(stage, sizeOf(stage) / STEP);
  else if (event.key === "0") fit(stage);
  else if (event.key === "1") zoom(stage, 1);
  else return;
  event.preventDefault();
});

document.addEventListener(
  "wheel",
  (event) => {
    const stage = stageAt(event.target);
    if (!stage) return;
    const isOurs = event.ctrlKey || event.metaKey || stage.closest("dialog") || stage.matches(":focus, :fullscreen *");
    if (!isOurs) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    zoom(stage, sizeOf(stage) * Math.exp((-event.deltaY * lines) / 400), event.clientX, event.clientY);
  },
  { passive: false },
);

document.addEventListener("pointerdown", (event) => {
  const stage = stageAt(event.target);
  const canMove = stage && (stage.scrollWidth > stage.clientWidth || stage.scrollHeight > stage.clientHeight);
  if (!canMove || event.pointerType !== "mouse" || event.button !== 0 || event.target === stage) return;
  event.preventDefault();
  stage.focus({ preventScroll: true });
  stage.setPointerCapture(event.pointerId);
  stage.classList.add("is-held");
  const move = ({ movementX, movementY }) => stage.scrollBy(-movementX, -movementY);
  stage.addEventListener("pointermove", move);
  const end = () => {
    stage.removeEventListener("pointermove", move);
    stage.classList.remove("is-held");
  };
  stage.addEventListener("lostpointercapture", end, { once: true });
});

function between([one, other]) {
  return {
    distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
    x: (one.clientX + other.clientX) / 2,
    y: (one.clientY + other.clientY) / 2,
  };
}

document.addEventListener("touchstart", (event) => {
  const stage = stageAt(event.target);
  if (!stage || event.touches.length !== 2) return;
  const size = sizeOf(stage);
  const { distance } = between(event.touches);
  const move = (moved) => {
    if (moved.touches.length !== 2) return;
    if (moved.cancelable) moved.preventDefault();
    const now = between(moved.touches);
    zoom(stage, (size * now.distance) / distance, now.x, now.y);
  };
  stage.addEventListener("touchmove", move, { passive: false });
  const end = () => stage.removeEventListener("touchmove", move);
  for (const name of ["touchend", "touchcancel"]) stage.addEventListener(name, end, { once: true });
});

const tellAll = () => document.querySelectorAll("[data-image-stage]").forEach(tell);
document.addEventListener("load", (event) => stageAt(event.target) && tell(stageAt(event.target)), true);
document.addEventListener("htmx:afterSettle", tellAll);
document.addEventListener("fullscreenchange", tellAll);
addEventListener("resize", tellAll);
tellAll();
