// What is written but not sent survives a reload: one draft a conversation, a text for each mode.

import { nameIn, TOKEN } from "./mention-tokens.js";
import { conversation, user } from "./page.js";

const KEY = `draft:${user}:${conversation}`;
// `mentions`: what a chosen name stands for, `{token, kind}`.
const EMPTY = { mode: "message", message: "", program: "", mentions: {} };

function stored() {
  try {
    const { mentions = {}, ...texts } = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return { ...texts, mentions: Object.fromEntries(Object.entries(mentions).filter(([, { token }]) => token)) };
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

/** Every mention in a text, in order: `{start, end, token, kind}`. Of two names that fit the longer one is meant. */
export function mentionsIn(text) {
  const found = [...text.matchAll(TOKEN)].map((match) => place(match, { token: match[0], kind: "text" }));
  const labels = Object.keys(draft.mentions).sort((a, b) => b.length - a.length);
  if (labels.length) {
    const escaped = labels.map((label) => label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}_@./:+-])@(${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "gu");
    found.push(...[...text.matchAll(pattern)].map((match) => place(match, draft.mentions[match[1]])));
  }
  return found.sort((a, b) => a.start - b.start);
}

function place(match, { token, kind }) {
  return { start: match.index, end: match.index + match[0].length, token, kind };
}

/** The text as it is sent: chosen names become tokens that name exactly one thing. */
export function withTokens(text) {
  let sent = "";
  let position = 0;
  for (const { start, end, token } of mentionsIn(text)) {
    sent += text.slice(position, start) + token;
    position = end;
  }
  return sent + text.slice(position);
}

/** A name that is chosen or pasted: what to write for it. Two things of one name: the second is written out. */
export function remember(name, token, kind) {
  const known = draft.mentions[name];
  if (known && known.token !== token) return token;
  if (`@${name}` !== token) draft.mentions[name] = { token, kind };
  return `@${name}`;
}

/** A text with tokens in it as it is written in the field; its names are remembered. */
export function written(text, kinds = {}) {
  return text.replace(TOKEN, (token, label) => {
    const name = nameIn(label);
    return /[\n\r]/.test(name) ? token : remember(name, token, kinds[token] ?? "text");
  });
}
