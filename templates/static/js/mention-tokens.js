// A mention as it is written: `@[Label](artifact:ID)`, as mentions/syntax.py reads it.

export const TOKEN =
  /(?<![\p{L}\p{N}_@./:+-])@\[((?:[^[\]\\]|\\.){0,600})\]\(((?:artifact:|upload:f-)[0-9a-f-]{36})\)/gsu;

/** The name that a label stands for. */
export function nameIn(label) {
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
