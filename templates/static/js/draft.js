// What is written but not sent survives a reload: one draft a conversation, a text for each mode.

import { byName, namesOf } from "./mention-tokens.js";
import { conversation, user } from "./page.js";

const KEY = `draft:${user}:${conversation}`;
// `mentions`: what a chosen name stands for, `{token, kind}`.
const EMPTY = { mode: "message", message: "", program: "", mentions: byName() };

function stored() {
  try {
    const { mentions = {}, ...texts } = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return { ...texts, mentions: byName(Object.fromEntries(Object.entries(mentions).filter(([, { token }]) => token))) };
  } catch {
    return {};
  }
}

export const draft = { ...EMPTY, ...stored() };

export function keep() {
  const { message, program } = draft;
  try {
    if (message || program) localStorage.setItem(KEY, JSON.stringify(draft));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is full or forbidden: the text in the field is all there is.
  }
}

/** The names in the message. */
export const names = namesOf(() => draft.mentions);
