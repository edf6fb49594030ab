// A mention as it is sent: `@[Label](artifact:ID)`, as mentions/syntax.py reads it; and as it is written: `@Label`.

const UNSPACED = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Thai}";
// At a word's beginning only: not inside an e-mail address, a path or a name; what is written without spaces has words
// that begin anywhere.
export const BEFORE = `(?:(?<![\\p{L}\\p{N}_@./:+-])|(?<=[${UNSPACED}]))`;
const AFTER = `(?!(?![${UNSPACED}])[\\p{L}\\p{N}_])`;
const TOKEN = new RegExp(
  `${BEFORE}@\\[((?:[^[\\]\\\\]|\\\\.){0,600})\\]\\(((?:artifact:|upload:f-)[0-9a-f-]{36})\\)`,
  "gsu",
);
// What is no prose, as artifactsite/lib/references.py has it: fences, code spans, addresses.
const OPAQUE =
  /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\1[`~]*[ \t]*$|$(?![\s\S]))|(?<![`\\])(`{1,16})(?!`)[^`][\s\S]*?(?<!`)\2(?!`)|\b(?:https?|ftp|mailto):[^\s<>]+/gm;

/** Whether a place in a text lies in code or in an address, where nothing is mentioned. */
export function opaqueIn(text) {
  const spans = [...text.matchAll(OPAQUE)].map((match) => [match.index, match.index + match[0].length]);
  return (place) => spans.some(([start, end]) => start < place && place < end);
}

/** The name that a label stands for. */
function nameIn(label) {
  return label.replace(/\\(.)/gs, "$1");
}

/** What is known, by name; any word may be one, those that objects bear by themselves too. */
export function byName(known = {}) {
  return Object.assign(Object.create(null), known);
}

/** The text in pieces, with what `chip(name, reference)` makes of each mention in its place. */
export function withChips(text, chip) {
  const pieces = [];
  let position = 0;
  for (const match of text.matchAll(TOKEN)) {
    pieces.push(text.slice(position, match.index), chip(nameIn(match[1]), match[2]));
    position = match.index + match[0].length;
  }
  return [...pieces, text.slice(position)];
}

/**
 * The names in a field and what they stand for. `chosen()` gives what is known of them, by name: `{token, kind}`, in
 * an object of `byName`.
 * A field's value has names; tokens in it count as well.
 */
export function namesOf(chosen) {
  const kindOf = {}; // of tokens

  /** Every mention in a text, in order: `{start, end, token, kind}`. Of two names that fit the longer one is meant. */
  function mentionsIn(text) {
    const known = chosen();
    const found = [...text.matchAll(TOKEN)].map((match) =>
      place(match, { token: match[0], kind: kindOf[match[0]] ?? "text" }),
    );
    const labels = Object.keys(known).sort((a, b) => b.length - a.length);
    if (labels.length) {
      const escaped = labels.map((label) => label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      const pattern = new RegExp(`${BEFORE}@(${escaped.join("|")})${AFTER}`, "gu");
      found.push(...[...text.matchAll(pattern)].map((match) => place(match, known[match[1]])));
    }
    const isOpaque = found.length ? opaqueIn(text) : null;
    return found.filter(({ start }) => !isOpaque(start)).sort((a, b) => a.start - b.start);
  }

  /** The text as it is sent: chosen names become tokens that name exactly one thing. */
  function withTokens(text) {
    let sent = "";
    let position = 0;
    for (const { start, end, token } of mentionsIn(text)) {
      sent += text.slice(position, start) + token;
      position = end;
    }
    return sent + text.slice(position);
  }

  /** A name that is chosen or pasted: what to write for it. Of things of one name each further one gets a number. */
  function remember(name, token, kind) {
    const known = chosen();
    kindOf[token] = kind;
    const plain = name.replace(/\s+/gu, " ").trim();
    if (!plain) return token;
    let [written, number] = [plain, 1];
    while (written in known && known[written].token !== token) {
      number += 1;
      written = `${plain} (${number})`;
    }
    known[written] = { token, kind };
    return `@${written}`;
  }

  /** A text with tokens in it as it is written in the field; its names are remembered. */
  function written(text, kinds = {}) {
    return text.replace(TOKEN, (token, label) => remember(nameIn(label), token, kinds[token] ?? "text"));
  }

  /** Whether what follows an @ is a mention already. */
  function isSettled(text) {
    return Object.keys(chosen()).some((name) => text.startsWith(name));
  }

  return { mentionsIn, withTokens, remember, written, isSettled };
}

function place(match, { token, kind }) {
  return { start: match.index, end: match.index + match[0].length, token, kind };
}
