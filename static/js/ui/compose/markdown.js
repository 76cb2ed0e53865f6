/**
 * The formatting of the tools: pure functions from a text and its selection to one replacement, so that the undo of the field
 * reverts it in one step.
 *
 * @typedef {{text: string, start: number, end: number}} Selected
 * @typedef {{from: number, to: number, insert: string, start: number, end: number}} Edit replace `from`–`to` by `insert`, then select
 */

const FENCE = "```";

/** Put marks such as `**` around the selection, or remove them. @param {Selected} selected @param {string} mark @returns {Edit} */
export function wrap({ text, start, end }, mark) {
  const { length } = mark;
  const inner = text.slice(start, end);
  const isOutside = text.slice(start - length, start) === mark && text.slice(end, end + length) === mark;
  const isLonger = mark.length === 1 && text[start - 2] === mark && mark !== "`"; // one of the two asterisks of bold is not italic
  if (isOutside && !isLonger) return { from: start - length, to: end + length, insert: inner, start: start - length, end: end - length };
  if (inner.length >= 2 * length && inner.startsWith(mark) && inner.endsWith(mark)) {
    const bare = inner.slice(length, -length);
    return { from: start, to: end, insert: bare, start, end: start + bare.length };
  }
  const [, before = "", core = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
  const at = start + before.length + length;
  return { from: start, to: end, insert: before + mark + core + mark + after, start: at, end: at + core.length };
}

/** Put a prefix such as `> ` before each selected line, or remove it. @param {Selected} selected @param {string} prefix @returns {Edit} */
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

/** Make the selection a code block. @param {Selected} selected @returns {Edit} */
export function codeBlock({ text, start, end }) {
  const inner = text.slice(start, end).replace(/^\n+|\n+$/g, "");
  const fence = fenceFor(inner);
  const before = start === 0 || text[start - 1] === "\n" ? "" : "\n";
  const after = end === text.length || text[end] === "\n" ? "" : "\n";
  const insert = `${before}${fence}\n${inner}\n${fence}${after}`;
  const at = start + before.length + fence.length + 1;
  return { from: start, to: end, insert, start: at, end: at + inner.length };
}

/** Make the selection a link; without an address, the placeholder for it is selected. @param {Selected} selected @param {string} [address] @returns {Edit} */
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

/** @param {string} text @returns {boolean} whether it looks like code: lines that are indented, end in symbols or begin with keywords */
export function looksLikeCode(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  if (lines.length < 2 || text.includes(FENCE)) return false;
  const sure =
    /^(\s{2,}|\t)\S|[;{}()[\]]\s*$|=>|^\s*(#include|import |from |def |class |function |const |let |var |return\b|if \(|for \(|SELECT |\$ |@@|[+-]{3} |Traceback|at .+\(.+:\d+\))|^\s*<\/?\w+[^>]*>|^\s*"[\w-]+":/;
  return lines.filter((line) => sure.test(line)).length >= lines.length / 2;
}

/** @param {string} text before the caret @returns {boolean} whether the caret is in a code block or a code span */
export function isInCode(text) {
  const fences = text.match(/^ {0,3}(`{3,}|~{3,})/gm) ?? [];
  if (fences.length % 2) return true;
  const line = text.slice(text.lastIndexOf("\n") + 1);
  return (line.match(/`/g) ?? []).length % 2 === 1;
}

/** @param {string} code @returns {string} a fence longer than any in the code */
function fenceFor(code) {
  const longest = Math.max(2, ...(code.match(/`{3,}/g) ?? []).map((run) => run.length));
  return "`".repeat(longest + 1);
}
