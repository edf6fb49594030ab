// The composer: grows with its text, Enter sends, two modes, a draft that survives.

import { chipped } from "./chips.js";
import { draft, keep, names } from "./draft.js";
import { byName } from "./mention-tokens.js";
import { toBottom } from "./messages.js";
import { highlighted } from "./python.js";

const form = document.getElementById("composer");
const field = document.getElementById("composer-body");
const copy = form.querySelector(".composer-highlight");
const hint = document.getElementById("composer-hint");
const label = form.querySelector("[data-send-label]");
const MODES = {
  message: {
    label: "Message",
    placeholder: "Write a message. @ mentions an artifact.",
    send: "Send",
    hint: "Enter sends, Shift+Enter breaks the line",
  },
  program: {
    label: "Program",
    placeholder: "Python. Files that it writes and artifacts that it returns appear above.",
    send: "Run",
    hint: "Ctrl+Enter runs. Tab indents; Esc, then Tab leaves",
  },
};
let leaving = false;
let sending = false;
let sentText = "";

function mode() {
  return form.elements.mode.value;
}

function paint() {
  // The copy gives the grid its height, so that the field grows with the text; the last line needs a character.
  const text = `${field.value}\n`;
  copy.replaceChildren(...(mode() === "program" ? highlighted(text) : chipped(text, names)));
}

export function changed() {
  draft[mode()] = field.value;
  draft.mode = mode();
  keep();
  paint();
}

function showMode() {
  const words = MODES[mode()];
  form.classList.toggle("is-program", mode() === "program");
  field.value = draft[mode()];
  field.placeholder = words.placeholder;
  field.setAttribute("aria-label", words.label);
  field.spellcheck = mode() === "message";
  field.autocapitalize = mode() === "message" ? "sentences" : "off";
  hint.textContent = words.hint;
  label.textContent = words.send;
  draft.mode = mode();
  keep();
  paint();
}

function indent() {
  const { selectionStart: start, selectionEnd: end } = field;
  field.setRangeText("    ", start, end, "end");
  changed();
}

field.addEventListener("input", changed);
form.addEventListener("change", (event) => {
  if (event.target.name !== "mode") return;
  showMode();
});

field.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const program = mode() === "program";
  if (event.key === "Enter") {
    const sends = program ? event.ctrlKey || event.metaKey : !event.shiftKey && !event.altKey;
    if (sends) {
      event.preventDefault();
      form.requestSubmit();
    }
  } else if (program && event.key === "Tab" && !event.shiftKey && !leaving) {
    event.preventDefault();
    indent();
  }
  leaving = event.key === "Escape";
});

// A second Enter while the first is on its way must not send twice. Stopped before htmx hears of it: a new request
// would abort the one that the server may have answered already.
form.addEventListener(
  "submit",
  (event) => {
    if (!sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);
form.addEventListener("htmx:beforeSend", (event) => {
  if (event.target !== form) return;
  sending = true;
  sentText = field.value;
});
form.addEventListener("htmx:configRequest", (event) => {
  if (event.target === form && mode() === "message") event.detail.parameters.body = names.withTokens(field.value);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt !== form) return;
  sending = false;
  if (!event.detail.successful) return;
  // What was written meanwhile is the next message.
  field.value = field.value.startsWith(sentText) ? field.value.slice(sentText.length).trimStart() : field.value;
  if (!field.value) draft.mentions = byName();
  changed();
  toBottom();
});

if (field.value) {
  // The server gives back what it refused; that is newer than any draft.
  draft[mode()] = field.value;
} else if (draft.mode !== mode()) {
  form.elements.mode.value = draft.mode;
}
showMode();
if (matchMedia("(pointer: fine)").matches && !location.hash) field.focus({ preventScroll: true });
