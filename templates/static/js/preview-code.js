// Lines of code with an address: #L12 or #L12-L20. A click on a number marks its line, with Shift up to there.

const PLACE = /^#?\s*L?(\d{1,7})(?:\s*[-–]\s*L?(\d{1,7}))?\s*$/i;

let first = 0; // where a range begins
let followed = null; // the code that already shows what the address asks for

const codes = () => document.querySelectorAll("[data-code-lines]");
const shownCode = () => document.querySelector("dialog[open] [data-code-lines]") ?? codes()[0];
const address = ([from, to]) => (from === to ? `#L${from}` : `#L${from}-L${to}`);

function placeIn(text) {
  const found = PLACE.exec(text);
  if (!found) return null;
  const lines = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
  return lines[0] > 0 ? lines : null;
}

function say(code, words) {
  const status = code.closest(".preview").querySelector("[data-code-said]");
  if (status) status.textContent = words;
}

/** Marks the lines; false where the first of them isn't shown. */
function mark(code, [from, to], { scroll = true } = {}) {
  const lines = code.querySelectorAll(".code-line");
  for (const line of code.querySelectorAll(".is-marked")) line.classList.remove("is-marked");
  if (from > lines.length) {
    say(code, `Line ${from} isn’t shown: there are ${lines.length}.`);
    return false;
  }
  for (let number = from; number <= Math.min(to, lines.length); number += 1) lines[number - 1].classList.add("is-marked");
  if (scroll) lines[from - 1].scrollIntoView({ block: "center", inline: "nearest" });
  say(code, from === to ? `Line ${from} is marked.` : `Lines ${from} to ${to} are marked.`);
  first = from;
  return true;
}

function keep(place) {
  // The state stays: the gallery's viewer knows by it that it is open.
  history.replaceState(history.state, "", address(place));
}

function followAddress() {
  const code = shownCode();
  const place = placeIn(location.hash);
  if (!code || !place || code === followed) return;
  followed = code;
  mark(code, place);
}

document.addEventListener("click", (event) => {
  const number = event.target.closest?.(".code-number");
  if (!number || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const line = Number(number.dataset.line);
  const code = number.closest("[data-code-lines]");
  const place = event.shiftKey && first ? [first, line].sort((a, b) => a - b) : [line, line];
  const begin = event.shiftKey && first ? first : line;
  if (event.shiftKey) getSelection().removeAllRanges();
  mark(code, place, { scroll: false });
  first = begin;
  keep(place);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-code-goto]");
  if (!form) return;
  event.preventDefault();
  const field = form.elements.line;
  const place = placeIn(field.value);
  const code = form.closest(".preview").querySelector("[data-code-lines]");
  const found = place !== null && mark(code, place);
  if (place === null) say(code, "Write the number of a line, or two with a dash between them.");
  field.setAttribute("aria-invalid", String(!found));
  if (found) keep(place);
});

addEventListener("hashchange", () => {
  followed = null;
  followAddress();
});
document.addEventListener("htmx:afterSettle", followAddress);
followAddress();
