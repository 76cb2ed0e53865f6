/** @import {Composer} from "./composer.js" */
/** @import {Edit} from "./markdown.js" */

import { ApiError } from "../../client/api.js";
import { enrich } from "../conversation/message.js";
import { WRITING_KEYS } from "../conversation/message-keys.js";
import { emojiOf, loadEmojis, loadedEmojis, skinTone, toned } from "../emoji/data.js";
import { pickEmoji } from "../emoji/picker.js";
import { hasNames, justTyped, withEmojis } from "../emoji/shortcodes.js";
import { setText } from "../lib/dom.js";
import { interpolate, ngettext } from "../lib/i18n.js";
import { isComposing, plainKey } from "../lib/keys.js";
import { explain, toast } from "../lib/toast.js";
import { setMessageHtml } from "../lib/trusted-html.js";
import { chordOf } from "../shell/shortcuts.js";
import { Completion } from "./completion.js";
import { codeBlock, isInCode, link, looksLikeCode, prefixLines, wrap } from "./markdown.js";
import { replace, selected } from "./text-field.js";

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

/** @type {Map<string, string>} */
const KEYS = new Map(WRITING_KEYS.filter(({ command }) => command).map(({ keys, command }) => [keys, command]));

/** The writing aids of a composer: completion, formatting, a preview, and code blocks for pasted code. */
export class Writing {
  #asked = 0;

  /** @param {Composer} composer */
  constructor(composer) {
    this.composer = composer;
    this.app = composer.app;
    this.input = composer.input;
    this.slots = composer.slots;
    this.completion = new Completion(this.app, this.input, composer.root, () => composer.target?.conversation ?? "");
    this.input.addEventListener("input", (/** @type {Event} */ event) => {
      this.#withdrawOffer();
      this.#onTyped(/** @type {InputEvent} */ (event));
    });
    this.slots.tools.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#moveInTools(event));
    this.#setToolStop(0);
    if (document.activeElement === this.input) this.completion.update();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key is handled */
  onKey(event) {
    if (this.completion.onKey(event) || this.#takeBack(event)) return true;
    const digit = event.code.startsWith("Digit") && event.shiftKey ? event.code.slice(-1) : ""; // Shift turns digits into signs
    const format = isComposing(event) ? undefined : KEYS.get(digit ? `Mod+Shift+${digit}` : chordOf(event));
    if (!format || !(event.ctrlKey || event.metaKey) || this.#isPreviewing) return false;
    event.preventDefault();
    event.stopPropagation();
    this.#format(format);
    return true;
  }

  /** @param {HTMLElement} button */
  press(button) {
    const tool = button.dataset.tool ?? "";
    if (tool === "preview") void this.#togglePreview();
    else if (tool === "tools") this.#toggleTools(button);
    else if (tool === "code-paste") this.#acceptOffer();
    else if (tool === "dismiss") this.#withdrawOffer();
    else if (tool === "emoji") pickEmoji(button, (emoji) => this.#insert(emoji));
    else if (tool === "mention") this.#insert("@");
    else this.#format(tool);
  }

  /** The composer has another target now. */
  reset() {
    this.#closePreview();
    this.#withdrawOffer();
    this.#converted = null;
    this.#kept.clear();
    this.completion.close();
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

  /** @param {string} format */
  #format(format) {
    this.#closePreview();
    const edit = FORMATS[format]?.(selected(this.input));
    if (edit) replace(this.input, edit);
  }

  /** @param {string} text */
  #insert(text) {
    this.#closePreview();
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    const space = from > 0 && !/[\s(]$/.test(value.slice(0, from)) ? " " : "";
    const end = from + space.length + text.length;
    replace(this.input, { from, to, insert: space + text, start: end, end });
    this.completion.update();
  }

  // --- Preview -------------------------------------------------------------------------------------

  get #isPreviewing() {
    return !this.slots.preview.hidden;
  }

  /** The server renders the preview as it will render the message, because only its HTML may be inserted. */
  async #togglePreview() {
    const { target } = this.composer;
    if (this.#isPreviewing || !target) {
      this.#closePreview();
      this.composer.focus();
      return;
    }
    const text = this.input.value.trimEnd();
    if (!text.trim()) return;
    const asked = (this.#asked += 1);
    try {
      const { html } = await this.app.client.api.post(`conversations/${target.conversation}/preview`, { text });
      if (asked !== this.#asked) return;
      setMessageHtml(this.slots.preview, html);
      enrich(this.app, this.slots.preview);
      this.#showPreview(true);
      this.slots.preview.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
    }
  }

  #closePreview() {
    this.#asked += 1;
    if (this.#isPreviewing) this.#showPreview(false);
  }

  /** @param {boolean} shown */
  #showPreview(shown) {
    this.slots.preview.hidden = !shown;
    this.input.hidden = shown;
    this.slots["preview-button"].setAttribute("aria-pressed", String(shown));
  }

  // --- Pasting ------------------------------------------------------------------------------

  /** @type {{from: number, to: number} | null} the pasted text that looks like code */
  #pasted = null;

  /** @param {ClipboardEvent} event @param {string} text @returns {boolean} whether a pasted address made the selection a link */
  linkSelection(event, text) {
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    const address = /^https?:\/\/\S+$/.test(text.trim());
    if (from === to || !address || isInCode(value.slice(0, from)) || /^https?:/.test(value.slice(from, to))) return false;
    event.preventDefault();
    replace(this.input, link(selected(this.input), text.trim()));
    return true;
  }

  /** @param {number} from the position of the pasted text @param {string} text nothing is offered if it is no longer there */
  offerBlock(from, text) {
    const { value } = this.input;
    if (!looksLikeCode(text) || !value.startsWith(text, from) || isInCode(value.slice(0, from))) return;
    const lines = text.split("\n").length;
    this.#pasted = { from, to: from + text.length };
    setText(
      this.slots["offer-text"],
      interpolate(ngettext("Pasted %(count)s line that looks like code.", "Pasted %(count)s lines that look like code.", lines), {
        count: lines,
      }),
    );
    this.slots.offer.hidden = false;
  }

  #acceptOffer() {
    if (!this.#pasted) return;
    const { from, to } = this.#pasted;
    const edit = codeBlock({ text: this.input.value, start: from, end: to });
    this.#withdrawOffer();
    replace(this.input, { ...edit, start: edit.from + edit.insert.length, end: edit.from + edit.insert.length });
  }

  #withdrawOffer() {
    this.#pasted = null;
    this.slots.offer.hidden = true;
  }

  // --- The buttons ---------------------------------------------------------------------------------

  /** @param {HTMLElement} button unfolds the tools on a narrow screen */
  #toggleTools(button) {
    const shown = this.slots.tools.classList.toggle("is-shown");
    button.setAttribute("aria-expanded", String(shown));
    this.composer.focus();
  }

  /** @returns {HTMLElement[]} */
  get #tools() {
    return [...this.slots.tools.querySelectorAll("button")];
  }

  /** Make one of the tools reachable with Tab. @param {number} index */
  #setToolStop(index) {
    for (const [at, tool] of this.#tools.entries()) tool.tabIndex = at === index ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #moveInTools(event) {
    const tools = this.#tools;
    const index = tools.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1 + tools.length, Home: 0, End: tools.length - 1 }[plainKey(event)];
    if (to === undefined || index < 0) return;
    event.preventDefault();
    this.#setToolStop(to % tools.length);
    tools[to % tools.length]?.focus();
  }
}

/** @param {import("../shell/app.js").App} app @param {string} text @returns {Promise<string>} with emoji, if their names can be fetched */
export async function convertText(app, text) {
  if (hasNames(text)) await loadEmojis().catch(() => {});
  return withEmojis(text, { lookup: emojiNamed, smileys: convertsSmileys(app) });
}

/** @param {string} code @param {number} tone of a name with a skin tone, else 0 or less */
function emojiNamed(code, tone) {
  const found = emojiOf(code);
  return found && toned(found, tone > 0 ? tone : skinTone());
}

/** @param {import("../shell/app.js").App} app whether `:)` becomes an emoji for this member */
function convertsSmileys({ store }) {
  return store.members.get(store.me)?.preferences?.smileys !== "off";
}
