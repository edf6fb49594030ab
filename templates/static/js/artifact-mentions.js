// Where an artifact is mentioned, in the reader's own conversations; they stand above artifacts, so the API is asked.

import { request } from "./http.js";

function linkTo(conversation) {
  const link = document.createElement("a");
  link.href = `/conversations/${conversation.id}`;
  link.textContent = conversation.title || "New conversation";
  return link;
}

function startedNote() {
  const note = document.createElement("span");
  note.className = "muted small";
  note.textContent = " started from it";
  return note;
}

async function fill(place) {
  if (place.dataset.filled) return;
  place.dataset.filled = "yes";
  const note = document.createElement("p");
  note.className = "muted small";
  try {
    const { results } = await request(place.dataset.mentionsUrl);
    if (results.length) {
      const list = document.createElement("ul");
      list.className = "plain-list";
      for (const conversation of results) {
        const item = document.createElement("li");
        item.append(linkTo(conversation));
        if (conversation.started_from === place.dataset.mentionsOf) item.append(startedNote());
        list.append(item);
      }
      place.replaceChildren(list);
      return;
    }
    note.textContent = "None of your conversations mention it yet. Type @ in a message to mention it.";
  } catch (error) {
    note.textContent = error.message;
  }
  place.replaceChildren(note);
}

function fillAll() {
  for (const place of document.querySelectorAll("[data-mentions-url]")) fill(place);
}

document.addEventListener("htmx:afterSettle", fillAll);
fillAll();
