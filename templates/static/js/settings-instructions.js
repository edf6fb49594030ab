// The live preview of the agent's instructions: mentions as chips, and the placeholder replaced by a sample.

import { sent } from "./mention-forms.js";
import { withChips } from "./mention-tokens.js";

const field = document.querySelector("[data-instructions]");
const preview = document.querySelector("[data-instructions-preview]");
const insert = document.querySelector("[data-insert-placeholder]");
const { placeholder, sample } = preview.dataset;

// As the server made them, with what it alone knows: the kind, and which are none of the reader's.
const chips = new Map([...preview.querySelectorAll(".mention[data-artifact]")].map((chip) => [chip.dataset.artifact, chip]));

function chipOf(name, reference) {
  const id = reference.replace("artifact:", "");
  const made = chips.get(id)?.cloneNode() ?? document.createElement("span");
  made.classList.add("mention");
  if (!chips.has(id)) made.classList.add(name === "unavailable" ? "mention-unavailable" : "mention-text");
  made.textContent = name === "unavailable" ? name : `@${name}`;
  return made;
}

function refresh() {
  preview.replaceChildren(...withChips(sent(field).replaceAll(placeholder, () => sample), chipOf));
}

field.addEventListener("input", refresh);
insert.hidden = false;
insert.addEventListener("click", () => {
  field.setRangeText(placeholder, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  refresh();
});
refresh();
