// Finding words in the extracted text of a file: all are marked, Enter goes to the next, Shift+Enter back.

const MOST = 2000;
const found = { text: null, ranges: [], at: -1 };

function marks(name, ranges) {
  if (!("highlights" in CSS)) return;
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

function rangesOf(words, text) {
  const node = text.firstChild;
  const ranges = [];
  if (!words || !node) return ranges;
  const pattern = new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  for (const match of node.data.matchAll(pattern)) {
    const range = new Range();
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].length);
    ranges.push(range);
    if (ranges.length === MOST) break;
  }
  return ranges;
}

/** Shows the match number `at`, counted around, and says which it is. */
function show(field, at) {
  const count = found.ranges.length;
  const said = field.closest("[data-find]").querySelector("output");
  if (!count) {
    marks("upload-current", []);
    said.value = field.value ? "Not found" : "";
    return;
  }
  found.at = (at + count) % count;
  const range = found.ranges[found.at];
  marks("upload-current", [range]);
  const place = range.getBoundingClientRect();
  const box = found.text.getBoundingClientRect();
  found.text.scrollTop += place.top - box.top - box.height / 2;
  said.value = `${found.at + 1} of ${count}${count === MOST ? " and more" : ""}`;
}

document.addEventListener("input", (event) => {
  const field = event.target.closest?.("[data-find] input");
  if (!field) return;
  found.text = document.getElementById(field.getAttribute("aria-controls"));
  found.ranges = rangesOf(field.value, found.text);
  marks("upload-found", found.ranges);
  show(field, 0);
});

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("[data-find] input");
  if (!field || event.key !== "Enter") return;
  event.preventDefault();
  show(field, found.at + (event.shiftKey ? -1 : 1));
});
