// What is written but not sent survives a reload: one draft a conversation, a text for each mode.

import { conversation, user } from "./page.js";

const KEY = `draft:${user}:${conversation}`;
const EMPTY = { mode: "message", message: "", program: "", mentions: {} };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
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

/** The text as it is sent: chosen names become tokens that name exactly one artifact. */
export function withTokens(text) {
  const labels = Object.keys(draft.mentions).sort((a, b) => b.length - a.length);
  if (!labels.length) return text;
  const escaped = labels.map((label) => label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_@./:+-])@(${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "gu");
  return text.replace(pattern, (whole, label) => draft.mentions[label] ?? whole);
}
