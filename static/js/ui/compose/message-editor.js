/** @import {App} from "../shell/app.js" */
/** @import {MessageNode} from "../conversation/message.js" */
/** @import {Message} from "../../client/types.js" */

import { serverClock } from "../../client/clock.js";
import { makeChange } from "../conversation/changes.js";
import { isGone } from "../conversation/message.js";
import { clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { fitHeight, growWithText, sends } from "./composer.js";
import { Writing } from "./writing.js";

/**
 * Edit a message in its row. The text is stored at every key until it is saved (Enter) or cancelled (Escape), so that it
 * survives opening another conversation, or a crash. A saved edit is shown at once and waits in the outbox. If the server
 * refuses it, its text becomes an edit in progress again, and the message says why.
 *
 * @param {App} app
 * @param {MessageNode} node
 */
export function editMessage(app, node) {
  const message = node.row?.message;
  if (!message || node.root.querySelector(".editor")) return;
  new Editor(app, node, message);
}

const HEAD_START = 1_000; // milliseconds after the last key in which what another tab does with the same edit is ignored

class Editor {
  #typedAt = -Infinity;

  /** @param {App} app @param {MessageNode} node @param {Message} message */
  constructor(app, node, message) {
    this.app = app;
    this.node = node;
    this.message = message;
    const begun = app.client.edits.get(message.id);
    this.base = begun?.base ?? message.text; // the text that was edited, or the changed one that the member has seen since
    const { root, slots } = clone("message-editor");
    this.root = root;
    this.slots = slots;
    /** @type {HTMLTextAreaElement} */
    this.input = slots.input;
    this.input.value = begun?.text ?? message.text;
    this.input.setAttribute("aria-label", gettext("Edit the message"));
    this.writing = new Writing(this);
    slots.cancel.addEventListener("click", () => this.#cancel());
    root.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#onClick(event));
    this.input.addEventListener("input", () => this.#onInput());
    this.input.addEventListener("paste", (event) => this.writing.onPaste(event));
    root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    root.addEventListener("submit", (/** @type {Event} */ event) => void this.#save(event));
    const stops = [
      app.store.observe((changes) => this.#onChanges(changes.messages)),
      app.client.edits.observe((id) => id === message.id && this.#onOtherTab()),
    ];
    this.unobserve = () => stops.forEach((stop) => stop());
    this.#open();
    this.#warn();
  }

  get conversation() {
    return this.message.conversation;
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  #open() {
    const { input } = this;
    this.node.slots.prose.hidden = true;
    this.node.slots.prose.after(this.root);
    growWithText(input);
    fitHeight(input);
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
    this.root.scrollIntoView({ block: "nearest" });
  }

  #close() {
    const had = this.root.contains(document.activeElement);
    this.unobserve();
    this.root.remove();
    this.node.slots.prose.hidden = false;
    if (had) this.node.root.focus({ preventScroll: true });
  }

  /** Another tab goes on with the same edit, or has saved or cancelled it: follow, unless the member is writing here. */
  #onOtherTab() {
    if (!this.root.isConnected || performance.now() - this.#typedAt < HEAD_START) return;
    const begun = this.app.client.edits.get(this.message.id);
    if (!begun) return this.#close();
    if (begun.text === this.input.value) return;
    this.base = begun.base;
    this.input.value = begun.text;
    fitHeight(this.input);
  }

  #cancel() {
    this.app.client.edits.end(this.message.id);
    this.#close();
  }

  /** The message as the store has it now. */
  get #current() {
    return this.app.store.messages.get(this.message.id) ?? this.message;
  }

  #onInput() {
    const { id, conversation, seq } = this.message;
    const { value } = this.input;
    this.#typedAt = performance.now();
    fitHeight(this.input);
    if (value === this.base) this.app.client.edits.end(id);
    else this.app.client.edits.keep({ message: id, conversation, seq, text: value, base: this.base, at: serverClock.now() });
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const at = /** @type {Element} */ (target);
    const button = /** @type {HTMLElement | null} */ (at.closest("[data-tool]"));
    if (button) this.writing.press(button.dataset.tool ?? "", button);
    else if (at === this.slots.box) this.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isInText = event.target === this.input;
    if (event.defaultPrevented || (isInText && this.writing.onKey(event))) return;
    const cancels = plainKey(event) === "Escape";
    if (!cancels && !(isInText && sends(event))) return;
    event.preventDefault();
    if (cancels) this.#cancel();
    else this.root.requestSubmit();
  }

  /** @param {Set<string>} messages */
  #onChanges(messages) {
    if (!this.root.isConnected)
      this.unobserve(); // its row was removed; the text stays stored
    else if (messages.has(this.message.id)) this.#warn();
  }

  /** @returns {boolean} whether somebody else has changed the message since the edit was begun; the member is informed */
  #warn() {
    const { text } = this.#current;
    if (isGone(this.#current)) this.#say(gettext("The message is gone. What you wrote can only be copied."));
    else if (text.trim() !== this.base.trim())
      this.#say(interpolate(gettext("It was changed in the meantime and now says “%(text)s”. Save again to replace it."), { text }));
    else return false;
    return true;
  }

  /** Save was attempted, but somebody else changed the message: show that. The next attempt replaces the shown text. */
  #isOvertaken() {
    const overtaken = this.#warn();
    this.base = this.#current.text;
    return overtaken;
  }

  /** @param {string} words */
  #say(words) {
    setText(this.slots.error, words);
    this.slots.error.hidden = false;
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const text = this.input.value.trimEnd();
    if (!text.trim() || this.#isOvertaken()) return;
    if (text !== this.base && !this.#keep(await this.writing.convertLater(text))) return;
    this.app.client.edits.end(this.message.id);
    this.#close();
  }

  /** @param {string} text @returns {boolean} false if the outbox is full */
  #keep(text) {
    const { id, conversation, version } = this.#current;
    return makeChange(this.app, "edit", conversation, id, { text, base: this.base, version });
  }
}
