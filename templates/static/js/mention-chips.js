// Mentions in the message field.

import "./composer.js";
import { atomic } from "./chips.js";
import { names } from "./draft.js";
import { mentions } from "./mention.js";
import { conversation } from "./page.js";

const field = document.getElementById("composer-body");
const form = document.getElementById("composer");

function isActive() {
  return form.elements.mode.value === "message";
}

const changedMode = mentions({
  field,
  box: field.parentElement,
  place: { conversation },
  written: ({ name, token, kind }) => names.remember(name, token, kind),
  isActive,
  isSettled: names.isSettled,
  chosen: atomic({ field, names, isActive }),
});
form.addEventListener("change", changedMode);
