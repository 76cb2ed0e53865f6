/** @import {Edit, Selected} from "./markdown.js" */

/** @param {HTMLTextAreaElement} input @returns {Selected} */
export function selected(input) {
  return { text: input.value, start: input.selectionStart, end: input.selectionEnd };
}

/**
 * Change a text as if it had been typed, so that undo reverts it and input events are sent.
 *
 * @param {HTMLTextAreaElement} input
 * @param {Edit} edit
 */
export function replace(input, { from, to, insert, start, end }) {
  input.focus({ preventScroll: true });
  input.setSelectionRange(from, to);
  // The only way that keeps the field's undo; deprecated without a successor, and every browser has it.
  const typed = insert ? document.execCommand("insertText", false, insert) : document.execCommand("delete");
  if (!typed) {
    input.setRangeText(insert, from, to, "end");
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  input.setSelectionRange(start, end);
}
