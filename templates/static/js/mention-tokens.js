// A mention as it is sent: `@[Label](artifact:ID)`, as mentions/syntax.py reads it; and as it is written: `@Label`.

const TOKEN =
  /(?<![\p{L}\p{N}_@./:+-])@\[((?:[^[\]\\]|\\.){0,600})\]\(((?:artifact:|upload:f-)[0-9a-f-]{36})\)/gsu;

/** The name that a label stands for. */
function nameIn(label) {
  return label.replace(/\\(.)/gs, "$1");
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
 * The names in a field and what they stand for. `chosen()` gives what is known of them, by name: `{token, kind}`.
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
      const pattern = new RegExp(`(?<![\\p{L}\\p{N}_@./:+-])@(${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "gu");
      found.push(...[...text.matchAll(pattern)].map((match) => place(match, known[match[1]])));
    }
    return found.sort((a, b) => a.start - b.start);
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

  /** A name that is chosen or pasted: what to write for it. Two things of one name: the second is written out. */
  function remember(name, token, kind) {
    const known = chosen();
    kindOf[token] = kind;
    if (known[name] && known[name].token !== token) return token;
    if (`@${name}` !== token) known[name] = { token, kind };
    return `@${name}`;
  }

  /** A text with tokens in it as it is written in the field; its names are remembered. */
  function written(text, kinds = {}) {
    return text.replace(TOKEN, (token, label) => {
      const name = nameIn(label);
      return /[\n\r]/.test(name) ? token : remember(name, token, kinds[token] ?? "text");
    });
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
