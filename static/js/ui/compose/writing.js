/** @import {App} from "../shell/app.js" */
/** @import {Slots} from "../lib/dom.js" */
/** @import {Edit} from "./markdown.js" */

import { WRITING_KEYS } from "../conversation/message-keys.js";
import { emojiOf, loadEmojis, loadedEmojis, skinTone, toned } from "../emoji/data.js";
import { pickEmoji } from "../emoji/picker.js";
import { hasNames, justTyped, withEmojis } from "../emoji/shortcodes.js";
import { byId } from "../lib/dom.js";
import { isComposing, plainKey } from "../lib/keys.js";
import { openMenu } from "../lib/menu.js";
import { captions } from "../shell/shortcut-labels.js";
import { chordOf } from "../shell/shortcuts.js";
import { Completion } from "./completion.js";
import { FormattingBar, toggleFormatting } from "./formatting-bar.js";
import { codeBlock, isInCode, link, prefixLines, wrap } from "./markdown.js";
import { PasteOffer } from "./paste-offer.js";
import { Preview } from "./preview.js";
import { pastedText, replace, selected } from "./text-field.js";

/** @type {Record<string, (text: import("./markdown.js").Selected) => Edit>} */
const FORMATS = {
  bold: (text) => wrap(text, "**"),
  italic: (text) => wrap(text, "*"),
  strike: (text) => wrap(text, "~~"),
  code: (text) => wrap(text, "`"),
  "code-block": codeBlock,
  quote: (text) => prefixLines(text, "> "),
  list: (text) => prefixLines(text, "- "),
  link: (text) => link(text),
};

/** @type {Map<string, string>} the tool that a chord uses */
const KEYS = new Map(WRITING_KEYS.filter(({ command }) => command).map(({ keys, command }) => [keys, command]));

/**
 * Where a message is written: a composer, or the editor of a message.
 *
 * @typedef {object} Field
 * @property {App} app
 * @property {HTMLElement} root
 * @property {HTMLTextAreaElement} input
 * @property {Slots} slots those of templates/chat/writing.html and paste_offer.html
 * @property {string} conversation its id
 * @property {() => void} focus
 */

/** The writing aids of a field: completion, formatting, a preview, emoji for names and smileys, and code blocks for pasted code. */
export class Writing {
  /** @param {Field} field */
  constructor(field) {
    this.field = field;
    this.app = field.app;
    this.input = field.input;
    this.completion = new Completion(this.app, this.input, field.root, () => field.conversation);
    this.preview = new Preview(field);
    this.offer = new PasteOffer(field);
    new FormattingBar(field);
    this.input.addEventListener("input", (/** @type {Event} */ event) => {
      this.offer.withdraw();
      this.#onTyped(/** @type {InputEvent} */ (event));
    });
    field.slots.preview.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onPreviewKey(event));
    nameKeys(field.root);
    if (document.activeElement === this.input) this.completion.update();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key is handled */
  onKey(event) {
    if (this.completion.onKey(event) || this.#takeBack(event)) return true;
    const tool = toolOf(event);
    if (!tool) return false;
    event.preventDefault();
    event.stopPropagation();
    this.press(tool, this.input);
    return true;
  }

  /** @param {string} tool @param {HTMLElement} origin the element beside which a menu opens */
  press(tool, origin) {
    if (tool === "menu") this.#openMenu(origin);
    else if (tool === "preview") void this.preview.toggle();
    else if (tool === "formatting") toggleFormatting();
    else if (tool === "code-paste") this.offer.accept();
    else if (tool === "dismiss") this.offer.withdraw();
    else if (tool === "emoji") pickEmoji(origin, (emoji) => this.#insert(emoji));
    else if (tool === "mention") this.#insert("@");
    else this.#format(tool);
  }

  /** Paste, after the field has done it: make a link of the selection, or offer a code block. @param {ClipboardEvent} event */
  onPaste(event) {
    const text = pastedText(event);
    if (!this.#linkSelection(event, text)) this.offerBlock(this.input.selectionStart, text);
  }

  /** @param {number} from where the text was pasted @param {string} text */
  offerBlock(from, text) {
    setTimeout(() => this.offer.show(from, text)); // after the paste has been done
  }

  /** The field has another text now. */
  reset() {
    this.preview.close();
    this.offer.withdraw();
    this.#converted = null;
    this.#kept.clear();
    this.completion.close();
  }

  /** @param {HTMLElement} button */
  #openMenu(button) {
    const menu = byId("composer-menu");
    const preview = menu.querySelector("[data-tool=preview]");
    preview.hidden = !this.input.value.trim();
    menu.onclick = (/** @type {MouseEvent} */ event) => {
      const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-tool]"));
      if (!item) return;
      menu.hidePopover();
      this.press(item.dataset.tool ?? "", button);
    };
    openMenu(menu, button);
  }

  /** @param {KeyboardEvent} event */
  #onPreviewKey(event) {
    if (toolOf(event) !== "preview" && plainKey(event) !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.preview.close({ focus: true });
  }

  /** @param {string} format */
  #format(format) {
    this.preview.close();
    const edit = FORMATS[format]?.(selected(this.input));
    if (edit) replace(this.input, edit);
  }

  /** @param {string} text */
  #insert(text) {
    this.preview.close();
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    const space = from > 0 && !/[\s(]$/.test(value.slice(0, from)) ? " " : "";
    const end = from + space.length + text.length;
    replace(this.input, { from, to, insert: space + text, start: end, end });
    this.completion.update();
  }

  /** @param {ClipboardEvent} event @param {string} text @returns {boolean} whether a pasted address made the selection a link */
  #linkSelection(event, text) {
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    const address = /^https?:\/\/\S+$/.test(text.trim());
    if (from === to || !address || isInCode(value.slice(0, from)) || /^https?:/.test(value.slice(from, to))) return false;
    event.preventDefault();
    replace(this.input, link(selected(this.input), text.trim()));
    return true;
  }

  // --- Names and smileys that become emoji -----------------------------------------------------------

  /** @type {{from: number, to: number, typed: string, emoji: string} | null} the conversion that the last key caused */
  #converted = null;
  /** @type {Set<string>} names and smileys that the member restored: they are not converted again */
  #kept = new Set();

  get #rules() {
    return { lookup: emojiNamed, smileys: convertsSmileys(this.app), kept: this.#kept };
  }

  /** @param {string} text to be sent @returns {string | null} with emoji; null until their names are loaded */
  convert(text) {
    if (hasNames(text) && loadedEmojis().length === 0) return null;
    return withEmojis(text, this.#rules);
  }

  /** @param {string} text to be sent @returns {Promise<string>} with emoji, if their names can be fetched */
  async convertLater(text) {
    if (hasNames(text)) await loadEmojis().catch(() => {});
    return withEmojis(text, this.#rules);
  }

  /** @param {InputEvent} event */
  #onTyped({ data, inputType, isComposing: composes }) {
    this.#converted = null;
    if (data === ":") loadEmojis().catch(() => {}); // loaded again when needed
    const { selectionStart: caret, selectionEnd, value } = this.input;
    if (inputType !== "insertText" || composes || caret !== selectionEnd || (data !== ":" && data !== " ")) return;
    const before = value.slice(0, caret);
    const found = isInCode(before) ? null : justTyped(before, this.#rules);
    if (!found) return;
    this.completion.close();
    const end = caret + found.emoji.length - found.typed.length;
    replace(this.input, { from: found.from, to: found.to, insert: found.emoji, start: end, end });
    this.completion.close();
    this.#converted = { ...found, to: found.from + found.emoji.length };
  }

  /** Restore the typed name on Backspace right after its emoji. @param {KeyboardEvent} event */
  #takeBack(event) {
    const made = this.#converted;
    if (!made || plainKey(event) !== "Backspace") return false;
    const { selectionStart: caret, value } = this.input;
    if (value.slice(made.from, made.to) !== made.emoji || caret < made.to || caret > made.to + 1) return false;
    event.preventDefault();
    this.#kept.add(made.typed);
    const end = caret + made.typed.length - made.emoji.length;
    replace(this.input, { from: made.from, to: made.to, insert: made.typed, start: end, end });
    this.#converted = null;
    this.completion.close();
    return true;
  }
}

/** @param {KeyboardEvent} event @returns {string | undefined} the tool that the key uses */
function toolOf(event) {
  if (isComposing(event) || !(event.ctrlKey || event.metaKey)) return undefined;
  const digit = event.code.startsWith("Digit") && event.shiftKey ? event.code.slice(-1) : ""; // Shift turns digits into signs
  return KEYS.get(digit ? `Mod+Shift+${digit}` : chordOf(event));
}

/** Name the keys of the tools in their tooltips. @param {HTMLElement} root */
function nameKeys(root) {
  for (const [keys, tool] of KEYS) {
    const button = root.querySelector(`[data-tool="${tool}"]`);
    button?.setAttribute("title", `${button.getAttribute("aria-label")} (${captions(keys).join(" ")})`);
  }
}

/** @param {string} code @param {number} tone of a name with a skin tone, else 0 or less */
function emojiNamed(code, tone) {
  const found = emojiOf(code);
  return found && toned(found, tone > 0 ? tone : skinTone());
}

/** @param {App} app whether `:)` becomes an emoji for this member */
function convertsSmileys({ store }) {
  return store.members.get(store.me)?.preferences?.smileys !== "off";
}
