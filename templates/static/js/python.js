// Python, told apart just well enough to colour it while it is typed.

const WORDS =
  "False|None|True|and|as|assert|async|await|break|case|class|continue|def|del|elif|else|except|finally|for|from|" +
  "global|if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield";
const BUILTINS =
  "abs|all|any|bool|dict|enumerate|filter|float|format|int|isinstance|iter|len|list|map|max|min|next|open|print|" +
  "range|repr|reversed|round|set|sorted|str|sum|super|tuple|type|zip";
const TOKEN = new RegExp(
  [
    /(?<c>#[^\n]*)/,
    /(?<s>[rbfuRBFU]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /(?<m>\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?j?)\b)/,
    new RegExp(`(?<k>\\b(?:${WORDS})\\b)`),
    new RegExp(`(?<nb>\\b(?:${BUILTINS})\\b)`),
    /(?<nf>(?<=\b(?:def|class)\s+)\w+)/,
    /(?<nd>^\s*@[\w.]+)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gm",
);
const LONGEST = 20_000;

/** Nodes for `code`: text, and spans with Pygments' class names. */
export function highlighted(code) {
  if (code.length > LONGEST) return [document.createTextNode(code)];
  const nodes = [];
  let position = 0;
  for (const match of code.matchAll(TOKEN)) {
    if (!match[0]) continue;
    nodes.push(document.createTextNode(code.slice(position, match.index)));
    const span = document.createElement("span");
    span.className = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    span.textContent = match[0];
    nodes.push(span);
    position = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(code.slice(position)));
  return nodes;
}
