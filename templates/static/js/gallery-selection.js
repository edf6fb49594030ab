// Ticked tiles: how many, shift-click for a range, and Clear.

const bar = document.getElementById("selection");
let last = null;

function ticks() {
  return [...document.querySelectorAll(".tile-tick input")];
}

function count() {
  const chosen = ticks().filter((tick) => tick.checked).length;
  bar.querySelector("[data-selection-count]").textContent = `${chosen} selected`;
}

document.addEventListener("click", (event) => {
  if (!event.target.matches?.(".tile-tick input")) return;
  const all = ticks();
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
    for (const tick of all.slice(from, to + 1)) tick.checked = event.target.checked;
  }
  last = event.target;
  count();
});

bar.querySelector("[data-selection-clear]").addEventListener("click", () => {
  for (const tick of ticks()) tick.checked = false;
  count();
});

document.addEventListener("htmx:afterSettle", count);
