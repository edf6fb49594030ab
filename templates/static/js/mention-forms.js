// Mentions in the fields of forms, which say in which project they stand: `<div data-mentions-in="ID">` around each.

import { mentions } from "./mention.js";

function begin(root) {
  for (const box of root.querySelectorAll("[data-mentions-in]:not([role])")) {
    const field = box.querySelector("textarea");
    mentions({ field, box, place: { project: box.dataset.mentionsIn }, id: `${field.id}-mention` });
  }
}

// Forms come into dialogs later.
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
begin(document);
