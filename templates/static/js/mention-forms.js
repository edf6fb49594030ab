// Mentions in the fields of forms, which say in which project they stand: `<div data-mentions-in="ID">` around each.
// What a form sends has tokens, as it came; people see chips.

import { atomic, chipped } from "./chips.js";
import { mentions } from "./mention.js";
import { byName, namesOf } from "./mention-tokens.js";

const fields = new WeakMap(); // their names

/** What a field's text is sent as. */
export function sent(field) {
  return fields.get(field).withTokens(field.value);
}

function begin(root) {
  for (const box of root.querySelectorAll("[data-mentions-in]:not([role])")) {
    const field = box.querySelector("textarea");
    const copy = box.querySelector(".chip-copy");
    const chosen = byName();
    const names = namesOf(() => chosen);
    const paint = () => copy.replaceChildren(...chipped(`${field.value}\n`, names));
    fields.set(field, names);
    field.value = names.written(field.value, JSON.parse(box.dataset.mentionKinds));
    field.addEventListener("input", paint);
    field.form.addEventListener("formdata", (event) => event.formData.set(field.name, sent(field)));
    mentions({
      field,
      box,
      place: { project: box.dataset.mentionsIn },
      id: `${field.id}-mention`,
      written: ({ name, token, kind }) => names.remember(name, token, kind),
      isSettled: names.isSettled,
      chosen: atomic({ field, names }),
    });
    paint();
  }
}

// Forms come into dialogs later.
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
begin(document);
