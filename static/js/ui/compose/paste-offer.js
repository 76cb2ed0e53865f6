/** @import {Field} from "./writing.js" */

import { setText } from "../lib/dom.js";
import { interpolate, ngettext } from "../lib/i18n.js";
import { codeBlock, isInCode, looksLikeCode } from "./markdown.js";
import { replace } from "./text-field.js";

/** The offer to make a code block of what was just pasted, if it looks like code. */
export class PasteOffer {
  /** @type {{from: number, to: number} | null} the pasted text */
  #pasted = null;

  /** @param {Field} field */
  constructor({ input, slots }) {
    this.input = input;
    this.slots = slots;
  }

  /** @param {number} from the position of the pasted text @param {string} text nothing is offered if it is no longer there */
  show(from, text) {
    const { value } = this.input;
    if (!looksLikeCode(text) || !value.startsWith(text, from) || isInCode(value.slice(0, from))) return;
    const count = text.split("\n").length;
    const words = ngettext("Pasted %(count)s line that looks like code.", "Pasted %(count)s lines that look like code.", count);
    this.#pasted = { from, to: from + text.length };
    setText(this.slots["offer-text"], interpolate(words, { count }));
    this.slots.offer.hidden = false;
  }

  accept() {
    if (!this.#pasted) return;
    const { from, to } = this.#pasted;
    const edit = codeBlock({ text: this.input.value, start: from, end: to });
    const end = edit.from + edit.insert.length;
    this.withdraw();
    replace(this.input, { ...edit, start: end, end });
  }

  withdraw() {
    this.#pasted = null;
    this.slots.offer.hidden = true;
  }
}
