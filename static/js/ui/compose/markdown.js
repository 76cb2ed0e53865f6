/**
 * What the buttons above a text do to it: pure functions from a text and its selection to one replacement, so that the
 * field's own undo takes it back in one step.
 *
 * @typedef {{text: string, start: number, end: number}} Selected
 * @typedef {{from: number, to: number, insert: string, start: number, end: number}} Edit replace `from`–`to` by `insert`, then select
 */

const FENCE = "```";

/** Put marks such as `**` around what is selected, or take them away. @param {Selected} selected @param {string} mark @returns {Edit} */
export function wrap({ text, start, end }, mark) {
  const { length } = mark;
  const inner = text.slice(start, end);
  const isOutside = text.slice(start - length, start) === mark && text.slice(end, end + length) === mark;
  const isLonger = mark.length === 1 && text[start - 2] === mark && mark !== "`"; // one of the two of bold is no italic
  if (isOutside && !isLonger) return { from: start - length, to: end + length, insert: inner, start: start - length, end: end - length };
  if (inner.length >= 2 * length && inner.startsWith(mark) && inner.endsWith(mark)) {
    const bare = inner.slice(length, -length);
    return { from: start, to: end, insert: bare, start, end: start + bare.length };
  }
  const [, before = "", core = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
  const at = start + before.length + length;
  return { from: start, to: end, insert: before + mark + core + mark + after, start: at, end: at + core.length };
}

/** Put a prefix such as `> ` before each selected line, or take it away. @param {Selected} selected @param {string} prefix @returns {Edit} */
export function prefixLines({ text, start, end }, prefix) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", Math.max(start, end - 1));
  const to = next < 0 ? text.length : Math.max(next, end);
  const lines = text.slice(from, to).split("\n");
  const all = lines.every((line) => line.startsWith(prefix));
  const insert = lines.map((line) => (all ? line.slice(prefix.length) : prefix + line)).join("\n");
  const caret = start === end;
  return { from, to, insert, start: caret ? from + insert.length : from, end: from + insert.length };
}

/** Make what is selected a block of code. @param {Selected} selected @returns {Edit} */
export function codeBlock({ text, start, end }) {
  const inner = text.slice(start, end).replace(/^\n+|\n+$/g, "");
  const fence = fenceFor(inner);
  const before = start === 0 || text[start - 1] === "\n" ? "" : "\n";
  const after = end === text.length || text[end] === "\n" ? "" : "\n";
  const insert = `${before}${fence}\n${inner}\n${fence}${after}`;
  const at = start + before.length + fence.length + 1;
  return { from: start, to: end, insert, start: at, end: at + inner.length };
}

/** Make a link of what is selected; without an address, the place for it is selected. @param {Selected} selected @param {string} [address] @returns {Edit} */
export function link({ text, start, end }, address = "") {
  const inner = text.slice(start, end);
  if (!address && /^https?:\/\/\S+$/.test(inner)) {
    return { from: start, to: end, insert: `[](${inner})`, start: start + 1, end: start + 1 };
  }
  const insert = `[${inner}](${address || "https://"})`;
  const at = inner ? start + inner.length + 3 : start + 1;
  if (address) return { from: start, to: end, insert, start: start + insert.length, end: start + insert.length };
  return { from: start, to: end, insert, start: at, end: inner ? at + "https://".length : at };
}

/** @param {string} text whether it was written for a machine: lines that are indented, end in signs or begin with words of programs */
export function looksLikeCode(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  if (lines.length < 2 || text.includes(FENCE)) return false;
  const sure =
    /^(\s{2,}|\t)\S|[;{}()[\]]\s*$|=>|^\s*(#include|import |from |def |class |function |const |let |var |return\b|if \(|for \(|SELECT |\$ |@@|[+-]{3} |Traceback|at .+\(.+:\d+\))|^\s*<\/?\w+[^>]*>|^\s*"[\w-]+":/;
  return lines.filter((line) => sure.test(line)).length >= lines.length / 2;
}

/** @param {string} text before the caret: whether a block or a span of code is open there */
export function isInCode(text) {
  const fences = text.match(/^ {0,3}(`{3,}|~{3,})/gm) ?? [];
  if (fences.length % 2) return true;
  const line = text.slice(text.lastIndexOf("\n") + 1);
  return (line.match(/`/g) ?? []).length % 2 === 1;
}

/** @param {string} code one that is longer than any in it */
function fenceFor(code) {
  const longest = Math.max(2, ...(code.match(/`{3,}/g) ?? []).map((run) => run.length));
  return "`".repeat(longest + 1);
}
