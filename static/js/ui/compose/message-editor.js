/** @import {App} from "../shell/app.js" */
/** @import {MessageNode} from "../conversation/message.js" */
/** @import {Message} from "../../client/types.js" */

import { saveEdit } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { isGone } from "../conversation/message.js";
import { clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { explain } from "../lib/toast.js";
import { Completion } from "./completion.js";
import { fitHeight, growWithText, sends } from "./composer.js";
import { convertText } from "./writing.js";

/**
 * Edit a message in its row. The text is stored at every key until it is saved (Enter) or cancelled (Escape), so that it
 * survives opening another conversation, or a crash. If the server refuses the edit, the error is shown and the text stays.
 *
 * @param {App} app
 * @param {MessageNode} node
 */
export function editMessage(app, node) {
  const message = node.row?.message;
  if (!message || node.root.querySelector(".editor")) return;
  new Editor(app, node, message);
}

class Editor {
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
    this.completion = new Completion(app, slots.input, root, () => message.conversation);
    slots.input.value = begun?.text ?? message.text;
    slots.cancel.addEventListener("click", () => this.#cancel());
    slots.input.addEventListener("input", () => this.#onInput());
    slots.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    root.addEventListener("submit", (/** @type {Event} */ event) => void this.#save(event));
    this.unobserve = app.store.observe((changes) => this.#onChanges(changes.messages));
    this.#open();
    this.#warn();
  }

  #open() {
    const { input } = this.slots;
    this.node.slots.prose.hidden = true;
    this.node.slots.prose.after(this.root);
    growWithText(input);
    fitHeight(input);
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
    this.root.scrollIntoView({ block: "nearest" });
  }

  #close() {
    this.unobserve();
    this.root.remove();
    this.node.slots.prose.hidden = false;
    this.node.root.focus({ preventScroll: true });
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
    const { value } = this.slots.input;
    fitHeight(this.slots.input);
    if (value === this.base) this.app.client.edits.end(id);
    else this.app.client.edits.keep({ message: id, conversation, seq, text: value, base: this.base });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    event.stopPropagation(); // the keys write text here, and are not shortcuts of the message
    if (this.completion.onKey(event)) return;
    const cancels = plainKey(event) === "Escape";
    if (!cancels && !sends(event)) return;
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
    else if (text !== this.base)
      this.#say(interpolate(gettext("It was changed meanwhile and now says: “%(text)s”. Save again to replace that."), { text }));
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
    const text = this.slots.input.value.trimEnd();
    if (!text.trim() || this.#isOvertaken()) return;
    this.slots.save.disabled = true;
    try {
      if (text !== this.base) await this.#send(await convertText(this.app, text));
      this.app.client.edits.end(this.message.id);
      this.#close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "conflict" || !this.#isOvertaken()) this.#say(explain(error));
    } finally {
      this.slots.save.disabled = false;
    }
  }

  /** Reactions and pins raise the version as well: if the text has not changed, save again. @param {string} text */
  async #send(text) {
    try {
      await saveEdit(this.app.client, this.#current, text);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "conflict") throw error;
      const now = await this.app.client.loadMessage(this.message.id);
      if (now.text !== this.base || isGone(now)) throw error;
      await saveEdit(this.app.client, now, text);
    }
  }
}
