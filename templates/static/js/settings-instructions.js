// The live preview of the agent's instructions, with the placeholder replaced by a sample.

const field = document.querySelector("[data-instructions]");
const preview = document.querySelector("[data-instructions-preview]");
const insert = document.querySelector("[data-insert-placeholder]");
const { placeholder, sample } = preview.dataset;

function refresh() {
  preview.textContent = field.value.replaceAll(placeholder, () => sample);
}

field.addEventListener("input", refresh);
insert.hidden = false;
insert.addEventListener("click", () => {
  field.setRangeText(placeholder, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  refresh();
});
refresh();
