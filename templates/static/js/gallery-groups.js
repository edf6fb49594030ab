// The rows of the gallery, some full lines at a time in groups of their own: a browser lays out and draws those near what
// is seen (css/gallery.css), however many there are. Days and tiles are rows.

const TILES = 15; //  of a group, or up to a line more: what is laid out and drawn in less than a frame
const place = document.getElementById("gallery");
let columns = 0;

function list() {
  return place.querySelector("[role='list']");
}

function columnsOf(whole) {
  return getComputedStyle(whole).gridTemplateColumns.split(" ").length;
}

function rowsOf(element) {
  return [...element.querySelectorAll(".tile, .gallery-day")];
}

/** `rows` as the rows of each group. A group ends with a full line, or before a day. */
function split(rows) {
  const groups = [];
  let tiles = TILES;
  let since = 0; //  tiles since the last day
  for (const row of rows) {
    const isDay = row.matches(".gallery-day");
    if (tiles >= TILES && (isDay || since % columns === 0)) {
      groups.push([]);
      tiles = since = 0;
    }
    groups.at(-1).push(row);
    if (isDay) since = 0;
    else if (!row.hidden) {
      tiles += 1;
      since += 1;
    }
  }
  return groups;
}

/** Says how high the group is, for as long as nobody lays it out. */
function measure(group) {
  const days = [0];
  for (const row of group.children) {
    if (row.hidden) continue;
    if (row.matches(".gallery-day")) days.push(0);
    else days[days.length - 1] += 1;
  }
  const lines = days.reduce((sum, tiles) => sum + Math.ceil(tiles / columns), 0);
  group.style.setProperty("--lines", lines);
  group.style.setProperty("--days", days.length - 1);
}

function grouped(rows) {
  const group = document.createElement("div");
  group.className = "gallery-group";
  group.append(...rows);
  measure(group);
  return group;
}

/** Puts the rows of a further piece at the end, before `more`. */
export function putIn(piece, more) {
  const last = more.previousElementSibling;
  const [first, ...others] = split([...rowsOf(last), ...rowsOf(piece)]);
  last.append(...first.slice(last.childElementCount));
  measure(last);
  more.before(...others.map(grouped));
}

function regroup() {
  const whole = list();
  if (!whole) return;
  columns = columnsOf(whole);
  const focused = document.activeElement;
  const more = whole.querySelector("#gallery-more");
  whole.replaceChildren(...split(rowsOf(whole)).map(grouped), ...(more ? [more] : []));
  if (focused !== document.activeElement) focused.focus({ preventScroll: true });
}

const resized = new ResizeObserver(() => {
  if (columnsOf(list()) !== columns) regroup();
});

function start() {
  resized.disconnect();
  regroup();
  if (list()) resized.observe(list());
}

start();
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === place) start();
});
for (const change of ["gallery-hidden", "artifacts-undeleted"]) document.addEventListener(change, regroup);
