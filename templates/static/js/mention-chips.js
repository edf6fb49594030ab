// Mentions in the field are one piece: coloured, removed by one key, copied and pasted with what they stand for.

import "./composer.js";
import { draft, mentionsIn, remember, withTokens, written } from "./draft.js";
import { mentions, replace } from "./mention.js";
import { conversation } from "./page.js";

const field = document.getElementById("composer-body");
const form = document.getElementById("composer");
// Pasted back into a message it is the same mention; anywhere else people get the plain text.
const CLIPBOARD = "application/x-artifactsite-mentions";
let fresh = -1; // where a choice ended: the space that it added goes with the mention

function active() {
  return form.elements.mode.value === "message";
}

function justChosen() {
  fresh = field.selectionStart;
}

/** The mention that the key would bite into. */
function bitten(backward) {
  const caret = field.selectionStart;
  if (caret !== field.selectionEnd) return null;
  const found = mentionsIn(field.value).find(({ start, end }) =>
    backward ? start < caret && caret <= end : start <= caret && caret < end,
  );
  if (found) return found;
  const before = backward && caret === fresh && field.value[caret - 1] === " ";
  const chosen = before && mentionsIn(field.value).find(({ end }) => end === caret - 1);
  return chosen ? { ...chosen, end: caret } : null;
}

field.addEventListener("beforeinput", (event) => {
  if (!active() || event.isComposing) return;
  const backward = event.inputType === "deleteContentBackward";
  const mention = backward || event.inputType === "deleteContentForward" ? bitten(backward) : null;
  if (!mention) return;
  event.preventDefault();
  replace(field, mention.start, mention.end, "");
});
field.addEventListener("input", () => {
  if (field.selectionStart !== fresh) fresh = -1;
});

function copied(event) {
  const text = field.value.slice(field.selectionStart, field.selectionEnd);
  const mentions = active() ? mentionsIn(text) : [];
  if (!mentions.length) return;
  const kinds = Object.fromEntries(mentions.map(({ token, kind }) => [token, kind]));
  event.clipboardData.setData("text/plain", text);
  event.clipboardData.setData(CLIPBOARD, JSON.stringify({ text: withTokens(text), kinds }));
  event.preventDefault();
  if (event.type === "cut") replace(field, field.selectionStart, field.selectionEnd, "");
}

function pasted(event) {
  if (!active() || event.clipboardData.files.length) return;
  let { text, kinds } = { text: event.clipboardData.getData("text/plain"), kinds: {} };
  try {
    ({ text, kinds } = JSON.parse(event.clipboardData.getData(CLIPBOARD)));
  } catch {
    // Not from here: tokens in plain text count as well.
  }
  const plain = written(text.replaceAll("\r\n", "\n"), kinds);
  if (!mentionsIn(plain).length) return;
  event.preventDefault();
  replace(field, field.selectionStart, field.selectionEnd, plain);
}

field.addEventListener("copy", copied);
field.addEventListener("cut", copied);
field.addEventListener("paste", pasted);

const changedMode = mentions({
  field,
  box: field.parentElement,
  place: { conversation },
  written: ({ name, token, kind }) => remember(name, token, kind),
  isActive: active,
  isSettled: (text) => Object.keys(draft.mentions).some((label) => text.startsWith(label)),
  chosen: justChosen,
});
form.addEventListener("change", changedMode);
