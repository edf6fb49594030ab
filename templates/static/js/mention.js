// The @-dropdown: a listbox over GET /api/mentions, driven from a text field. One for every field that takes mentions.

import { request } from "./http.js";
import { BEFORE, opaqueIn } from "./mention-tokens.js";

const PAUSE = 40; // milliseconds between the last key and the question
const PAGE = 5; // options that PageUp and PageDown pass over
const AT = new RegExp(`${BEFORE}@(?!\\s)([^@\\n]{0,80})$`, "u");
const CODE = /(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)/g;
const SECTIONS = {
  current_conversation: "Current conversation",
  saved_artifacts: "Saved artifacts",
  uploads: "Files of this conversation",
};

/** Replaces a stretch of a field as typing does, so that undo takes it back. */
export function replace(field, start, end, text) {
  field.focus();
  field.setSelectionRange(start, end);
  // Deprecated, and still the only way into a field's own undo history.
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (done) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The name with its matched letters marked; spans count characters, not UTF-16 units. */
function marked(name, spans) {
  const letters = Array.from(name);
  const element = document.createElement("span");
  element.className = "truncate";
  let position = 0;
  for (const [from, to] of spans) {
    element.append(letters.slice(position, from).join(""));
    const mark = document.createElement("mark");
    mark.textContent = letters.slice(from, to).join("");
    element.append(mark);
    position = to;
  }
  element.append(letters.slice(position).join(""));
  return element;
}

/**
 * Lets `field` mention things. `box` lies around it and the elements of components/mention_list.html, whose ids begin
 * with `id`; `place` says where one types: a conversation or a project. `written` gives the text of a choice;
 * `isSettled` says whether what follows an @ is one already. Returns what to call when `isActive` has changed.
 */
export function mentions({
  field,
  box,
  place,
  id = "mention",
  written = ({ token }) => token,
  isActive = () => true,
  isSettled = () => false,
  chosen = () => {},
}) {
  const list = document.getElementById(`${id}-list`);
  const options = document.getElementById(`${id}-options`);
  const nothing = document.getElementById(`${id}-nothing`);
  const count = document.getElementById(`${id}-count`);
  const icons = list.querySelector("[data-mention-icons]").content;
  let start = -1; // where the @ stands that the list is open for
  let dismissed = -1; // the @ that Esc or a choice has settled
  let found = [];
  let selected = -1;
  let query = ""; // what the newest question asks for
  let asked = 0; // its number; older answers are thrown away
  let isAnswered = true; // and whether the list shows its answer
  let isMoved = false; // by hand, so that what is selected is meant
  let isComposing = false; // by an input method
  let waiting = ""; // the key that chooses, which came before the answer
  let pause = 0;
  let controller = null;

  function context() {
    if (!isActive() || field.selectionStart !== field.selectionEnd) return null;
    const before = field.value.slice(0, field.selectionStart);
    const match = AT.exec(before);
    if (!match || isSettled(match[1])) return null;
    if (isInCode(before.slice(0, match.index)) || opaqueIn(field.value)(match.index)) return null;
    return { start: match.index, query: match[1] };
  }

  /** Whether a line's code has begun and is still being written. */
  function isInCode(before) {
    const line = before.slice(before.lastIndexOf("\n") + 1);
    return /(?<!\\)`/.test(line.replace(CODE, ""));
  }

  function isOpen() {
    return !list.hidden;
  }

  function close() {
    clearTimeout(pause);
    controller?.abort();
    asked += 1;
    list.hidden = true;
    isAnswered = true;
    waiting = "";
    start = -1;
    found = [];
    selected = -1;
    count.textContent = "";
    if (box.hasAttribute("role")) box.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
  }

  function open() {
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-controls", options.id);
  }

  function icon(name) {
    const element = icons.querySelector(`[data-icon="${name}"]`) ?? icons.querySelector('[data-icon="file"]');
    return element.firstElementChild.cloneNode(true);
  }

  function option(artifact, index) {
    const row = document.createElement("div");
    row.className = "mention-option";
    row.id = `${id}-option-${index}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const facts = document.createElement("span");
    facts.className = "facts muted small";
    const who = artifact.visibility === "project" ? "shared with the project" : "private";
    const words = document.createElement("span");
    words.textContent = [artifact.kind, artifact.is_owner ? "" : artifact.owner].filter(Boolean).join(" · ");
    const hidden = document.createElement("span");
    hidden.className = "visually-hidden";
    hidden.textContent = `, ${who}`;
    facts.append(words, icon(artifact.visibility), hidden);
    const kind = ["file", "upload"].includes(artifact.kind) ? `file-${artifact.type}` : artifact.kind;
    row.title = `${artifact.name} (${who})`;
    row.append(icon(kind), marked(artifact.name, artifact.match), facts);
    row.addEventListener("pointerdown", (event) => event.preventDefault());
    row.addEventListener("click", () => choose(index));
    row.addEventListener("pointermove", () => select(index));
    return row;
  }

  function select(index) {
    if (selected === index) return;
    selected = index;
    for (const [at, row] of [...options.querySelectorAll('[role="option"]')].entries()) {
      row.setAttribute("aria-selected", String(at === index));
      if (at === index) row.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `${id}-option-${index}`);
  }

  function render(answer) {
    const meant = isMoved ? found[selected]?.token : null;
    found = [];
    const groups = [];
    for (const [key, title] of Object.entries(SECTIONS)) {
      const rows = answer[key] ?? [];
      if (!rows.length) continue;
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      const heading = document.createElement("div");
      heading.className = "heading";
      heading.id = `${id}-${key}`;
      heading.textContent = title;
      heading.setAttribute("role", "presentation");
      group.setAttribute("aria-labelledby", heading.id);
      group.append(heading);
      for (const artifact of rows) {
        group.append(option(artifact, found.length));
        found.push(artifact);
      }
      groups.push(group);
    }
    if (!found.length && /\s/.test(query)) {
      // Ordinary text that happens to follow an @.
      close();
      return;
    }
    options.replaceChildren(...groups);
    options.hidden = !found.length;
    nothing.hidden = found.length > 0;
    nothing.textContent = query ? `No artifact matches “${query}”.` : "There are no artifacts to mention yet.";
    count.textContent = found.length === 1 ? "1 artifact" : `${found.length} artifacts`;
    open();
    selected = -1;
    // What was gone to stays selected while it is there.
    const at = found.findIndex(({ token }) => token === meant);
    isMoved = at >= 0;
    if (found.length) select(Math.max(at, 0));
  }

  function say(words) {
    options.replaceChildren();
    options.hidden = true;
    nothing.hidden = false;
    nothing.textContent = words;
    found = [];
    selected = -1;
    field.removeAttribute("aria-activedescendant");
    open();
  }

  async function ask() {
    const number = (asked += 1);
    const wanted = query;
    controller?.abort();
    controller = new AbortController();
    const address = `/api/mentions?${new URLSearchParams({ ...place, q: wanted, limit: 8 })}`;
    try {
      const answer = await request(address, { signal: controller.signal });
      if (number !== asked) return;
      if (wanted !== query) {
        // More was typed meanwhile, and is asked for in a moment.
        if (Object.values(answer).some((rows) => rows.length)) render(answer);
        return;
      }
      const key = waiting;
      [waiting, isAnswered] = ["", true];
      render(answer);
      if (key) settle(key);
    } catch (error) {
      if (error.name === "AbortError" || number !== asked) return;
      [waiting, isAnswered] = ["", true];
      say(error.message);
    }
  }

  function look() {
    if (isComposing) return;
    const now = context();
    if (!now) {
      dismissed = -1;
      if (isOpen() || start >= 0) close();
      return;
    }
    if (now.start === dismissed || (now.start === start && now.query === query)) return;
    const opening = start !== now.start;
    ({ start, query } = now);
    [waiting, isAnswered] = ["", false];
    clearTimeout(pause);
    pause = setTimeout(ask, opening ? 0 : PAUSE);
  }

  function choose(index) {
    if (context()?.start !== start) {
      close();
      return;
    }
    const text = written(found[index]);
    const end = field.selectionStart;
    const from = start;
    close();
    dismissed = from;
    replace(field, from, end, /^\s/.test(field.value.slice(end)) ? text : `${text} `);
    chosen();
  }

  /** What a key does that came before the answer: what it would have done after it. */
  function settle(key) {
    if (found.length) {
      choose(0);
      return;
    }
    dismissed = start;
    close();
    if (key !== "Enter") return;
    const again = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    if (field.dispatchEvent(again)) replace(field, field.selectionStart, field.selectionEnd, "\n");
  }

  // Before the composer hears of it: Enter chooses here and doesn't send.
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      const chooses = (event.key === "Enter" || event.key === "Tab") && isPlain;
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      const pages = { PageDown: PAGE, PageUp: -PAGE };
      if (chooses && !isAnswered && !isMoved) {
        waiting = event.key;
        if (!isOpen()) say("Looking…");
      } else if (!isOpen()) {
        return;
      } else if (event.key in steps && isPlain && found.length) {
        isMoved = true;
        select((selected + steps[event.key] + found.length) % found.length);
      } else if (event.key in pages && isPlain && found.length) {
        isMoved = true;
        select(Math.min(Math.max(selected + pages[event.key], 0), found.length - 1));
      } else if (chooses && selected >= 0) {
        choose(selected);
      } else if (event.key === "Escape") {
        dismissed = start;
        close();
      } else {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  field.addEventListener("input", look);
  field.addEventListener("compositionstart", () => {
    isComposing = true;
  });
  field.addEventListener("compositionend", () => {
    isComposing = false;
    look();
  });
  // The caret went elsewhere, by whatever key or by a click.
  document.addEventListener("selectionchange", () => {
    if ((isOpen() || start >= 0) && document.activeElement === field) look();
  });
  field.addEventListener("blur", close);

  // A textarea may not be a combobox itself, so the box around it is: it owns the field and the list.
  function beCombobox() {
    const attributes = { role: "combobox", "aria-label": "Mention an artifact", "aria-haspopup": "listbox" };
    attributes["aria-controls"] = options.id;
    for (const [name, value] of Object.entries(attributes)) {
      if (isActive()) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
    if (isActive()) field.setAttribute("aria-autocomplete", "list");
    else field.removeAttribute("aria-autocomplete");
    close();
    if (!isActive()) box.removeAttribute("aria-expanded");
  }
  beCombobox();
  return beCombobox;
}
