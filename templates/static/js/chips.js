// Mentions in a field as one piece: coloured, removed by one key, copied and pasted with what they stand for.

import { replace } from "./mention.js";

// Pasted back into such a field it is the same mention; anywhere else people get the plain text.
const CLIPBOARD = "application/x-artifactsite-mentions";

/** The text with its mentions as chips, letter for letter where the field has them. */
export function chipped(text, names) {
  const pieces = [];
  let position = 0;
  for (const { start, end, kind } of names.mentionsIn(text)) {
    const chip = document.createElement("span");
    chip.className = `composer-chip mention-${kind}`;
    chip.textContent = text.slice(start, end);
    pieces.push(text.slice(position, start), chip);
    position = end;
  }
  return [...pieces, text.slice(position)];
}

/** Keeps the mentions of `field` in one piece, while `isActive`. Returns what to call after each choice. */
export function atomic({ field, names, isActive = () => true }) {
  let fresh = -1; // where a choice ended: the space that it added goes with the mention

  /** The mention that the key would bite into. */
  function bitten(backward) {
    const caret = field.selectionStart;
    if (caret !== field.selectionEnd) return null;
    const found = names.mentionsIn(field.value).find(({ start, end }) =>
      backward ? start < caret && caret <= end : start <= caret && caret < end,
    );
    if (found) return found;
    const before = backward && caret === fresh && field.value[caret - 1] === " ";
    const chosen = before && names.mentionsIn(field.value).find(({ end }) => end === caret - 1);
    return chosen ? { ...chosen, end: caret } : null;
  }

  /** Where a letter would grow into a mention, and so make bare text of it: with a space it stays one. */
  function apart(letter) {
    const [caret, isOne] = [field.selectionStart, field.selectionStart === field.selectionEnd];
    if (!isOne || !/^[\p{L}\p{N}_]$/u.test(letter)) return "";
    const mentions = names.mentionsIn(field.value);
    if (mentions.some(({ end }) => end === caret)) return ` ${letter}`;
    return mentions.some(({ start }) => start === caret) ? `${letter} ` : "";
  }

  /** Drops text beside a mention that it would tear apart, and a mention with a space to the letters around it. */
  function dropped(event) {
    const text = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
    let at = field.selectionStart;
    const torn = names.mentionsIn(field.value).find(({ start, end }) => start <= at && at <= end);
    if (!torn && !names.mentionsIn(text).length) return;
    event.preventDefault();
    if (torn) at = at - torn.start < torn.end - at ? torn.start : torn.end;
    const before = /\S$/.test(field.value.slice(0, at)) && /^\S/.test(text) ? " " : "";
    const after = /^\S/.test(field.value.slice(at)) && /\S$/.test(text) ? " " : "";
    replace(field, at, at, before + text + after);
  }

  field.addEventListener("beforeinput", (event) => {
    if (!isActive() || event.isComposing) return;
    if (event.inputType === "insertFromDrop") {
      dropped(event);
      return;
    }
    const spaced = event.inputType === "insertText" && apart(event.data ?? "");
    if (spaced) {
      event.preventDefault();
      const at = field.selectionStart;
      replace(field, at, at, spaced);
      field.setSelectionRange(at + spaced.trimEnd().length, at + spaced.trimEnd().length);
      return;
    }
    const [, direction] = /^delete(?:Content|Word|SoftLine)(Backward|Forward)$/.exec(event.inputType) ?? [];
    const mention = direction && bitten(direction === "Backward");
    if (!mention) return;
    event.preventDefault();
    replace(field, mention.start, mention.end, "");
  });

  // The caret goes over a mention in one step, and a selection has all of it or nothing.
  let [from, to] = [0, 0]; // where the selection was
  let isPressed = false;
  let isComposing = false;
  function settle() {
    if (!isActive() || isPressed || isComposing || document.activeElement !== field) return;
    let { selectionStart: start, selectionEnd: end, selectionDirection: direction } = field;
    const mentions = names.mentionsIn(field.value);
    const around = (place) => mentions.find((mention) => mention.start < place && place < mention.end);
    const [first, last] = [around(start), around(end)];
    if (first && start === end) {
      const isForward = from === to ? from <= first.start : start - first.start > first.end - start;
      start = end = isForward ? first.end : first.start;
    } else {
      // One edge that comes by itself from the mention's other end lets go of it.
      const lets = { start: from === first?.start && to === end, end: to === last?.end && from === start };
      if (first) start = lets.start ? first.end : first.start;
      if (last) end = lets.end ? last.start : last.end;
      if (start > end) [start, end] = [end, start];
    }
    [from, to] = [start, end];
    if (first || last) field.setSelectionRange(start, end, direction);
  }
  document.addEventListener("selectionchange", settle);
  for (const type of ["compositionstart", "compositionend"])
    field.addEventListener(type, () => {
      isComposing = type === "compositionstart";
    });
  field.addEventListener("pointerdown", () => {
    isPressed = true;
  });
  // A drag ends what was pressed without its being let go of.
  for (const type of ["pointerup", "pointercancel"])
    document.addEventListener(type, () => {
      isPressed = false;
      settle();
    });
  field.addEventListener("input", () => {
    if (field.selectionStart !== fresh) fresh = -1;
  });

  function copied(event) {
    const text = field.value.slice(field.selectionStart, field.selectionEnd);
    const mentions = isActive() ? names.mentionsIn(text) : [];
    if (!mentions.length) return;
    const kinds = Object.fromEntries(mentions.map(({ token, kind }) => [token, kind]));
    event.clipboardData.setData("text/plain", text);
    event.clipboardData.setData(CLIPBOARD, JSON.stringify({ text: names.withTokens(text), kinds }));
    event.preventDefault();
    if (event.type === "cut") replace(field, field.selectionStart, field.selectionEnd, "");
  }

  function pasted(event) {
    if (!isActive() || event.clipboardData.files.length) return;
    let { text, kinds } = { text: event.clipboardData.getData("text/plain"), kinds: {} };
    try {
      ({ text, kinds } = JSON.parse(event.clipboardData.getData(CLIPBOARD)));
    } catch {
      // Not from here: tokens in plain text count as well.
    }
    const plain = names.written(text.replaceAll("\r\n", "\n"), kinds);
    if (!names.mentionsIn(plain).length) return;
    event.preventDefault();
    replace(field, field.selectionStart, field.selectionEnd, plain);
  }

  field.addEventListener("copy", copied);
  field.addEventListener("cut", copied);
  field.addEventListener("paste", pasted);

  return () => {
    fresh = field.selectionStart;
  };
}
